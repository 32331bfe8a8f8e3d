/* SPDX-License-Identifier: Apache-2.0
 * page_report: what jobs left for people on the page of their run: summaries in Markdown, test
 * results; and the page of what a run was made of. */
#include <string.h>
#include "base/json.h"
#include "web/markdown.h"
#include "web/page.h"
#include "base/banned.h"

#define MAX_CASES 100 /* on the page; the operation run.tests tells more */

/* A report that cannot be read is no reason to show no page. */
static json_t *
call(const WebRequest *request, const char *operation, const char *run)
{
    g_autoptr(GError) local = NULL;
    json_t *list = page_call(request, operation, json_pack("{s:s}", "run", run), &local);

    if (list == NULL)
        error_ignore(false, &local, "the page is shown without");
    return list;
}

/* ---- summaries --------------------------------------------------------------------------------- */

static void
add_summaries(const WebRequest *request, const char *run, json_t *content)
{
    g_autoptr(json_t) list = call(request, "run.summary", run);
    size_t i = 0;
    json_t *one = NULL;

    json_array_foreach (list, i, one) {
        const char *text = json_string_value(json_object_get(one, "summary"));
        g_autoptr(GString) html = g_string_new(NULL);

        markdown_to_html(html, text != NULL ? text : "");
        json_object_set_new(one, "html", json_stringn(html->str, html->len));
        json_object_del(one, "summary");
    }
    if (json_array_size(list) > 0)
        json_object_set(content, "summaries", list);
}

/* ---- tests ------------------------------------------------------------------------------------- */

static json_t *
took_of(const json_t *seconds)
{
    return page_duration((int64_t)(json_number_value(seconds) * 1000000));
}

static json_t *
cases_of(const json_t *tests)
{
    json_t *array = json_array();
    size_t i = 0;
    json_t *one = NULL;

    json_array_foreach (json_object_get(tests, "cases"), i, one) {
        if (i >= MAX_CASES)
            break;
        json_object_set_new(one, "took", took_of(json_object_get(one, "seconds")));
        json_array_append(array, one);
    }
    return array;
}

/* {job, position, total, passed, failed, skipped, took, cases, more, unread}: those that did not
 * pass. */
static json_t *
dress_tests(const json_t *report)
{
    const json_t *tests = json_object_get(report, "tests");
    json_int_t failed = json_integer_value(json_object_get(tests, "failed"));
    json_int_t skipped = json_integer_value(json_object_get(tests, "skipped"));
    json_t *cases = cases_of(tests);
    json_int_t more = MAX(failed + skipped - (json_int_t)json_array_size(cases), 0);

    const json_t *unread = json_object_get(tests, "unread");

    return json_pack("{s:O?, s:O?, s:O?, s:O?, s:I, s:I, s:s, s:o, s:o, s:I, s:O?}", "job",
                     json_object_get(report, "job"), "position",
                     json_object_get(report, "position"), "total", json_object_get(tests, "tests"),
                     "passed", json_object_get(tests, "passed"), "failed", failed, "skipped",
                     skipped, "state", failed > 0 || unread != NULL ? "failed" : "passed", "took",
                     took_of(json_object_get(tests, "seconds")), "cases", cases, "more", more,
                     "unread", unread);
}

static void
add_tests(const WebRequest *request, const char *run, json_t *content)
{
    g_autoptr(json_t) list = call(request, "run.tests", run);
    json_t *array = json_array();
    size_t i = 0;
    json_t *one = NULL;

    json_array_foreach (list, i, one)
        json_array_append_new(array, dress_tests(one));
    json_object_set_new(content, "tests", array);
}

void
page_add_reports(const WebRequest *request, const char *run, json_t *content)
{
    add_summaries(request, run, content);
    add_tests(request, run, content);
}

/* ---- what a run was made of -------------------------------------------------------------------- */

static json_t *
numbered_lines(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    size_t n = g_strv_length(lines);
    json_t *array = json_array();

    if (n > 0 && lines[n - 1][0] == '\0')
        n--;
    for (size_t i = 0; i < n; i++)
        json_array_append_new(array,
                              json_pack("{s:I, s:s}", "n", (json_int_t)i + 1, "text", lines[i]));
    return array;
}

bool
page_run_config(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *project = web_param(request, "project");
    const char *number = web_param(request, "number");
    g_autofree char *run = g_strdup_printf("%s/%s", project, number);
    g_autofree char *title = g_strdup_printf("%s #%s as run", project, number);
    PageSpec spec = { .template = "config", .title = title, .at = PAGE_AT_RUNS };
    g_autoptr(json_t) config =
        page_call(request, "run.config", json_pack("{s:s}", "run", run), error);
    g_autofree char *plan = NULL;

    if (config == NULL)
        return false;
    plan = json_dumps(json_object_get(config, "plan"), JSON_INDENT(2));
    return page_answer(request, &spec,
                       json_pack("{s:s, s:s, s:O, s:O, s:O, s:o, s:s}", "project", project,
                                 "number", number, "commit", json_object_get(config, "commit"),
                                 "digest", json_object_get(config, "digest"), "text",
                                 json_object_get(config, "text"), "lines",
                                 numbered_lines(json_string_value(json_object_get(config, "file"))),
                                 "plan", plan),
                       answer, error);
}
