/* SPDX-License-Identifier: Apache-2.0
 * page_run: run.show and run.log as a page that is complete without a script; with it, what still
 * grows goes on. */
#include "web/page_run.h"
#include <string.h>
#include "base/clock.h"
#include "base/json.h"
#include "web/html.h"
#include "base/banned.h"

#define MAX_LINES 4000 /* of one job on the page; the raw log has all */

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static int64_t
number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static bool
is_open(const char *state)
{
    static const char *const open[] = { "queued", "preparing", "running", "waiting", NULL };

    return g_strv_contains(open, state);
}

static json_t *
ask(const WebRequest *request, const char *operation, json_t *args, GError **error)
{
    ApiContext context = web_context(request);
    g_autoptr(json_t) owned = args;
    json_t *result = NULL;

    return api_call(&context, operation, owned, &result, error) ? result : NULL;
}

static void
fact(Html *html, const char *name, const char *value)
{
    if (value[0] == '\0')
        return;
    html_open(html, "span", NULL);
    html_text(html, name);
    html_text(html, " ");
    html_element(html, "code", NULL, value);
    html_close(html);
}

static void
add_cancel(Html *html, const WebRequest *request, const char *run, const char *here)
{
    html_open(html, "form", "method", "post", "action", "/do/run.cancel", NULL);
    html_void(html, "input", "type", "hidden", "name", "csrf", "value", web_csrf(request), NULL);
    html_void(html, "input", "type", "hidden", "name", "run", "value", run, NULL);
    html_void(html, "input", "type", "hidden", "name", "back", "value", here, NULL);
    html_element(html, "button", NULL, "Cancel this run");
    html_close(html);
}

static void
add_head(Html *html, const WebRequest *request, const json_t *run)
{
    const char *state = text_of(run, "state");
    g_autofree char *class_name = g_strdup_printf("state %s", state);
    g_autofree char *events = g_strconcat("/events/runs/", text_of(run, "run"), NULL);
    g_autofree char *here = g_strdup_printf("/projects/%s/runs/%" G_GINT64_FORMAT,
                                            text_of(run, "project"), number_of(run, "number"));
    g_autofree char *created = clock_format_seconds(number_of(run, "createdAt"));

    html_element(html, "h1", NULL, text_of(run, "run"));
    html_open(html, "p", "class", class_name, "data-run", is_open(state) ? events : NULL, NULL);
    html_text(html, state);
    html_close(html);
    html_open(html, "p", "class", "facts", NULL);
    fact(html, "ref", text_of(run, "ref"));
    fact(html, "commit", text_of(run, "commit"));
    fact(html, "by", text_of(run, "event"));
    fact(html, "release", text_of(run, "release"));
    fact(html, "created", created);
    html_close(html);
    if (text_of(run, "reason")[0] != '\0')
        html_element(html, "p", is_open(state) || strcmp(state, "passed") == 0 ? "faint" : "why",
                     text_of(run, "reason"));
    if (is_open(state) && web_csrf(request) != NULL)
        add_cancel(html, request, text_of(run, "run"), here);
}

/* Lines and where they ended. */
typedef struct LogPart {
    int64_t n_lines;
    int64_t next; /* offset after them */
    bool ended;
} LogPart;

static void
add_line(Html *html, const char *prefix, int64_t number, const char *text)
{
    g_autofree char *id = g_strdup_printf("%s%" G_GINT64_FORMAT, prefix, number);
    g_autofree char *href = g_strconcat("#", id, NULL);

    html_open(html, "span", "id", id, NULL);
    html_open(html, "a", "href", href, NULL);
    html_format(html, "%" G_GINT64_FORMAT, number);
    html_close(html);
    html_text(html, text);
    html_close(html);
}

/* Owned; NULL when the job has no log yet. */
static json_t *
read_lines(const WebRequest *request, const char *run, int64_t position, LogPart *part)
{
    g_autoptr(json_t) all = json_array();

    while (part->n_lines < MAX_LINES) {
        g_autoptr(json_t) page =
            ask(request, "run.log",
                json_pack("{s:s, s:I, s:I}", "run", run, "position", (json_int_t)position, "offset",
                          (json_int_t)part->next),
                NULL);
        json_t *lines = json_object_get(page, "lines");

        if (page == NULL)
            break;
        part->ended = json_is_true(json_object_get(page, "ended"));
        if (json_array_size(lines) == 0)
            break;
        json_array_extend(all, lines);
        part->n_lines += (int64_t)json_array_size(lines);
        part->next = number_of(page, "next");
    }
    return g_steal_pointer(&all);
}

static void
add_log(Html *html, const WebRequest *request, const char *run, const json_t *job)
{
    int64_t position = number_of(job, "position");
    g_autofree char *prefix = g_strdup_printf("L%" G_GINT64_FORMAT "-", position);
    LogPart part = { 0 };
    g_autoptr(json_t) lines = read_lines(request, run, position, &part);
    g_autofree char *live =
        g_strdup_printf("/events/runs/%s/logs/%" G_GINT64_FORMAT "?offset=%" G_GINT64_FORMAT, run,
                        position, part.next);
    g_autofree char *count = g_strdup_printf("%" G_GINT64_FORMAT, part.n_lines);
    size_t i = 0;
    json_t *line = NULL;

    html_open(html, "pre", "class", "log", "data-log", is_open(text_of(job, "state")) ? live : NULL,
              "data-lines", count, "data-prefix", prefix, NULL);
    json_array_foreach (lines, i, line)
        add_line(html, prefix, (int64_t)i + 1, text_of(line, "text"));
    html_close(html);
}

static void
add_raw_link(Html *html, const json_t *run, int64_t position)
{
    g_autofree char *href =
        g_strdup_printf("/projects/%s/runs/%" G_GINT64_FORMAT "/logs/%" G_GINT64_FORMAT "/raw",
                        text_of(run, "project"), number_of(run, "number"), position);

    html_link(html, href, "raw");
}

static char *
seconds_of(const json_t *job)
{
    int64_t started = number_of(job, "startedAt"), ended = number_of(job, "endedAt");

    if (started <= 0 || ended <= 0)
        return g_strdup("");
    return g_strdup_printf("%.1f s", (double)(ended - started) / G_USEC_PER_SEC);
}

static void
add_job(Html *html, const WebRequest *request, const json_t *run, const json_t *job, bool only)
{
    const char *state = text_of(job, "state");
    bool shown = only || (strcmp(state, "passed") != 0 && strcmp(state, "skipped") != 0 &&
                          strcmp(state, "waiting") != 0);
    g_autofree char *class_name = g_strdup_printf("state %s", state);
    g_autofree char *seconds = seconds_of(job);

    html_open(html, "details", "open", shown ? "" : NULL, NULL);
    html_open(html, "summary", NULL);
    html_element(html, "span", class_name, state);
    html_element(html, "strong", NULL, text_of(job, "name"));
    html_element(html, "span", "faint", text_of(job, "executor"));
    html_element(html, "span", "faint", seconds);
    add_raw_link(html, run, number_of(job, "position"));
    html_close(html);
    if (text_of(job, "reason")[0] != '\0')
        html_element(html, "p",
                     strcmp(state, "failed") == 0 || strcmp(state, "error") == 0 ? "why" : "faint",
                     text_of(job, "reason"));
    add_log(html, request, text_of(run, "run"), job);
    html_close(html);
}

/* Whether a later attempt of the same job follows. */
static bool
is_superseded(const json_t *jobs, size_t index)
{
    const json_t *next = json_array_get(jobs, index + 1);

    return next != NULL &&
           number_of(next, "position") == number_of(json_array_get(jobs, index), "position");
}

static void
add_artifacts(Html *html, const json_t *artifacts)
{
    size_t i = 0;
    json_t *artifact = NULL;

    if (json_array_size(artifacts) == 0)
        return;
    html_element(html, "h2", NULL, "Artifacts");
    html_open(html, "div", "class", "scroll", NULL);
    html_open(html, "table", NULL);
    json_array_foreach (artifacts, i, artifact) {
        html_open(html, "tr", NULL);
        html_element(html, "td", NULL, text_of(artifact, "path"));
        html_element(html, "td", "mono", text_of(artifact, "digest"));
        html_close(html);
    }
    html_close(html);
    html_close(html);
}

bool
page_run(const WebRequest *request, WebAnswer *answer, GError **error)
{
    g_autofree char *name =
        g_strdup_printf("%s/%s", web_param(request, "project"), web_param(request, "number"));
    g_autoptr(json_t) run = ask(request, "run.show", json_pack("{s:s}", "run", name), error);
    const json_t *jobs = json_object_get(run, "jobs");
    g_autoptr(Html) html = NULL;
    size_t i = 0;
    json_t *job = NULL;

    if (run == NULL)
        return false;
    html = html_page(name, web_viewer(request), web_csrf(request));
    add_head(html, request, run);
    html_element(html, "h2", NULL, "Jobs");
    json_array_foreach (jobs, i, job)
        if (!is_superseded(jobs, i))
            add_job(html, request, run, job, json_array_size(jobs) == 1);
    add_artifacts(html, json_object_get(run, "artifacts"));
    web_answer_bytes(answer, 200, "text/html; charset=utf-8", html_finish(html));
    return true;
}
