/* SPDX-License-Identifier: Apache-2.0
 * cmd_pool: pools of machines. */
#include <string.h>
#include "base/json.h"
#include "cli/commands.h"
#include "base/banned.h"

static void
print_pools(CommandContext *context, const json_t *pools)
{
    static const char *const headers[] = { "POOL", "EXECUTOR", "SLOT", "STATE", "RUN", NULL };
    size_t i = 0, k = 0;
    json_t *pool = NULL;
    json_t *slot = NULL;

    output_table_begin(context->output, headers);
    json_array_foreach ((json_t *)pools, i, pool)
        json_array_foreach (json_object_get(pool, "slots"), k, slot) {
            const char *const cells[] = { json_find_text(pool, "name"),
                                          json_find_text(pool, "executor"),
                                          json_find_text(slot, "name"),
                                          json_find_text(slot, "state"),
                                          json_find_text(slot, "run") };

            output_table_row(context->output, cells);
        }
    output_table_end(context->output);
    output_json(context->output, pools);
}

static bool
run_list(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) pools = NULL;

    (void)data;
    (void)positional;
    if (!command_call(context, "pool.list", NULL, &pools, error))
        return false;
    print_pools(context, pools);
    return true;
}

const Command cmd_pool_list = {
    .name = "pool list",
    .help = "pools of machines, and which runs lease them",
    .needs = COMMAND_NEEDS_ENGINE,
    .run = run_list,
};

typedef struct {
    char *executor;               /* owned */
    GPtrArray *settings, *labels; /* owned, of owned strings */
    GPtrArray *slots;             /* as settings */
} SetArgs;

static const CliOption set_options[] = {
    { "executor", 'e', CLI_STRING, offsetof(SetArgs, executor), CLI_REQUIRED, "command or vm",
      "NAME" },
    { "slot", 's', CLI_STRINGS, offsetof(SetArgs, slots), CLI_REQUIRED,
      "one of its machines; may be given again", "NAME" },
    { "label", 'l', CLI_STRINGS, offsetof(SetArgs, labels), 0,
      "what its machines are; may be given again", "NAME=TEXT" },
    { "setting", 0, CLI_STRINGS, offsetof(SetArgs, settings), 0,
      "for the executor; may be given again", "NAME=TEXT" },
    { 0 },
};

/* {NAME: TEXT}; NULL and @error for a word without '='. */
static json_t *
pairs(const GPtrArray *words, GError **error)
{
    g_autoptr(json_t) object = json_object();

    for (guint i = 0; words != NULL && i < words->len; i++) {
        const char *word = words->pdata[i];
        const char *equals = strchr(word, '=');

        if (equals == NULL) {
            error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s': expected NAME=TEXT", word);
            return NULL;
        }
        g_autofree char *name = g_strndup(word, (gsize)(equals - word));
        json_object_set_new(object, name, json_string(equals + 1));
    }
    return g_steal_pointer(&object);
}

static bool
run_set(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    SetArgs *args = data;
    json_t *settings = pairs(args->settings, error);
    json_t *labels = settings != NULL ? pairs(args->labels, error) : NULL;
    json_t *slots = json_array();
    g_autoptr(json_t) pools = NULL;

    for (guint i = 0; i < args->slots->len; i++)
        json_array_append_new(slots, json_string(args->slots->pdata[i]));
    if (labels == NULL) {
        json_decref(settings);
        json_decref(slots);
        return false;
    }
    if (!command_call(context, "pool.set",
                      json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", positional[0], "executor",
                                args->executor, "settings", settings, "labels", labels, "slots",
                                slots),
                      &pools, error))
        return false;
    print_pools(context, pools);
    return true;
}

const Command cmd_pool_set = {
    .name = "pool set",
    .synopsis = "NAME --executor NAME --slot NAME…",
    .help = "add or replace a pool of machines",
    .details = "A job with 'executor: command' and 'labels:' leases a machine of a pool that has\n"
               "them all. docs/executors.md has the settings.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = set_options,
    .args_size = sizeof(SetArgs),
    .run = run_set,
};

static bool
run_remove(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) pools = NULL;

    (void)data;
    if (!command_call(context, "pool.remove", json_pack("{s:s}", "name", positional[0]), &pools,
                      error))
        return false;
    print_pools(context, pools);
    return true;
}

const Command cmd_pool_remove = {
    .name = "pool remove",
    .synopsis = "NAME",
    .help = "forget a pool none of whose machines is leased",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_remove,
};

static bool
run_refresh(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "SLOT", "SNAPSHOT", NULL };
    g_autoptr(json_t) result = NULL;
    size_t i = 0;
    json_t *one = NULL;

    (void)data;
    if (!command_call(context, "pool.refresh", json_pack("{s:s}", "name", positional[0]), &result,
                      error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (result, i, one) {
        const char *const cells[] = { json_find_text(one, "slot"),
                                      json_find_text(one, "snapshot") };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, result);
    return true;
}

const Command cmd_pool_refresh = {
    .name = "pool refresh",
    .synopsis = "NAME",
    .help = "update, test and snapshot the machines of a pool",
    .details = "Boots each machine, runs the pool's settings 'refresh-update' and\n"
               "'refresh-test' in it, and takes a snapshot that jobs find from then on. The\n"
               "setting 'refresh-schedule' does it by the clock. docs/executors.md has them.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_refresh,
};
