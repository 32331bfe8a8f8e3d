/* SPDX-License-Identifier: Apache-2.0
 * server: from a complete request to its answer. */
#include "web/server.h"
#include <stdlib.h>
#include <string.h>
#include "api/error_map.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "web/route.h"
#include "web/server_priv.h"
#include "base/banned.h"

#define RATE_BURST_SECONDS 4u /* of its rate, one viewer or address may ask at once */

/* No inline script or style, nothing from elsewhere, in nobody's frame. */
#define CONTENT_SECURITY_POLICY                                                                    \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "                   \
    "frame-ancestors 'none'"

typedef struct WebLater {
    WebServer *server;      /* borrowed */
    HttpExchange *exchange; /* owned until answered */
    const WebRoute *route;  /* static; NULL: none fits */
    const char *allowed;    /* static; the method that would fit; NULL: no such address */
} Task;                     /* a WebLater to handlers */

static const WebRoute *
find_route(WebRequest *request, const char **allowed_out)
{
    const RouteTable tables[] = {
        { api_routes, api_n_routes },   { hook_routes, hook_n_routes },
        { ops_routes, ops_n_routes },   { event_routes, event_n_routes },
        { log_routes, log_n_routes },   { tuf_routes, tuf_n_routes },
        { form_routes, form_n_routes }, { rekor_routes, rekor_n_routes },
        { page_routes, page_n_routes }, { timestamp_routes, timestamp_n_routes },
        { key_routes, key_n_routes },
    };

    return route_find(tables, G_N_ELEMENTS(tables), request, allowed_out);
}

/* ---- errors ---- */

static const struct {
    int code;
    ErrorMap map;
} web_errors[] = {
    { WEB_ERROR_UNAUTHORIZED,
      { "unauthorized", 401, EXIT_CODE_FAILED, "send 'Authorization: Bearer TOKEN', or log in" } },
    { WEB_ERROR_CSRF, { "csrf", 403, EXIT_CODE_FAILED, "reload the page and try again" } },
    { WEB_ERROR_NO_PAGE, { "no-page", 404, EXIT_CODE_FAILED, NULL } },
    { WEB_ERROR_METHOD, { "method", 405, EXIT_CODE_FAILED, NULL } },
    { WEB_ERROR_HOST, { "host", 421, EXIT_CODE_FAILED, "say --base-url for other names" } },
    { WEB_ERROR_TOO_OFTEN, { "too-often", 429, EXIT_CODE_FAILED, "wait a moment" } },
};

static const ErrorMap *
map_of(const GError *error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(web_errors); i++)
        if (g_error_matches(error, WEB_ERROR, web_errors[i].code))
            return &web_errors[i].map;
    return error_map_find(error);
}

/* What went wrong inside is for the operator's log: over HTTP no path and no cause. */
static bool
is_inner(const GError *error)
{
    ErrorKind kind = error_kind(error);

    return kind == ERROR_KIND_IO || kind == ERROR_KIND_INTERNAL || kind == ERROR_KIND_CORRUPT;
}

void
web_answer_error(const WebRequest *request, const GError *error, WebAnswer *answer)
{
    const ErrorMap *map = map_of(error);
    bool inner = is_inner(error);
    WebProblem problem = { .status = (unsigned)map->http_status,
                           .code = map->name,
                           .message = inner ? "the server could not do this; its log says why"
                                            : error->message,
                           .hint = map->hint };

    if (inner)
        log_event(LOG_ERROR, "a request failed", "SLIPWAY_PATH", request->path, "SLIPWAY_CAUSE",
                  error->message, NULL);
    if (web_wants_html(request))
        page_problem(request, &problem, answer);
    else
        web_answer_json(answer, problem.status,
                        json_pack("{s:{s:s, s:s, s:s?}}", "error", "code", problem.code, "message",
                                  problem.message, "hint", problem.hint));
    if (problem.status == 401)
        web_answer_header(answer, "WWW-Authenticate", "Bearer realm=\"slipway\"");
    if (problem.status == 503 || problem.status == 429)
        web_answer_header(answer, "Retry-After", "1");
}

/* ---- one request ---- */

static bool
reads_only(const WebRequest *request)
{
    return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

static bool
check_rate(WebRequest *request, GError **error)
{
    unsigned rate = request->server->rate;
    g_autofree char *key = NULL;

    if (rate == 0)
        return true;
    key = g_strdup_printf("ask %s", request->viewer != NULL ? request->viewer : web_peer(request));
    if (limits_take(request->server->limits, key, rate * RATE_BURST_SECONDS, rate, 1,
                    clock_monotonic_us()))
        return true;
    error_set(error, WEB_ERROR, WEB_ERROR_TOO_OFTEN, "more than %u requests a second", rate);
    return false;
}

static bool
check_role(const WebRequest *request, const WebRoute *route, GError **error)
{
    if (request->role >= route->role)
        return true;
    if (request->viewer == NULL)
        error_set(error, WEB_ERROR, WEB_ERROR_UNAUTHORIZED, "this is only for who is logged in");
    else
        error_set(error, API_ERROR, API_ERROR_FORBIDDEN, "this needs the role '%s', yours is '%s'",
                  api_role_name(route->role), api_role_name(request->role));
    return false;
}

static bool
parse_form(WebRequest *request, GError **error)
{
    const char *type = web_header(request, "Content-Type");

    if (type == NULL || g_ascii_strncasecmp(type, "application/x-www-form-urlencoded", 33) != 0)
        return true;
    return web_pairs_parse(request->form, (const char *)request->body->data, request->body->len,
                           error);
}

static bool
check_route(const Task *task, GError **error)
{
    if (task->route != NULL)
        return true;
    if (task->allowed != NULL)
        error_set(error, WEB_ERROR, WEB_ERROR_METHOD, "this address takes %s only", task->allowed);
    else
        error_set(error, WEB_ERROR, WEB_ERROR_NO_PAGE, "there is nothing at this address");
    return false;
}

/* A page of another site whose name its owner pointed at 127.0.0.1 could read what only this machine
 * may: on loopback we answer to our own name only. */
static bool
check_host(const WebRequest *request, GError **error)
{
    const char *ours = request->server->loopback;
    const char *host = web_header(request, "Host");
    const char *port = ours != NULL ? strrchr(ours, ':') : NULL;

    if (ours == NULL || host == NULL || g_ascii_strcasecmp(host, ours) == 0 ||
        (g_ascii_strncasecmp(host, "localhost:", 10) == 0 && strcmp(host + 9, port) == 0))
        return true;
    error_set(error, WEB_ERROR, WEB_ERROR_HOST, "this server is not called '%s'", host);
    return false;
}

static bool
respond(Task *task, WebRequest *request, WebAnswer *answer, GError **error)
{
    const WebRoute *route = task->route;

    if (!check_host(request, error) || !check_route(task, error))
        return false;
    if ((route->flags & WEB_NO_CSRF) != 0)
        return parse_form(request, error) && route->handler(request, answer, error);
    return auth_identify(request, error) && check_rate(request, error) &&
           check_role(request, route, error) && parse_form(request, error) &&
           (reads_only(request) || auth_check_csrf(request, error)) &&
           route->handler(request, answer, error);
}

/* ---- what every answer carries ---- */

static bool
has_header(const WebAnswer *answer, const char *name)
{
    size_t length = strlen(name);

    for (guint i = 0; answer->headers != NULL && i < answer->headers->len; i++) {
        const char *line = answer->headers->pdata[i];

        if (g_ascii_strncasecmp(line, name, length) == 0 && line[length] == ':')
            return true;
    }
    return false;
}

/* Its address says what it is: nobody asks again. */
static bool
is_immutable(const WebAnswer *answer)
{
    for (guint i = 0; answer->headers != NULL && i < answer->headers->len; i++)
        if (g_str_has_prefix(answer->headers->pdata[i], "Cache-Control: ") &&
            g_str_has_suffix(answer->headers->pdata[i], ", immutable"))
            return true;
    return false;
}

/* An answer that is the same as the one the other end has becomes 304. */
static void
add_etag(const WebRequest *request, WebAnswer *answer)
{
    const char *known = web_header(request, "If-None-Match");
    g_autofree char *etag = NULL;
    char hex[DIGEST_HEX_SIZE];
    Digest digest;

    if (!reads_only(request) || answer->body == NULL || is_immutable(answer) ||
        (answer->status != 0 && answer->status != 200) || has_header(answer, "ETag"))
        return;
    digest = digest_of(span_of_bytes(answer->body));
    digest_to_hex(&digest, hex);
    hex[32] = '\0';
    etag = g_strdup_printf("\"%s\"", hex);
    web_answer_header(answer, "ETag", etag);
    if (known != NULL && strstr(known, etag) != NULL)
        web_answer_bytes(answer, 304, NULL, g_bytes_new(NULL, 0));
}

static void
finish(const Task *task, const WebRequest *request, WebAnswer *answer)
{
    if (answer->stream == NULL)
        add_etag(request, answer);
    if (task->allowed != NULL && task->route == NULL)
        web_answer_header(answer, "Allow", task->allowed);
    web_answer_header(answer, "Content-Security-Policy", CONTENT_SECURITY_POLICY);
    web_answer_header(answer, "X-Content-Type-Options", "nosniff");
    web_answer_header(answer, "Referrer-Policy", "same-origin");
    web_answer_header(answer, "Cross-Origin-Opener-Policy", "same-origin");
    if (task->server->secure)
        web_answer_header(answer, "Strict-Transport-Security", "max-age=31536000");
    if (!has_header(answer, "Cache-Control"))
        web_answer_header(answer, "Cache-Control", "private, no-cache");
    g_atomic_int_inc(
        &task->server->n_answers[MIN((answer->status ? answer->status : 200) / 100, 5)]);
}

static bool
wants_login(const WebRequest *request, const GError *error)
{
    return g_error_matches(error, WEB_ERROR, WEB_ERROR_UNAUTHORIZED) && reads_only(request) &&
           web_wants_html(request);
}

static void
send_to_login(const WebRequest *request, WebAnswer *answer)
{
    g_autofree char *back = g_uri_escape_string(request->path, "/", FALSE);
    g_autofree char *path = g_strconcat("/login?back=", back, NULL);

    web_answer_redirect(answer, path);
}

static void
serve_task(void *data, void *item)
{
    Task *task = item;
    WebRequest *request = http_request(task->exchange);
    g_auto(WebAnswer) answer = WEB_ANSWER_INIT;
    g_autoptr(GError) error = NULL;

    (void)data;
    request->later = task;
    bool ok = respond(task, request, &answer, &error);
    if (ok && answer.later)
        return; /* task and request may be gone */
    if (!ok) {
        web_answer_clear(&answer);
        answer = (WebAnswer)WEB_ANSWER_INIT;
        if (wants_login(request, error))
            send_to_login(request, &answer);
        else
            web_answer_error(request, error, &answer);
    }
    finish(task, request, &answer);
    http_answer(task->exchange, &answer);
    g_free(task);
}

WebLater *
web_later(const WebRequest *request, WebAnswer *answer)
{
    WebServer *server = request->server;
    MUTEX_GUARD(&server->later_lock);

    server->n_later++;
    answer->later = true;
    return request->later;
}

void
web_answer_later(WebLater *later, WebAnswer *answer)
{
    WebServer *server = later->server;

    finish(later, http_request(later->exchange), answer);
    http_answer(later->exchange, answer);
    g_free(later);
    MUTEX_GUARD(&server->later_lock);
    server->n_later--;
    cond_broadcast(&server->later_done);
}

/* ---- from the connection's thread to a worker ---- */

/* What may wait long, for people, the disk or a lock, must not keep quick reads waiting. */
static WebSet
set_of(const WebRoute *route, const WebRequest *request)
{
    if (route == NULL)
        return WEB_SET_READ;
    if ((route->flags & WEB_HOOK) != 0)
        return WEB_SET_HOOK;
    if ((route->flags & WEB_LOG) != 0)
        return WEB_SET_LOG;
    if ((route->flags & WEB_SLOW) != 0 || !reads_only(request) ||
        web_query(request, "timeoutMs") != NULL)
        return WEB_SET_CHANGE;
    return WEB_SET_READ;
}

static void
answer_busy(WebServer *server, HttpExchange *exchange)
{
    g_auto(WebAnswer) answer = WEB_ANSWER_INIT;

    g_atomic_int_inc(&server->n_busy);
    g_atomic_int_inc(&server->n_answers[5]);
    web_answer_text(&answer, 503, "application/json",
                    "{\"error\":{\"code\":\"busy\",\"message\":\"the server has more to do than it "
                    "can now\",\"hint\":\"try again in a moment\"}}");
    web_answer_header(&answer, "Retry-After", "1");
    http_answer(exchange, &answer);
}

static void
equip(WebServer *server, WebRequest *request)
{
    request->server = server;
    request->engine = server->engine;
    request->base_url = server->base_url;
    request->cancel = server->cancel;
}

static const WebRoute *
find_quick(WebRequest *request)
{
    const RouteTable tables[] = { { ops_routes, ops_n_routes }, { log_routes, log_n_routes } };

    for (size_t t = 0; t < G_N_ELEMENTS(tables); t++)
        for (size_t i = 0; i < tables[t].n_routes; i++)
            if (tables[t].routes[i].quick != NULL &&
                route_match(tables[t].routes[i].pattern, request->raw_path, request->params))
                return &tables[t].routes[i];
    return NULL;
}

/* What has an answer at hand needs no worker: two switches of threads cost more than most answers.
 * Whoever shows a token or a cookie is looked up in the database, so not here. */
static bool
answer_quick(void *data, HttpExchange *exchange, WebAnswer *answer)
{
    WebRequest *request = http_request(exchange);
    Task task = { .server = data, .exchange = exchange };

    if (strcmp(request->method, "GET") != 0 || web_header(request, "Authorization") != NULL ||
        web_header(request, "Cookie") != NULL)
        return false;
    equip(data, request);
    task.route = find_quick(request);
    if (task.route == NULL || !check_host(request, NULL) ||
        ((task.route->flags & WEB_NO_CSRF) == 0 && !check_rate(request, NULL)) ||
        !task.route->quick(request, answer))
        return false;
    finish(&task, request, answer);
    return true;
}

static void
take_exchange(void *data, HttpExchange *exchange)
{
    WebServer *server = data;
    WebRequest *request = http_request(exchange);
    Task *task = g_new0(Task, 1);

    equip(server, request);
    task->server = server;
    task->exchange = exchange;
    task->route = find_route(request, &task->allowed);
    if (g_atomic_int_get(&server->draining) == 0 &&
        workers_push(server->sets[set_of(task->route, request)], task))
        return;
    g_free(task);
    answer_busy(server, exchange);
}

/* Before the first request: who asks is told where we are. */
static void
set_base_url(void *data, const char *address)
{
    WebServer *server = data;

    if (server->base_url == NULL &&
        (g_str_has_prefix(address, "127.") || g_str_has_prefix(address, "[::1]")))
        server->loopback = g_strdup(address);
    if (server->base_url == NULL)
        server->base_url = g_strdup_printf("http://%s", address);
    while (g_str_has_suffix(server->base_url, "/"))
        server->base_url[strlen(server->base_url) - 1] = '\0';
    server->secure = g_str_has_prefix(server->base_url, "https://");
}

WebServer *
web_server_start(struct Engine *engine, const WebServerOptions *options, GError **error)
{
    g_autoptr(WebServer) server = g_new0(WebServer, 1);
    HttpOptions http = { .listen = options->listen,
                         .trust_proxy = options->trust_proxy,
                         .quick = answer_quick,
                         .take = take_exchange,
                         .data = server };

    server->engine = engine;
    server->anonymous = options->anonymous;
    server->rate = options->rate;
    server->cancel = cancel_new();
    server->limits = limits_new();
    server->events = events_new(engine);
    server->started_us = clock_monotonic_us();
    mutex_init(&server->log_lock);
    mutex_init(&server->later_lock);
    cond_init(&server->later_done);
    server->sets[WEB_SET_LOG] =
        workers_new("web-log", WEB_LOG_THREADS, WEB_LOG_WAITING, serve_task, NULL);
    server->sets[WEB_SET_READ] =
        workers_new("web-read", WEB_READ_THREADS, WEB_MAX_WAITING, serve_task, NULL);
    server->sets[WEB_SET_CHANGE] =
        workers_new("web-change", WEB_CHANGE_THREADS, WEB_MAX_WAITING, serve_task, NULL);
    server->sets[WEB_SET_HOOK] =
        workers_new("web-hook", WEB_HOOK_THREADS, WEB_MAX_WAITING, serve_task, NULL);
    http.port_known = set_base_url;
    server->base_url = options->base_url != NULL ? g_strdup(options->base_url) : NULL;
    server->http = http_start(&http, error);
    if (server->http == NULL)
        return NULL;
    return g_steal_pointer(&server);
}

/* Whoever took an answer on gives it: a log whose disk stands still is all that could delay it. */
static void
wait_for_later(WebServer *server)
{
    MUTEX_GUARD(&server->later_lock);

    while (server->n_later > 0)
        cond_wait(&server->later_done, &server->later_lock);
}

void
web_server_drain(WebServer *server)
{
    if (server->http == NULL || !g_atomic_int_compare_and_exchange(&server->draining, 0, 1))
        return;
    http_quiesce(server->http);
    for (size_t i = 0; i < WEB_N_SETS; i++)
        workers_stop(server->sets[i]);
    wait_for_later(server);
    events_stop(server->events);
}

void
web_server_hurry(WebServer *server)
{
    cancel_trigger(server->cancel);
}

void
web_server_free(WebServer *server)
{
    if (server == NULL)
        return;
    web_server_drain(server);
    http_free(server->http);
    for (size_t i = 0; i < WEB_N_SETS; i++)
        workers_free(server->sets[i]);
    events_free(server->events);
    limits_free(server->limits);
    cancel_unref(server->cancel);
    cond_clear(&server->later_done);
    mutex_clear(&server->later_lock);
    mutex_clear(&server->log_lock);
    g_free(server->base_url);
    g_free(server->loopback);
    g_free(server);
}

const char *
web_server_url(const WebServer *server)
{
    return server->base_url;
}
