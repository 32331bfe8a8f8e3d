/* SPDX-License-Identifier: Apache-2.0
 * page_release: all releases, and one of them: how far it is, what its next step is, what is in it. */
#include <string.h>
#include "base/json.h"
#include "web/page.h"
#include "base/banned.h"

#define PAGE_RELEASES 100

static const char *const release_states[] = { "draft",    "sealed",  "publishing", "published",
                                              "rejected", "revoked", NULL };

/* ---- all --------------------------------------------------------------------------------------- */

static void
dress(json_t *release)
{
    const char *commit = json_get_text(release, "commit");
    const char *manifest = json_get_text(release, "manifest");

    page_add_time(release, "changedAt", "changedIso");
    json_object_set_new(release, "commitShort",
                        json_stringn(commit, MIN(strlen(commit), PAGE_SHORT_COMMIT)));
    json_object_set_new(release, "manifestShort",
                        json_stringn(manifest, MIN(strlen(manifest), PAGE_SHORT_DIGEST)));
}

static json_t *
state_choices(const char *chosen)
{
    json_t *array = json_array();

    for (size_t i = 0; release_states[i] != NULL; i++)
        json_array_append_new(array, json_pack("{s:s, s:b}", "name", release_states[i], "chosen",
                                               strcmp(release_states[i], chosen) == 0));
    return array;
}

/* Those that fit, newest first, one page of them; @older_out: there are more. Owned. */
static json_t *
choose(const json_t *releases, const char *name, const char *state, size_t skip, bool *older_out)
{
    json_t *shown = json_array();

    *older_out = false;
    for (size_t i = json_array_size(releases); i > 0 && !*older_out; i--) {
        json_t *release = json_array_get(releases, i - 1);

        if (strstr(json_get_text(release, "release"), name) == NULL ||
            (*state != '\0' && strcmp(json_get_text(release, "state"), state) != 0))
            continue;
        if (skip > 0) {
            skip--;
            continue;
        }
        *older_out = json_array_size(shown) == PAGE_RELEASES;
        if (!*older_out) {
            dress(release);
            json_array_append(shown, release);
        }
    }
    return shown;
}

bool
page_releases(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const PageSpec spec = { .template = "releases", .title = "Releases", .at = PAGE_AT_RELEASES };
    g_autoptr(json_t) releases = page_call(request, "release.list", NULL, error);
    const char *name = page_query(request, "name");
    const char *state = page_query(request, "state");
    guint64 skip = 0;
    bool older = false;
    json_t *shown = NULL;

    if (releases == NULL)
        return false;
    if (!g_ascii_string_to_unsigned(page_query(request, "skip"), 10, 0, G_MAXINT32, &skip, NULL))
        skip = 0;
    shown = choose(releases, name, state, (size_t)skip, &older);
    return page_answer(request, &spec,
                       json_pack("{s:o, s:o, s:{s:s, s:s}, s:b, s:I}", "releases", shown, "states",
                                 state_choices(state), "filter", "name", name, "state", state,
                                 "filtered", *name != '\0' || *state != '\0' || skip > 0, "older",
                                 older ? (json_int_t)skip + PAGE_RELEASES : (json_int_t)0),
                       answer, error);
}

/* ---- one --------------------------------------------------------------------------------------- */

static void
add_approvals(const WebRequest *request, json_t *content, const char *release)
{
    g_autoptr(GError) local = NULL;
    json_t *approvals =
        page_call(request, "release.approvals", json_pack("{s:s}", "release", release), &local);

    if (approvals == NULL) {
        error_ignore(false, &local, "nobody has asked for approvals yet: nothing to show");
        return;
    }
    json_object_set_new(content, "approvals", approvals);
}

/* What brings the release on: a sentence, and the command. */
static void
add_next(json_t *content, const char *release)
{
    const char *state = json_get_text(content, "state");
    const json_t *approvals = json_object_get(content, "approvals");
    json_int_t counted = json_integer_value(json_object_get(approvals, "counted"));
    json_int_t needed = json_integer_value(json_object_get(approvals, "needed"));
    json_t *what = NULL;
    const char *command = NULL;
    const char *more = "";

    if (strcmp(state, "draft") == 0) {
        what = json_string(
            "It is built, and may still be built anew. Sealing fixes its bytes for good.");
        command = "seal";
    } else if (strcmp(state, "sealed") == 0 && approvals == NULL) {
        what =
            json_string("Its bytes are fixed. Nobody has been asked yet whether to publish them.");
        command = "request";
        more = " --target TARGET";
    } else if (strcmp(state, "sealed") == 0 && counted < needed) {
        what = json_sprintf("%lld of %lld approvals are there. Who may still approve does so with "
                            "their own key: %s.",
                            (long long)counted, (long long)needed, json_get_text(approvals, "who"));
        command = "approve";
        more = " --person NAME --key FILE --trust trust.json";
    } else if (strcmp(state, "sealed") == 0 || strcmp(state, "publishing") == 0) {
        what =
            json_string(*state == 's' ? "All approvals are there: it can be published."
                                      : "It is on its way to its targets. If one did not answer, "
                                        "the same command tries again.");
        command = "publish";
    }
    if (what != NULL)
        json_object_set_new(
            content, "next",
            json_pack("{s:o, s:o}", "what", what, "command",
                      json_sprintf("slipway release %s %s%s", command, release, more)));
}

/* One step of its life. @entry: of the log; "" or NULL: it has none. */
static void
add_step(json_t *steps, const char *name, bool done, const char *entry)
{
    json_array_append_new(steps, json_pack("{s:s, s:s, s:s?}", "name", name, "state",
                                           done ? "passed" : "waiting", "entry",
                                           entry != NULL && *entry != '\0' ? entry : NULL));
}

static void
add_steps(json_t *content)
{
    json_t *steps = json_array();
    const json_t *approvals = json_object_get(content, "approvals");
    bool published = strcmp(json_get_text(content, "state"), "published") == 0;
    bool dead = strcmp(json_get_text(content, "state"), "rejected") == 0;

    add_step(steps, "claimed", true, json_get_text(content, "claim"));
    add_step(steps, "sealed", *json_get_text(content, "manifest") != '\0',
             json_get_text(content, "manifest"));
    if (!dead || approvals != NULL) {
        add_step(steps, "asked for", approvals != NULL, json_get_text(content, "request"));
        add_step(steps, "approved", *json_get_text(content, "intent") != '\0',
                 json_get_text(content, "intent"));
    }
    if (!dead)
        add_step(steps, "published", published, published ? json_get_text(content, "head") : NULL);
    else
        json_array_append_new(steps, json_pack("{s:s, s:s, s:s}", "name", "rejected", "state",
                                               "failed", "entry", json_get_text(content, "head")));
    json_object_set_new(content, "steps", steps);
}

/* Why people ended it: what its last statement says. */
static void
add_end(const WebRequest *request, json_t *content)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(json_t) statement = NULL;

    if (strcmp(json_get_text(content, "state"), "rejected") != 0)
        return;
    statement = page_load_statement(request, json_get_text(content, "head"), &local);
    error_ignore(statement != NULL, &local, "the state says it, too");
    json_object_set_new(
        content, "ended",
        json_string(json_get_text(json_object_get(json_object_get(statement, "predicate"), "body"),
                                  "reason")));
    json_object_set_new(content, "isEnded", json_true());
}

bool
page_release(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *name = web_param(request, "release");
    const PageSpec spec = { .template = "release", .title = name, .at = PAGE_AT_RELEASES };
    json_t *content =
        page_call(request, "release.show", json_pack("{s:s}", "release", name), error);
    const char *slash = strchr(name, '/');
    char *text = NULL;
    size_t i = 0;
    json_t *one = NULL;

    if (content == NULL)
        return false;
    text = json_dumps(content, JSON_INDENT(2));
    json_object_set_new(content, "json", json_string(text));
    free(text);
    dress(content);
    json_array_foreach (json_object_get(content, "assets"), i, one)
        json_object_set_new(one, "size",
                            page_size(json_integer_value(json_object_get(one, "size"))));
    json_array_foreach (json_object_get(content, "publications"), i, one) {
        if (strcmp(json_get_text(one, "state"), "confirmed") == 0)
            json_object_set(content, "served", json_object_get(one, "location"));
    }
    if (slash != NULL)
        json_object_set_new(content, "project", json_stringn(name, (size_t)(slash - name)));
    add_approvals(request, content, name);
    add_next(content, name);
    add_steps(content);
    add_end(request, content);
    return page_answer(request, &spec, content, answer, error);
}
