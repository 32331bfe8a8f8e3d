/* SPDX-License-Identifier: Apache-2.0
 * cmd_runs: looking at runs, their logs, and stopping them. */
#include <string.h>
#include "base/clock.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/run_view.h"
#include "base/banned.h"

typedef struct {
    int64_t limit;
    char *project, *state, *ref; /* owned */
} RunsArgs;

static const CliOption runs_options[] = {
    { "limit", 'n', CLI_INT, offsetof(RunsArgs, limit), 0, "at most so many; default 50", "N" },
    { "project", 'p', CLI_STRING, offsetof(RunsArgs, project), 0, "only runs of this project",
      "NAME" },
    { "state", 's', CLI_STRING, offsetof(RunsArgs, state), 0, "only runs in this state", "STATE" },
    { "ref", 'r', CLI_STRING, offsetof(RunsArgs, ref), 0,
      "only runs of this ref, full: refs/heads/main", "REF" },
    { 0 },
};

static void
print_run_row(Output *output, const json_t *run)
{
    g_autofree char *at =
        clock_format_seconds(json_integer_value(json_object_get(run, "createdAt")));
    g_autofree char *commit = g_strndup(json_string_value(json_object_get(run, "commit")), 12);
    const char *const cells[] = { json_string_value(json_object_get(run, "run")),
                                  json_string_value(json_object_get(run, "state")),
                                  json_string_value(json_object_get(run, "ref")),
                                  commit,
                                  at,
                                  json_string_value(json_object_get(run, "reason")) };

    output_table_row(output, cells);
}

static bool
run_runs(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "RUN",     "STATE",  "REF", "SOURCE",
                                           "CREATED", "REASON", NULL };
    RunsArgs *args = data;
    g_autoptr(json_t) runs = NULL;
    json_t *call = NULL;
    size_t i = 0;
    json_t *run = NULL;

    (void)positional;
    call = json_pack("{s:I}", "limit", (json_int_t)(args->limit > 0 ? args->limit : 50));
    if (args->project != NULL)
        json_object_set_new(call, "project", json_string(args->project));
    if (args->ref != NULL)
        json_object_set_new(call, "ref", json_string(args->ref));
    if (args->state != NULL)
        json_object_set_new(call, "state", json_string(args->state));
    if (!command_call(context, "run.list", call, &runs, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (runs, i, run)
        print_run_row(context->output, run);
    output_table_end(context->output);
    output_json(context->output, runs);
    return true;
}

const Command cmd_runs = {
    .name = "runs",
    .synopsis = "[--project NAME] [--ref REF] [--state STATE] [--limit N]",
    .help = "list runs, newest first",
    .needs = COMMAND_NEEDS_ENGINE,
    .options = runs_options,
    .args_size = sizeof(RunsArgs),
    .run = run_runs,
};

/* What is run, and why: "refs/heads/main 0123456789ab, schedule: nightly". */
static void
print_origin(Output *output, const json_t *run)
{
    const char *event = json_string_value(json_object_get(run, "event"));
    const char *why = json_string_value(json_object_get(run, "why"));
    const char *actor = json_string_value(json_object_get(run, "actor"));
    bool more = why != NULL && why[0] != '\0' && strcmp(why, event) != 0;
    bool by = actor != NULL && actor[0] != '\0';

    output_line(output, "%s %.12s, %s%s%s%s%s", json_string_value(json_object_get(run, "ref")),
                json_string_value(json_object_get(run, "commit")), event, more ? ": " : "",
                more ? why : "", by ? ", by " : "", by ? actor : "");
}

static bool
run_show(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "JOB",  "STATE",  "ATTEMPT", "EXECUTOR",
                                           "EXIT", "REASON", NULL };
    g_autoptr(json_t) shown = NULL;
    size_t i = 0;
    json_t *job = NULL;

    (void)data;
    if (!command_call(context, "run.show", json_pack("{s:s}", "run", positional[0]), &shown, error))
        return false;
    print_origin(context->output, shown);
    output_table_begin(context->output, headers);
    json_array_foreach (json_object_get(shown, "jobs"), i, job) {
        const json_t *code = json_object_get(job, "exitCode");
        g_autofree char *attempt = g_strdup_printf(
            "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(job, "attempt")));
        g_autofree char *exit = json_is_integer(code) ? g_strdup_printf("%" JSON_INTEGER_FORMAT,
                                                                        json_integer_value(code))
                                                      : NULL;
        const char *const cells[] = { json_string_value(json_object_get(job, "name")),
                                      json_string_value(json_object_get(job, "state")),
                                      attempt,
                                      json_string_value(json_object_get(job, "executor")),
                                      exit,
                                      json_string_value(json_object_get(job, "reason")) };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    run_view_end(context, shown);
    output_json(context->output, shown);
    return true;
}

const Command cmd_show = {
    .name = "show",
    .synopsis = "RUN",
    .help = "print a run with its jobs and artifacts",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_show,
};

static bool
run_cancel(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) state = NULL;

    (void)data;
    if (!command_call(context, "run.cancel", json_pack("{s:s}", "run", positional[0]), &state,
                      error))
        return false;
    output_line(context->output, "run %s is asked to stop",
                json_string_value(json_object_get(state, "run")));
    output_json(context->output, state);
    return true;
}

const Command cmd_cancel = {
    .name = "cancel",
    .synopsis = "RUN",
    .help = "stop a run",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_cancel,
};

typedef struct {
    char *job; /* owned */
    int64_t attempt;
    int64_t step;
    bool follow;
    bool raw;
    bool errors;
} LogsArgs;

static const CliOption logs_options[] = {
    { "job", 'j', CLI_STRING, offsetof(LogsArgs, job), 0, "only this job; default all in order",
      "NAME" },
    { "step", 's', CLI_INT, offsetof(LogsArgs, step), 0, "only this step, from 1", "N" },
    { "attempt", 'a', CLI_INT, offsetof(LogsArgs, attempt), 0, "from 1; default the last", "N" },
    { "follow", 'f', CLI_FLAG, offsetof(LogsArgs, follow), 0, "go on while it grows", NULL },
    { "raw", 'r', CLI_FLAG, offsetof(LogsArgs, raw), 0, "what jobs wrote, and nothing else", NULL },
    { "errors", 'e', CLI_FLAG, offsetof(LogsArgs, errors), 0,
      "only the line of each failed job that says why", NULL },
    { 0 },
};

static bool
print_errors(CommandContext *context, const char *run, const char *only, GError **error)
{
    g_autoptr(json_t) errors = NULL;
    size_t i = 0;
    json_t *found = NULL;

    if (!command_call(context, "run.errors", json_pack("{s:s}", "run", run), &errors, error))
        return false;
    json_array_foreach (errors, i, found) {
        const char *job = json_string_value(json_object_get(found, "job"));

        if (only == NULL || strcmp(only, job) == 0)
            output_line(context->output,
                        "%s: step %" JSON_INTEGER_FORMAT ", line %" JSON_INTEGER_FORMAT ": %s", job,
                        json_integer_value(json_object_get(found, "step")),
                        json_integer_value(json_object_get(found, "line")) + 1,
                        json_string_value(json_object_get(found, "text")));
    }
    output_json(context->output, errors);
    return true;
}

static bool
print_jobs(CommandContext *context, const LogsArgs *args, const char *run, const json_t *jobs,
           GError **error)
{
    int64_t last = -1;
    bool found = false;
    size_t i = 0;
    json_t *job = NULL;

    json_array_foreach (jobs, i, job) {
        const char *name = json_string_value(json_object_get(job, "name"));
        RunViewLog log = { .run = run,
                           .position = json_integer_value(json_object_get(job, "position")),
                           .attempt = args->attempt,
                           .step = args->step,
                           .follow = args->follow,
                           .raw = args->raw };

        if (log.position == last || (args->job != NULL && strcmp(args->job, name) != 0))
            continue;
        last = log.position;
        found = true;
        if (!args->raw)
            output_styled(context->output, OUTPUT_BOLD, "=== %s", name);
        if (!run_view_log(context, &log, error))
            return false;
    }
    if (!found && args->job != NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "run '%s' has no job '%s'", run,
                  args->job);
    else if (!found)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "run '%s' has no log: no job of it has begun; see 'slipway show %s'", run, run);
    return found;
}

static bool
run_logs(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const LogsArgs *args = data;
    g_autoptr(json_t) shown = NULL;

    if (args->errors)
        return print_errors(context, positional[0], args->job, error);
    return command_call(context, "run.show", json_pack("{s:s}", "run", positional[0]), &shown,
                        error) &&
           print_jobs(context, args, positional[0], json_object_get(shown, "jobs"), error);
}

const Command cmd_logs = {
    .name = "logs",
    .synopsis = "RUN [--job NAME] [--step N] [--follow | --raw | --errors]",
    .help = "print what jobs wrote",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_CANCELLABLE,
    .min_args = 1,
    .max_args = 1,
    .options = logs_options,
    .args_size = sizeof(LogsArgs),
    .run = run_logs,
};
