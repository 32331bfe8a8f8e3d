/* SPDX-License-Identifier: Apache-2.0
 * page_run: one run: its jobs as a tree of steps, when each ran, and the log of one of them. */
#include <string.h>
#include "base/clock.h"
#include "base/json.h"
#include "web/page.h"
#include "base/banned.h"

#define BAR_HEIGHT 22 /* of one job in the drawing, whose width is in percent */
#define MAX_BARS   60

static bool
is_final(const char *state)
{
    return strcmp(state, "queued") != 0 && strcmp(state, "preparing") != 0 &&
           strcmp(state, "running") != 0;
}

/* ---- jobs -------------------------------------------------------------------------------------- */

/* Its steps, those of its last attempt. */
static json_t *
steps_of(const json_t *run, const json_t *job)
{
    json_t *array = json_array();
    json_t *failed = json_object_get(job, "failedStep");
    size_t i = 0;
    json_t *step = NULL;

    json_array_foreach (json_object_get(run, "steps"), i, step) {
        int64_t index = json_get_int(step, "step");
        bool ended = json_get_int(step, "exitCode") >= 0;

        if (json_get_int(step, "position") != json_get_int(job, "position") ||
            json_get_int(step, "attempt") != json_get_int(job, "attempt"))
            continue;
        json_array_append_new(
            array,
            json_pack("{s:s, s:I, s:I, s:s, s:o}", "name", json_get_text(step, "name"), "number",
                      (json_int_t)index + 1, "job", (json_int_t)json_get_int(job, "position"),
                      "state",
                      json_is_integer(failed) && json_integer_value(failed) == index ? "failed"
                      : ended                                                        ? "passed"
                                                                                     : "skipped",
                      "took", page_duration(json_get_int(step, "wallUs"))));
    }
    return array;
}

static int64_t
end_of(const json_t *job)
{
    int64_t end = json_get_int(job, "endedAt");

    return end > 0 ? end : clock_now_us(&clock_system);
}

/* The last attempt of each job, dressed. Owned. */
static json_t *
last_attempts(const json_t *run)
{
    json_t *array = json_array();
    size_t i = 0;
    json_t *job = NULL;

    json_array_foreach (json_object_get(run, "jobs"), i, job) {
        json_t *last = json_array_get(array, json_array_size(array) - 1);
        int64_t start = json_get_int(job, "startedAt");

        if (last != NULL && json_get_int(last, "position") == json_get_int(job, "position"))
            json_array_remove(array, json_array_size(array) - 1);
        json_object_set_new(job, "took", page_duration(start > 0 ? end_of(job) - start : 0));
        json_object_set_new(job, "steps", steps_of(run, job));
        json_array_append(array, job);
    }
    return array;
}

/* The job somebody asked for, else the first that failed, else one that runs, else the last that
 * has a log. Borrowed. */
static json_t *
choose_job(const WebRequest *request, const json_t *jobs)
{
    static const char *const wanted[] = { "failed", "error", "running", NULL };
    const char *asked = web_query(request, "job");
    size_t i = 0;
    json_t *job = NULL;
    json_t *chosen = NULL;

    if (asked != NULL) {
        json_array_foreach (jobs, i, job)
            if (json_get_int(job, "position") == g_ascii_strtoll(asked, NULL, 10))
                return job;
    }
    for (size_t k = 0; wanted[k] != NULL; k++) {
        json_array_foreach (jobs, i, job)
            if (strcmp(json_get_text(job, "state"), wanted[k]) == 0)
                return job;
    }
    json_array_foreach (jobs, i, job)
        if (json_get_int(job, "startedAt") > 0)
            chosen = job;
    return chosen;
}

/* ---- when each ran ----------------------------------------------------------------------------- */

/* Whether it ran in this run: one that was taken over has its times from another. */
static bool
ran_here(const json_t *job)
{
    return json_get_int(job, "startedAt") > 0 &&
           !json_is_integer(json_object_get(job, "reusedFrom"));
}

static json_t *
bar_of(const json_t *job, size_t row, int64_t from, int64_t span)
{
    int64_t start = json_get_int(job, "startedAt");
    double x = 100.0 * (double)(start - from) / (double)span;
    double width = MAX(100.0 * (double)(end_of(job) - start) / (double)span, 0.3);
    bool late = x + width > 80;
    bool inside = late && width > 20;

    return json_pack("{s:s, s:s, s:I, s:o, s:o, s:o, s:I, s:I, s:b, s:b, s:O?}", "name",
                     json_get_text(job, "name"), "state", json_get_text(job, "state"), "position",
                     (json_int_t)json_get_int(job, "position"), "x", json_sprintf("%.2f", x),
                     "width", json_sprintf("%.2f", MIN(width, 100 - x)), "textX",
                     json_sprintf("%.2f", late ? x : x + width), "y",
                     (json_int_t)row * BAR_HEIGHT + 2, "textY", (json_int_t)row * BAR_HEIGHT + 14,
                     "inside", inside, "before", late && !inside, "took",
                     json_object_get(job, "took"));
}

static void
add_bars(json_t *content, const json_t *jobs)
{
    json_t *bars = json_array();
    int64_t from = INT64_MAX, to = 0;
    size_t i = 0;
    json_t *job = NULL;

    json_array_foreach (jobs, i, job) {
        if (ran_here(job)) {
            from = MIN(from, json_get_int(job, "startedAt"));
            to = MAX(to, end_of(job));
        }
    }
    json_array_foreach (jobs, i, job) {
        if (ran_here(job) && json_array_size(bars) < MAX_BARS)
            json_array_append_new(bars,
                                  bar_of(job, json_array_size(bars), from, MAX(to - from, 1)));
    }
    json_object_set_new(content, "barsHeight",
                        json_integer((json_int_t)json_array_size(bars) * BAR_HEIGHT));
    json_object_set_new(content, "bars", bars);
}

/* ---- the page ---------------------------------------------------------------------------------- */

static void
add_artifacts(const WebRequest *request, json_t *content)
{
    size_t i = 0;
    json_t *artifact = NULL;

    json_array_foreach (json_object_get(content, "artifacts"), i, artifact) {
        g_autofree char *path = g_uri_escape_string(json_get_text(artifact, "path"), "/", TRUE);

        json_object_set_new(artifact, "size", page_size(json_get_int(artifact, "sizeBytes")));
        json_object_set_new(artifact, "href",
                            json_sprintf("%s/artifacts/%lld/%s", web_path(request),
                                         json_get_int(artifact, "position"), path));
    }
}

static bool
any_passed(const json_t *content)
{
    size_t i = 0;
    json_t *job = NULL;

    json_array_foreach (json_object_get(content, "jobs"), i, job) {
        if (strcmp(json_get_text(job, "state"), "passed") == 0)
            return true;
    }
    return false;
}

static void
add_actions(const WebRequest *request, json_t *content)
{
    bool final = is_final(json_get_text(content, "state"));

    json_object_set_new(content, "mayCancel",
                        json_boolean(!final && page_may(request, "run.cancel")));
    json_object_set_new(content, "mayRestart",
                        json_boolean(final && page_may(request, "run.restart")));
    json_object_set_new(content, "mayRestartFailed",
                        json_boolean(final &&
                                     strcmp(json_get_text(content, "state"), "passed") != 0 &&
                                     json_get_text(content, "release")[0] == '\0' &&
                                     any_passed(content) && page_may(request, "run.restart")));
    json_object_set_new(content, "waiting",
                        json_boolean(strcmp(json_get_text(content, "state"), "queued") == 0));
}

/* What to do about a run that did not pass. */
static void
add_advice(json_t *content)
{
    const char *state = json_get_text(content, "state");
    const char *reason = json_get_text(content, "reason");
    const char *advice = NULL;

    if (strcmp(state, "failed") == 0)
        advice = "The line that most likely says why is marked in the log below.";
    else if (strcmp(state, "error") == 0 && strstr(reason, "slipway.yaml") != NULL)
        advice = "Mend the file and push again; 'slipway check' tells the same on your machine.";
    else if (strcmp(state, "error") == 0 && strstr(reason, "no capacity") != NULL)
        advice = "Run it again when there is room, or let the server run more at a time "
                 "('slipway serve --runs').";
    else if (strcmp(state, "error") == 0)
        advice = "This is not the code's fault: something around it broke. Run it again; if it "
                 "comes back, ask those who run the server.";
    else if (strcmp(state, "cancelled") == 0)
        advice = "Run it again if you want its result all the same.";
    json_object_set_new(content, "isText", json_boolean(strchr(reason, '\n') != NULL));
    if (advice != NULL)
        json_object_set_new(content, "advice", json_string(advice));
}

bool
page_run(const WebRequest *request, WebAnswer *answer, GError **error)
{
    g_autofree char *run =
        g_strdup_printf("%s/%s", web_param(request, "project"), web_param(request, "number"));
    g_autofree char *title =
        g_strdup_printf("%s #%s", web_param(request, "project"), web_param(request, "number"));
    g_autofree char *events = g_strdup_printf("/events/runs/%s", run);
    PageSpec spec = { .template = "run", .title = title, .at = PAGE_AT_RUNS };
    g_autoptr(json_t) content =
        page_call(request, "run.show", json_pack("{s:s}", "run", run), error);
    json_t *jobs = NULL;
    json_t *chosen = NULL;

    if (content == NULL)
        return false;
    jobs = last_attempts(content);
    json_object_set_new(content, "jobs", jobs);
    page_dress_run(content);
    add_bars(content, jobs);
    add_artifacts(request, content);
    add_actions(request, content);
    add_advice(content);
    page_add_reports(request, run, content);
    page_add_preview(request, run, content);
    chosen = choose_job(request, jobs);
    if (chosen != NULL) {
        json_t *log = page_job_log(request, run, chosen, error);

        if (log == NULL)
            return false;
        json_object_set_new(chosen, "chosen", json_true());
        json_object_set_new(content, "log", log);
    }
    if (!is_final(json_get_text(content, "state")))
        spec.events = events;
    return page_answer(request, &spec, g_steal_pointer(&content), answer, error);
}
