/* SPDX-License-Identifier: Apache-2.0
 * cmd_token: secrets that may call the server. */
#include <stdlib.h>
#include "base/clock.h"
#include "base/json.h"
#include "cli/commands.h"
#include "sys/config.h"
#include "base/banned.h"

typedef struct {
    char *role;    /* owned */
    char *scope;   /* owned */
    char *expires; /* owned */
} CreateArgs;

static const CliOption create_options[] = {
    { "role", 'r', CLI_STRING, offsetof(CreateArgs, role), 0,
      "what it may do, as in 'user set'; default reader", "ROLE" },
    { "scope", 's', CLI_STRING, offsetof(CreateArgs, scope), 0,
      "the one project it is for; default all", "PROJECT" },
    { "expires", 'e', CLI_STRING, offsetof(CreateArgs, expires), 0,
      "how long it works: 90d, 12h; default without end", "TIME" },
    { 0 },
};

static bool
run_create(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    CreateArgs *args = data;
    g_autoptr(json_t) request = json_pack("{s:s}", "user", positional[0]);
    g_autoptr(json_t) result = NULL;
    int64_t ms = 0;

    if (args->expires != NULL && (!config_parse_duration(args->expires, &ms) || ms < 1000)) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is no time like 90d or 12h",
                  args->expires);
        return false;
    }
    if (ms > 0)
        json_object_set_new(request, "expiresSeconds", json_integer(ms / 1000));
    if (args->role != NULL)
        json_object_set_new(request, "role", json_string(args->role));
    if (args->scope != NULL)
        json_object_set_new(request, "scope", json_string(args->scope));
    if (!command_call(context, "token.create", json_incref(request), &result, error))
        return false;
    output_line(context->output, "%s", json_string_value(json_object_get(result, "token")));
    output_talk(context->output,
                "token %" JSON_INTEGER_FORMAT " of '%s', role %s; it is shown this once",
                json_integer_value(json_object_get(result, "id")), positional[0],
                json_string_value(json_object_get(result, "role")));
    output_json(context->output, result);
    return true;
}

const Command cmd_token_create = {
    .name = "token create",
    .synopsis = "USER [--role ROLE] [--scope PROJECT]",
    .help = "make a token that may call the server",
    .details = "Prints the token on stdout, this once: only its SHA-256 is kept. An account that\n"
               "does not exist yet is made with the role. A token never may do more than its\n"
               "account. Put it into a file of mode 0600 and name that with --token-file.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = create_options,
    .args_size = sizeof(CreateArgs),
    .run = run_create,
};

static char *
time_text(const json_t *value)
{
    return json_is_integer(value) ? clock_format_seconds(json_integer_value(value)) : g_strdup("-");
}

static bool
run_list(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "ID",      "USER",    "ROLE",    "PROJECT",
                                           "CREATED", "EXPIRES", "REVOKED", NULL };
    g_autoptr(json_t) tokens = NULL;
    size_t i = 0;
    json_t *token = NULL;

    (void)data;
    (void)positional;
    if (!command_call(context, "token.list", NULL, &tokens, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (tokens, i, token) {
        const char *scope = json_string_value(json_object_get(token, "scope"));
        g_autofree char *id = g_strdup_printf("%" JSON_INTEGER_FORMAT,
                                              json_integer_value(json_object_get(token, "id")));
        g_autofree char *created = time_text(json_object_get(token, "createdAt"));
        g_autofree char *expires = time_text(json_object_get(token, "expiresAt"));
        g_autofree char *revoked = time_text(json_object_get(token, "revokedAt"));
        const char *const cells[] = { id,
                                      json_string_value(json_object_get(token, "user")),
                                      json_string_value(json_object_get(token, "role")),
                                      scope != NULL ? scope : "all",
                                      created,
                                      expires,
                                      revoked };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, tokens);
    return true;
}

const Command cmd_token_list = {
    .name = "token list",
    .help = "print tokens, without their secrets",
    .needs = COMMAND_NEEDS_ENGINE,
    .run = run_list,
};

static bool
run_revoke(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) result = NULL;
    guint64 id = 0;

    (void)data;
    if (!g_ascii_string_to_unsigned(positional[0], 10, 1, G_MAXINT64, &id, NULL)) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is no id of a token",
                  positional[0]);
        return false;
    }
    if (!command_call(context, "token.revoke", json_pack("{s:I}", "id", (json_int_t)id), &result,
                      error))
        return false;
    output_line(context->output, "token %s is refused from now on", positional[0]);
    output_json(context->output, result);
    return true;
}

const Command cmd_token_revoke = {
    .name = "token revoke",
    .synopsis = "ID",
    .help = "refuse a token and its sessions from now on",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_revoke,
};
