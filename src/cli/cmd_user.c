/* SPDX-License-Identifier: Apache-2.0
 * cmd_user: accounts and what they may do at most. */
#include "base/json.h"
#include "cli/commands.h"
#include "base/banned.h"

typedef struct {
    char *role; /* owned */
} SetArgs;

static const CliOption set_options[] = {
    { "role", 'r', CLI_STRING, offsetof(SetArgs, role), CLI_REQUIRED, "the most it may do",
      "ROLE" },
    { 0 },
};

static bool
run_set(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    SetArgs *args = data;
    g_autoptr(json_t) result = NULL;

    if (!command_call(context, "user.set",
                      json_pack("{s:s, s:s}", "user", positional[0], "role", args->role), &result,
                      error))
        return false;
    output_line(context->output, "user  %s  %s", positional[0], args->role);
    output_json(context->output, result);
    return true;
}

const Command cmd_user_set = {
    .name = "user set",
    .synopsis = "USER --role ROLE",
    .help = "add an account, or change what it may do",
    .details = "Roles: reader, developer (starts and cancels runs), code-owner (lets in\n"
               "proposals from outside), release-manager (seals, requests, publishes), admin;\n"
               "each may do what those before it may.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = set_options,
    .args_size = sizeof(SetArgs),
    .run = run_set,
};

static bool
run_disable(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) result = NULL;

    (void)data;
    if (!command_call(context, "user.disable", json_pack("{s:s}", "user", positional[0]), &result,
                      error))
        return false;
    output_line(context->output, "user %s is refused from now on", positional[0]);
    output_json(context->output, result);
    return true;
}

const Command cmd_user_disable = {
    .name = "user disable",
    .synopsis = "USER",
    .help = "refuse an account, its tokens and its sessions",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_disable,
};

static bool
run_list(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "USER", "ROLE", "TOKENS", "STATE", NULL };
    g_autoptr(json_t) users = NULL;
    size_t i = 0;
    json_t *user = NULL;

    (void)data;
    (void)positional;
    if (!command_call(context, "user.list", NULL, &users, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (users, i, user) {
        bool disabled = json_is_integer(json_object_get(user, "disabledAt"));
        g_autofree char *tokens = g_strdup_printf(
            "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(user, "tokens")));
        const char *const cells[] = { json_string_value(json_object_get(user, "name")),
                                      json_string_value(json_object_get(user, "role")), tokens,
                                      disabled ? "disabled" : "active" };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, users);
    return true;
}

const Command cmd_user_list = {
    .name = "user list",
    .help = "print accounts and their roles",
    .needs = COMMAND_NEEDS_ENGINE,
    .run = run_list,
};
