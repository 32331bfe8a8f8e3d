/* SPDX-License-Identifier: Apache-2.0
 * log_routes: the transparency log as C2SP tlog-tiles below /log/, and statements by name. */
#include <string.h>
#include "service/factlog.h"
#include "service/log_view.h"
#include "web/server_priv.h"
#include "base/banned.h"

/* One export at a time: the lock is for the file system's sake and held while it works. */
static bool
refresh(WebServer *server, GError **error)
{
    MUTEX_GUARD(&server->log_lock);

    return log_view_refresh(server->engine, &server->log_size, error);
}

static void
add_headers(WebAnswer *answer, const char *type, const char *caching)
{
    answer->status = 200;
    answer->type = type;
    web_answer_header(answer, "Cache-Control", caching);
    web_answer_header(answer, "Access-Control-Allow-Origin", "*");
}

static bool
send_file(const WebRequest *request, const char *path, const char *type, const char *caching,
          WebAnswer *answer, GError **error)
{
    if (!log_view_open(request->engine, path, &answer->fd, &answer->size, error))
        return false;
    add_headers(answer, type, caching);
    return true;
}

static bool
checkpoint(const WebRequest *request, WebAnswer *answer, GError **error)
{
    return refresh(request->server, error) &&
           send_file(request, "checkpoint", "text/plain; charset=utf-8", "no-cache", answer, error);
}

#define TILE_TYPE    "application/octet-stream"
#define TILE_CACHING "public, max-age=31536000, immutable"

/* A tile that is there never changes, whatever the log has grown by since: a partial one (.p/W) has
 * its width in its name. */
static bool
tile_at_once(const WebRequest *request, WebAnswer *answer)
{
    g_autofree char *path = g_strconcat("tile/", web_param(request, "rest"), NULL);

    answer->body = log_view_peek(request->engine, path);
    if (answer->body == NULL)
        return false;
    add_headers(answer, TILE_TYPE, TILE_CACHING);
    return true;
}

static bool
tile(const WebRequest *request, WebAnswer *answer, GError **error)
{
    g_autofree char *path = g_strconcat("tile/", web_param(request, "rest"), NULL);

    return refresh(request->server, error) &&
           send_file(request, path, TILE_TYPE, TILE_CACHING, answer, error);
}

static bool
statement(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *hex = web_param(request, "name");
    Digest name = { 0 };
    GBytes *bytes = NULL;

    if (!digest_from_hex(g_str_has_prefix(hex, "sha256:") ? hex + strlen("sha256:") : hex, &name,
                         error))
        return false;
    bytes = factlog_statement(request->engine, &name, error);
    if (bytes == NULL)
        return false;
    web_answer_bytes(answer, 200, "application/octet-stream", bytes);
    web_answer_header(answer, "Cache-Control", "private, max-age=31536000, immutable");
    return true;
}

const WebRoute log_routes[] = {
    { "GET", "/log/checkpoint", API_ROLE_ANYONE, checkpoint, 0 },
    { "GET", "/log/tile/{rest*}", API_ROLE_ANYONE, tile, 0, tile_at_once },
    { "GET", "/log/statement/{name}", API_ROLE_READER, statement, 0 },
};
const size_t log_n_routes = G_N_ELEMENTS(log_routes);
