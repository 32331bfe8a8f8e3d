/* SPDX-License-Identifier: Apache-2.0
 * help: what people read on the terminal. */
#include "cli/help.h"
#include <string.h>
#include "cli/commands.h"
#include "base/banned.h"

#define NAME_WIDTH   22
#define SCREEN_WIDTH 72 /* of the list of rare commands, without its indentation */

static bool
is_shown(const Command *command)
{
    return (command->flags & COMMAND_HIDDEN) == 0;
}

static void
append_entry(GString *text, const char *name, const char *help)
{
    g_string_append_printf(text, "  %-*s %s\n", NAME_WIDTH, name, help);
}

/* A command of one word, of those that are @rare (COMMAND_RARE) or not (0). */
static bool
is_in_overview(const Command *command, unsigned rare)
{
    return is_shown(command) && command_group_of(command) == NULL &&
           (command->flags & COMMAND_RARE) == rare;
}

/* A group that is a command, too, is listed as the command. */
static bool
group_is_in_overview(const CommandGroup *group, unsigned rare)
{
    const char *const words[] = { group->name, NULL };
    size_t n_words = 0;

    return command_group_is_shown(group) && (group->flags & COMMAND_RARE) == rare &&
           command_find(words, &n_words) == NULL;
}

static void
append_name(GString *text, const char *name, size_t *column)
{
    bool first = *column == 0;

    if (*column + strlen(name) + 2 > SCREEN_WIDTH) {
        g_string_append(text, ",\n       ");
        *column = 0;
        first = true;
    }
    *column += strlen(name) + (first ? 0 : 2);
    g_string_append_printf(text, "%s%s", first ? "" : ", ", name);
}

/* The last line has them. */
static bool
is_in_last_line(const Command *command)
{
    return command == &cmd_help || command == &cmd_version;
}

/* What few need, by name only. */
static void
append_rare(GString *text)
{
    size_t column = 0;

    g_string_append(text, "\n  also: ");
    for (size_t i = 0; i < n_commands; i++)
        if (is_in_overview(commands[i], COMMAND_RARE) && !is_in_last_line(commands[i]))
            append_name(text, commands[i]->name, &column);
    for (size_t i = 0; i < n_command_groups; i++)
        if (group_is_in_overview(&command_groups[i], COMMAND_RARE))
            append_name(text, command_groups[i].name, &column);
    g_string_append_c(text, '\n');
}

char *
help_overview(void)
{
    GString *text = g_string_new("slipway: from a git tag to a release that anyone can verify\n\n"
                                 "usage: slipway COMMAND [ARGUMENT…] [OPTION…]\n\n");

    for (size_t i = 0; i < n_commands; i++)
        if (is_in_overview(commands[i], 0))
            append_entry(text, commands[i]->name, commands[i]->help);
    for (size_t i = 0; i < n_command_groups; i++)
        if (group_is_in_overview(&command_groups[i], 0)) {
            g_autofree char *name = g_strconcat(command_groups[i].name, " …", NULL);

            /* printf counts bytes: the ellipsis is three of them */
            g_string_append_printf(text, "  %-*s %s\n", NAME_WIDTH + 2, name,
                                   command_groups[i].help);
        }
    append_rare(text);
    g_string_append(text,
                    "\n'slipway help COMMAND' says more, 'slipway version' which one this is.\n");
    return g_string_free(text, FALSE);
}

char *
help_of_group(const CommandGroup *group)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "slipway %s: %s\n\n", group->name, group->help);
    for (size_t i = 0; i < n_commands; i++)
        if (is_shown(commands[i]) && command_group_of(commands[i]) == group)
            append_entry(text, commands[i]->name, commands[i]->help);
    g_string_append_printf(text, "\n'slipway help %s COMMAND' says more.\n", group->name);
    return g_string_free(text, FALSE);
}

static void
append_option(GString *text, const CliOption *option)
{
    g_autofree char *letter =
        option->letter != 0 ? g_strdup_printf("-%c, ", option->letter) : g_strdup("    ");
    g_autofree char *name =
        g_strconcat(letter, "--", option->name, option->value != NULL ? " " : "",
                    option->value != NULL ? option->value : "", NULL);

    if (strlen(name) > NAME_WIDTH)
        g_string_append_printf(text, "  %s\n  %*s %s", name, NAME_WIDTH, "", option->help);
    else
        g_string_append_printf(text, "  %-*s %s", NAME_WIDTH, name, option->help);
    g_string_append(text, (option->flags & CLI_REQUIRED) != 0 ? " (needed)\n" : "\n");
}

char *
help_of_command(const Command *command)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "slipway %s: %s\n\nusage: slipway %s%s%s\n", command->name,
                           command->help, command->name, command->synopsis != NULL ? " " : "",
                           command->synopsis != NULL ? command->synopsis : "");
    if (command->details != NULL)
        g_string_append_printf(text, "\n%s\n", command->details);
    g_string_append(text, "\noptions:\n");
    for (const CliOption *o = command->options; o != NULL && o->name != NULL; o++)
        append_option(text, o);
    for (const CliOption *o = command_shared_options; o->name != NULL; o++)
        append_option(text, o);
    return g_string_free(text, FALSE);
}
