/* SPDX-License-Identifier: Apache-2.0
 * commands: every command in the order of the overview, and the groups. */
#include "cli/commands.h"
#include "base/banned.h"

const Command *const commands[] = {
    &cmd_check, &cmd_plan, &cmd_verify, &cmd_help, &cmd_version, &cmd_completion,
};
const size_t n_commands = G_N_ELEMENTS(commands);

const CommandGroup command_groups[] = {
    { "release", "draft, approve, publish, list, show" },
    { "log", "the transparency log: checkpoint, prove, check, export" },
    { "admin", "the data folder: fsck, rebuild, backup" },
    { "trust", "what others need to verify our releases" },
};
const size_t n_command_groups = G_N_ELEMENTS(command_groups);
