/* SPDX-License-Identifier: Apache-2.0
 * cmd_preview: what passed proposals left to be tried out. */
#include "base/clock.h"
#include "base/json.h"
#include "cli/commands.h"
#include "base/banned.h"

typedef struct {
    char *project; /* owned */
} PreviewArgs;

static const CliOption options[] = {
    { "project", 'p', CLI_STRING, offsetof(PreviewArgs, project), 0, "only of this project",
      "NAME" },
    { 0 },
};

static bool
run_list(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    static const char *const headers[] = {
        "PREVIEW", "RUN", "REF", "EXPIRES", "FILES BELOW", NULL
    };
    const PreviewArgs *args = data;
    json_t *call = json_object();
    g_autoptr(json_t) list = NULL;
    size_t i = 0;
    json_t *one = NULL;

    (void)positional;
    if (args->project != NULL)
        json_object_set_new(call, "project", json_string(args->project));
    if (!command_call(context, "preview.list", call, &list, error))
        return false;
    output_table_begin(context->output, headers);
    json_array_foreach (list, i, one) {
        g_autofree char *expires =
            clock_format_seconds(json_integer_value(json_object_get(one, "expiresAt")));
        const char *project = json_string_value(json_object_get(one, "project"));
        g_autofree char *place = g_strdup_printf("/previews/%s/%s/", project,
                                                 json_string_value(json_object_get(one, "folder")));
        g_autofree char *name =
            g_strdup_printf("%s/%s", project, json_string_value(json_object_get(one, "channel")));
        const char *const cells[] = { name, json_string_value(json_object_get(one, "run")),
                                      json_string_value(json_object_get(one, "ref")), expires,
                                      place };

        output_table_row(context->output, cells);
    }
    output_table_end(context->output);
    output_json(context->output, list);
    return true;
}

const Command cmd_preview_list = {
    .name = "preview list",
    .help = "what passed proposals left to be tried out",
    .details = "'previews' in slipway.yaml says which artifacts, and for how long. They are\n"
               "neither signed nor logged. The server has them, and preview.json, at FILES\n"
               "BELOW.",
    .needs = COMMAND_NEEDS_ENGINE,
    .options = options,
    .args_size = sizeof(PreviewArgs),
    .run = run_list,
};
