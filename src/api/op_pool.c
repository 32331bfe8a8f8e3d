/* SPDX-License-Identifier: Apache-2.0
 * op_pool: pools of machines and who leases them. */
#include "api/op.h"
#include "base/json.h"
#include "service/pool.h"
#include "service/pool_refresh.h"
#include "base/banned.h"

static bool
pool_list_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    (void)args;
    *result_out = pool_list(context->engine, error);
    return *result_out != NULL;
}

const ApiOperation op_pool_list = {
    .name = "pool.list",
    .role = API_ROLE_READER,
    .help = "pools of machines with their slots",
    .result = "[{name, executor, labels, slots: [{name, state, run, job, since}], nextRefresh, "
              "lastRefresh, refreshed}]",
    .handler = pool_list_op,
};

static bool
pool_set_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    const json_t *list = json_object_get(args, "slots");
    g_autoptr(GPtrArray) slots = g_ptr_array_new();
    g_autoptr(json_t) empty = json_object();
    const json_t *labels = json_object_get(args, "labels");

    for (size_t i = 0; i < json_array_size(list); i++)
        g_ptr_array_add(slots, (gpointer)json_string_value(json_array_get(list, i)));
    g_ptr_array_add(slots, NULL);
    if (!pool_set(context->engine, api_arg_string(args, "name", ""),
                  api_arg_string(args, "executor", ""), json_object_get(args, "settings"),
                  labels != NULL ? labels : empty, (const char *const *)slots->pdata, error))
        return false;
    return pool_list_op(context, args, result_out, error);
}

static const ApiField set_args[] = {
    { "name", API_STRING, API_REQUIRED, "of the pool" },
    { "executor", API_STRING, API_REQUIRED, "command or vm" },
    { "settings", API_OBJECT, API_REQUIRED, "for the executor: docs/executors.md" },
    { "labels", API_OBJECT, 0, "what its machines are: {NAME: TEXT}" },
    { "slots", API_STRINGS, API_REQUIRED, "its machines" },
    { 0 },
};
const ApiOperation op_pool_set = {
    .name = "pool.set",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = set_args,
    .help = "add or replace a pool of machines",
    .result = "as pool.list",
    .handler = pool_set_op,
};

static bool
pool_remove_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return pool_remove(context->engine, api_arg_string(args, "name", ""), error) &&
           pool_list_op(context, args, result_out, error);
}

static const ApiField remove_args[] = {
    { "name", API_STRING, API_REQUIRED, "of the pool" },
    { 0 },
};
const ApiOperation op_pool_remove = {
    .name = "pool.remove",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = remove_args,
    .help = "forget a pool none of whose machines is leased",
    .result = "as pool.list",
    .handler = pool_remove_op,
};

static bool
pool_refresh_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return pool_refresh(context->engine, api_arg_string(args, "name", ""), context->cancel,
                        result_out, error);
}

static const ApiField refresh_args[] = {
    { "name", API_STRING, API_REQUIRED, "of the pool" },
    { 0 },
};
const ApiOperation op_pool_refresh = {
    .name = "pool.refresh",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = refresh_args,
    .help = "update, test and snapshot the machines of a pool",
    .result = "[{slot, snapshot, output}]",
    .handler = pool_refresh_op,
};
