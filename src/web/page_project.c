/* SPDX-License-Identifier: Apache-2.0
 * page_project: all projects, and one of them. */
#include <string.h>
#include "base/json.h"
#include "web/page.h"
#include "base/banned.h"

/* The newest run of @project; null: none. Owned. */
static json_t *
newest_run(const WebRequest *request, const char *project, GError **error)
{
    g_autoptr(json_t) runs = page_call(
        request, "run.list", json_pack("{s:s, s:i}", "project", project, "limit", 1), error);
    json_t *run = json_array_get(runs, 0);

    if (runs == NULL)
        return NULL;
    if (run == NULL)
        return json_null();
    page_dress_run(run);
    return json_incref(run);
}

/* ---- all --------------------------------------------------------------------------------------- */

bool
page_projects(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const PageSpec spec = { .template = "projects", .title = "Projects", .at = PAGE_AT_PROJECTS };
    g_autoptr(json_t) projects = page_call(request, "project.list", json_object(), error);
    const char *wanted = page_query(request, "name");
    json_t *shown = json_array();
    size_t i = 0;
    json_t *project = NULL;

    json_array_foreach (projects, i, project) {
        const char *name = json_get_text(project, "name");
        json_t *run = NULL;

        if (strstr(name, wanted) == NULL)
            continue;
        run = newest_run(request, name, error);
        if (run == NULL)
            break;
        json_object_set_new(project, "newest", run);
        json_array_append(shown, project);
    }
    if (projects == NULL || i < json_array_size(projects)) {
        json_decref(shown);
        return false;
    }
    return page_answer(request, &spec, json_pack("{s:o, s:s}", "projects", shown, "filter", wanted),
                       answer, error);
}

/* ---- one --------------------------------------------------------------------------------------- */

/* What @operation lists of the project; what the viewer may not see, or what is not there, is left
 * out. */
static void
add_list(const WebRequest *request, json_t *content, const char *name, const char *operation)
{
    g_autoptr(GError) local = NULL;
    json_t *list = page_call(request, operation,
                             json_pack("{s:s}", "project", web_param(request, "project")), &local);
    size_t i = 0;
    json_t *one = NULL;

    if (list == NULL) {
        error_ignore(false, &local, "the page is whole without it");
        return;
    }
    json_array_foreach (list, i, one) {
        page_add_time(one, "nextAt", "nextIso");
        page_add_time(one, "expiresAt", "expiresIso");
    }
    json_object_set_new(content, name, list);
}

static void
add_settings(const WebRequest *request, json_t *content)
{
    g_autoptr(GError) local = NULL;
    json_t *settings =
        page_call(request, "project.show",
                  json_pack("{s:s}", "project", web_param(request, "project")), &local);

    if (settings == NULL) {
        error_ignore(false, &local, "it has runs, but nobody has added it: its page is its runs");
        return;
    }
    json_object_set_new(settings, "hasForge",
                        json_boolean(strcmp(json_get_text(settings, "forge"), "git") != 0));
    json_object_set_new(content, "settings", settings);
}

bool
page_project(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *project = web_param(request, "project");
    const PageSpec spec = { .template = "project", .title = project, .at = PAGE_AT_PROJECTS };
    json_t *content = page_load_runs(request, project, "", "", error);

    if (content == NULL)
        return false;
    json_object_set_new(content, "project", json_string(project));
    add_settings(request, content);
    add_list(request, content, "schedules", "schedule.list");
    add_list(request, content, "watches", "watch.list");
    add_list(request, content, "previews", "preview.list");
    return page_answer(request, &spec, content, answer, error);
}
