/* SPDX-License-Identifier: Apache-2.0
 * protocol_priv: what the client end and slipway-sender say to each other: canonical JSON objects,
 * one a message; for files of src/sender only. */
#pragma once
#include "base/json.h"
#include "sender/client.h"

#define SENDER_CHANNEL_FD 3
#define SENDER_PROGRAM    "slipway-sender"
#define SENDER_IDLE_MS    60000 /* a process without anything to do for so long ends */

/** The message. Owned reference. */
json_t *sender_request_to_json(int64_t number, const SenderRequest *request);

typedef struct SenderParsed { /* a request read from a message */
    json_t *json;             /* owned; the request borrows from it */
    int64_t number;
    SenderRequest request;
    const char **recipients; /* owned array of borrowed strings, or NULL */
} SenderParsed;
void sender_parsed_free(SenderParsed *parsed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SenderParsed, sender_parsed_free)
/** Reads a message. Returns: owned. Errors: INVALID, LIMIT. */
SenderParsed *sender_request_parse(Span message, GError **error) MUST_CHECK;

json_t *sender_answer_to_json(const SenderAnswer *answer);
/** @out: filled on success. Errors: INVALID. */
bool sender_answer_parse(Span message, SenderAnswer *out, GError **error) MUST_CHECK;
