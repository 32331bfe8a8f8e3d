/* SPDX-License-Identifier: Apache-2.0
 * cmd_completion: the completion script of a shell. */
#include <string.h>
#include "cli/commands.h"
#include "cli/help.h"
#include "base/error.h"
#include "base/banned.h"

typedef struct Shell {
    const char *name;
    char *(*script)(void);
} Shell;

static const Shell shells[] = {
    { "bash", help_completion_bash },
    { "zsh", help_completion_zsh },
    { "fish", help_completion_fish },
};

static bool
run_completion(CommandContext *context, void *args, const char *const *positional, GError **error)
{
    (void)args;
    for (size_t i = 0; i < G_N_ELEMENTS(shells); i++)
        if (strcmp(positional[0], shells[i].name) == 0) {
            g_autofree char *script = shells[i].script();

            output_text(context->output, script);
            return true;
        }
    error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
              "no completion for '%s': wanted bash, zsh or fish", positional[0]);
    return false;
}

const Command cmd_completion = {
    .name = "completion",
    .flags = COMMAND_HIDDEN, /* asked for by packages; the overview must fit a screen */
    .synopsis = "bash|zsh|fish",
    .help = "print a completion script for a shell",
    .details = "For bash, for example:\n"
               "  slipway completion bash >~/.local/share/bash-completion/completions/slipway",
    .min_args = 1,
    .max_args = 1,
    .run = run_completion,
};
