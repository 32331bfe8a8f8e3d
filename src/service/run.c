/* SPDX-License-Identifier: Apache-2.0
 * run: preparing a run: source, file, plan, claim, rows. */
#include "service/queue.h"
#include "service/run.h"
#include <string.h>
#include "attest/object_name.h"
#include "base/json.h"
#include "pipeline/pipeline.h"
#include "service/release.h"
#include "service/run_priv.h"
#include "service/schedule.h"
#include "base/banned.h"

/* From where a project's repository may come. */
#define TRANSPORTS (GIT_TRANSPORT_FILE | GIT_TRANSPORT_HTTPS | GIT_TRANSPORT_SSH)

static void
active_run_free(ActiveRun *run)
{
    for (size_t i = 0; i < run->n_jobs; i++) {
        job_result_clear(&run->jobs[i].result);
        g_free(run->jobs[i].log_path);
    }
    g_free(run->jobs);
    run_record_clear(&run->record);
    git_commit_clear(&run->commit);
    g_clear_pointer(&run->plan, plan_free);
    g_clear_pointer(&run->pipeline, pipeline_free);
    g_clear_pointer(&run->mirror, git_mirror_free);
    g_clear_pointer(&run->inputs, json_decref);
    g_clear_pointer(&run->changed_paths, g_ptr_array_unref);
    g_clear_pointer(&run->cancel, cancel_unref);
    g_clear_pointer(&run->output, wake_free);
    g_free(run->source);
    g_free(run->stream);
    g_free(run->version);
    cond_clear(&run->changed);
    mutex_clear(&run->lock);
    mutex_clear(&run->git_lock);
    g_free(run);
}

ActiveRun *
run_ref(ActiveRun *run)
{
    g_atomic_int_inc(&run->n_refs);
    return run;
}

void
run_unref(ActiveRun *run)
{
    if (run != NULL && g_atomic_int_dec_and_test(&run->n_refs))
        active_run_free(run);
}

ActiveRun *
active_run_new(Engine *engine, Cancel *cancel)
{
    ActiveRun *run = g_new0(ActiveRun, 1);

    run->n_refs = 1;
    run->engine = engine;
    run->cancel = cancel != NULL ? cancel_ref(cancel) : cancel_new();
    run->output = wake_new();
    run->state = RUN_QUEUED;
    run->inputs = json_object();
    mutex_init(&run->lock);
    mutex_init(&run->git_lock);
    cond_init(&run->changed);
    return run;
}

/* ---- the source --------------------------------------------------------------------------------
 */

static bool
find_source(ActiveRun *run, const RunRequest *request, GError **error)
{
    g_autoptr(DbReader) reader = NULL;
    g_autoptr(DbRows) rows = NULL;
    bool has_row = false;

    if (request->source != NULL) {
        run->source = g_strdup(request->source);
        return true;
    }
    if (request->project == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "say what to run: '--source PATH-OR-URL' or '--project NAME'");
        return false;
    }
    reader = db_reader_acquire(run->engine->db, error);
    rows = reader != NULL ? db_select(reader, QUERY_PROJECT_BY_NAME,
                                      DB_PARAMS(DB_TEXT(request->project)), error)
                          : NULL;
    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    if (!has_row) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "there is no project '%s' yet: its first run needs '--source PATH-OR-URL'",
                  request->project);
        return false;
    }
    run->source = g_strdup(db_rows_text(rows, 1));
    return true;
}

/* A full commit id that is here already needs no fetch: what it names cannot change. A tag may
 * have moved, and a proposal's file is that of its base as it is now. */
static bool
has_commit(ActiveRun *run, const RunRequest *request)
{
    const char *commit = request->commit != NULL ? request->commit : request->pinned;

    return commit != NULL && request->tag == NULL && request->base_ref == NULL &&
           strlen(commit) >= 40 && git_resolve(run->mirror, commit, &run->commit, NULL);
}

/* The mirror is named by its source: two projects in one repository share it. */
static bool
open_mirror(ActiveRun *run, GError **error)
{
    Digest digest = digest_of(span_of_text(run->source));
    char hex[DIGEST_HEX_SIZE];
    g_autofree char *path = NULL;

    digest_to_hex(&digest, hex);
    path = g_strdup_printf("%s/repos/%.32s.git", run->engine->home, hex);
    run->mirror = git_mirror_open(path, error);
    return run->mirror != NULL;
}

static bool
fetch_source(ActiveRun *run, const RunRequest *request, GError **error)
{
    if (!open_mirror(run, error))
        return false;
    if (has_commit(run, request))
        return true;
    return git_mirror_fetch(run->mirror, run->source, TRANSPORTS, run->cancel, error) &&
           (request->ref == NULL || git_mirror_fetch_ref(run->mirror, run->source, TRANSPORTS,
                                                         request->ref, run->cancel, error));
}

/* The full ref that is asked for, or the commit alone. Owned. */
static char *
wanted_ref(const RunRequest *request)
{
    return request->tag != NULL      ? g_strdup_printf("refs/tags/%s", request->tag)
           : request->branch != NULL ? g_strdup_printf("refs/heads/%s", request->branch)
           : request->ref != NULL    ? g_strdup(request->ref)
                                     : g_strdup(request->commit);
}

/* What a tag was seen to name is what it must still name; a branch goes on, its commit stays. */
static bool
resolve_wanted(ActiveRun *run, const RunRequest *request, const char *ref, GError **error)
{
    const char *name = request->pinned != NULL && request->tag == NULL ? request->pinned : ref;

    if (run->commit.commit[0] == '\0' && !git_resolve(run->mirror, name, &run->commit, error))
        return false;
    if (request->pinned == NULL || strcmp(request->pinned, run->commit.commit) == 0 ||
        strcmp(request->pinned, run->commit.tag) == 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT,
              "'%s' named %.12s when this run was asked for and names %.12s now", ref,
              request->pinned, run->commit.commit);
    return false;
}

static void
note_commit(ActiveRun *run, const RunRequest *request, const char *ref)
{
    run->record.ref = g_strdup(request->commit != NULL ? run->commit.commit : ref);
    run->record.event = g_strdup(request->event != NULL    ? request->event
                                 : request->tag != NULL    ? "tag"
                                 : request->branch != NULL ? "push"
                                                           : "manual");
    run->record.commit = g_strdup(run->commit.commit);
    run->record.tree = g_strdup(run->commit.tree);
    run->record.tag_object = run->commit.tag[0] != '\0' ? g_strdup(run->commit.tag) : NULL;
    run->record.commit_us = run->commit.committer_us;
}

static bool
resolve_ref(ActiveRun *run, const RunRequest *request, GError **error)
{
    g_autofree char *ref = wanted_ref(request);

    if ((request->tag != NULL) + (request->branch != NULL) + (request->commit != NULL) +
            (request->ref != NULL) !=
        1) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "say exactly one of '--tag', '--branch' and '--commit'");
        return false;
    }
    if (!resolve_wanted(run, request, ref, error))
        return false;
    note_commit(run, request, ref);
    return true;
}

/* ---- the plan ----------------------------------------------------------------------------------
 */

/* The commit whose slipway.yaml rules: a proposal does not choose its own rules. Owned. */
static char *
ruling_commit(ActiveRun *run, const RunRequest *request, GError **error)
{
    g_auto(GitCommit) base = { 0 };

    if (request->base_ref == NULL)
        return g_strdup(run->commit.commit);
    return git_resolve(run->mirror, request->base_ref, &base, error) ? g_strdup(base.commit) : NULL;
}

static bool
read_pipeline(ActiveRun *run, const RunRequest *request, GError **error)
{
    g_autofree char *commit = ruling_commit(run, request, error);
    g_autoptr(GBytes) text = commit != NULL ? git_read_file(run->mirror, commit, "slipway.yaml",
                                                            LIMIT_PIPELINE_BYTES, error)
                                            : NULL;
    g_autoptr(Diagnostics) findings = NULL;

    if (text == NULL)
        return false;
    (void)g_strlcpy(run->ruling, commit, sizeof run->ruling);
    findings = diagnostics_new("slipway.yaml", span_of_bytes(text));
    run->pipeline = pipeline_parse(span_of_bytes(text), findings);
    if (run->pipeline == NULL) {
        g_autofree char *all = diagnostics_text(findings);

        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "slipway.yaml at commit %.12s cannot be used:\n%s", commit, all);
        return false;
    }
    if (request->project != NULL && strcmp(request->project, run->pipeline->project) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "slipway.yaml is of project '%s', not of '%s'", run->pipeline->project,
                  request->project);
        return false;
    }
    run->record.project = g_strdup(run->pipeline->project);
    run->record.pipeline = digest_dup_string(&run->pipeline->digest);
    return true;
}

static PlanEventKind
plan_event_of(const char *event)
{
    PlanEventKind kind = plan_event_from_string(event);

    return kind != PLAN_EVENT_NONE ? kind : PLAN_EVENT_MANUAL;
}

static bool
make_plan(ActiveRun *run, const RunRequest *request, GError **error)
{
    PlanEvent event = {
        .kind = plan_event_of(run->record.event),
        .ref = run->record.ref,
        .branch = request->branch,
        .tag = request->tag,
        .commit = run->commit.commit,
        .changed =
            run->changed_paths != NULL ? (const char *const *)run->changed_paths->pdata : NULL,
        .inputs = request->inputs,
        .n_inputs = request->n_inputs,
    };

    for (size_t i = 0; i < request->n_inputs; i++)
        json_object_set_new(run->inputs, request->inputs[i].name,
                            json_string(request->inputs[i].value));
    run->plan = plan_expand(run->pipeline, &event, error);
    if (run->plan == NULL)
        return false;
    run->n_jobs = run->plan->n_jobs;
    run->jobs = g_new0(ActiveJob, run->n_jobs);
    for (size_t i = 0; i < run->n_jobs; i++) {
        ActiveJob *job = &run->jobs[i];

        job->position = i;
        job->plan = &run->plan->jobs[i];
        job->executor = request->executor != NULL && strcmp(request->executor, "host") == 0
                            ? "host"
                            : pipeline_executor_name(job->plan->job->executor);
        job->state = job->plan->skipped ? JOB_SKIPPED : JOB_WAITING;
        job->step = -1;
        job->result.failed_step = -1;
    }
    return true;
}

/* ---- the release -------------------------------------------------------------------------------
 */

static bool
name_release(ActiveRun *run, const RunRequest *request, GError **error)
{
    const PipelineStream *stream = NULL;

    if (request->release != NULL) {
        const char *at = strchr(request->release, '@');

        run->stream =
            at != NULL ? g_strndup(request->release, (gsize)(at - request->release)) : NULL;
        run->version = at != NULL ? g_strdup(at + 1) : NULL;
        stream = at != NULL ? pipeline_find_stream(run->pipeline, run->stream) : NULL;
        if (stream == NULL || !pipeline_version_is_valid(stream->scheme, run->version)) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "'%s' is not a release of this project: expected 'STREAM@VERSION' with a "
                      "stream of slipway.yaml",
                      request->release);
            return false;
        }
    } else if (request->tag != NULL) {
        stream = pipeline_find_stream_of_tag(run->pipeline, request->tag, &run->version);
        run->stream = stream != NULL ? g_strdup(stream->name) : NULL;
    }
    if (stream == NULL)
        return true;
    run->record.release =
        object_name_release(run->record.project, run->stream, run->version, error);
    return run->record.release != NULL;
}

/* ---- the rows ----------------------------------------------------------------------------------
 */

static bool
insert_run(ActiveRun *run, DbConn *conn, int64_t now_us, GError **error)
{
    RunRecord *record = &run->record;
    bool found = false;

    return db_exec(conn, QUERY_PROJECT_UPSERT,
                   DB_PARAMS(DB_TEXT(record->project), DB_TEXT(run->source), DB_INT(now_us)),
                   error) &&
           db_select_int(conn, QUERY_PROJECT_TAKE_NUMBER, DB_PARAMS(DB_TEXT(record->project)),
                         &found, &record->number, error) &&
           db_select_int(
               conn, QUERY_RUN_INSERT,
               DB_PARAMS(DB_TEXT(record->project), DB_INT(record->number), DB_TEXT(record->event),
                         DB_TEXT(record->ref), DB_TEXT(record->commit), DB_TEXT(record->tree),
                         DB_TEXT(record->tag_object), DB_TEXT(record->pipeline),
                         DB_TEXT(record->release), DB_INT(record->commit_us), DB_INT(now_us)),
               &found, &record->id.v, error);
}

bool
run_insert_jobs(ActiveRun *run, DbConn *conn, GError **error)
{
    for (size_t i = 0; i < run->n_jobs; i++) {
        const ActiveJob *job = &run->jobs[i];

        if (job->reused > 0) {
            if (!run_insert_reused(run, job, conn, error))
                return false;
            continue;
        }
        if (!db_exec(conn, QUERY_JOB_INSERT,
                     DB_PARAMS(DB_INT(run->record.id.v), DB_INT((int64_t)i), DB_INT(1),
                               DB_TEXT(job->plan->id), DB_TEXT(job->executor),
                               DB_TEXT(job_state_name(job->state)),
                               DB_TEXT(job->plan->why != NULL ? job->plan->why : "")),
                     error))
            return false;
    }
    return schedule_take(conn, run->record.ref, run->pipeline, clock_now_us(run->engine->clock),
                         error);
}

static bool
insert_rows(DbConn *conn, void *input, GError **error)
{
    ActiveRun *run = input;

    return insert_run(run, conn, clock_now_us(run->engine->clock), error) &&
           run_insert_jobs(run, conn, error);
}

void
run_remember(ActiveRun *run)
{
    MUTEX_GUARD(&run->engine->lock);

    g_ptr_array_add(run->engine->runs, run_ref(run));
}

bool
run_fill_plan(ActiveRun *run, const RunRequest *request, GError **error)
{
    if (!find_source(run, request, error) || !fetch_source(run, request, error) ||
        !resolve_ref(run, request, error) || !read_pipeline(run, request, error))
        return false;
    run_find_changed(run, request);
    return make_plan(run, request, error) && name_release(run, request, error);
}

bool
run_plan_again(ActiveRun *run, const RunRequest *request, const char *commit, GError **error)
{
    g_autofree char *ref = wanted_ref(request);

    if (!find_source(run, request, error) || !open_mirror(run, error) ||
        !git_resolve(run->mirror, commit, &run->commit, error))
        return false;
    note_commit(run, request, ref);
    if (!read_pipeline(run, request, error))
        return false;
    run_find_changed(run, request);
    return make_plan(run, request, error);
}

bool
run_claim(ActiveRun *run, const RunRequest *request, GError **error)
{
    if (run->record.release == NULL)
        return true;
    return release_claim(run->engine, run->record.release,
                         request->tag == NULL             ? NULL
                         : run->record.tag_object != NULL ? run->record.tag_object
                                                          : run->record.commit,
                         run->record.commit, error);
}

ActiveRun *
run_prepare(Engine *engine, const RunRequest *request, Cancel *cancel, GError **error)
{
    g_autoptr(ActiveRun) run = active_run_new(engine, cancel);

    run->parallel = request->parallel > 0 ? request->parallel : g_get_num_processors();
    run->parallel = MIN(run->parallel, RUN_MAX_PARALLEL_JOBS);
    if (!run_fill_plan(run, request, error) || !run_claim(run, request, error) ||
        !db_write(engine->db, DB_LANE_ACKNOWLEDGED, insert_rows, run, error))
        return NULL;
    queue_wake(engine); /* its file may have brought schedules */
    run_remember(run);
    return g_steal_pointer(&run);
}

/* ---- watching ----------------------------------------------------------------------------------
 */

RunId
run_get_id(const ActiveRun *run)
{
    return run->record.id;
}

void
run_cancel(ActiveRun *run)
{
    cancel_trigger(run->cancel);
    MUTEX_GUARD(&run->lock);
    run_touch(run);
}

void
run_touch(ActiveRun *run)
{
    run->version_no++;
    cond_broadcast(&run->changed);
}

ActiveRun *
run_find_active(Engine *engine, RunId id)
{
    MUTEX_GUARD(&engine->lock);

    for (guint i = 0; i < engine->runs->len; i++) {
        ActiveRun *run = engine->runs->pdata[i];

        if (run->record.id.v == id.v)
            return run_ref(run);
    }
    return NULL;
}

static json_t *
watch_job(const ActiveJob *job, int64_t now_us)
{
    json_t *object = json_object();
    int64_t end_us = job->ended_us > 0 ? job->ended_us : now_us;

    json_object_set_new(object, "position", json_integer((json_int_t)job->position));
    json_object_set_new(object, "name", json_string(job->plan->id));
    json_object_set_new(object, "executor", json_string(job->executor));
    json_object_set_new(object, "state", json_string(job_state_name(job->state)));
    json_object_set_new(object, "attempt", json_integer(job->attempt));
    json_object_set_new(object, "step",
                        job->step >= 0 ? json_string(job->plan->job->steps[job->step].name)
                                       : json_null());
    json_object_set_new(object, "elapsedUs",
                        json_integer(job->started_us > 0 ? end_us - job->started_us : 0));
    json_object_set_new(object, "log", json_string_or_null(job->log_path));
    json_object_set_new(object, "reason",
                        json_string(job->plan->skipped ? job->plan->why
                                    : job_state_is_final(job->state) && job->result.reason != NULL
                                        ? job->result.reason
                                        : ""));
    return object;
}

json_t *
run_watch(ActiveRun *run, int64_t seen, int timeout_ms)
{
    MUTEX_GUARD(&run->lock);
    int64_t deadline_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    json_t *object = json_object();
    json_t *jobs = json_array();

    while (run->version_no <= seen && !run_state_is_final(run->state) &&
           cond_wait_until(&run->changed, &run->lock, deadline_us))
        ;
    for (size_t i = 0; i < run->n_jobs; i++)
        json_array_append_new(jobs, watch_job(&run->jobs[i], clock_monotonic_us()));
    json_object_set_new(
        object, "run", json_sprintf("%s/%lld", run->record.project, (long long)run->record.number));
    json_object_set_new(object, "id", json_integer(run->record.id.v));
    json_object_set_new(object, "state", json_string(run_state_name(run->state)));
    json_object_set_new(object, "version", json_integer(run->version_no));
    json_object_set_new(object, "release", json_string_or_null(run->record.release));
    json_object_set_new(
        object, "elapsedUs",
        json_integer(run->started_us > 0 ? clock_monotonic_us() - run->started_us : 0));
    json_object_set_new(object, "jobs", jobs);
    return object;
}
