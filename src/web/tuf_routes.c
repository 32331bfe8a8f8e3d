/* SPDX-License-Identifier: Apache-2.0
 * tuf_routes: our TUF repository below /tuf/, where clients of Sigstore and TUF look for it. */
#include <string.h>
#include "base/log.h"
#include "service/tuf_repo.h"
#include "web/server_priv.h"
#include "base/banned.h"

/* One request at a time makes the timestamp anew; the others, and all when it fails (a witness that
 * does not answer), get the one that is there, which is good until it expires. */
static void
refresh(WebServer *server)
{
    g_autoptr(GError) error = NULL;

    if (!g_atomic_int_compare_and_exchange(&server->tuf_busy, 0, 1))
        return;
    if (!tuf_view_refresh(server->engine, &server->tuf_size, &error) &&
        error_kind(error) != ERROR_KIND_NOT_FOUND) /* no repository: as for any other file */
        log_event(LOG_WARNING, "the TUF repository stays as it is: retrying when asked again",
                  "SLIPWAY_CAUSE", error->message, NULL);
    g_atomic_int_set(&server->tuf_busy, 0);
}

static bool
file(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *path = web_param(request, "rest");
    bool newest = strcmp(path, "timestamp.json") == 0;

    if (newest)
        refresh(request->server);
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
