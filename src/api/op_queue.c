/* SPDX-License-Identifier: Apache-2.0
 * op_queue: runs that wait: listed, added, started again, let go, cancelled by ref or commit. */
#include <string.h>
#include "api/op.h"
#include "service/queue.h"
#include "service/run.h"
#include "service/run_log.h"
#include "base/banned.h"

static const char *
actor_of(const ApiContext *context)
{
    return context->actor != NULL ? context->actor : "";
}

/* {run, id, state} of the run with that id. */
static bool
answer_run(ApiContext *context, RunId id, json_t **result_out, GError **error)
{
    g_autoptr(DbReader) reader = run_log_reader(context->engine, error);
    g_auto(RunRecord) record = { 0 };

    if (reader == NULL || !run_record_load(reader, id, &record, error))
        return false;
    *result_out = run_record_summary(&record);
    return true;
}

static bool
find_run(ApiContext *context, const json_t *args, RunRecord *record, GError **error)
{
    g_autoptr(DbReader) reader = run_log_reader(context->engine, error);

    return reader != NULL &&
           run_record_find(reader, api_arg_string(args, "run", ""), record, error);
}

/* ---- queue.list -------------------------------------------------------------------------------- */

static bool
queue_list_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    (void)args;
    *result_out = queue_list(context->engine, error);
    return *result_out != NULL;
}

const ApiOperation op_queue_list = {
    .name = "queue.list",
    .role = API_ROLE_READER,
    .help = "runs that wait, in the order they will be taken",
    .result = "[{run, position, project, ref, waiting, since, …}]",
    .handler = queue_list_op,
};

/* ---- run.queue --------------------------------------------------------------------------------- */

static char *
full_ref(const json_t *args, RunTrigger *trigger_out, GError **error)
{
    const char *tag = api_arg_string(args, "tag", NULL);
    const char *branch = api_arg_string(args, "branch", NULL);
    const char *commit = api_arg_string(args, "commit", NULL);

    *trigger_out = tag != NULL ? RUN_TRIGGER_TAG : RUN_TRIGGER_MANUAL;
    if ((tag != NULL) + (branch != NULL) + (commit != NULL) == 1)
        return tag != NULL      ? g_strdup_printf("refs/tags/%s", tag)
               : branch != NULL ? g_strdup_printf("refs/heads/%s", branch)
                                : g_strdup(commit);
    error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
              "say exactly one of 'tag', 'branch' and 'commit'");
    return NULL;
}

static bool
run_queue_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    QueueRequest request = {
        .project = api_arg_string(args, "project", ""),
        .actor = actor_of(context),
        .reason = api_arg_string(args, "reason", "by hand"),
        .inputs = json_object_get(args, "inputs"),
        .priority = (int)MIN(api_arg_int(args, "priority", 0), 100),
    };
    g_autofree char *ref = full_ref(args, &request.trigger, error);
    RunId id = { 0 };

    if (ref == NULL)
        return false;
    request.ref = ref;
    return queue_submit(context->engine, &request, &id, error) &&
           answer_run(context, id, result_out, error);
}

static const ApiField queue_args[] = {
    { "project", API_STRING, API_REQUIRED, "its name" },
    { "tag", API_STRING, 0, "exactly one of tag, branch and commit" },
    { "branch", API_STRING, 0, "as tag" },
    { "commit", API_STRING, 0, "as tag" },
    { "inputs", API_OBJECT, 0, "parameters: {NAME: TEXT}" },
    { "reason", API_STRING, 0, "why, for people" },
    { "priority", API_INT, 0, "up to 100; more comes first" },
    { 0 },
};
const ApiOperation op_run_queue = {
    .name = "run.queue",
    .role = API_ROLE_DEVELOPER,
    .flags = API_CHANGES,
    .args = queue_args,
    .help = "add a run to the queue; it starts when there is room",
    .result = "{run, id, state, …}",
    .handler = run_queue_op,
};

/* ---- run.restart, run.allow -------------------------------------------------------------------- */

static bool
run_restart_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_auto(RunRecord) record = { 0 };
    QueueRestart what = { .actor = actor_of(context),
                          .only_failed = json_is_true(json_object_get(args, "failed")) };
    RunId id = { 0 };

    if (!find_run(context, args, &record, error))
        return false;
    what.run = record.id;
    return queue_restart(context->engine, &what, &id, error) &&
           answer_run(context, id, result_out, error);
}

static const ApiField run_args[] = {
    { "run", API_STRING, API_REQUIRED, "NUMBER or PROJECT/NUMBER" },
    { "failed", API_BOOL, 0, "only what did not pass; jobs that passed are taken over" },
    { 0 },
};
const ApiOperation op_run_restart = {
    .name = "run.restart",
    .role = API_ROLE_DEVELOPER,
    .flags = API_CHANGES,
    .args = run_args,
    .help = "queue a run of the same ref and commit once more",
    .result = "{run, id, state, …} of the new run",
    .handler = run_restart_op,
};

static bool
run_allow_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_auto(RunRecord) record = { 0 };

    return find_run(context, args, &record, error) &&
           queue_allow(context->engine, record.id, api_arg_string(args, "commit", ""), error) &&
           answer_run(context, record.id, result_out, error);
}

static const ApiField allow_args[] = {
    { "run", API_STRING, API_REQUIRED, "NUMBER or PROJECT/NUMBER" },
    { "commit", API_STRING, API_REQUIRED, "the head commit you looked at, whole" },
    { 0 },
};
const ApiOperation op_run_allow = {
    .name = "run.allow",
    .role = API_ROLE_CODE_OWNER,
    .flags = API_CHANGES,
    .args = allow_args,
    .help = "let a proposal from outside run, at exactly this commit",
    .result = "{run, id, state, …}",
    .handler = run_allow_op,
};

/* ---- queue.cancel ------------------------------------------------------------------------------ */

static bool
queue_cancel_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    const char *ref = api_arg_string(args, "ref", NULL);
    const char *commit = api_arg_string(args, "commit", NULL);
    int64_t n = 0;

    if (ref == NULL && commit == NULL) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "say 'ref', 'commit' or both");
        return false;
    }
    if (!queue_cancel(context->engine, api_arg_string(args, "project", ""), ref, commit,
                      "cancelled", &n, error))
        return false;
    *result_out = json_pack("{s:I}", "runs", (json_int_t)n);
    return true;
}

static const ApiField cancel_args[] = {
    { "project", API_STRING, API_REQUIRED, "its name" },
    { "ref", API_STRING, 0, "full: refs/heads/main" },
    { "commit", API_STRING, 0, "whole" },
    { 0 },
};
const ApiOperation op_queue_cancel = {
    .name = "queue.cancel",
    .role = API_ROLE_DEVELOPER,
    .flags = API_CHANGES,
    .args = cancel_args,
    .help = "cancel every waiting and running run of a ref or a commit",
    .result = "{runs: how many}",
    .handler = queue_cancel_op,
};
