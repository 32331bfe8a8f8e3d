/* SPDX-License-Identifier: Apache-2.0
 * cmd_witness_ours: the witnesses of our own logs, and how far each is. */
#include <fcntl.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "proof/tlog_policy.h"
#include "base/banned.h"

static bool
call_and_print(CommandContext *context, const char *operation, json_t *request, GError **error)
{
    g_autoptr(json_t) result = NULL;

    if (!command_call(context, operation, request, &result, error))
        return false;
    const char *text = json_string_value(json_object_get(result, "policy"));
    if (!output_is_json(context->output))
        output_text(context->output, text != NULL ? text : "quorum none\n");
    output_json(context->output, result);
    return true;
}

static bool
run_add(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    (void)data;
    return call_and_print(context, "witness.add",
                          json_pack("{s:s, s:s, s:s}", "name", positional[0], "vkey", positional[1],
                                    "url", positional[2]),
                          error);
}

const Command cmd_witness_add = {
    .name = "witness add",
    .synopsis = "NAME VKEY URL",
    .help = "have our logs cosigned by one more witness",
    .details = "A server asks it behind each new checkpoint; publishing a release asks it at\n"
               "once. At first all witnesses are needed ('slipway witness policy --quorum').\n"
               "Then only checkpoints with their quorum are served and shipped, and 'trust\n"
               "export' writes the policy into the trust file.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 3,
    .max_args = 3,
    .run = run_add,
};

static bool
run_remove(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    (void)data;
    return call_and_print(context, "witness.remove", json_pack("{s:s}", "name", positional[0]),
                          error);
}

const Command cmd_witness_remove = {
    .name = "witness remove",
    .synopsis = "NAME",
    .help = "ask a witness of our logs no more",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_remove,
};

typedef struct {
    char *quorum; /* owned */
    char *set;    /* owned */
} PolicyArgs;

static const CliOption policy_options[] = {
    { "quorum", 'q', CLI_STRING, offsetof(PolicyArgs, quorum), 0,
      "how many are needed: all, any, none or a number", "N" },
    { "set", 0, CLI_STRING, offsetof(PolicyArgs, set), CLI_PATH,
      "replace it by this file (C2SP tlog-policy)", "FILE" },
    { 0 },
};

static bool
run_policy(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const PolicyArgs *args = data;
    g_autoptr(json_t) request = json_object();

    (void)positional;
    if (args->quorum != NULL)
        json_object_set_new(request, "quorum", json_string(args->quorum));
    if (args->set != NULL) {
        g_autofree char *text = file_read_text(AT_FDCWD, args->set, TLOG_POLICY_MAX_BYTES, error);

        if (text == NULL)
            return false;
        json_object_set_new(request, "policy", json_string(text));
    }
    return call_and_print(context, "witness.policy", json_incref(request), error);
}

const Command cmd_witness_policy = {
    .name = "witness policy",
    .synopsis = "[--quorum N | --set FILE]",
    .help = "print or change who must cosign our logs",
    .needs = COMMAND_NEEDS_ENGINE,
    .options = policy_options,
    .args_size = sizeof(PolicyArgs),
    .run = run_policy,
};

static void
status_row(CommandContext *context, const json_t *log, const json_t *witness)
{
    g_autofree char *size =
        g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(log, "size")));
    g_autofree char *seen =
        witness != NULL ? g_strdup_printf("%" JSON_INTEGER_FORMAT,
                                          json_integer_value(json_object_get(witness, "size")))
                        : g_strdup("-");
    const json_t *at = json_object_get(witness, "at");
    g_autofree char *time = json_is_integer(at)
                                ? clock_format_seconds(json_integer_value(at) * 1000000)
                                : g_strdup("-");
    const char *problem = json_string_value(json_object_get(witness, "problem"));
    const char *name = json_string_value(json_object_get(witness, "name"));
    const char *const cells[] = { json_string_value(json_object_get(log, "name")),
                                  json_string_value(json_object_get(log, "origin")),
                                  size,
                                  name != NULL ? name : "-",
                                  seen,
                                  time,
                                  problem != NULL ? problem : "" };

    output_table_row(context->output, cells);
}

static bool
run_status(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "LOG",  "ORIGIN", "SIZE",    "WITNESS",
                                           "SEEN", "AT",     "PROBLEM", NULL };
    g_autoptr(json_t) result = NULL;
    size_t i = 0;
    json_t *log = NULL;

    (void)data;
    (void)positional;
    if (!command_call(context, "log.status", NULL, &result, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (json_object_get(result, "logs"), i, log) {
        const json_t *witnesses = json_object_get(log, "witnesses");

        for (size_t j = 0; j < json_array_size(witnesses); j++)
            status_row(context, log, json_array_get(witnesses, j));
        if (json_array_size(witnesses) == 0)
            status_row(context, log, NULL);
    }
    output_table_end(context->output);
    output_json(context->output, result);
    return true;
}

const Command cmd_log_status = {
    .name = "log status",
    .help = "print every log and how far its witnesses are",
    .needs = COMMAND_NEEDS_ENGINE,
    .run = run_status,
};
