/* SPDX-License-Identifier: Apache-2.0
 * event_routes: runs and logs as they grow, and whole logs as text. */
#include <string.h>
#include "base/json.h"
#include "web/server_priv.h"
#include "base/banned.h"

#define RAW_MAX_BYTES (64u << 20) /* of one log as text */

static char *
run_of(const WebRequest *request)
{
    return g_strdup_printf("%s/%s", web_param(request, "project"), web_param(request, "number"));
}

static bool
position_of(const WebRequest *request, int64_t *out, GError **error)
{
    guint64 number = 0;

    if (!g_ascii_string_to_unsigned(web_param(request, "position"), 10, 0, 1 << 20, &number,
                                    error)) {
        g_clear_error(error);
        error_set(error, WEB_ERROR, WEB_ERROR_NO_PAGE, "'%s' is no position of a job",
                  web_param(request, "position"));
        return false;
    }
    *out = (int64_t)number;
    return true;
}

static bool
check_project(const WebRequest *request, GError **error)
{
    g_autoptr(json_t) args = json_pack("{s:s}", "project", web_param(request, "project"));

    return web_check_scope(request, api_find("run.show"), args, error);
}

static bool
answer_stream(WebStream *stream, WebAnswer *answer)
{
    if (stream == NULL)
        return false;
    answer->status = 200;
    answer->type = "text/event-stream";
    answer->stream = stream;
    web_answer_header(answer, "Cache-Control", "no-store");
    web_answer_header(answer, "X-Accel-Buffering", "no");
    return true;
}

static bool
watch_run(const WebRequest *request, WebAnswer *answer, GError **error)
{
    g_autofree char *run = run_of(request);

    return check_project(request, error) &&
           answer_stream(events_watch_run(request->server->events, run, error), answer);
}

static bool
watch_log(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *last = web_header(request, "Last-Event-ID");
    const char *from = last != NULL ? last : web_query(request, "offset");
    g_autofree char *run = run_of(request);
    int64_t position = 0;
    guint64 offset = 0;

    if (!check_project(request, error) || !position_of(request, &position, error))
        return false;
    if (from != NULL && !g_ascii_string_to_unsigned(from, 10, 0, G_MAXINT64, &offset, NULL)) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is no place in a log", from);
        return false;
    }
    return answer_stream(events_watch_log(request->server->events, run, position, offset, error),
                         answer);
}

static json_t *
page_of(const WebRequest *request, const char *run, int64_t position, json_int_t offset,
        GError **error)
{
    ApiContext context = web_context(request);
    g_autoptr(json_t) args = json_pack("{s:s, s:I, s:I}", "run", run, "position",
                                       (json_int_t)position, "offset", offset);
    json_t *page = NULL;

    return api_call(&context, "run.log", args, &page, error) ? page : NULL;
}

static void
append_lines(GString *text, const json_t *page)
{
    size_t i = 0;
    json_t *line = NULL;

    json_array_foreach (json_object_get(page, "lines"), i, line) {
        const char *words = json_string_value(json_object_get(line, "text"));

        g_string_append(text, words != NULL ? words : "");
        g_string_append_c(text, '\n');
    }
}

static bool
raw_log(const WebRequest *request, WebAnswer *answer, GError **error)
{
    g_autofree char *run = run_of(request);
    g_autoptr(GString) text = g_string_new(NULL);
    int64_t position = 0;
    json_int_t offset = 0;

    if (!check_project(request, error) || !position_of(request, &position, error))
        return false;
    while (true) {
        g_autoptr(json_t) page = page_of(request, run, position, offset, error);

        if (page == NULL)
            return false;
        if (json_is_integer(json_object_get(page, "removedAt"))) {
            error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                      "this log was removed: the server keeps logs of old runs only for so long");
            return false;
        }
        if (json_array_size(json_object_get(page, "lines")) == 0)
            break;
        append_lines(text, page);
        offset = json_integer_value(json_object_get(page, "next"));
        if (text->len > RAW_MAX_BYTES) {
            error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                      "the log is longer than %u MiB: read it with 'slipway logs'",
                      RAW_MAX_BYTES >> 20);
            return false;
        }
    }
    web_answer_bytes(answer, 200, "text/plain; charset=utf-8",
                     g_string_free_to_bytes(g_steal_pointer(&text)));
    return true;
}

const WebRoute event_routes[] = {
    { "GET", "/events/runs/{project}/{number}", API_ROLE_READER, watch_run, 0 },
    { "GET", "/events/runs/{project}/{number}/logs/{position}", API_ROLE_READER, watch_log, 0 },
    { "GET", "/projects/{project}/runs/{number}/logs/{position}/raw", API_ROLE_READER, raw_log,
      WEB_SLOW },
};
const size_t event_n_routes = G_N_ELEMENTS(event_routes);
