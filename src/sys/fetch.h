/* SPDX-License-Identifier: Apache-2.0
 * fetch: one HTTP request without credentials of ours, done by a helper process (slipway-fetch,
 * libcurl) that holds nothing and ends with its answer. http and https only. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/span.h"
#include "sys/cancel.h"

#define FETCH_MAX_REQUEST_BYTES (8u << 20)
#define FETCH_TIMEOUT_MS        60000 /* a request that moves next to nothing for so long has failed */

typedef struct FetchRequest {
    const char *method;         /* NULL: GET, or POST with a body */
    const char *url;            /* borrowed */
    const char *const *headers; /* "Name: value", NULL-terminated; NULL: none */
    Span body;                  /* empty: none */
    uint64_t limit_bytes;       /* of the answer's body */
    int out_fd;                 /* borrowed: the answer's body is written here */
} FetchRequest;

typedef struct FetchAnswer {
    int status;         /* of HTTP */
    char *content_type; /* owned, or NULL */
} FetchAnswer;
void fetch_answer_clear(FetchAnswer *answer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FetchAnswer, fetch_answer_clear)

/** Any status is an answer; the body of a failure is written too. Blocks. Errors: INVALID (the
 * URL), LIMIT (body), UNAVAILABLE (no connection, certificate, no helper), TIMEOUT, CANCELLED, IO.
 */
bool fetch(const FetchRequest *request, Cancel *cancel, FetchAnswer *answer_out,
           GError **error) MUST_CHECK;
/** As fetch, the body in memory; a status other than 2xx is NOT_FOUND (404, 410) or UNAVAILABLE
 * with the first bytes of the body. out_fd is ignored. Returns: owned. */
GBytes *fetch_bytes(const FetchRequest *request, Cancel *cancel, GError **error) MUST_CHECK;
