/* SPDX-License-Identifier: Apache-2.0
 * page_routes: the pages and their addresses; each shows what an operation answers. */
#include <string.h>
#include "base/clock.h"
#include "base/json.h"
#include "web/html.h"
#include "web/page_run.h"
#include "web/web.h"
#include "web/web_files.h"
#include "base/banned.h"

#define PAGE_TYPE "text/html; charset=utf-8"

static json_t *
ask(const WebRequest *request, const char *operation, json_t *args, GError **error)
{
    ApiContext context = web_context(request);
    g_autoptr(json_t) owned = args;
    json_t *result = NULL;

    return api_call(&context, operation, owned, &result, error) ? result : NULL;
}

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static Html *
begin(const WebRequest *request, const char *title)
{
    return html_page(title, web_viewer(request), web_csrf(request));
}

static bool
finish(Html *html, unsigned status, WebAnswer *answer)
{
    web_answer_bytes(answer, status, PAGE_TYPE, html_finish(html));
    return true;
}

static void
time_cell(Html *html, const json_t *value)
{
    g_autofree char *text =
        json_is_integer(value) ? clock_format_seconds(json_integer_value(value)) : NULL;

    html_element(html, "td", "faint", text);
}

static void
head_row(Html *html, const char *const *names)
{
    html_open(html, "tr", NULL);
    for (; *names != NULL; names++)
        html_element(html, "th", NULL, *names);
    html_close(html);
}

static void
state_cell(Html *html, const char *state)
{
    g_autofree char *class_name = g_strdup_printf("state %s", state);

    html_element(html, "td", class_name, state);
}

static void
run_row(Html *html, const json_t *run)
{
    g_autofree char *href =
        g_strdup_printf("/projects/%s/runs/%lld", text_of(run, "project"),
                        (long long)json_integer_value(json_object_get(run, "number")));
    g_autofree char *commit = g_strndup(text_of(run, "commit"), 12);

    html_open(html, "tr", NULL);
    state_cell(html, text_of(run, "state"));
    html_open(html, "td", NULL);
    html_link(html, href, text_of(run, "run"));
    html_close(html);
    html_element(html, "td", NULL, text_of(run, "ref"));
    html_element(html, "td", "mono", commit);
    time_cell(html, json_object_get(run, "createdAt"));
    html_element(html, "td", NULL, text_of(run, "reason"));
    html_close(html);
}

static bool
fits(const json_t *run, const char *project, const char *state)
{
    return (project == NULL || strcmp(text_of(run, "project"), project) == 0) &&
           (state == NULL || state[0] == '\0' || strcmp(text_of(run, "state"), state) == 0);
}

static bool
show_runs(const WebRequest *request, const char *title, const char *project, WebAnswer *answer,
          GError **error)
{
    static const char *const names[] = { "State", "Run", "Ref", "Commit", "Created", "Why", NULL };
    const char *state = web_query(request, "state");
    g_autoptr(json_t) runs = ask(request, "run.list", json_pack("{s:i}", "limit", 200), error);
    g_autoptr(Html) html = NULL;
    size_t i = 0;
    json_t *run = NULL;

    if (runs == NULL)
        return false;
    html = begin(request, title);
    html_element(html, "h1", NULL, title);
    html_open(html, "form", "method", "get", NULL);
    html_void(html, "input", "name", "state", "value", state, "placeholder", "state: failed …",
              "data-filter", "", "aria-label", "filter by state", NULL);
    html_element(html, "button", NULL, "Filter");
    html_close(html);
    html_open(html, "div", "class", "scroll", NULL);
    html_open(html, "table", NULL);
    head_row(html, names);
    json_array_foreach (runs, i, run)
        if (fits(run, project, state))
            run_row(html, run);
    return finish(html, 200, answer);
}

static bool
page_runs(const WebRequest *request, WebAnswer *answer, GError **error)
{
    return show_runs(request, "Runs", web_query(request, "project"), answer, error);
}

static bool
page_project(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *project = web_param(request, "project");

    return show_runs(request, project, project, answer, error);
}

static bool
page_login(const WebRequest *request, WebAnswer *answer, GError **error)
{
    g_autoptr(Html) html = begin(request, "Log in");

    (void)error;
    html_element(html, "h1", NULL, "Log in");
    html_element(html, "p", "faint", "With a token: 'slipway token create NAME' makes one.");
    html_open(html, "form", "method", "post", "action", "/login", NULL);
    html_void(html, "input", "type", "hidden", "name", "back", "value", web_query(request, "back"),
              NULL);
    html_void(html, "input", "type", "password", "name", "token", "required", "", "autofocus", "",
              "autocomplete", "current-password", "aria-label", "token", NULL);
    html_element(html, "button", NULL, "Log in");
    return finish(html, 200, answer);
}

/* ---- lists of operations that a table of some of their members shows ---- */

typedef struct Column {
    const char *title, *key;
} Column;

static void
value_cell(Html *html, const char *key, const json_t *value)
{
    if (g_str_has_suffix(key, "At") || strcmp(key, "at") == 0 || strcmp(key, "since") == 0)
        time_cell(html, value);
    else if (strcmp(key, "state") == 0)
        state_cell(html, json_is_string(value) ? json_string_value(value) : "");
    else if (json_is_integer(value)) {
        html_open(html, "td", NULL);
        html_format(html, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        html_close(html);
    } else
        html_element(html, "td", NULL, json_string_value(value));
}

static bool
show_list(const WebRequest *request, const char *title, const json_t *list, const Column *columns,
          WebAnswer *answer)
{
    g_autoptr(Html) html = begin(request, title);
    size_t i = 0;
    json_t *item = NULL;

    html_element(html, "h1", NULL, title);
    html_open(html, "div", "class", "scroll", NULL);
    html_open(html, "table", NULL);
    html_open(html, "tr", NULL);
    for (const Column *c = columns; c->key != NULL; c++)
        html_element(html, "th", NULL, c->title);
    html_close(html);
    json_array_foreach (list, i, item) {
        html_open(html, "tr", NULL);
        for (const Column *c = columns; c->key != NULL; c++)
            value_cell(html, c->key, json_object_get(item, c->key));
        html_close(html);
    }
    return finish(html, 200, answer);
}

static bool
page_queue(const WebRequest *request, WebAnswer *answer, GError **error)
{
    static const Column columns[] = { { "Position", "position" }, { "Run", "run" },
                                      { "Ref", "ref" },           { "Waiting because", "waiting" },
                                      { "Since", "since" },       { NULL, NULL } };
    g_autoptr(json_t) list = ask(request, "queue.list", json_object(), error);

    return list != NULL && show_list(request, "Queue", list, columns, answer);
}

static bool
page_log(const WebRequest *request, WebAnswer *answer, GError **error)
{
    static const Column columns[] = { { "Entry", "index" },  { "What", "type" },
                                      { "About", "object" }, { "By", "actor" },
                                      { "When", "at" },      { "Verdict", "verdict" },
                                      { NULL, NULL } };
    g_autoptr(json_t) list = ask(request, "log.tail", json_pack("{s:i}", "n", 200), error);

    return list != NULL && show_list(request, "Transparency log", list, columns, answer);
}

static bool
page_releases(const WebRequest *request, WebAnswer *answer, GError **error)
{
    g_autoptr(json_t) list = ask(request, "release.list", json_object(), error);
    g_autoptr(Html) html = NULL;
    size_t i = 0;
    json_t *item = NULL;

    if (list == NULL)
        return false;
    html = begin(request, "Releases");
    html_element(html, "h1", NULL, "Releases");
    html_open(html, "table", NULL);
    json_array_foreach (list, i, item) {
        g_autofree char *name = g_uri_escape_string(text_of(item, "release"), NULL, FALSE);
        g_autofree char *href = g_strconcat("/releases/", name, NULL);

        html_open(html, "tr", NULL);
        state_cell(html, text_of(item, "state"));
        html_open(html, "td", NULL);
        html_link(html, href, text_of(item, "release"));
        html_close(html);
        html_close(html);
    }
    return finish(html, 200, answer);
}

static bool
page_release(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *name = web_param(request, "object");
    g_autoptr(json_t) shown =
        ask(request, "release.show", json_pack("{s:s}", "release", name), error);
    g_autofree char *text = shown != NULL ? json_pretty(shown) : NULL;
    g_autofree char *class_name = NULL;
    g_autoptr(Html) html = NULL;

    if (shown == NULL)
        return false;
    html = begin(request, name);
    html_element(html, "h1", NULL, name);
    class_name = g_strdup_printf("state %s", text_of(shown, "state"));
    html_element(html, "p", class_name, text_of(shown, "state"));
    html_element(html, "pre", "scroll", text);
    return finish(html, 200, answer);
}

static bool
page_static(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *name = web_param(request, "name");

    for (size_t i = 0; i < web_files_count; i++) {
        if (strcmp(web_files[i].name, name) != 0)
            continue;
        web_answer_bytes(answer, 200,
                         g_str_has_suffix(name, ".css") ? "text/css; charset=utf-8"
                                                        : "text/javascript; charset=utf-8",
                         g_bytes_new_static(web_files[i].data, web_files[i].len));
        web_answer_header(answer, "Cache-Control", "public, max-age=300");
        return true;
    }
    error_set(error, WEB_ERROR, WEB_ERROR_NO_PAGE, "there is nothing at this address");
    return false;
}

void
page_problem(const WebRequest *request, const WebProblem *problem, WebAnswer *answer)
{
    g_autoptr(Html) html = begin(request, problem->code);

    html_open(html, "h1", NULL);
    html_format(html, "%u %s", problem->status, problem->code);
    html_close(html);
    html_element(html, "p", "why", problem->message);
    html_element(html, "p", "faint", problem->hint);
    finish(html, problem->status, answer);
}

const WebRoute page_routes[] = {
    { "GET", "/", API_ROLE_READER, page_runs, 0 },
    { "GET", "/runs", API_ROLE_READER, page_runs, 0 },
    { "GET", "/projects/{project}", API_ROLE_READER, page_project, 0 },
    { "GET", "/projects/{project}/runs/{number}", API_ROLE_READER, page_run, 0 },
    { "GET", "/queue", API_ROLE_READER, page_queue, 0 },
    { "GET", "/releases", API_ROLE_READER, page_releases, 0 },
    { "GET", "/releases/{object}", API_ROLE_READER, page_release, 0 },
    { "GET", "/log", API_ROLE_READER, page_log, 0 },
    { "GET", "/login", API_ROLE_ANYONE, page_login, 0 },
    { "GET", "/static/{name}", API_ROLE_ANYONE, page_static, WEB_NO_CSRF },
};
const size_t page_n_routes = G_N_ELEMENTS(page_routes);
