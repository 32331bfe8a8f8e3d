/* SPDX-License-Identifier: Apache-2.0
 * cmd_notice: where notices of runs go. */
#include <string.h>
#include "base/json.h"
#include "cli/commands.h"
#include "base/banned.h"

typedef struct {
    char *type; /* owned; this and the rest */
    char *url;
    char *secret_file;
    char *account;
    char *from;
    GPtrArray *to;
    GPtrArray *states;
    GPtrArray *refs;
} NoticeArgs;

static const CliOption options[] = {
    { "type", 't', CLI_STRING, offsetof(NoticeArgs, type), CLI_REQUIRED, "webhook, slack or mail",
      "TYPE" },
    { "url", 'u', CLI_STRING, offsetof(NoticeArgs, url), 0, "where to; mail: smtp://HOST:PORT",
      "URL" },
    { "secret-file", 0, CLI_STRING, offsetof(NoticeArgs, secret_file), CLI_PATH,
      "signing key, Slack address or password", "FILE" },
    { "account", 0, CLI_STRING, offsetof(NoticeArgs, account), 0, "mail: who logs in", "NAME" },
    { "from", 0, CLI_STRING, offsetof(NoticeArgs, from), 0, "mail: from whom", "ADDRESS" },
    { "to", 0, CLI_STRINGS, offsetof(NoticeArgs, to), 0, "mail: to whom", "ADDRESS" },
    { "state", 's', CLI_STRINGS, offsetof(NoticeArgs, states), 0,
      "of runs; default failed, error, fixed", "STATE" },
    { "ref", 'r', CLI_STRINGS, offsetof(NoticeArgs, refs), 0, "only of such refs (refs/heads/main)",
      "GLOB" },
    { 0 },
};

static void
add_text(json_t *settings, const char *key, const char *text)
{
    if (text != NULL)
        json_object_set_new(settings, key, json_string(text));
}

static void
add_list(json_t *settings, const char *key, const GPtrArray *list)
{
    json_t *array = json_array();

    for (guint i = 0; list != NULL && i < list->len; i++)
        json_array_append_new(array, json_string(list->pdata[i]));
    json_object_set_new(settings, key, array);
}

/* "PROJECT/NAME" in two. */
static bool
split_name(const char *text, char **project_out, const char **name_out, GError **error)
{
    const char *slash = strchr(text, '/');

    if (slash == NULL) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is not 'PROJECT/NAME'", text);
        return false;
    }
    *project_out = g_strndup(text, (gsize)(slash - text));
    *name_out = slash + 1;
    return true;
}

static bool
run_set(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const NoticeArgs *args = data;
    g_autofree char *project = NULL;
    g_autofree char *file =
        args->secret_file != NULL ? g_canonicalize_filename(args->secret_file, NULL) : NULL;
    const char *name = NULL;
    g_autoptr(json_t) settings = json_object();
    g_autoptr(json_t) result = NULL;

    if (!split_name(positional[0], &project, &name, error))
        return false;
    add_text(settings, "type", args->type);
    add_text(settings, "url", args->url);
    add_text(settings, "secretFile", file);
    add_text(settings, "account", args->account);
    add_text(settings, "from", args->from);
    add_list(settings, "to", args->to);
    add_list(settings, "states", args->states);
    add_list(settings, "refs", args->refs);
    if (!command_call(
            context, "notice.set",
            json_pack("{s:s, s:s, s:O}", "project", project, "name", name, "settings", settings),
            &result, error))
        return false;
    output_line(context->output, "notice  %s  %s", positional[0], args->type);
    output_json(context->output, result);
    return true;
}

const Command cmd_notice_set = {
    .name = "notice set",
    .synopsis = "PROJECT/NAME --type TYPE --url URL",
    .help = "say where notices of a project's runs go",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(NoticeArgs),
    .run = run_set,
};

static bool
run_list(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "PROJECT", "NAME", "TYPE", "URL", "STATES", NULL };
    g_autoptr(json_t) channels = NULL;
    size_t i = 0;
    json_t *channel = NULL;

    (void)data;
    (void)positional;
    if (!command_call(context, "notice.list", NULL, &channels, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (channels, i, channel) {
        g_autofree char *states = command_join_strings(json_object_get(channel, "states"));
        const char *const cells[] = { json_string_value(json_object_get(channel, "project")),
                                      json_string_value(json_object_get(channel, "name")),
                                      json_string_value(json_object_get(channel, "type")),
                                      json_string_value(json_object_get(channel, "url")), states };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, channels);
    return true;
}

const Command cmd_notice_list = {
    .name = "notice list",
    .help = "print where notices go",
    .needs = COMMAND_NEEDS_ENGINE,
    .run = run_list,
};

static bool
run_remove(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autofree char *project = NULL;
    const char *name = NULL;
    g_autoptr(json_t) result = NULL;

    (void)data;
    if (!split_name(positional[0], &project, &name, error) ||
        !command_call(context, "notice.remove",
                      json_pack("{s:s, s:s}", "project", project, "name", name), &result, error))
        return false;
    output_line(context->output, "notice  %s  removed", positional[0]);
    output_json(context->output, result);
    return true;
}

const Command cmd_notice_remove = {
    .name = "notice remove",
    .synopsis = "PROJECT/NAME",
    .help = "no more notices there",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .run = run_remove,
};
