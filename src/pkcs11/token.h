/* SPDX-License-Identifier: Apache-2.0
 * token: one private key of a PKCS#11 token (OASIS PKCS#11 2.40, EdDSA as in 3.0), found by its URI.
 * Modules are loaded into this process; it ends after one answer. */
#pragma once
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

typedef struct Token Token; /* a session at a token, and one private key of it */

/** @uri: RFC 7512. @pin: or NULL. Returns: owned. Errors: NOT_FOUND, DENIED, INVALID, UNAVAILABLE. */
Token *token_open(const char *uri, const char *pin, GError **error) MUST_CHECK;
void token_free(Token *token);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Token, token_free)
/** The public half as an SSH key blob. Returns: owned. Errors: UNAVAILABLE (a kind of key we do not
 * use, or no public half there). */
GBytes *token_public(Token *token, GError **error) MUST_CHECK;
/** A signature as proof/public_key.h wants it. Returns: owned. Errors: UNAVAILABLE, DENIED. */
GBytes *token_sign(Token *token, Span message, GError **error) MUST_CHECK;
