/* SPDX-License-Identifier: Apache-2.0
 * op_foreign: the log of other people's entries as operations. */
#include "api/op.h"
#include "service/foreign.h"
#include "base/banned.h"

static bool
show_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    (void)args;
    return foreign_show(context->engine, result_out, error);
}

#define FOREIGN_RESULT                                                                             \
    "{maxEntries, perMinute, checkpointMs, shards: [{name, origin, vkey, logId, spki, size, "      \
    "root, "                                                                                       \
    "written, problem}]}"

const ApiOperation op_foreign_show = {
    .name = "foreign.show",
    .role = API_ROLE_READER,
    .help = "the log of other people's entries: limits, and its shards",
    .result = FOREIGN_RESULT,
    .handler = show_op,
};

static bool
set_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    ForeignLimits limits = { .max_entries = api_arg_int(args, "maxEntries", -1),
                             .per_minute = api_arg_int(args, "perMinute", -1),
                             .checkpoint_ms = api_arg_int(args, "checkpointMs", -1) };

    return foreign_set(context->engine, api_arg_string(args, "origin", NULL), &limits, result_out,
                       error);
}

static const ApiField set_args[] = {
    { "origin", API_STRING, 0, "its name for ever: a host name, or host/path" },
    { "maxEntries", API_INT, 0, "how many entries a shard takes; default 1000000" },
    { "perMinute", API_INT, 0, "entries of one address in a minute, 0 = any; default 600" },
    { "checkpointMs", API_INT, 0, "least time between two checkpoints; default 0" },
    { 0 },
};
const ApiOperation op_foreign_set = {
    .name = "foreign.set",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = set_args,
    .help = "open a log for other people's entries, or change its limits",
    .result = FOREIGN_RESULT,
    .handler = set_op,
};

static bool
shard_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return foreign_shard(context->engine, api_arg_string(args, "origin", ""), result_out, error);
}

static const ApiField shard_args[] = {
    { "origin", API_STRING, API_REQUIRED, "the new shard's, never used before" },
    { 0 },
};
const ApiOperation op_foreign_shard = {
    .name = "foreign.shard",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = shard_args,
    .help = "end the log of other people's entries and go on in a new one with a new key",
    .result = FOREIGN_RESULT,
    .handler = shard_op,
};
