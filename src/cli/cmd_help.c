/* SPDX-License-Identifier: Apache-2.0
 * cmd_help: the overview, a group, a command, or the whole manual page. */
#include "cli/commands.h"
#include "cli/help.h"
#include "base/error.h"
#include "base/banned.h"

typedef struct HelpArgs {
    bool man;
} HelpArgs;

static const CliOption options[] = {
    { "man", 0, CLI_FLAG, offsetof(HelpArgs, man), 0, "print the manual page (roff)", NULL },
    { 0 },
};

static bool
run_help(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const HelpArgs *args = data;
    const CommandGroup *group = positional[0] != NULL ? command_group_find(positional[0]) : NULL;
    size_t n_words = 0;
    const Command *command = command_find(positional, &n_words);
    g_autofree char *text = NULL;

    if (args->man)
        text = help_manual();
    else if (positional[0] == NULL)
        text = help_overview();
    else if (command != NULL && positional[n_words] == NULL)
        text = help_of_command(command);
    else if (group != NULL && positional[1] == NULL)
        text = help_of_group(group);
    if (text == NULL) {
        g_autofree char *name = g_strjoinv(" ", (char **)positional);

        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "no command '%s' to help with", name);
        return false;
    }
    output_text(context->output, text);
    return true;
}

const Command cmd_help = {
    .name = "help",
    .synopsis = "[COMMAND…]",
    .help = "say what a command does",
    .max_args = 3,
    .options = options,
    .args_size = sizeof(HelpArgs),
    .flags = COMMAND_RARE,
    .run = run_help,
};
