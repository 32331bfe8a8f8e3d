/* SPDX-License-Identifier: Apache-2.0
 * tuf_routes: our TUF repository below /tuf/, where clients of Sigstore and TUF look for it. */
#include <string.h>
#include "service/tuf_repo.h"
#include "web/server_priv.h"
#include "base/banned.h"

/* Only the timestamp is made anew; all else has a name that never means anything different. */
static bool
refresh(WebServer *server, GError **error)
{
    MUTEX_GUARD(&server->log_lock);

    return tuf_view_refresh(server->engine, &server->tuf_size, error);
}

static bool
file(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *path = web_param(request, "rest");
    bool newest = strcmp(path, "timestamp.json") == 0;

    if (newest && !refresh(request->server, error))
        return false;
    if (!tuf_view_open(request->engine, path, &answer->fd, &answer->size, error))
        return false;
    answer->status = 200;
    answer->type =
        g_str_has_suffix(path, ".json") ? "application/json" : "application/octet-stream";
    web_answer_header(answer, "Cache-Control",
                      newest ? "no-cache" : "public, max-age=31536000, immutable");
    web_answer_header(answer, "Access-Control-Allow-Origin", "*");
    return true;
}

const WebRoute tuf_routes[] = {
    { "GET", "/tuf/{rest*}", API_ROLE_ANYONE, file, WEB_SLOW },
};
const size_t tuf_n_routes = G_N_ELEMENTS(tuf_routes);
