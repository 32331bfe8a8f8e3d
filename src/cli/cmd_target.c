/* SPDX-License-Identifier: Apache-2.0
 * cmd_target: where projects publish to. */
#include <string.h>
#include "base/json.h"
#include "cli/commands.h"
#include "base/banned.h"

typedef struct {
    char *type;     /* owned */
    char *location; /* owned */
} TargetArgs;

static const CliOption options[] = {
    { "type", 't', CLI_STRING, offsetof(TargetArgs, type), CLI_REQUIRED, "directory", "TYPE" },
    { "location", 'l', CLI_STRING, offsetof(TargetArgs, location), CLI_REQUIRED | CLI_PATH,
      "an existing folder", "FOLDER" },
    { 0 },
};

static bool
run_target_set(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    TargetArgs *args = data;
    const char *slash = strchr(positional[0], '/');
    g_autofree char *project =
        slash != NULL ? g_strndup(positional[0], (gsize)(slash - positional[0])) : NULL;
    g_autofree char *location = g_canonicalize_filename(args->location, NULL);
    g_autoptr(json_t) result = NULL;

    if (project == NULL) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is not 'PROJECT/TARGET'",
                  positional[0]);
        return false;
    }
    if (!command_call(context, "target.set",
                      json_pack("{s:s, s:s, s:s, s:s}", "project", project, "name", slash + 1,
                                "type", args->type, "location", location),
                      &result, error))
        return false;
    output_line(context->output, "target  %s  %s  %s", positional[0], args->type, location);
    output_json(context->output, result);
    return true;
}

const Command cmd_target_set = {
    .name = "target set",
    .synopsis = "PROJECT/TARGET --type directory --location FOLDER",
    .help = "say where a target of a project is",
    .details = "slipway.yaml only names targets; where they are is the engine's to say.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(TargetArgs),
    .run = run_target_set,
};

static bool
run_target_list(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = { "PROJECT", "TARGET", "TYPE", "LOCATION", NULL };
    g_autoptr(json_t) targets = NULL;
    size_t i = 0;
    json_t *target = NULL;

    (void)data;
    (void)positional;
    if (!command_call(context, "target.list", NULL, &targets, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (targets, i, target) {
        const char *const cells[] = { json_string_value(json_object_get(target, "project")),
                                      json_string_value(json_object_get(target, "name")),
                                      json_string_value(json_object_get(target, "type")),
                                      json_string_value(json_object_get(target, "location")) };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, targets);
    return true;
}

const Command cmd_target_list = {
    .name = "target list",
    .help = "print where projects publish to",
    .needs = COMMAND_NEEDS_ENGINE,
    .run = run_target_list,
};
