/* SPDX-License-Identifier: Apache-2.0
 * op_delivery: what came in from forges and what goes out to them, as operations. */
#include "api/op.h"
#include "service/intake.h"
#include "service/outbox.h"
#include "base/banned.h"

#define PAGE_DEFAULT 50

static bool
list_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    *result_out = intake_deliveries(context->engine, api_arg_string(args, "project", NULL),
                                    api_arg_int(args, "before", 0),
                                    api_arg_int(args, "limit", PAGE_DEFAULT), error);
    return *result_out != NULL;
}

static const ApiField list_args[] = {
    { "project", API_STRING, 0, "only of this one" },
    { "before", API_INT, 0, "only older than this id" },
    { "limit", API_INT, 0, "at most so many; default 50" },
    { 0 },
};
const ApiOperation op_delivery_list = {
    .name = "delivery.list",
    .role = API_ROLE_MAINTAINER,
    .args = list_args,
    .help = "deliveries of forges, newest first, with what was decided",
    .result =
        "[{id, project, delivery, event, ref, commit, actor, action, reason, run, receivedAt}]",
    .handler = list_op,
};

static bool
show_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    *result_out = intake_delivery(context->engine, api_arg_int(args, "id", 0), error);
    return *result_out != NULL;
}

static const ApiField id_args[] = {
    { "id", API_INT, API_REQUIRED, "as the list shows it" },
    { 0 },
};
const ApiOperation op_delivery_show = {
    .name = "delivery.show",
    .role = API_ROLE_MAINTAINER,
    .args = id_args,
    .help = "a delivery with all it said",
    .result = "{id, project, …, says}",
    .handler = show_op,
};

static bool
redeliver_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return intake_redeliver(context->engine, api_arg_int(args, "id", 0), result_out, error);
}

const ApiOperation op_delivery_redeliver = {
    .name = "delivery.redeliver",
    .role = API_ROLE_MAINTAINER,
    .flags = API_CHANGES,
    .args = id_args,
    .help = "decide a delivery anew, by the rules of now",
    .result = "{id, delivery, action, reason, run}",
    .handler = redeliver_op,
};

static bool
outbox_list_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    *result_out = outbox_list(context->engine, api_arg_string(args, "project", NULL),
                              api_arg_int(args, "limit", PAGE_DEFAULT), error);
    return *result_out != NULL;
}

static const ApiField outbox_args[] = {
    { "project", API_STRING, 0, "only of this one" },
    { "limit", API_INT, 0, "at most so many; default 50" },
    { 0 },
};
const ApiOperation op_status_list = {
    .name = "status.list",
    .role = API_ROLE_MAINTAINER,
    .args = outbox_args,
    .help = "statuses and notices on their way out, newest first",
    .result = "[{id, effect, project, channel, runState, state, attempts, lastError, nextAt}]",
    .handler = outbox_list_op,
};

static bool
retry_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    int64_t id = api_arg_int(args, "id", 0);

    if (!outbox_retry(context->engine, id, error))
        return false;
    *result_out = json_pack("{s:I}", "id", (json_int_t)id);
    return true;
}

const ApiOperation op_status_retry = {
    .name = "status.retry",
    .role = API_ROLE_MAINTAINER,
    .flags = API_CHANGES,
    .args = id_args,
    .help = "send a status or notice once more",
    .result = "{id}",
    .handler = retry_op,
};
