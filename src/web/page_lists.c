/* SPDX-License-Identifier: Apache-2.0
 * page_lists: the pages that are lists: runs, the queue, releases, the log; and the small ones. */
#include <string.h>
#include "base/clock.h"
#include "base/json.h"
#include "web/page.h"
#include "base/banned.h"

#define PAGE_RUNS 50

static const char *const run_states[] = { "queued", "preparing", "running",   "passed",
                                          "failed", "error",     "cancelled", NULL };

static const char *
query_or_empty(const WebRequest *request, const char *name)
{
    const char *value = web_query(request, name);

    return value != NULL ? value : "";
}

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

/* {runs, older}: one page of runs that fit. Owned. */
static json_t *
load_runs(const WebRequest *request, const char *project, const char *ref, const char *state,
          GError **error)
{
    json_t *args = json_pack("{s:i}", "limit", PAGE_RUNS);
    gint64 before = g_ascii_strtoll(query_or_empty(request, "before"), NULL, 10);
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
    const char *project = query_or_empty(request, "project");
    const char *state = known_state(query_or_empty(request, "state"));
    const char *ref = query_or_empty(request, "ref");
    json_t *content = load_runs(request, project, ref, state, error);

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

bool
page_project(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *project = web_param(request, "project");
    const PageSpec spec = { .template = "project", .title = project, .at = PAGE_AT_RUNS };
    json_t *content = load_runs(request, project, "", "", error);

    if (content == NULL)
        return false;
    json_object_set_new(content, "project", json_string(project));
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
    const PageSpec spec = { .template = "pools", .title = "Pools", .at = PAGE_AT_QUEUE };
    json_t *pools = page_call(request, "pool.list", NULL, error);
    size_t i = 0, k = 0;
    json_t *pool = NULL;
    json_t *slot = NULL;

    if (pools == NULL)
        return false;
    json_array_foreach (pools, i, pool) {
        json_object_set_new(pool, "labelList", label_list(json_object_get(pool, "labels")));
        json_array_foreach (json_object_get(pool, "slots"), k, slot)
            dress_slot(slot);
    }
    return page_answer(request, &spec, json_pack("{s:o}", "pools", pools), answer, error);
}

/* ---- releases ---------------------------------------------------------------------------------- */

bool
page_releases(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const PageSpec spec = { .template = "releases", .title = "Releases", .at = PAGE_AT_RELEASES };
    json_t *releases = page_call(request, "release.list", NULL, error);

    return releases != NULL &&
           page_answer(request, &spec, json_pack("{s:o}", "releases", releases), answer, error);
}

static void
add_approvals(const WebRequest *request, json_t *content, const char *release)
{
    g_autoptr(GError) local = NULL;
    json_t *approvals =
        page_call(request, "release.approvals", json_pack("{s:s}", "release", release), &local);
    json_int_t counted = json_integer_value(json_object_get(approvals, "counted"));
    json_int_t needed = json_integer_value(json_object_get(approvals, "needed"));

    if (approvals == NULL) {
        error_ignore(false, &local, "nobody has asked for approvals yet: nothing to show");
        return;
    }
    json_object_set_new(content, "approvals", approvals);
    if (counted < needed)
        json_object_set_new(content, "missing",
                            json_sprintf("%lld of %lld approvals are there. A person of the roster "
                                         "approves with their own key: slipway release approve %s",
                                         (long long)counted, (long long)needed, release));
}

bool
page_release(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *name = web_param(request, "release");
    const PageSpec spec = { .template = "release", .title = name, .at = PAGE_AT_RELEASES };
    json_t *content =
        page_call(request, "release.show", json_pack("{s:s}", "release", name), error);
    char *text = NULL;
    size_t i = 0;
    json_t *asset = NULL;

    if (content == NULL)
        return false;
    text = json_dumps(content, JSON_INDENT(2));
    json_object_set_new(content, "json", json_string(text));
    free(text);
    json_array_foreach (json_object_get(content, "assets"), i, asset)
        json_object_set_new(asset, "size",
                            page_size(json_integer_value(json_object_get(asset, "size"))));
    add_approvals(request, content, name);
    return page_answer(request, &spec, content, answer, error);
}

/* ---- the log ----------------------------------------------------------------------------------- */

bool
page_log(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const PageSpec spec = { .template = "log", .title = "Transparency log", .at = PAGE_AT_LOG };
    json_t *entries = page_call(request, "log.tail", json_pack("{s:i}", "n", 100), error);
    json_t *content = NULL;
    size_t i = 0;
    json_t *entry = NULL;

    if (entries == NULL)
        return false;
    json_array_foreach (entries, i, entry) {
        const char *type = json_string_value(json_object_get(entry, "type"));
        const char *last = type != NULL ? strrchr(type, '/') : NULL;
        const char *prefix = "urn:slipway:";

        page_add_time(entry, "at", "atIso");
        json_object_set_new(entry, "typeShort",
                            json_string(type == NULL                     ? ""
                                        : g_str_has_prefix(type, prefix) ? type + strlen(prefix)
                                        : last != NULL                   ? last + 1
                                                                         : type));
    }
    content = json_pack("{s:o}", "entries", entries);
    page_add_witnesses(request, content);
    return page_answer(request, &spec, content, answer, error);
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
