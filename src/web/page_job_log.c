/* SPDX-License-Identifier: Apache-2.0
 * page_job_log: the lines of a job's log as a page shows them: numbered, under their steps, folded
 * where the log has groups, with the line marked that most likely says why the job failed. */
#include <string.h>
#include "base/json.h"
#include "web/ansi.h"
#include "web/page.h"
#include "base/banned.h"

#define MAX_LINES 5000 /* shown; the raw log has them all */

typedef struct View {
    json_t *lines;     /* of the page; borrowed */
    const json_t *job; /* borrowed */
    int64_t n;         /* lines so far */
    int64_t step;      /* the last one seen */
    int depth;         /* open groups */
    int64_t error;     /* number of the line that says why it failed; 0: none */
} View;

static void
close_groups(View *view, int down_to)
{
    for (; view->depth > down_to; view->depth--)
        json_array_append_new(view->lines, json_pack("{s:b}", "end", 1));
}

/* The heading of step @number (from 1), which ends every group of the one before. */
static void
begin_step(View *view, int64_t number)
{
    const json_t *step = json_array_get(json_object_get(view->job, "steps"), (size_t)number - 1);
    const char *name = json_string_value(json_object_get(step, "name"));
    json_t *took = json_object_get(step, "took");
    const char *state = json_string_value(json_object_get(step, "state"));

    close_groups(view, 0);
    view->step = number;
    json_array_append_new(
        view->lines,
        json_pack("{s:o, s:I, s:s, s:O?}", "step",
                  name != NULL ? json_string(name) : json_sprintf("step %lld", (long long)number),
                  "number", (json_int_t)number, "state", state != NULL ? state : "running", "took",
                  took));
}

static void
begin_group(View *view, const json_t *line, const char *title)
{
    int level = (int)json_integer_value(json_object_get(line, "level"));
    g_autofree char *plain = ansi_to_plain(title);

    close_groups(view, MAX(level - 1, 0));
    view->depth++;
    json_array_append_new(view->lines,
                          json_pack("{s:s, s:b}", "group", plain, "open",
                                    !json_is_true(json_object_get(line, "collapsed"))));
}

static void
add_line(View *view, const json_t *line)
{
    const json_t *group = json_object_get(line, "group");
    int64_t step = json_integer_value(json_object_get(line, "step"));
    g_autoptr(GString) html = g_string_new(NULL);
    bool bad = false;

    if (step > 0 && step != view->step)
        begin_step(view, step);
    view->n++; /* a line that opens or closes a group counts: numbers are those of the raw log */
    if (json_is_string(group)) {
        begin_group(view, line, json_string_value(group));
        return;
    }
    if (group != NULL) {
        close_groups(view, MAX(view->depth - 1, 0));
        return;
    }
    bad = view->n == view->error;
    ansi_to_html(html, json_string_value(json_object_get(line, "text")));
    json_array_append_new(view->lines,
                          json_pack("{s:I, s:s, s:s%}", "n", (json_int_t)view->n, "kind",
                                    bad ? "bad" : json_string_value(json_object_get(line, "kind")),
                                    "html", html->str, html->len));
}

/* The number of the line that most likely says why the job failed; 0: it did not, or nobody knows. */
static int64_t
find_error(const WebRequest *request, const char *run, json_int_t position)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(json_t) found =
        page_call(request, "run.errors", json_pack("{s:s}", "run", run), &local);
    size_t i = 0;
    json_t *one = NULL;

    if (found == NULL)
        error_ignore(false, &local, "the log is shown without a mark");
    json_array_foreach (found, i, one) {
        if (json_integer_value(json_object_get(one, "position")) == position)
            return json_integer_value(json_object_get(one, "line")) + 1; /* they count from 0 */
    }
    return 0;
}

/* One call of run.log: {lines, next, fold}. Owned. */
static json_t *
load_lines(const WebRequest *request, const char *run, json_int_t position, const json_t *before,
           GError **error)
{
    return page_call(request, "run.log",
                     json_pack("{s:s, s:I, s:I, s:I}", "run", run, "position", position, "offset",
                               json_integer_value(json_object_get(before, "next")), "fold",
                               json_integer_value(json_object_get(before, "fold"))),
                     error);
}

json_t *
page_job_log(const WebRequest *request, const char *run, const json_t *job, GError **error)
{
    json_int_t position = json_integer_value(json_object_get(job, "position"));
    g_autoptr(json_t) lines = json_array();
    g_autoptr(json_t) page = json_object();
    View view = { .lines = lines, .job = job, .error = find_error(request, run, position) };
    bool more = true;

    while (more && view.n < MAX_LINES) {
        json_t *next = load_lines(request, run, position, page, error);
        size_t i = 0;
        json_t *line = NULL;

        json_decref(page);
        page = next;
        if (page == NULL)
            return NULL;
        json_array_foreach (json_object_get(page, "lines"), i, line)
            add_line(&view, line);
        more = json_array_size(json_object_get(page, "lines")) > 0;
    }
    close_groups(&view, 0);
    page_add_time(page, "removedAt", "removedIso");
    return json_pack("{s:O?, s:I, s:O, s:O?, s:I, s:I, s:b, s:O?}", "name",
                     json_object_get(job, "name"), "position", position, "lines", lines, "next",
                     json_object_get(page, "next"), "count", (json_int_t)view.n, "error",
                     (json_int_t)view.error, "cut", more, "removed",
                     json_object_get(page, "removedIso"));
}
