/* SPDX-License-Identifier: Apache-2.0
 * page_badge: how a project's default branch is, as a picture and for shields.io. */
#include <string.h>
#include "base/error.h"
#include "base/json.h"
#include "web/page.h"
#include "base/banned.h"

#define BADGE_LOOKS_AT 50 /* of the newest runs */

/* refs/heads/NAME that the badge is about: ?branch=NAME, else the project's default branch; NULL where
 * nobody knows it. Owned. */
static char *
badge_ref(const WebRequest *request)
{
    g_autoptr(GError) local = NULL;
    const char *branch = web_query(request, "branch");
    g_autoptr(json_t) project = NULL;

    if (branch == NULL) {
        project = page_call(request, "project.show",
                            json_pack("{s:s}", "project", web_param(request, "project")), &local);
        branch = json_string_value(json_object_get(project, "defaultBranch"));
    }
    if (local != NULL)
        error_ignore(false, &local, "runs of a project nobody added have a badge too");
    return branch != NULL && branch[0] != '\0' ? g_strconcat("refs/heads/", branch, NULL) : NULL;
}

/* Whether a badge shows this run: it says how it went, and is not a proposal's. */
static bool
badge_counts(const json_t *run)
{
    const char *state = json_string_value(json_object_get(run, "state"));
    const char *event = json_string_value(json_object_get(run, "event"));

    return state != NULL && g_strcmp0(event, "proposal") != 0 &&
           (strcmp(state, "passed") == 0 || strcmp(state, "failed") == 0 ||
            strcmp(state, "error") == 0);
}

/* How the newest run went that has ended: of the default branch, never of a proposal. "none". Owned. */
static char *
newest_state(const WebRequest *request, GError **error)
{
    g_autofree char *ref = badge_ref(request);
    json_t *args =
        json_pack("{s:s, s:i}", "project", web_param(request, "project"), "limit", BADGE_LOOKS_AT);
    g_autoptr(json_t) runs = NULL;

    if (ref != NULL)
        json_object_set_new(args, "ref", json_string(ref));
    runs = page_call(request, "run.list", args, error);
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *run = json_array_get(runs, i);

        if (badge_counts(run))
            return g_strdup(json_string_value(json_object_get(run, "state")));
    }
    return runs == NULL ? NULL : g_strdup("none");
}

static const char *
badge_colour(const char *state)
{
    return strcmp(state, "passed") == 0                                  ? "#23704a"
           : strcmp(state, "failed") == 0 || strcmp(state, "error") == 0 ? "#b3261e"
                                                                         : "#5d686f";
}

bool
page_badge_svg(const WebRequest *request, WebAnswer *answer, GError **error)
{
    g_autofree char *state = newest_state(request, error);
    g_autofree char *svg = NULL;
    int width = 0;

    if (state == NULL)
        return false;
    width = 14 + (int)strlen(state) * 7;
    svg = g_strdup_printf(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"20\" role=\"img\" "
        "aria-label=\"slipway: %s\"><rect width=\"56\" height=\"20\" rx=\"3\" fill=\"#394349\"/>"
        "<rect x=\"53\" width=\"%d\" height=\"20\" rx=\"3\" fill=\"%s\"/>"
        "<g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">"
        "<text x=\"6\" y=\"14\">slipway</text><text x=\"60\" y=\"14\">%s</text></g></svg>",
        56 + width, state, width + 3, badge_colour(state), state);
    web_answer_text(answer, 200, "image/svg+xml", svg);
    web_answer_header(answer, "Cache-Control", "no-cache");
    return true;
}

/* The "endpoint" form of shields.io. */
bool
page_badge_json(const WebRequest *request, WebAnswer *answer, GError **error)
{
    g_autofree char *state = newest_state(request, error);

    if (state == NULL)
        return false;
    web_answer_json(answer, 200,
                    json_pack("{s:i, s:s, s:s, s:s}", "schemaVersion", 1, "label", "slipway",
                              "message", state, "color", badge_colour(state)));
    web_answer_header(answer, "Cache-Control", "no-cache");
    return true;
}
