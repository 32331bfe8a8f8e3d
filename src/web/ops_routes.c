/* SPDX-License-Identifier: Apache-2.0
 * ops_routes: what those who run the server ask: alive, ready, version, numbers. */
#include "base/clock.h"
#include "service/census.h"
#include "web/server_priv.h"
#include "base/banned.h"

#define TEXT "text/plain; charset=utf-8"

static bool
healthz_at_once(const WebRequest *request, WebAnswer *answer)
{
    (void)request;
    web_answer_text(answer, 200, TEXT, "ok\n");
    return true;
}

static bool
healthz(const WebRequest *request, WebAnswer *answer, GError **error)
{
    (void)error;
    return healthz_at_once(request, answer);
}

/* Ready to take work: not draining, and the database answers. */
static bool
readyz(const WebRequest *request, WebAnswer *answer, GError **error)
{
    Census census = { 0 };
    bool draining = g_atomic_int_get(&request->server->draining) != 0;

    if (!draining && !census_take(request->engine, &census, error))
        return false;
    web_answer_text(answer, draining ? 503 : 200, TEXT, draining ? "draining\n" : "ready\n");
    return true;
}

static bool
version_at_once(const WebRequest *request, WebAnswer *answer)
{
    (void)request;
    web_answer_json(answer, 200, json_pack("{s:s}", "version", SLIPWAY_VERSION));
    return true;
}

static bool
version(const WebRequest *request, WebAnswer *answer, GError **error)
{
    (void)error;
    return version_at_once(request, answer);
}

static void
family(GString *out, const char *name, const char *type, const char *help)
{
    g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
gauge(GString *out, const char *name, const char *help, int64_t value)
{
    family(out, name, "gauge", help);
    g_string_append_printf(out, "%s %" G_GINT64_FORMAT "\n", name, value);
}

static void
counter(GString *out, const char *name, const char *help, uint64_t value)
{
    family(out, name, "counter", help);
    g_string_append_printf(out, "%s %" G_GUINT64_FORMAT "\n", name, value);
}

static void
add_server(GString *out, WebServer *server)
{
    family(out, "slipway_http_answers_total", "counter", "answers by class of status");
    for (unsigned i = 2; i < G_N_ELEMENTS(server->n_answers); i++)
        g_string_append_printf(out, "slipway_http_answers_total{class=\"%uxx\"} %d\n", i,
                               g_atomic_int_get(&server->n_answers[i]));
    counter(out, "slipway_http_busy_total", "requests refused because every worker had work",
            (uint64_t)g_atomic_int_get(&server->n_busy));
    gauge(out, "slipway_http_connections", "open connections",
          http_count_connections(server->http));
    gauge(out, "slipway_http_live", "live views open", events_count(server->events));
    gauge(out, "slipway_uptime_seconds", "since the server started",
          (clock_monotonic_us() - server->started_us) / G_USEC_PER_SEC);
}

static void
add_census(GString *out, const Census *census)
{
    family(out, "slipway_runs", "gauge", "runs by state");
    for (unsigned i = 0; i < census->n_states; i++)
        g_string_append_printf(out, "slipway_runs{state=\"%s\"} %" G_GINT64_FORMAT "\n",
                               census->states[i].name, census->states[i].count);
    gauge(out, "slipway_projects", "projects", census->n_projects);
    counter(out, "slipway_log_entries_total", "entries of the transparency log", census->log_size);
    counter(out, "slipway_db_commits_total", "groups committed to the database", census->n_commits);
    counter(out, "slipway_db_writes_total", "changes in them", census->n_writes);
    counter(out, "slipway_db_failed_total", "changes that failed", census->n_failed);
    gauge(out, "slipway_db_queued", "changes that wait", (int64_t)census->n_queued);
}

static bool
metrics(const WebRequest *request, WebAnswer *answer, GError **error)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Census census = { 0 };

    if (!census_take(request->engine, &census, error))
        return false;
    family(out, "slipway_build_info", "gauge", "which version runs");
    g_string_append(out, "slipway_build_info{version=\"" SLIPWAY_VERSION "\"} 1\n");
    add_server(out, request->server);
    add_census(out, &census);
    web_answer_text(answer, 200, "text/plain; version=0.0.4; charset=utf-8", out->str);
    return true;
}

const WebRoute ops_routes[] = {
    { "GET", "/healthz", API_ROLE_ANYONE, healthz, WEB_NO_CSRF, healthz_at_once },
    { "GET", "/readyz", API_ROLE_ANYONE, readyz, WEB_NO_CSRF },
    { "GET", "/version", API_ROLE_ANYONE, version, WEB_NO_CSRF, version_at_once },
    { "GET", "/metrics", API_ROLE_READER, metrics, 0 },
};
const size_t ops_n_routes = G_N_ELEMENTS(ops_routes);
