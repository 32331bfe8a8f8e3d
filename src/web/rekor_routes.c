/* SPDX-License-Identifier: Apache-2.0
 * rekor_routes: the log of other people's entries, over HTTP as Rekor v2 has it, so that Sigstore's
 * clients log into it. A request's signature is checked on a worker; its answer comes from the
 * thread that made the entry durable, so any number of connections share a sync. */
#include <string.h>
#include "base/clock.h"
#include "service/foreign.h"
#include "web/server_priv.h"
#include "base/banned.h"

#define JSON             "application/json"
#define SECONDS_A_MINUTE 60.0

typedef struct Posted { /* one request on its way into the log */
    ForeignRequest request;
    Foreign *foreign; /* borrowed */
    WebLater *later;  /* owned until answered */
} Posted;

/* In the words of Rekor's own clients. */
static void
answer_problem(WebAnswer *answer, unsigned status, const char *message)
{
    int code = status == 429 ? 8 : status == 503 ? 14 : status == 404 ? 5 : 3; /* of gRPC */

    web_answer_json(answer, status, json_pack("{s:i, s:s}", "code", code, "message", message));
    if (status == 429 || status == 503)
        web_answer_header(answer, "Retry-After", "1");
}

static void
answer_error(WebAnswer *answer, const GError *error)
{
    ErrorKind kind = error_kind(error);
    bool waits = kind == ERROR_KIND_BUSY || kind == ERROR_KIND_UNAVAILABLE;
    bool inner = kind == ERROR_KIND_IO || kind == ERROR_KIND_CORRUPT || kind == ERROR_KIND_INTERNAL;

    if (inner)
        answer_problem(answer, 500, "the log could not take the entry");
    else
        answer_problem(answer,
                       waits                          ? 503
                       : kind == ERROR_KIND_NOT_FOUND ? 404
                                                      : 400,
                       error->message);
}

/* From the log's thread, or from the worker that found the entry there. */
static void
answer_posted(ForeignRequest *request)
{
    Posted *posted = request->context;
    g_auto(WebAnswer) answer = WEB_ANSWER_INIT;
    g_autoptr(GError) local = NULL;
    json_t *entry = NULL;

    if (request->error == NULL)
        entry = foreign_entry_json(posted->foreign, request->shard, request->index,
                                   request->entry.kind, span_of_bytes(request->entry.leaf), &local);
    if (entry != NULL)
        web_answer_json(&answer, 201, entry);
    else
        answer_error(&answer, request->error != NULL ? request->error : local);
    web_answer_later(posted->later, &answer);
    g_clear_error(&request->error);
    foreign_entry_clear(&request->entry);
    g_free(posted);
}

static bool
within_quota(const WebRequest *request, Foreign *foreign)
{
    int64_t per_minute = foreign_limits(foreign).per_minute;
    g_autofree char *key = g_strdup_printf("log %s", web_peer(request));

    return per_minute == 0 ||
           limits_take(request->server->limits, key, (double)per_minute,
                       (double)per_minute / SECONDS_A_MINUTE, 1, clock_monotonic_us());
}

static bool
add_entry(const WebRequest *request, WebAnswer *answer, GError **error)
{
    Foreign *foreign = foreign_get(request->engine, error);
    g_autoptr(GError) local = NULL;
    Posted *posted = NULL;

    if (foreign == NULL)
        return false;
    if (!within_quota(request, foreign)) {
        answer_problem(answer, 429, "this address has logged as much as it may in a minute");
        return true;
    }
    posted = g_new0(Posted, 1);
    posted->foreign = foreign;
    posted->request.done = answer_posted;
    posted->request.context = posted;
    if (!foreign_entry_parse(web_body(request), &posted->request.entry, &local)) {
        answer_error(answer, local);
        g_free(posted);
        return true;
    }
    posted->later = web_later(request, answer);
    if (!foreign_submit(foreign, &posted->request, &local)) {
        posted->request.error = g_steal_pointer(&local);
        answer_posted(&posted->request);
    }
    return true; /* request and posted may be gone */
}

static bool
send_file(const WebRequest *request, const char *path, const char *type, const char *caching,
          WebAnswer *answer, GError **error)
{
    Foreign *foreign = foreign_get(request->engine, error);

    if (foreign == NULL ||
        !foreign_open_file(foreign, web_param(request, "log"), web_header(request, "Host"), path,
                           &answer->fd, &answer->size, error))
        return false;
    answer->status = 200;
    answer->type = type;
    web_answer_header(answer, "Cache-Control", caching);
    web_answer_header(answer, "Access-Control-Allow-Origin", "*");
    return true;
}

static bool
checkpoint(const WebRequest *request, WebAnswer *answer, GError **error)
{
    return send_file(request, "checkpoint", "text/plain; charset=utf-8", "no-cache", answer, error);
}

/* A tile never changes; a partial one (.p/W) has its width in its name. */
static bool
tile(const WebRequest *request, WebAnswer *answer, GError **error)
{
    g_autofree char *path = g_strconcat("tile/", web_param(request, "rest"), NULL);

    return send_file(request, path, "application/octet-stream",
                     "public, max-age=31536000, immutable", answer, error);
}

const WebRoute rekor_routes[] = {
    { "POST", "/api/v2/log/entries", API_ROLE_ANYONE, add_entry, WEB_LOG | WEB_NO_CSRF },
    { "GET", "/api/v2/checkpoint", API_ROLE_ANYONE, checkpoint, 0 },
    { "GET", "/api/v2/tile/{rest*}", API_ROLE_ANYONE, tile, 0 },
    { "GET", "/log/{log}/checkpoint", API_ROLE_ANYONE, checkpoint, 0 },
    { "GET", "/log/{log}/tile/{rest*}", API_ROLE_ANYONE, tile, 0 },
};
const size_t rekor_n_routes = G_N_ELEMENTS(rekor_routes);
