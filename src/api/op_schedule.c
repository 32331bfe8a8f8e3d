/* SPDX-License-Identifier: Apache-2.0
 * op_schedule: runs that come again. */
#include "api/op.h"
#include "service/schedule.h"
#include "base/banned.h"

static bool
schedule_list_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    *result_out = schedule_list(context->engine, api_arg_string(args, "project", NULL), error);
    return *result_out != NULL;
}

static const ApiField list_args[] = {
    { "project", API_STRING, 0, "only of this project" },
    { 0 },
};
const ApiOperation op_schedule_list = {
    .name = "schedule.list",
    .role = API_ROLE_READER,
    .args = list_args,
    .help = "what comes again, and when next",
    .result = "[{project, position, cron, reason, branch, inputs, nextAt, lastAt, lastRun, "
              "lastState}]",
    .handler = schedule_list_op,
};

static bool
schedule_run_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    RunId run = { 0 };

    if (!schedule_run(context->engine, api_arg_string(args, "project", ""),
                      api_arg_int(args, "position", 0),
                      context->actor != NULL ? context->actor : "", &run, error))
        return false;
    *result_out = json_pack("{s:I}", "id", (json_int_t)run.v);
    return true;
}

static const ApiField run_args[] = {
    { "project", API_STRING, API_REQUIRED, "name of the project" },
    { "position", API_INT, 0, "of the schedule in its file, from 0" },
    { 0 },
};
const ApiOperation op_schedule_run = {
    .name = "schedule.run",
    .role = API_ROLE_DEVELOPER,
    .flags = API_CHANGES,
    .args = run_args,
    .help = "queue what a schedule would, now",
    .result = "{id}",
    .handler = schedule_run_op,
};
