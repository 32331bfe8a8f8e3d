/* SPDX-License-Identifier: Apache-2.0
 * job: one attempt of a job: source, machine, steps, artifacts, log. */
#include <fcntl.h>
#include <unistd.h>
#include <stdio.h>
#include <string.h>
#include "base/files.h"
#include "executor/job_env.h"
#include "executor/job_output.h"
#include "git/export.h"
#include "joblog/joblog.h"
#include "service/job_report.h"
#include "service/job_secrets.h"
#include "service/run_priv.h"
#include "base/banned.h"

typedef struct Attempt { /* what one attempt holds; freed together */
    ActiveRun *run;      /* borrowed */
    ActiveJob *job;      /* borrowed */
    JobResult *result;   /* borrowed */
    char *scratch;       /* owned */
    char *source;        /* owned; ours to remove until the machine has taken it over */
    JobLog *log;         /* owned */
    Machine *machine;    /* owned */
    PoolLease lease;     /* of the machine, where it has a pool */
    char **env;          /* owned */
    JobSecrets secrets;  /* outlives the log, whose mask it holds */
    int64_t deadline_us; /* monotonic */
} Attempt;

static void
artifact_free(void *data)
{
    JobArtifact *artifact = data;

    g_free(artifact->path);
    g_free(artifact);
}

void
job_result_clear(JobResult *result)
{
    g_clear_pointer(&result->reason, g_free);
    g_clear_pointer(&result->steps, g_array_unref);
    g_clear_pointer(&result->artifacts, g_ptr_array_unref);
    g_clear_pointer(&result->outputs, g_hash_table_unref);
    g_clear_pointer(&result->machine, json_decref);
}

static void
attempt_clear(Attempt *attempt)
{
    g_clear_pointer(&attempt->machine, machine_free);
    job_give_back(attempt->run, &attempt->lease);
    g_clear_pointer(&attempt->log, joblog_free);
    job_secrets_clear(&attempt->secrets);
    g_clear_pointer(&attempt->env, g_strfreev);
    g_clear_pointer(&attempt->scratch, g_free);
    if (attempt->source != NULL) {
        g_autoptr(GError) local = NULL;

        error_ignore(dir_remove_all(AT_FDCWD, attempt->source, &local), &local,
                     "the next start empties scratch");
    }
    g_clear_pointer(&attempt->source, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Attempt, attempt_clear)

/* ---- what a step finds -------------------------------------------------------------------------
 */

static char *
main_ref_of(ActiveRun *run)
{
    MUTEX_GUARD(&run->git_lock);

    return run_main_ref(run);
}

static char **
build_env(const Attempt *attempt)
{
    const ActiveRun *run = attempt->run;
    const char *ref = run->record.ref;
    const char *why = run->record.why;
    g_autofree char *author =
        g_strdup_printf("%s <%s>", run->commit.author_name, run->commit.author_email);
    g_autofree char *reason =
        error_printable(why != NULL && *why != '\0' ? why : run->record.event);
    g_autofree char *main_ref = main_ref_of(attempt->run);
    JobEnvFacts facts = {
        .project = run->record.project,
        .repository_url = run->source,
        .commit = run->record.commit,
        .commit_time_s = run->record.commit_us / G_USEC_PER_SEC,
        .parent_commit = run->commit.parent[0] != '\0' ? run->commit.parent : NULL,
        .default_branch = main_ref != NULL && g_str_has_prefix(main_ref, "refs/heads/")
                              ? main_ref + strlen("refs/heads/")
                              : NULL,
        .commit_message = run->commit.message,
        .reason = reason,
        .commit_author = author,
        .ref = ref,
        .branch = g_str_has_prefix(ref, "refs/heads/") ? ref + strlen("refs/heads/") : NULL,
        .tag = g_str_has_prefix(ref, "refs/tags/") ? ref + strlen("refs/tags/") : NULL,
        .event = run->record.event,
        .run_number = run->record.number,
        .job = attempt->job->plan->id,
        .executor = attempt->job->executor,
    };

    return job_env_build(&facts);
}

typedef struct OutputLookup {
    ActiveRun *run;
    const ActiveJob *job;
} OutputLookup;

/* PlanOutputGet: outputs of needed jobs, which are final by now. */
static const char *
find_output(const char *job, const char *output, void *data)
{
    const OutputLookup *lookup = data;

    for (size_t i = 0; i < lookup->job->plan->n_needs; i++) {
        const ActiveJob *needed = &lookup->run->jobs[lookup->job->plan->needs[i]];

        if (strcmp(needed->plan->job->name, job) == 0 && needed->result.outputs != NULL)
            return g_hash_table_lookup(needed->result.outputs, output);
    }
    return NULL;
}

static char **
step_env(const Attempt *attempt, size_t index, GError **error)
{
    const PipelineStep *step = &attempt->job->plan->job->steps[index];
    OutputLookup lookup = { .run = attempt->run, .job = attempt->job };
    g_auto(GStrv) given = NULL;
    g_auto(GStrv) plain =
        job_env_with_step((const char *const *)attempt->env, step->name, (unsigned)index + 1);
    g_auto(GStrv) base = NULL;

    if (!plan_step_env(attempt->job->plan, step, find_output, &lookup, &given, error))
        return NULL;
    base = job_env_merge((const char *const *)plain, (const char *const *)attempt->secrets.env);
    return job_env_merge((const char *const *)base, (const char *const *)given);
}

/* ---- the machine -------------------------------------------------------------------------------
 */

static bool
export_source(Attempt *attempt, const char *path, GError **error)
{
    AUTO_FD int fd = -1;

    if (!dir_create_all(AT_FDCWD, path, 0700, error))
        return false;
    fd = dir_open(AT_FDCWD, path, error);
    if (fd < 0)
        return false;
    MUTEX_GUARD(&attempt->run->git_lock);
    return git_export_tree(attempt->run->mirror, attempt->run->record.commit, fd, NULL,
                           attempt->run->cancel, NULL, error);
}

static void
input_clear(void *data)
{
    MachineInput *input = data;

    if (input->fd >= 0)
        close(input->fd);
    g_free((char *)input->path);
}

/* Cells of one matrix share the folder of their job. @seen: path to the plan's id of its maker. */
static bool
take_path(GHashTable *seen, const char *path, const char *maker, GError **error)
{
    const char *other = g_hash_table_lookup(seen, path);

    if (other == NULL)
        return g_hash_table_insert(seen, g_strdup(path), (gpointer)maker);
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "'%s' is made by '%s' and by '%s': give it another name in each cell, as with "
              "${matrix.…}",
              path, other, maker);
    return false;
}

/* The artifacts of needed jobs, as JOB/PATH below /in. */
static GArray *
open_inputs(const Attempt *attempt, GError **error)
{
    g_autoptr(GArray) inputs = g_array_new(FALSE, FALSE, sizeof(MachineInput));
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    g_array_set_clear_func(inputs, input_clear);
    for (size_t i = 0; i < attempt->job->plan->n_needs; i++) {
        const ActiveJob *needed = &attempt->run->jobs[attempt->job->plan->needs[i]];

        for (guint k = 0; needed->result.artifacts != NULL && k < needed->result.artifacts->len;
             k++) {
            const JobArtifact *artifact = needed->result.artifacts->pdata[k];
            MachineInput input = { .fd = -1, .executable = artifact->executable };

            input.fd = store_open_blob(attempt->run->engine->store, &artifact->digest, NULL, error);
            if (input.fd < 0)
                return NULL;
            input.path = g_strdup_printf("%s/%s", needed->plan->job->name, artifact->path);
            g_array_append_val(inputs, input);
            if (!take_path(seen, input.path, needed->plan->id, error))
                return NULL;
        }
    }
    return g_steal_pointer(&inputs);
}

static bool
acquire(Attempt *attempt, GError **error)
{
    const PipelineJob *job = attempt->job->plan->job;
    Executor *executor = engine_get_executor(attempt->run->engine, attempt->job->executor, error);
    g_autofree char *label = g_strdup_printf("run%" G_GINT64_FORMAT "-%zu",
                                             attempt->run->record.id.v, attempt->job->position);
    g_autoptr(GArray) inputs = NULL;
    MachineSpec spec = {
        .label = label,
        .scratch_dir = attempt->scratch,
        .source_dir = attempt->source,
        .network = job->network == PIPELINE_NETWORK_OPEN    ? MACHINE_NETWORK_OPEN
                   : job->network == PIPELINE_NETWORK_ALLOW ? MACHINE_NETWORK_ALLOW
                                                            : MACHINE_NETWORK_NONE,
        .allow_hosts = job->allow,
        .limits = { .memory_bytes = job->limits.memory_bytes,
                    .pids = job->limits.processes,
                    .file_size_bytes = job->limits.file_size_bytes,
                    .cpu_percent = job->limits.cpu_percent },
    };

    if (executor == NULL || !job_lease(attempt->run, attempt->job, &attempt->lease, error) ||
        !export_source(attempt, attempt->source, error))
        return false;
    spec.slot = attempt->lease.slot;
    spec.settings = attempt->lease.settings;
    inputs = open_inputs(attempt, error);
    if (inputs == NULL)
        return false;
    spec.inputs = (const MachineInput *)inputs->data;
    spec.n_inputs = inputs->len;
    attempt->machine = executor_acquire(executor, &spec, attempt->run->cancel, error);
    g_clear_pointer(&attempt->source, g_free); /* taken over, or removed */
    if (attempt->machine == NULL)
        return false;
    attempt->result->machine = machine_describe(attempt->machine);
    return true;
}

/* ---- steps -------------------------------------------------------------------------------------
 */

typedef struct Pump { /* moves a step's output into the log while it runs */
    JobLog *log;
    int fd; /* owned */
    Wake *progress;
    GError *error;
} Pump;

static void
pump_thread(void *data)
{
    Pump *pump = data;

    (void)!joblog_pump(pump->log, pump->fd, pump->progress, NULL, &pump->error);
    fd_clear(&pump->fd);
}

/* Runs one step with its output going into the log. */
static bool
exec_step(Attempt *attempt, const StepSpec *spec, StepResult *result, GError **error)
{
    int ends[2] = { -1, -1 };
    Pump pump = { .log = attempt->log, .fd = -1, .progress = attempt->run->output };
    Thread *thread = NULL;
    bool ok = false;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO,
                        "cannot make a pipe for the step's output");
        return false;
    }
    pump.fd = ends[0];
    thread = thread_start("joblog", pump_thread, &pump, error);
    if (thread == NULL) {
        fd_clear(&ends[0]);
        fd_clear(&ends[1]);
        return false;
    }
    ok = machine_exec(attempt->machine, spec, ends[1], attempt->run->cancel, result, error);
    fd_clear(&ends[1]);
    thread_join(thread);
    if (pump.error != NULL && ok) {
        g_propagate_error(error, pump.error);
        return false;
    }
    g_clear_error(&pump.error);
    return ok;
}

static uint64_t
step_timeout_ms(const Attempt *attempt, const PipelineStep *step)
{
    int64_t left_ms = (attempt->deadline_us - clock_monotonic_us()) / 1000;

    if (left_ms < 1)
        left_ms = 1;
    return (uint64_t)(step->timeout_ms > 0 && step->timeout_ms < left_ms ? step->timeout_ms
                                                                         : left_ms);
}

static void
note_step_failure(Attempt *attempt, size_t index, const StepResult *step)
{
    JobResult *result = attempt->result;
    const char *name = attempt->job->plan->job->steps[index].name;

    result->state = JOB_FAILED;
    result->exit_code = step->exit_code;
    result->failed_step = (int)index;
    g_free(result->reason);
    if (step->timed_out)
        result->reason = g_strdup_printf("step '%s' ran out of time", name);
    else if (step->oom_killed)
        result->reason = g_strdup_printf("step '%s' ran out of memory", name);
    else
        result->reason =
            g_strdup_printf("step '%s' ended with exit code %d", name, step->exit_code);
}

static bool
run_step(Attempt *attempt, size_t index, GError **error)
{
    const PipelineStep *step = &attempt->job->plan->job->steps[index];
    g_auto(GStrv) env = step_env(attempt, index, error);
    JobStepResult *recorded = &g_array_index(attempt->result->steps, JobStepResult, index);
    StepResult outcome = { 0 };
    StepSpec spec = {
        .shell = step->run,
        .argv = step->argv,
        .env = (const char *const *)env,
        .timeout_ms = step_timeout_ms(attempt, step),
    };

    if (env == NULL || !joblog_begin_step(attempt->log, (uint32_t)index + 1, error))
        return false;
    recorded->log_start = joblog_get_offset(attempt->log);
    {
        MUTEX_GUARD(&attempt->run->lock);

        attempt->job->step = (int)index;
        run_touch(attempt->run);
    }
    if (!exec_step(attempt, &spec, &outcome, error))
        return false;
    recorded->exit_code = outcome.exit_code;
    recorded->wall_us = outcome.wall_us;
    if (outcome.exit_code != 0 || outcome.timed_out) {
        bool first = attempt->result->failed_step < 0;

        if (first)
            note_step_failure(attempt, index, &outcome);
        return joblog_end_step(attempt->log, error) &&
               (!first || joblog_mark(attempt->log, attempt->result->reason, error));
    }
    return joblog_end_step(attempt->log, error);
}

/* The first failing step halts the job; `always` steps still run. */
static bool
run_steps(Attempt *attempt, GError **error)
{
    const PipelineJob *job = attempt->job->plan->job;

    for (size_t i = 0; i < job->n_steps; i++) {
        if (attempt->result->failed_step >= 0 && !job->steps[i].always)
            continue;
        if (!run_step(attempt, i, error))
            return false;
    }
    return true;
}

/* ---- what a job leaves -------------------------------------------------------------------------
 */

/* Outputs are kept, shown, and given to jobs that no rule gives the secret. */
static bool
check_outputs(Attempt *attempt, GError **error)
{
    GHashTableIter iter;
    void *name = NULL, *value = NULL;

    g_hash_table_iter_init(&iter, attempt->result->outputs);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        if (!mask_finds(attempt->secrets.mask, span_of_text(value)))
            continue;
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
                  "output '%s' holds a secret: outputs are kept and shown", (const char *)name);
        g_clear_pointer(&attempt->result->outputs, g_hash_table_unref);
        return false;
    }
    return true;
}

/* So are the names of artifacts. */
static bool
check_names(const Attempt *attempt, const GPtrArray *files, GError **error)
{
    for (guint i = 0; i < files->len; i++) {
        const MachineFile *file = files->pdata[i];

        if (mask_finds(attempt->secrets.mask, span_of_text(file->path))) {
            error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
                      "the name of an artifact holds a secret: names are kept and shown");
            return false;
        }
    }
    return true;
}

static bool
collect_outputs(Attempt *attempt, GError **error)
{
    g_autoptr(GBytes) text = NULL;

    if (attempt->job->plan->job->outputs == NULL || attempt->job->plan->job->outputs[0] == NULL)
        return true;
    text = machine_read_output(attempt->machine, error);
    if (text == NULL)
        return false;
    attempt->result->outputs =
        job_output_parse(span_of_bytes(text), attempt->job->plan->job->outputs, error);
    return attempt->result->outputs != NULL && check_outputs(attempt, error);
}

static bool
collect_artifacts(Attempt *attempt, GError **error)
{
    const char *const *globs = attempt->job->plan->artifacts;
    MachineCollectLimits limits = { .max_total_bytes =
                                        attempt->job->plan->job->limits.output_bytes };
    g_autoptr(GPtrArray) files = NULL;
    g_autoptr(StoreBatch) batch = NULL;

    if (globs == NULL || globs[0] == NULL)
        return true;
    files = machine_collect(attempt->machine, globs, &limits, error);
    if (files == NULL || !check_names(attempt, files, error))
        return false;
    batch = store_batch_begin(attempt->run->engine->store, error);
    if (batch == NULL)
        return false;
    for (guint i = 0; i < files->len; i++) {
        const MachineFile *file = files->pdata[i];
        if (job_report_is_one(file->path))
            continue;
        JobArtifact *artifact = g_new0(JobArtifact, 1);
        AUTO_FD int fd = machine_open_output(attempt->machine, file->path, error);

        artifact->path = g_strdup(file->path);
        artifact->size_bytes = file->size_bytes;
        artifact->executable = file->executable;
        g_ptr_array_add(attempt->result->artifacts, artifact);
        if (fd < 0 ||
            !store_batch_put_fd(batch, fd, LIMIT_ARTIFACT_BYTES, &artifact->digest, error)) {
            error_prefix(error, "cannot keep artifact '%s'", file->path);
            return false;
        }
    }
    return store_batch_commit(batch, error);
}

/* What cannot be read of a job's reports is said in its log, and no failure of the job. */
static bool
collect_reports(Attempt *attempt, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *text = NULL;

    if (job_report_collect(attempt->run->engine, attempt->machine, attempt->secrets.mask,
                           attempt->result, &local))
        return true;
    text = g_strdup_printf("a report was not kept: %s", local->message);
    return joblog_mark(attempt->log, text, error);
}

static bool
keep_log(Attempt *attempt, GError **error)
{
    AUTO_FD int fd = joblog_finish(attempt->log, error);

    if (fd < 0 || !store_put_fd(attempt->run->engine->store, fd, LIMIT_ARTIFACT_BYTES,
                                &attempt->result->log, error))
        return false;
    attempt->result->has_log = true;
    return true;
}

/* ---- the whole attempt -------------------------------------------------------------------------
 */

static bool
open_log(Attempt *attempt, unsigned number, GError **error)
{
    g_autofree char *folder = g_strdup_printf(
        "%s/runs/%" G_GINT64_FORMAT, attempt->run->engine->home, attempt->run->record.id.v);
    g_autofree char *path =
        g_strdup_printf("%s/%zu.%u.log", folder, attempt->job->position, number);
    JobLogOptions options = { 0 };

    if (!job_secrets_collect(attempt->run, attempt->job, &attempt->secrets, error) ||
        !dir_create_all(AT_FDCWD, folder, 0700, error))
        return false;
    options.mask = attempt->secrets.mask;
    attempt->log = joblog_create(path, &options, error);
    if (attempt->log == NULL)
        return false;
    MUTEX_GUARD(&attempt->run->lock);
    g_free(attempt->job->log_path);
    attempt->job->log_path = g_steal_pointer(&path);
    return true;
}

/* Says in the log which secrets the job asked for and did not get. */
static bool
mark_withheld(Attempt *attempt, GError **error)
{
    const GPtrArray *withheld = attempt->secrets.set.withheld;

    for (guint i = 0; i < withheld->len; i++) {
        g_autofree char *text =
            g_strdup_printf("secret not given: %s", (const char *)withheld->pdata[i]);

        if (!joblog_mark(attempt->log, text, error))
            return false;
    }
    return true;
}

static bool
run_attempt(Attempt *attempt, unsigned number, GError **error)
{
    g_autofree char *limits = NULL;

    if (!open_log(attempt, number, error) || !mark_withheld(attempt, error) ||
        !acquire(attempt, error))
        return false;
    limits = machine_limits_text(attempt->machine);
    if (!joblog_mark(attempt->log, limits, error) || !run_steps(attempt, error) ||
        !collect_reports(attempt, error))
        return false;
    if (attempt->result->failed_step >= 0)
        return true;
    attempt->result->state = JOB_PASSED;
    return collect_outputs(attempt, error) && collect_artifacts(attempt, error) &&
           machine_release(attempt->machine, error);
}

/* Turns an error of ours into the end of the attempt; a broken promise of the job's own is its
 * failure. */
static void
end_with_error(Attempt *attempt, const GError *error)
{
    ErrorKind kind = error_kind(error);
    bool jobs_fault = attempt->result->state == JOB_PASSED &&
                      (kind == ERROR_KIND_NOT_FOUND || kind == ERROR_KIND_DENIED ||
                       kind == ERROR_KIND_LIMIT || kind == ERROR_KIND_INVALID);

    attempt->result->state = kind == ERROR_KIND_CANCELLED ? JOB_CANCELLED
                             : jobs_fault                 ? JOB_FAILED
                                                          : JOB_ERROR;
    g_free(attempt->result->reason);
    attempt->result->reason =
        kind == ERROR_KIND_CANCELLED ? g_strdup("cancelled") : g_strdup(error->message);
    if (attempt->result->artifacts != NULL)
        g_ptr_array_set_size(attempt->result->artifacts, 0);
    if (attempt->log != NULL) {
        g_autoptr(GError) local = NULL;

        error_ignore(joblog_mark(attempt->log, attempt->result->reason, &local), &local,
                     "the reason is kept in the database too");
    }
}

void
job_attempt(ActiveRun *run, ActiveJob *job, unsigned number, JobResult *result)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) log_error = NULL;
    g_auto(Attempt) attempt = { .run = run, .job = job, .result = result };
    JobStepResult not_run = { .exit_code = -1 };

    *result = (JobResult){ .state = JOB_ERROR,
                           .failed_step = -1,
                           .started_us = clock_now_us(run->engine->clock) };
    result->steps = g_array_new(FALSE, FALSE, sizeof(JobStepResult));
    for (size_t i = 0; i < job->plan->job->n_steps; i++)
        g_array_append_val(result->steps, not_run);
    result->artifacts = g_ptr_array_new_with_free_func(artifact_free);
    attempt.deadline_us = clock_monotonic_us() + job->plan->job->timeout_ms * 1000;
    attempt.env = build_env(&attempt);
    attempt.scratch = g_strdup_printf("%s/scratch/%" G_GINT64_FORMAT "-%zu-%u", run->engine->home,
                                      run->record.id.v, job->position, number);
    attempt.source = g_strdup_printf("%s.src", attempt.scratch);
    if (!run_attempt(&attempt, number, &error))
        end_with_error(&attempt, error);
    if (attempt.log != NULL && !keep_log(&attempt, &log_error) && result->state == JOB_PASSED) {
        result->state = JOB_ERROR;
        result->reason = g_strdup(log_error->message);
    }
    result->ended_us = clock_now_us(run->engine->clock);
}
