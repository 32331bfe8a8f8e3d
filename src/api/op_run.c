/* SPDX-License-Identifier: Apache-2.0
 * op_run: starting, watching, listing and stopping runs, and reading their logs. */
#include <fcntl.h>
#include <string.h>
#include "api/op.h"
#include "base/files.h"
#include "base/json.h"
#include "service/queue.h"
#include "service/run.h"
#include "service/run_artifact.h"
#include "service/run_log.h"
#include "service/run_report.h"
#include "base/banned.h"

static GArray *
read_inputs(const json_t *args, GError **error)
{
    g_autoptr(GArray) inputs = g_array_new(FALSE, FALSE, sizeof(PipelinePair));
    const json_t *given = json_object_get(args, "inputs");
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach ((json_t *)given, name, value) {
        PipelinePair pair = { .name = name, .value = json_string_value(value) };

        if (pair.value == NULL) {
            error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "input '%s' must be a text", name);
            return NULL;
        }
        g_array_append_val(inputs, pair);
    }
    return g_steal_pointer(&inputs);
}

/* A path or URL would be read with the server's rights, and "host" runs jobs as the server. */
static bool
check_remote(const ApiContext *context, const RunRequest *request, GError **error)
{
    if (!context->remote || (request->source == NULL && request->executor == NULL))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
              "'source' and 'executor' can only be given on the server's machine");
    return false;
}

static bool
run_start_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autoptr(GArray) inputs = read_inputs(args, error);
    g_autoptr(ActiveRun) run = NULL;
    RunRequest request = {
        .source = api_arg_string(args, "source", NULL),
        .project = api_arg_string(args, "project", NULL),
        .tag = api_arg_string(args, "tag", NULL),
        .branch = api_arg_string(args, "branch", NULL),
        .commit = api_arg_string(args, "commit", NULL),
        .release = api_arg_string(args, "release", NULL),
        .executor = api_arg_string(args, "executor", NULL),
        .parallel = (unsigned)api_arg_int(args, "parallel", 0),
    };

    if (inputs == NULL || !check_remote(context, &request, error))
        return false;
    request.inputs = (const PipelinePair *)inputs->data;
    request.n_inputs = inputs->len;
    run = run_prepare(context->engine, &request, NULL, error);
    if (run == NULL)
        return false;
    *result_out = run_watch(run, -1, 0);
    return run_start(run, error);
}

static const ApiField start_args[] = {
    { "source", API_STRING, 0, "path or URL of the repository" },
    { "project", API_STRING, 0, "name of a project that ran before" },
    { "tag", API_STRING, 0, "the tag to run" },
    { "branch", API_STRING, 0, "the branch to run" },
    { "commit", API_STRING, 0, "the commit to run" },
    { "release", API_STRING, 0, "STREAM@VERSION to build without a tag" },
    { "executor", API_STRING, 0, "\"host\": run without isolation" },
    { "inputs", API_OBJECT, 0, "values for the pipeline's inputs" },
    { "parallel", API_INT, 0, "jobs at once; 0: one a processor" },
    { 0 },
};
const ApiOperation op_run_start = {
    .name = "run.start",
    .role = API_ROLE_DEVELOPER,
    .flags = API_CHANGES,
    .args = start_args,
    .help = "run the pipeline at a tag, branch or commit",
    .result = "as run.watch",
    .handler = run_start_op,
};

static bool
run_watch_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    RunId id = { api_arg_int(args, "id", 0) };
    g_autoptr(ActiveRun) run = run_find_active(context->engine, id);

    if (run == NULL)
        return run_log_ended(context->engine, id, result_out, error);
    *result_out = run_watch(run, api_arg_int(args, "seen", 0),
                            (int)MIN(api_arg_int(args, "timeoutMs", 0), 60000));
    return true;
}

static const ApiField watch_args[] = {
    { "id", API_INT, API_REQUIRED, "id of the run" },
    { "seen", API_INT, 0, "answer when the version is above this" },
    { "timeoutMs", API_INT, 0, "wait at most so long, up to 60000" },
    { 0 },
};
const ApiOperation op_run_watch = {
    .name = "run.watch",
    .role = API_ROLE_READER,
    .args = watch_args,
    .help = "what a run is doing now",
    .result = "{run, id, state, version, elapsedUs, jobs}",
    .handler = run_watch_op,
};

static bool
find_record(ApiContext *context, const json_t *args, DbReader **reader_out, RunRecord *record,
            GError **error)
{
    *reader_out = run_log_reader(context->engine, error);
    return *reader_out != NULL &&
           run_record_find(*reader_out, api_arg_string(args, "run", ""), record, error);
}

static bool
run_show_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autoptr(DbReader) reader = NULL;
    g_auto(RunRecord) record = { 0 };

    if (!find_record(context, args, &reader, &record, error))
        return false;
    *result_out = run_record_to_json(reader, &record, error);
    return *result_out != NULL;
}

static const ApiField show_args[] = {
    { "run", API_STRING, API_REQUIRED, "NUMBER or PROJECT/NUMBER" },
    { 0 },
};
const ApiOperation op_run_show = {
    .name = "run.show",
    .role = API_ROLE_READER,
    .args = show_args,
    .help = "a run with its jobs, steps and artifacts",
    .result = "{run, state, reason, jobs, steps, artifacts, outputs, …}",
    .handler = run_show_op,
};

static bool
run_cancel_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autoptr(DbReader) reader = NULL;
    g_auto(RunRecord) record = { 0 };
    bool was_queued = false;
    bool marked = false;
    g_autoptr(ActiveRun) run = NULL;
    g_autofree char *reason =
        context->actor != NULL && g_str_has_prefix(context->actor, "account:")
            ? g_strdup_printf("cancelled by %.200s", context->actor + strlen("account:"))
            : g_strdup("cancelled");

    if (!find_record(context, args, &reader, &record, error))
        return false;
    if (record.state == RUN_QUEUED &&
        !queue_cancel_run(context->engine, record.id, reason, &was_queued, error))
        return false;
    if (was_queued)
        return run_log_ended(context->engine, record.id, result_out, error);
    if (!queue_stop_run(context->engine, record.id, reason, &marked, error))
        return false;
    run = run_find_active(context->engine, record.id);
    if (run == NULL && marked) { /* it was taken just now: the queue ends it */
        *result_out = run_record_to_json(reader, &record, error);
        return *result_out != NULL;
    }
    if (run == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT, "run '%s' has ended already: it is %s",
                  api_arg_string(args, "run", ""), run_state_name(record.state));
        return false;
    }
    run_cancel(run);
    *result_out = run_watch(run, -1, 0);
    return true;
}

const ApiOperation op_run_cancel = {
    .name = "run.cancel",
    .role = API_ROLE_DEVELOPER,
    .flags = API_CHANGES,
    .args = show_args,
    .help = "stop a run: running jobs are killed, waiting ones never start",
    .result = "as run.watch",
    .handler = run_cancel_op,
};

static bool
run_list_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    const char *state = api_arg_string(args, "state", NULL);
    RunFilter filter = { .project = api_arg_string(args, "project", NULL),
                         .ref = api_arg_string(args, "ref", NULL),
                         .state = state != NULL ? run_state_from_string(state) : RUN_NONE,
                         .before = { api_arg_int(args, "before", 0) },
                         .limit = (int)CLAMP(api_arg_int(args, "limit", 50), 1, 500) };
    g_autoptr(DbReader) reader = NULL;
    g_autoptr(GPtrArray) page = NULL;
    json_t *array = NULL;

    if (state != NULL && filter.state == RUN_NONE) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is no state of a run", state);
        return false;
    }
    reader = run_log_reader(context->engine, error);
    page = reader != NULL ? run_record_page(reader, &filter, error) : NULL;
    if (page == NULL)
        return false;
    array = json_array();
    for (guint i = 0; i < page->len; i++)
        json_array_append_new(array, run_record_summary(page->pdata[i]));
    *result_out = array;
    return true;
}

static const ApiField list_args[] = {
    { "project", API_STRING, 0, "only runs of this project" },
    { "ref", API_STRING, 0, "only runs of this ref, full: refs/heads/main" },
    { "state", API_STRING, 0, "only runs in this state" },
    { "before", API_INT, 0, "only runs with an id below this" },
    { "limit", API_INT, 0, "at most so many, up to 500; default 50" },
    { 0 },
};
const ApiOperation op_run_list = {
    .name = "run.list",
    .role = API_ROLE_READER,
    .args = list_args,
    .help = "runs, newest first",
    .result = "[{run, state, ref, commit, …}]",
    .handler = run_list_op,
};

static bool
run_log_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autoptr(DbReader) reader = NULL;
    g_auto(RunRecord) record = { 0 };

    if (!find_record(context, args, &reader, &record, error))
        return false;
    RunLogPlace place = { .position = api_arg_int(args, "position", 0),
                          .attempt = api_arg_int(args, "attempt", 0),
                          .offset = (uint64_t)api_arg_int(args, "offset", 0),
                          .fold = api_arg_int(args, "fold", 0),
                          .step = api_arg_int(args, "step", 0) };

    *result_out = run_log_page(context->engine, reader, &record, &place, error);
    return *result_out != NULL;
}

static const ApiField log_args[] = {
    { "run", API_STRING, API_REQUIRED, "NUMBER or PROJECT/NUMBER" },
    { "position", API_INT, 0, "of the job in the run; default 0" },
    { "attempt", API_INT, 0, "from 1; default the last" },
    { "offset", API_INT, 0, "where to go on: \"next\" of the answer before" },
    { "fold", API_INT, 0, "of the answer before: how deep in groups it ended" },
    { "step", API_INT, 0, "only lines of this step, from 1" },
    { 0 },
};
const ApiOperation op_run_log = {
    .name = "run.log",
    .role = API_ROLE_READER,
    .args = log_args,
    .help = "lines of a job's output, a page at a time",
    .result = "{lines: [{at, step, kind, text, level, group, collapsed}], next, ended, fold, "
              "removedAt}",
    .handler = run_log_op,
};

static bool
run_artifact_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    RunArtifactName name = { .run = api_arg_string(args, "run", ""),
                             .position = api_arg_int(args, "position", 0),
                             .path = api_arg_string(args, "path", "") };
    int64_t offset = api_arg_int(args, "offset", 0);

    if (offset < 0) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'offset' is below 0");
        return false;
    }
    *result_out = run_artifact_part(context->engine, &name, (uint64_t)offset, error);
    return *result_out != NULL;
}

static const ApiField artifact_args[] = {
    { "run", API_STRING, API_REQUIRED, "NUMBER or PROJECT/NUMBER" },
    { "position", API_INT, API_REQUIRED, "of its job in the run" },
    { "path", API_STRING, API_REQUIRED, "as run.show gives it" },
    { "offset", API_INT, 0, "where to go on: \"next\" of the answer before" },
    { 0 },
};
const ApiOperation op_run_artifact = {
    .name = "run.artifact",
    .role = API_ROLE_READER,
    .args = artifact_args,
    .help = "bytes of what a job left, a part at a time",
    .result = "{digest, sizeBytes, offset, base64, next}; at the end next is sizeBytes",
    .handler = run_artifact_op,
};

/* The jobs that did not pass, each with the line that most likely says why. */
static bool
run_errors_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autoptr(DbReader) reader = NULL;
    g_auto(RunRecord) record = { 0 };
    g_autoptr(json_t) list = json_array();
    g_autoptr(json_t) shown = NULL;
    size_t i = 0;
    json_t *job = NULL;

    if (!find_record(context, args, &reader, &record, error))
        return false;
    shown = run_record_to_json(reader, &record, error);
    if (shown == NULL)
        return false;
    json_array_foreach (json_object_get(shown, "jobs"), i, job) {
        const json_t *failed = json_object_get(job, "failedStep");
        const char *state = json_string_value(json_object_get(job, "state"));
        json_t *found = NULL;

        if (strcmp(state, "failed") != 0 && strcmp(state, "error") != 0)
            continue;
        found = run_log_error(context->engine, reader, &record,
                              json_integer_value(json_object_get(job, "position")),
                              json_integer_value(json_object_get(job, "attempt")),
                              json_is_integer(failed) ? json_integer_value(failed) + 1 : 0, error);
        if (found == NULL)
            return false;
        if (json_is_object(found)) {
            json_object_set(found, "job", json_object_get(job, "name"));
            json_object_set(found, "attempt", json_object_get(job, "attempt"));
            json_array_append(list, found);
        }
        json_decref(found);
    }
    *result_out = g_steal_pointer(&list);
    return true;
}

const ApiOperation op_run_errors = {
    .name = "run.errors",
    .role = API_ROLE_READER,
    .args = show_args,
    .help = "the line of each failed job that most likely says why",
    .result = "[{position, job, attempt, line, step, text, sure}]",
    .handler = run_errors_op,
};

static bool
report_op(ApiContext *context, const json_t *args, bool tests, json_t **result_out, GError **error)
{
    g_autoptr(DbReader) reader = NULL;
    g_auto(RunRecord) record = { 0 };

    if (!find_record(context, args, &reader, &record, error))
        return false;
    *result_out = run_report_list(context->engine, reader, record.id, tests, error);
    return *result_out != NULL;
}

static bool
run_summary_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return report_op(context, args, false, result_out, error);
}

const ApiOperation op_run_summary = {
    .name = "run.summary",
    .role = API_ROLE_READER,
    .args = show_args,
    .help = "Markdown that jobs wrote to $STEP_SUMMARY",
    .result = "[{position, attempt, job, summary}]",
    .handler = run_summary_op,
};

static bool
run_tests_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return report_op(context, args, true, result_out, error);
}

const ApiOperation op_run_tests = {
    .name = "run.tests",
    .role = API_ROLE_READER,
    .args = show_args,
    .help = "test results that jobs left in $SLIPWAY_TESTS",
    .result = "[{position, attempt, job, tests: {tests, passed, failed, skipped, seconds, cases, "
              "more}}]",
    .handler = run_tests_op,
};

static bool
run_config_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autoptr(DbReader) reader = NULL;
    g_auto(RunRecord) record = { 0 };

    if (!find_record(context, args, &reader, &record, error))
        return false;
    *result_out = run_config(context->engine, record.id, error);
    return *result_out != NULL;
}

const ApiOperation op_run_config = {
    .name = "run.config",
    .role = API_ROLE_READER,
    .args = show_args,
    .help = "what a run was made of: the commit's file and the plan",
    .result = "{commit, digest, file, plan, text}",
    .handler = run_config_op,
};
