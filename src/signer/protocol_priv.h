/* SPDX-License-Identifier: Apache-2.0
 * protocol: what the client end and the signer process say to each other over their channel; for
 * files of src/signer only. A request is a JSON object with "op", an answer one with "ok" (an
 * object) or "error" (code name and message). */
#pragma once
#include "base/json.h"
#include "signer/client.h"

#define SIGNER_CHANNEL_FD 3
#define SIGNER_PROGRAM    "slipway-signer"
#define SIGNER_IDLE_MS    (10 * 60 * 1000) /* a process without requests for so long ends */
#define SIGNER_PROOF_MAX  64               /* hashes of a consistency proof */

#define SIGNER_KEYS_NAME "keys.json"

/** {"error": …} of @error, whatever its domain. Owned reference. */
json_t *protocol_error(const GError *error);
/** {"ok": @result}. @result: taken. Owned reference. */
json_t *protocol_ok(json_t *result);
/** The "ok" object of an answer; borrowed from @answer. An "error" sets @error as the signer did.
 * Errors: any SIGNER_ERROR; UNAVAILABLE (not an answer). */
json_t *protocol_result(const json_t *answer, GError **error) MUST_CHECK;

/** json_string of base64. Owned reference. */
json_t *protocol_bytes(Span span);
/** Member @key of @object decoded from base64. Returns: owned. Errors: SIGNER_ERROR_INVALID. */
GBytes *protocol_need_bytes(const json_t *object, const char *key, GError **error) MUST_CHECK;
