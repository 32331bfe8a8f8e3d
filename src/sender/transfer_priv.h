/* SPDX-License-Identifier: Apache-2.0
 * transfer_priv: one request on its way, over libcurl; for files of src/sender only. */
#pragma once
#include <curl/curl.h>
#include "sender/protocol_priv.h"

typedef struct Transfer Transfer;

/** Opens the credential, prepares the request. @parsed: taken on success. Returns: owned.
 * Errors: INVALID (address), DENIED (a secret in the clear, a file others can read), NOT_FOUND, IO.
 */
Transfer *transfer_new(SenderParsed *parsed, GError **error) MUST_CHECK;
void transfer_free(Transfer *transfer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Transfer, transfer_free)
/** The handle; its private pointer is the transfer. Borrowed. */
CURL *transfer_handle(Transfer *transfer);
/** What came of it. @answer: filled; clear it. */
void transfer_finish(Transfer *transfer, CURLcode code, SenderAnswer *answer);
