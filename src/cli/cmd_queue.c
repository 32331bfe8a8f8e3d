/* SPDX-License-Identifier: Apache-2.0
 * cmd_queue: runs that wait for their turn: seen, added, let go, started again, cancelled. */
#include <string.h>
#include "base/clock.h"
#include "base/json.h"
#include "cli/commands.h"
#include "base/banned.h"

/* ---- queue list -------------------------------------------------------------------------------- */

static bool
run_list(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = {
        "RUN", "EVENT", "REF", "SOURCE", "SINCE", "WAITING", NULL
    };
    g_autoptr(json_t) list = NULL;
    size_t i = 0;
    json_t *one = NULL;

    (void)data;
    (void)positional;
    if (!command_call(context, "queue.list", NULL, &list, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (list, i, one) {
        g_autofree char *since =
            clock_format_seconds(json_integer_value(json_object_get(one, "since")));
        g_autofree char *commit = g_strndup(json_find_text(one, "commit"), 12);
        const char *const cells[] = { json_find_text(one, "run"),
                                      json_find_text(one, "event"),
                                      json_find_text(one, "ref"),
                                      commit,
                                      since,
                                      json_find_text(one, "waiting") };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, list);
    return true;
}

const Command cmd_queue_list = {
    .name = "queue list",
    .help = "print runs that wait, in their order, and why",
    .needs = COMMAND_NEEDS_ENGINE,
    .run = run_list,
};

/* ---- queue add --------------------------------------------------------------------------------- */

typedef struct {
    char *tag, *branch, *commit, *reason; /* owned */
    GPtrArray *inputs;                    /* owned, of owned strings */
    int64_t priority;
} AddArgs;

static const CliOption add_options[] = {
    { "tag", 't', CLI_STRING, offsetof(AddArgs, tag), 0, "run this tag", "NAME" },
    { "branch", 'b', CLI_STRING, offsetof(AddArgs, branch), 0, "run the head of this branch",
      "NAME" },
    { "commit", 'c', CLI_STRING, offsetof(AddArgs, commit), 0, "run this commit", "ID" },
    { "input", 'i', CLI_STRINGS, offsetof(AddArgs, inputs), 0, "a parameter; may be given again",
      "NAME=VALUE" },
    { "reason", 0, CLI_STRING, offsetof(AddArgs, reason), 0, "why, for people", "TEXT" },
    { "priority", 0, CLI_INT, offsetof(AddArgs, priority), 0, "up to 100; more comes first", "N" },
    { 0 },
};

static void
set_text(json_t *object, const char *key, const char *value)
{
    if (value != NULL)
        json_object_set_new(object, key, json_string(value));
}

/* {NAME: VALUE} of the --input words; NULL and @error for one without '='. */
static json_t *
inputs_object(const GPtrArray *words, GError **error)
{
    g_autoptr(json_t) object = json_object();

    for (guint i = 0; words != NULL && i < words->len; i++) {
        const char *equals = strchr(words->pdata[i], '=');

        if (equals == NULL) {
            error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
                      "'%s' is not an input: expected NAME=VALUE", (const char *)words->pdata[i]);
            return NULL;
        }
        g_autofree char *name =
            g_strndup(words->pdata[i], (gsize)(equals - (const char *)words->pdata[i]));
        json_object_set_new(object, name, json_string(equals + 1));
    }
    return g_steal_pointer(&object);
}

static bool
print_queued(CommandContext *context, const json_t *run)
{
    output_talk(context->output, "queued  %s", json_find_text(run, "run"));
    output_json(context->output, run);
    return true;
}

static bool
run_add(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    AddArgs *args = data;
    json_t *inputs = inputs_object(args->inputs, error);
    json_t *call = NULL;
    g_autoptr(json_t) run = NULL;

    if (inputs == NULL)
        return false;
    call = json_pack("{s:s, s:o}", "project", positional[0], "inputs", inputs);
    set_text(call, "tag", args->tag);
    set_text(call, "branch", args->branch);
    set_text(call, "commit", args->commit);
    set_text(call, "reason", args->reason);
    if (args->priority > 0)
        json_object_set_new(call, "priority", json_integer(args->priority));
    return command_call(context, "run.queue", call, &run, error) && print_queued(context, run);
}

const Command cmd_queue_add = {
    .name = "queue add",
    .synopsis = "PROJECT --tag NAME|--branch NAME|--commit ID",
    .help = "add a run; the server starts it when there is room",
    .details = "'slipway run' starts one at once and shows it; this returns as soon as the\n"
               "run is written down. A queued run survives a crash of the server.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = add_options,
    .args_size = sizeof(AddArgs),
    .run = run_add,
};

/* ---- queue cancel ------------------------------------------------------------------------------ */

typedef struct {
    char *ref, *commit; /* owned */
} CancelArgs;

static const CliOption cancel_options[] = {
    { "ref", 0, CLI_STRING, offsetof(CancelArgs, ref), 0, "full: refs/heads/main", "REF" },
    { "commit", 'c', CLI_STRING, offsetof(CancelArgs, commit), 0, "whole", "ID" },
    { 0 },
};

static bool
run_cancel_of(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    CancelArgs *args = data;
    json_t *call = json_pack("{s:s}", "project", positional[0]);
    g_autoptr(json_t) result = NULL;

    set_text(call, "ref", args->ref);
    set_text(call, "commit", args->commit);
    if (!command_call(context, "queue.cancel", call, &result, error))
        return false;
    output_talk(context->output, "cancelled  %lld",
                (long long)json_integer_value(json_object_get(result, "runs")));
    output_json(context->output, result);
    return true;
}

const Command cmd_queue_cancel = {
    .name = "queue cancel",
    .synopsis = "PROJECT --ref REF|--commit ID",
    .help = "cancel all runs of a ref or commit",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = cancel_options,
    .args_size = sizeof(CancelArgs),
    .run = run_cancel_of,
};

/* ---- restart, allow ---------------------------------------------------------------------------- */

typedef struct {
    bool failed;
} RestartArgs;

static const CliOption restart_options[] = {
    { "failed", 'f', CLI_FLAG, offsetof(RestartArgs, failed), 0,
      "only what did not pass; jobs that passed are taken over", NULL },
    { 0 },
};

static bool
run_restart(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const RestartArgs *args = data;
    g_autoptr(json_t) run = NULL;

    return command_call(context, "run.restart",
                        json_pack("{s:s, s:b}", "run", positional[0], "failed", (int)args->failed),
                        &run, error) &&
           print_queued(context, run);
}

const Command cmd_restart = {
    .name = "restart",
    .synopsis = "RUN [--failed]",
    .help = "queue a run of the same ref and commit once more",
    .details = "With --failed, jobs that passed are not run again: what they left is taken over\n"
               "by digest. Not for a run that builds a release: that is made by one run.",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_RARE,
    .min_args = 1,
    .max_args = 1,
    .options = restart_options,
    .args_size = sizeof(RestartArgs),
    .run = run_restart,
};

typedef struct {
    char *commit; /* owned */
} AllowArgs;

static const CliOption allow_options[] = {
    { "commit", 'c', CLI_STRING, offsetof(AllowArgs, commit), CLI_REQUIRED,
      "the head commit you looked at, whole", "ID" },
    { 0 },
};

static bool
run_allow(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    AllowArgs *args = data;
    g_autoptr(json_t) run = NULL;

    return command_call(context, "run.allow",
                        json_pack("{s:s, s:s}", "run", positional[0], "commit", args->commit), &run,
                        error) &&
           print_queued(context, run);
}

const Command cmd_allow = {
    .name = "allow",
    .synopsis = "RUN --commit ID",
    .help = "let a proposal from outside run, at exactly this commit",
    .details = "Its steps are strangers' code: look at the commit first. A newer commit of the\n"
               "proposal waits for a click of its own.",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_RARE,
    .min_args = 1,
    .max_args = 1,
    .options = allow_options,
    .args_size = sizeof(AllowArgs),
    .run = run_allow,
};
