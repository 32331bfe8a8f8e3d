/* SPDX-License-Identifier: Apache-2.0
 * help: texts made from the rows: overview, a group, a command, the manual page, completions. */
#pragma once
#include "cli/command.h"

#define HELP_LINES_MAX   24 /* the overview fits a small terminal */
#define HELP_COLUMNS_MAX 80

/** All owned. */
char *help_overview(void);
char *help_of_group(const CommandGroup *group);
char *help_of_command(const Command *command);
/** The manual page in roff (man macros). */
char *help_manual(void);
/** Completion scripts. */
char *help_completion_bash(void);
char *help_completion_zsh(void);
char *help_completion_fish(void);
