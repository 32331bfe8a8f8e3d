/* SPDX-License-Identifier: Apache-2.0
 * cmd_exec: one job of the working tree, here and now: a copy of the folder in a clean machine. No
 * engine, no log entry, no claim, no secrets; nothing of it proves anything. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/files.h"
#include "base/json.h"
#include "cli/authority_flow.h"
#include "cli/commands.h"
#include "cli/pipeline_file.h"
#include "executor/executor.h"
#include "executor/job_env.h"
#include "pipeline/plan.h"
#include "sys/launch.h"
#include "sys/process.h"
#include "base/banned.h"

#define COPY_OUTPUT_BYTES (64u << 10)

typedef struct {
    char *executor;    /* owned */
    GPtrArray *inputs; /* owned: NAME=VALUE */
} ExecArgs;

static const CliOption options[] = {
    { "executor", 'e', CLI_STRING, offsetof(ExecArgs, executor), 0,
      "sandbox or host; default as the file says", "NAME" },
    { "input", 'i', CLI_STRINGS, offsetof(ExecArgs, inputs), 0, "a value of an input (many)",
      "NAME=VALUE" },
    { 0 },
};

/* A job by its name or, where there is a matrix, by the name of its cell. */
static const PlanJob *
find_job(const Plan *plan, const char *name, GError **error)
{
    for (size_t i = 0; i < plan->n_jobs; i++) {
        if (strcmp(plan->jobs[i].id, name) == 0 || strcmp(plan->jobs[i].job->name, name) == 0)
            return &plan->jobs[i];
    }
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "slipway.yaml has no job '%s'", name);
    return NULL;
}

static Plan *
make_plan(const Pipeline *pipeline, const ExecArgs *args, GError **error)
{
    g_autoptr(GArray) pairs = g_array_new(FALSE, TRUE, sizeof(PipelinePair));
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    PlanEvent event = { .kind = PLAN_EVENT_MANUAL };

    for (guint i = 0; args->inputs != NULL && i < args->inputs->len; i++) {
        PipelinePair pair = { 0 };
        char *name = NULL;

        if (!authority_flow_split(args->inputs->pdata[i], "NAME=VALUE", &name, &pair.value, error))
            return NULL;
        pair.name = name;
        g_ptr_array_add(names, name);
        g_array_append_val(pairs, pair);
    }
    event.inputs = (const PipelinePair *)(const void *)pairs->data;
    event.n_inputs = pairs->len;
    return plan_expand(pipeline, &event, error);
}

/* The working tree without its history. @to: made by this. */
static bool
copy_tree(const char *to, Cancel *cancel, GError **error)
{
    const char *const argv[] = { "cp", "-a", "--reflink=auto", "--", "./.", to, NULL };
    const char *const env[] = { "PATH=/usr/bin:/bin", "LC_ALL=C", NULL };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .env = env };
    g_auto(ProcessResult) result = { 0 };
    g_autofree char *history = g_strconcat(to, "/.git", NULL);

    if (!dir_create_all(AT_FDCWD, to, 0700, error) ||
        !process_run(&spec, (Span){ 0 }, COPY_OUTPUT_BYTES, -1, cancel, &result, error))
        return false;
    if (result.exit.exit_code != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_IO, "cannot copy the working tree: %s",
                  result.errors);
        return false;
    }
    return dir_remove_all(AT_FDCWD, history, error);
}

/* PlanOutputGet: nothing ran before. */
static const char *
no_output(const char *job, const char *output, void *data)
{
    (void)job;
    (void)output;
    (void)data;
    return "";
}

static char **
step_env(const Pipeline *pipeline, const PlanJob *job, const char *executor, size_t index,
         GError **error)
{
    JobEnvFacts facts = {
        .project = pipeline->project, .event = "manual", .job = job->id, .executor = executor
    };
    const PipelineStep *step = &job->job->steps[index];
    g_auto(GStrv) base = job_env_build(&facts);
    g_auto(GStrv) named =
        job_env_with_step((const char *const *)base, step->name, (unsigned)index + 1);
    g_auto(GStrv) given = NULL;

    if (!plan_step_env(job, step, no_output, NULL, &given, error))
        return NULL;
    return job_env_merge((const char *const *)named, (const char *const *)given);
}

/* Runs the steps as an engine would. @code_out: of the first that failed. */
static bool
run_steps(CommandContext *context, Machine *machine, const Pipeline *pipeline, const PlanJob *job,
          const char *executor, int *code_out, GError **error)
{
    *code_out = 0;
    for (size_t i = 0; i < job->job->n_steps; i++) {
        const PipelineStep *step = &job->job->steps[i];
        g_auto(GStrv) env = NULL;
        StepResult result = { 0 };
        StepSpec spec = { .shell = step->run,
                          .argv = step->argv,
                          .timeout_ms = (uint64_t)(step->timeout_ms > 0 ? step->timeout_ms
                                                                        : job->job->timeout_ms) };

        if (*code_out != 0 && !step->always)
            continue;
        env = step_env(pipeline, job, executor, i, error);
        if (env == NULL)
            return false;
        spec.env = (const char *const *)env;
        output_talk(context->output, "--- %s", step->name);
        if (!machine_exec(machine, &spec, STDOUT_FILENO, context->cancel, &result, error))
            return false;
        if (result.exit_code != 0 && *code_out == 0)
            *code_out = result.exit_code;
    }
    return true;
}

static MachineSpec
spec_of(const PipelineJob *job, const char *scratch, const char *source)
{
    return (MachineSpec){
        .label = "exec",
        .scratch_dir = scratch,
        .source_dir = source,
        .network = job->network == PIPELINE_NETWORK_OPEN    ? MACHINE_NETWORK_OPEN
                   : job->network == PIPELINE_NETWORK_ALLOW ? MACHINE_NETWORK_ALLOW
                                                            : MACHINE_NETWORK_NONE,
        .allow_hosts = job->allow,
        .limits = { .memory_bytes = job->limits.memory_bytes,
                    .pids = job->limits.processes,
                    .file_size_bytes = job->limits.file_size_bytes,
                    .cpu_percent = job->limits.cpu_percent },
    };
}

static bool
run_job(CommandContext *context, const Pipeline *pipeline, const PlanJob *job, const char *name,
        GError **error)
{
    g_auto(TempDir) dir = { 0 };
    g_autoptr(Launcher) launcher = launcher_start(error);
    ExecutorConfig config = { .launcher = launcher };
    g_autoptr(Executor) executor = launcher == NULL ? NULL : executor_open(name, &config, error);
    g_autoptr(Machine) machine = NULL;
    int code = 0;

    if (executor == NULL || !temp_dir_make(&dir, "slipway-exec-", error))
        return false;
    g_autofree char *scratch = g_strconcat(dir.path, "/scratch", NULL);
    g_autofree char *source = g_strconcat(dir.path, "/source", NULL);
    MachineSpec spec = spec_of(job->job, scratch, source);

    if (!copy_tree(source, context->cancel, error))
        return false;
    machine = executor_acquire(executor, &spec, context->cancel, error);
    if (machine == NULL || !run_steps(context, machine, pipeline, job, name, &code, error) ||
        !machine_release(machine, error))
        return false;
    output_talk(context->output, "job '%s' %s", job->id, code == 0 ? "passed" : "failed");
    context->exit_code = code == 0 ? 0 : 1;
    return true;
}

static bool
run_exec(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const ExecArgs *args = data;
    g_auto(PipelineFile) file = { 0 };
    g_autoptr(Plan) plan = NULL;
    const PlanJob *job = NULL;

    if (!pipeline_file_read(NULL, &file, error))
        return false;
    if (file.pipeline == NULL) {
        pipeline_file_report(&file, context);
        return true;
    }
    plan = make_plan(file.pipeline, args, error);
    job = plan == NULL ? NULL : find_job(plan, positional[0], error);
    return job != NULL &&
           run_job(context, file.pipeline, job,
                   args->executor != NULL ? args->executor
                                          : pipeline_executor_name(job->job->executor),
                   error);
}

const Command cmd_exec = {
    .name = "exec",
    .synopsis = "JOB [--executor NAME] [--input NAME=VALUE]",
    .help = "run one job of the working tree here, to try it",
    .details = "Copies the current folder into a clean machine and runs the job's steps as an\n"
               "engine would, whatever its 'when' and 'needs' say. Without data folder, secrets,\n"
               "artifacts of other jobs and log: nothing of it proves anything.",
    .needs = COMMAND_NEEDS_NOTHING,
    .flags = COMMAND_CANCELLABLE | COMMAND_RARE,
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(ExecArgs),
    .run = run_exec,
};
