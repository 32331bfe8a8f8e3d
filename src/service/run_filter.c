/* SPDX-License-Identifier: Apache-2.0
 * run_filter: what a push, tag or proposal changed, and whether "on" of the ruling file lets it
 * happen. Where nobody can say what changed, path filters hold: rather a run too many. */
#include <string.h>
#include "forge/event.h"
#include "service/project.h"
#include "service/run_priv.h"
#include "base/banned.h"

/* ---- what changed ------------------------------------------------------------------------------ */

static bool
asks_for_paths(const Pipeline *pipeline)
{
    bool asks = pipeline->on.paths[0] != NULL;

    for (size_t i = 0; i < pipeline->n_jobs && !asks; i++)
        asks = pipeline->jobs[i].when != NULL;
    return asks;
}

/* Where two histories parted. "" when nobody knows. */
static bool
parting_of(ActiveRun *run, const char *ref, char out[GIT_ID_SIZE])
{
    g_auto(GitCommit) other = { 0 };

    return git_resolve(run->mirror, ref, &other, NULL) &&
           git_merge_base(run->mirror, other.commit, run->commit.commit, out, NULL);
}

char *
run_main_ref(const ActiveRun *run)
{
    g_autoptr(DbReader) reader = db_reader_acquire(run->engine->db, NULL);
    g_auto(Project) project = { 0 };
    g_autofree char *head = NULL;

    if (reader != NULL && project_load(reader, run->record.project, &project, NULL) &&
        project.default_branch[0] != '\0')
        return g_strconcat("refs/heads/", project.default_branch, NULL);
    head = git_mirror_default_branch(run->mirror);
    return head != NULL ? g_strconcat("refs/heads/", head, NULL) : NULL;
}

/* The commit to compare with: of a proposal where it left its target, of a push what the branch was,
 * of a new branch where it left the main one. */
static bool
find_base(ActiveRun *run, const RunRequest *request, char out[GIT_ID_SIZE])
{
    g_autofree char *main_ref = NULL;

    out[0] = '\0';
    if (request->base_ref != NULL)
        return parting_of(run, request->base_ref, out) && out[0] != '\0';
    if (strcmp(run->record.event, "push") != 0 || request->branch == NULL)
        return false;
    if (request->before != NULL)
        return g_strlcpy(out, request->before, GIT_ID_SIZE) < GIT_ID_SIZE;
    main_ref = run_main_ref(run);
    return main_ref != NULL && strcmp(main_ref, run->record.ref) != 0 &&
           parting_of(run, main_ref, out) && out[0] != '\0';
}

void
run_find_changed(ActiveRun *run, const RunRequest *request)
{
    char base[GIT_ID_SIZE] = "";

    /* A push by hand has no commit before: nobody knows. */
    if (request->event == NULL || !asks_for_paths(run->pipeline) || !find_base(run, request, base))
        return;
    run->changed_paths = git_list_changed(run->mirror, base, run->commit.commit, NULL);
    if (run->changed_paths != NULL)
        g_ptr_array_add(run->changed_paths, NULL);
}

/* ---- whether it happens ------------------------------------------------------------------------ */

static bool
leave_out(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_CANCELLED, "%s", why);
    return false;
}

/* Deliveries were asked while they came in; a polled push has its message only now. */
static bool
check_marks(const ActiveRun *run, GError **error)
{
    g_autoptr(DbReader) reader = NULL;
    g_auto(Project) project = { 0 };

    if (strcmp(run->record.event, "push") != 0 || run->pipeline->on.ignore_skip_marks ||
        !forge_message_skips(run->commit.subject))
        return true;
    reader = db_reader_acquire(run->engine->db, error);
    if (reader == NULL || !project_load(reader, run->record.project, &project, error))
        return false;
    return project.ignore_skip_marks || leave_out(error, "the commit message asks to skip it");
}

static bool
check_paths(const ActiveRun *run, GError **error)
{
    return run->changed_paths == NULL ||
           pipeline_on_accepts(&run->pipeline->on, NULL, NULL,
                               (const char *const *)run->changed_paths->pdata) ||
           leave_out(error, "no changed file is among 'paths' of 'on' in slipway.yaml");
}

bool
run_check_on(const ActiveRun *run, const RunRequest *request, GError **error)
{
    const char *event = run->record.event;
    const char *branch = request->branch;

    if (strcmp(event, "proposal") == 0 && request->base_ref != NULL &&
        g_str_has_prefix(request->base_ref, "refs/heads/"))
        branch = request->base_ref + strlen("refs/heads/");
    else if (strcmp(event, "push") != 0 && strcmp(event, "tag") != 0)
        return true;
    if (!pipeline_on_accepts(&run->pipeline->on, branch, request->tag, NULL)) {
        error_set(error, BASE_ERROR, BASE_ERROR_CANCELLED, "'on' of slipway.yaml leaves out '%s'",
                  run->record.ref);
        return false;
    }
    return check_marks(run, error) && check_paths(run, error);
}
