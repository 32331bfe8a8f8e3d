/* SPDX-License-Identifier: Apache-2.0
 * stamp_client: asks a time-stamp authority over HTTP (RFC 3161 section 3.4). */
#pragma once
#include <glib.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

/** A TimeStampResp over the SHA-256 of @message from the authority at @url, which granted it for our
 * nonce. Who signed it is not checked here. Returns: owned. Errors: UNAVAILABLE, INVALID (no such
 * answer), UNTRUSTED (it is about something else). */
GBytes *stamp_client_ask(const char *url, Span message, GError **error) MUST_CHECK;

/** The question's bytes: imprint, @nonce, certificates wanted. Owned. Errors: INTERNAL. */
GBytes *stamp_client_question(Span message, uint64_t nonce, GError **error) MUST_CHECK;
/** Whether @answer grants that question. Errors: INVALID, UNTRUSTED, UNAVAILABLE (refused). */
bool stamp_client_check(Span answer, Span message, uint64_t nonce, GError **error) MUST_CHECK;
