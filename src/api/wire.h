/* SPDX-License-Identifier: Apache-2.0
 * wire: one operation as bytes between two processes of ours: {"operation", "args"} there,
 * {"result"} or {"error": {domain, code, message}} back. */
#pragma once
#include "api/api.h"
#include "base/span.h"

/** Owned. */
GBytes *wire_request(const char *operation, const json_t *args);
/** Runs the request in @bytes in @context and gives the answer's bytes; never fails. Owned. */
GBytes *wire_serve(ApiContext *context, Span bytes);
/** Takes an answer apart. @result_out: owned reference. Errors: those of the operation, INVALID. */
bool wire_answer(Span bytes, json_t **result_out, GError **error) MUST_CHECK;
