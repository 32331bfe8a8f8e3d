/* SPDX-License-Identifier: Apache-2.0
 * cmd_version: which Slipway this is. */
#include "cli/commands.h"
#include "base/json.h"
#include "base/banned.h"

static bool
run_version(CommandContext *context, void *args, const char *const *positional, GError **error)
{
    g_autoptr(json_t) result = json_pack("{s:s}", "version", SLIPWAY_VERSION);

    (void)args;
    (void)positional;
    (void)error;
    output_line(context->output, "slipway %s", SLIPWAY_VERSION);
    output_json(context->output, result);
    return true;
}

const Command cmd_version = {
    .name = "version",
    .help = "print the version",
    .flags = COMMAND_RARE,
    .run = run_version,
};
