/* SPDX-License-Identifier: Apache-2.0
 * commands: the rows, each defined in its cmd_<name>.c. Those files and commands.c include this. */
#pragma once
#include "cli/command.h"

extern const Command cmd_check;
extern const Command cmd_completion;
extern const Command cmd_help;
extern const Command cmd_plan;
extern const Command cmd_verify;
extern const Command cmd_version;
