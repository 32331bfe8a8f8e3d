/* SPDX-License-Identifier: Apache-2.0
 * page_lists: runs, the queue, pools; and the page to log in. */
#include <string.h>
#include "base/clock.h"
#include "base/json.h"
#include "web/page.h"
#include "base/banned.h"

#define PAGE_RUNS 50

static const char *const run_states[] = { "queued", "preparing", "running",   "passed",
                                          "failed", "error",     "cancelled", NULL };

/* ---- runs -------------------------------------------------------------------------------------- */

/* @text, or "": what is no state filters nothing. */
static const char *
known_state(const char *text)
{
    return g_strv_contains(run_states, text) ? text : "";
}

static json_t *
state_choices(const char *chosen)
{
    json_t *array = json_array();

    for (size_t i = 0; run_states[i] != NULL; i++)
        json_array_append_new(array, json_pack("{s:s, s:b}", "name", run_states[i], "chosen",
                                               strcmp(run_states[i], chosen) == 0));
    return array;
}

json_t *
page_load_runs(const WebRequest *request, const char *project, const char *ref, const char *state,
               GError **error)
{
    json_t *args = json_pack("{s:i}", "limit", PAGE_RUNS);
    gint64 before = g_ascii_strtoll(page_query(request, "before"), NULL, 10);
    g_autoptr(json_t) runs = NULL;
    size_t i = 0, n = 0;
    json_t *run = NULL;

    if (before > 0)
        json_object_set_new(args, "before", json_integer(before));
    if (*project != '\0')
        json_object_set_new(args, "project", json_string(project));
    if (*ref != '\0')
        json_object_set_new(args, "ref",
                            g_str_has_prefix(ref, "refs/") ? json_string(ref)
                                                           : json_sprintf("refs/heads/%s", ref));
    if (*state != '\0')
        json_object_set_new(args, "state", json_string(state));
    runs = page_call(request, "run.list", args, error);
    if (runs == NULL)
        return NULL;
    json_array_foreach (runs, i, run)
        page_dress_run(run);
    n = json_array_size(runs);
    run = n == PAGE_RUNS ? json_array_get(runs, n - 1) : NULL;
    return json_pack("{s:O, s:O?}", "runs", runs, "older", json_object_get(run, "id"));
}

bool
page_runs(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const PageSpec spec = { .template = "runs", .title = "Runs", .at = PAGE_AT_RUNS };
    const char *project = page_query(request, "project");
    const char *state = known_state(page_query(request, "state"));
    const char *ref = page_query(request, "ref");
    json_t *content = page_load_runs(request, project, ref, state, error);

    if (content == NULL)
        return false;
    json_object_set_new(content, "states", state_choices(state));
    json_object_set_new(
        content, "filter",
        json_pack("{s:s, s:s, s:s}", "project", project, "ref", ref, "state", state));
    json_object_set_new(content, "filtered",
                        json_boolean(*project != '\0' || *ref != '\0' || *state != '\0'));
    return page_answer(request, &spec, content, answer, error);
}

/* ---- queue ------------------------------------------------------------------------------------- */

bool
page_queue(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const PageSpec spec = { .template = "queue", .title = "Queue", .at = PAGE_AT_QUEUE };
    json_t *runs = page_call(request, "queue.list", NULL, error);
    bool may = page_may(request, "run.allow");
    size_t i = 0;
    json_t *run = NULL;

    if (runs == NULL)
        return false;
    json_array_foreach (runs, i, run) {
        const char *name = json_string_value(json_object_get(run, "run"));
        const char *slash = strrchr(name, '/');

        page_dress_run(run);
        json_object_set_new(run, "number", json_string(slash != NULL ? slash + 1 : ""));
        json_object_set_new(run, "mayAllow",
                            json_boolean(may && json_is_true(json_object_get(run, "held"))));
    }
    return page_answer(request, &spec, json_pack("{s:o}", "runs", runs), answer, error);
}

/* ---- pools ------------------------------------------------------------------------------------- */

static void
dress_slot(json_t *slot)
{
    const char *run = json_string_value(json_object_get(slot, "run"));
    const char *slash = run != NULL ? strrchr(run, '/') : NULL;

    page_dress_run(slot);
    if (slash != NULL)
        json_object_set_new(slot, "runPath",
                            json_sprintf("%.*s/runs/%s", (int)(slash - run), run, slash + 1));
}

static json_t *
label_list(const json_t *labels)
{
    json_t *array = json_array();
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach ((json_t *)labels, name, value)
        json_array_append_new(array, json_sprintf("%s=%s", name, json_string_value(value)));
    return array;
}

bool
page_pools(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const PageSpec spec = { .template = "pools", .title = "Pools", .at = PAGE_AT_POOLS };
    json_t *pools = page_call(request, "pool.list", NULL, error);
    size_t i = 0, k = 0;
    json_t *pool = NULL;
    json_t *slot = NULL;

    if (pools == NULL)
        return false;
    json_array_foreach (pools, i, pool) {
        json_t *slots = json_object_get(pool, "slots");
        json_int_t free_ones = 0;

        json_object_set_new(pool, "labelList", label_list(json_object_get(pool, "labels")));
        json_array_foreach (slots, k, slot) {
            dress_slot(slot);
            free_ones += strcmp(json_string_value(json_object_get(slot, "state")), "free") == 0;
        }
        page_add_time(pool, "nextRefresh", "nextRefreshIso");
        json_object_set_new(pool, "nFree", json_sprintf("%lld", (long long)free_ones));
        json_object_set_new(pool, "nSlots", json_integer((json_int_t)json_array_size(slots)));
    }
    return page_answer(request, &spec, json_pack("{s:o}", "pools", pools), answer, error);
}

/* ---- small ones -------------------------------------------------------------------------------- */

bool
page_login(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const PageSpec spec = { .template = "login", .title = "Log in" };
    const char *back = web_query(request, "back");

    return page_answer(request, &spec, json_pack("{s:s}", "back", back != NULL ? back : "/"),
                       answer, error);
}
