/* SPDX-License-Identifier: Apache-2.0
 * completion: scripts for bash, zsh and fish, from the rows. Names and helps are our own constants,
 * but they are quoted all the same. */
#include "cli/help.h"
#include <string.h>
#include "base/banned.h"

static bool
is_shown(const Command *command)
{
    return (command->flags & COMMAND_HIDDEN) == 0;
}

/* @text inside single quotes of a shell. */
static char *
quote(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "'", -1);
    g_autofree char *inside = g_strjoinv("'\\''", parts);

    return g_strconcat("'", inside, "'", NULL);
}

static void
append_option_names(GString *text, const CliOption *options)
{
    for (const CliOption *o = options; o != NULL && o->name != NULL; o++)
        g_string_append_printf(text, " --%s", o->name);
}

/* First words (@group NULL) or second words of a group, each once. */
static void
append_words(GString *text, const CommandGroup *group)
{
    for (size_t i = 0; i < n_commands; i++) {
        const CommandGroup *own = command_group_of(commands[i]);

        if (!is_shown(commands[i]) || own != group)
            continue;
        g_string_append_printf(text, " %s",
                               group == NULL ? commands[i]->name
                                             : commands[i]->name + strlen(group->name) + 1);
    }
    for (size_t i = 0; group == NULL && i < n_command_groups; i++)
        if (command_group_is_shown(&command_groups[i]))
            g_string_append_printf(text, " %s", command_groups[i].name);
}

char *
help_completion_bash(void)
{
    GString *text =
        g_string_new("# completion of slipway for bash; made by 'slipway completion bash'\n"
                     "_slipway()\n{\n"
                     "    local cur=${COMP_WORDS[COMP_CWORD]} words=\n"
                     "    case \"${COMP_WORDS[*]:1:COMP_CWORD-1}\" in\n");

    g_string_append(text, "    '') words='");
    append_words(text, NULL);
    g_string_append(text, "' ;;\n");
    for (size_t i = 0; i < n_command_groups; i++) {
        if (!command_group_is_shown(&command_groups[i]))
            continue;
        g_string_append_printf(text, "    '%s') words='", command_groups[i].name);
        append_words(text, &command_groups[i]);
        g_string_append(text, "' ;;\n");
    }
    for (size_t i = 0; i < n_commands; i++) {
        g_string_append_printf(text, "    '%s'*) words='", commands[i]->name);
        append_option_names(text, commands[i]->options);
        append_option_names(text, command_shared_options);
        g_string_append(text, "' ;;\n");
    }
    g_string_append(
        text, "    esac\n"
              "    if [[ $cur == -* || $COMP_CWORD == 1 || -n $words && $words != *--* ]]; then\n"
              "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
              "    fi\n"
              "}\n"
              "complete -o default -F _slipway slipway\n");
    return g_string_free(text, FALSE);
}

static void
append_zsh_options(GString *text, const CliOption *options)
{
    for (const CliOption *o = options; o != NULL && o->name != NULL; o++) {
        g_autofree char *spec =
            g_strdup_printf("--%s%s[%s]%s%s%s", o->name, o->value != NULL ? "=" : "", o->help,
                            o->value != NULL ? ":" : "", o->value != NULL ? o->value : "",
                            (o->flags & CLI_PATH) != 0 ? ":_files"
                            : o->value != NULL         ? ": "
                                                       : "");
        g_autofree char *quoted = quote(spec);

        g_string_append_printf(text, " %s", quoted);
    }
}

char *
help_completion_zsh(void)
{
    GString *text =
        g_string_new("#compdef slipway\n"
                     "# completion of slipway for zsh; made by 'slipway completion zsh'\n"
                     "_slipway()\n{\n"
                     "    local line=\"${words[2,CURRENT-1]}\"\n"
                     "    case \"$line\" in\n");

    g_string_append(text, "    '') compadd --");
    append_words(text, NULL);
    g_string_append(text, " ;;\n");
    for (size_t i = 0; i < n_command_groups; i++) {
        if (!command_group_is_shown(&command_groups[i]))
            continue;
        g_string_append_printf(text, "    '%s') compadd --", command_groups[i].name);
        append_words(text, &command_groups[i]);
        g_string_append(text, " ;;\n");
    }
    for (size_t i = 0; i < n_commands; i++) {
        g_string_append_printf(text, "    '%s'*) _arguments", commands[i]->name);
        append_zsh_options(text, commands[i]->options);
        append_zsh_options(text, command_shared_options);
        g_string_append(text, " '*:file:_files' ;;\n");
    }
    g_string_append(text, "    esac\n}\n"
                          "if [ \"$funcstack[1]\" = _slipway ]; then _slipway \"$@\"; else compdef "
                          "_slipway slipway; fi\n");
    return g_string_free(text, FALSE);
}

static void
append_fish_options(GString *text, const char *condition, const CliOption *options)
{
    for (const CliOption *o = options; o != NULL && o->name != NULL; o++) {
        g_autofree char *help = quote(o->help);

        g_string_append_printf(text, "complete -c slipway%s -l %s", condition, o->name);
        if (o->letter != 0)
            g_string_append_printf(text, " -s %c", o->letter);
        if (o->value != NULL)
            g_string_append(text, (o->flags & CLI_PATH) != 0 ? " -r -F" : " -x");
        g_string_append_printf(text, " -d %s\n", help);
    }
}

/* fish: a command's second word is offered once its first is there. */
static void
append_fish_command(GString *text, const Command *command)
{
    const CommandGroup *group = command_group_of(command);
    g_auto(GStrv) words = g_strsplit(command->name, " ", 2);
    g_autofree char *help = quote(command->help);
    g_autofree char *seen =
        group == NULL
            ? g_strdup_printf(" -n '__fish_seen_subcommand_from %s'", words[0])
            : g_strdup_printf(
                  " -n '__fish_seen_subcommand_from %s; and __fish_seen_subcommand_from %s'",
                  words[0], words[1]);

    if (group == NULL)
        g_string_append_printf(
            text, "complete -c slipway -f -n __fish_use_subcommand -a %s -d %s\n", words[0], help);
    else
        g_string_append_printf(
            text, "complete -c slipway -f -n '__fish_seen_subcommand_from %s' -a %s -d %s\n",
            words[0], words[1], help);
    append_fish_options(text, seen, command->options);
}

char *
help_completion_fish(void)
{
    GString *text =
        g_string_new("# completion of slipway for fish; made by 'slipway completion fish'\n");

    for (size_t i = 0; i < n_command_groups; i++) {
        g_autofree char *help = NULL;

        if (!command_group_is_shown(&command_groups[i]))
            continue;
        help = quote(command_groups[i].help);
        g_string_append_printf(text,
                               "complete -c slipway -f -n __fish_use_subcommand -a %s -d %s\n",
                               command_groups[i].name, help);
    }
    for (size_t i = 0; i < n_commands; i++)
        if (is_shown(commands[i]))
            append_fish_command(text, commands[i]);
    append_fish_options(text, "", command_shared_options);
    return g_string_free(text, FALSE);
}
