/* SPDX-License-Identifier: Apache-2.0
 * timestamp_routes: our time-stamp authority over HTTP (RFC 3161 section 3.4). */
#include <string.h>
#include "service/timestamp.h"
#include "web/server_priv.h"
#include "base/banned.h"

#define QUERY_TYPE "application/timestamp-query"
#define REPLY_TYPE "application/timestamp-reply"

static bool
stamp(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *type = web_header(request, "Content-Type");
    GBytes *response = NULL;

    if (type == NULL || strcmp(type, QUERY_TYPE) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "a time-stamp request has the content type " QUERY_TYPE);
        return false;
    }
    response = timestamp_answer(request->engine, web_body(request), error);
    if (response == NULL)
        return false;
    web_answer_bytes(answer, 200, REPLY_TYPE, response);
    web_answer_header(answer, "Cache-Control", "no-store");
    return true;
}

const WebRoute timestamp_routes[] = {
    { "POST", "/api/v1/timestamp", API_ROLE_ANYONE, stamp, WEB_NO_CSRF },
};
const size_t timestamp_n_routes = G_N_ELEMENTS(timestamp_routes);
