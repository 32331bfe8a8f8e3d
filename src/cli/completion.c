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

/* ---- what may come next ------------------------------------------------------------------------ */

static void
add_once(GPtrArray *words, char *word)
{
    if (g_ptr_array_find_with_equal_func(words, word, g_str_equal, NULL))
        g_free(word);
    else
        g_ptr_array_add(words, word);
}

/* What may follow the words @prefix, "" for the first: each word once. Owned. */
static GPtrArray *
next_words(const char *prefix)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    size_t len = strlen(prefix);

    for (size_t i = 0; i < n_commands; i++) {
        const char *name = commands[i]->name;

        if (!is_shown(commands[i]) || !g_str_has_prefix(name, prefix) ||
            (len > 0 && name[len] != ' '))
            continue;
        name += len > 0 ? len + 1 : 0;
        add_once(words, g_strndup(name, strcspn(name, " ")));
    }
    return words;
}

/* What other words may follow: "pool", "tuf", "tuf repo". Owned. */
static GPtrArray *
all_prefixes(void)
{
    GPtrArray *prefixes = g_ptr_array_new_with_free_func(g_free);

    for (size_t i = 0; i < n_commands; i++) {
        const char *name = commands[i]->name;

        for (const char *c = name; is_shown(commands[i]) && *c != '\0'; c++)
            if (*c == ' ')
                add_once(prefixes, g_strndup(name, (size_t)(c - name)));
    }
    return prefixes;
}

static const Command *
find_command(const char *name)
{
    for (size_t i = 0; i < n_commands; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static void
append_next_words(GString *text, const char *prefix)
{
    g_autoptr(GPtrArray) words = next_words(prefix);

    for (guint i = 0; i < words->len; i++)
        g_string_append_printf(text, " %s", (const char *)words->pdata[i]);
}

/* ---- bash -------------------------------------------------------------------------------------- */

char *
help_completion_bash(void)
{
    g_autoptr(GPtrArray) prefixes = all_prefixes();
    GString *text =
        g_string_new("# completion of slipway for bash; made by 'slipway completion bash'\n"
                     "_slipway()\n{\n"
                     "    local cur=${COMP_WORDS[COMP_CWORD]} words= word plain=\n"
                     "    case \"${COMP_WORDS[*]:1:COMP_CWORD-1}\" in\n");

    g_string_append(text, "    '') words='");
    append_next_words(text, "");
    g_string_append(text, "' ;;\n");
    for (guint i = 0; i < prefixes->len; i++) {
        const char *prefix = prefixes->pdata[i];
        const Command *own = find_command(prefix);

        g_string_append_printf(text, "    '%s') words='", prefix);
        append_next_words(text, prefix);
        if (own != NULL) {
            append_option_names(text, own->options);
            append_option_names(text, command_shared_options);
        }
        g_string_append(text, "' ;;\n");
    }
    for (size_t i = n_commands; i > 0; i--) { /* 'tuf repo init' comes before 'tuf' */
        const Command *command = commands[i - 1];

        g_string_append_printf(text, "    '%s'|'%s '*) words='", command->name, command->name);
        append_option_names(text, command->options);
        append_option_names(text, command_shared_options);
        g_string_append(text, "' ;;\n");
    }
    g_string_append(text, "    esac\n"
                          "    for word in $words; do\n"
                          "        if [[ $word != --* ]]; then plain+=\" $word\"; fi\n"
                          "    done\n"
                          "    if [[ $cur == -* ]]; then\n"
                          "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                          "    elif [[ -n $plain ]]; then\n"
                          "        COMPREPLY=($(compgen -W \"$plain\" -- \"$cur\"))\n"
                          "    fi\n"
                          "}\n"
                          "complete -o default -F _slipway slipway\n");
    return g_string_free(text, FALSE);
}

/* ---- zsh --------------------------------------------------------------------------------------- */

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

static void
append_zsh_arguments(GString *text, const Command *command)
{
    g_string_append(text, "_arguments");
    append_zsh_options(text, command->options);
    append_zsh_options(text, command_shared_options);
    g_string_append(text, " '*:file:_files'");
}

char *
help_completion_zsh(void)
{
    g_autoptr(GPtrArray) prefixes = all_prefixes();
    GString *text =
        g_string_new("#compdef slipway\n"
                     "# completion of slipway for zsh; made by 'slipway completion zsh'\n"
                     "_slipway()\n{\n"
                     "    local line=\"${words[2,CURRENT-1]}\"\n"
                     "    case \"$line\" in\n");

    g_string_append(text, "    '') compadd --");
    append_next_words(text, "");
    g_string_append(text, " ;;\n");
    for (guint i = 0; i < prefixes->len; i++) {
        const char *prefix = prefixes->pdata[i];
        const Command *own = find_command(prefix);

        g_string_append_printf(text, "    '%s') ", prefix);
        if (own != NULL) {
            g_string_append(text, "[[ $PREFIX == -* ]] && ");
            append_zsh_arguments(text, own);
            g_string_append(text, " || ");
        }
        g_string_append(text, "compadd --");
        append_next_words(text, prefix);
        g_string_append(text, " ;;\n");
    }
    for (size_t i = n_commands; i > 0; i--) {
        g_string_append_printf(text, "    '%s'|'%s '*) ", commands[i - 1]->name,
                               commands[i - 1]->name);
        append_zsh_arguments(text, commands[i - 1]);
        g_string_append(text, " ;;\n");
    }
    g_string_append(text, "    esac\n}\n"
                          "if [ \"$funcstack[1]\" = _slipway ]; then _slipway \"$@\"; else compdef "
                          "_slipway slipway; fi\n");
    return g_string_free(text, FALSE);
}

/* ---- fish -------------------------------------------------------------------------------------- */

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

/* " -n '…'": all words of @words are there; "" for none. Owned. */
static char *
fish_condition(const char *words)
{
    g_auto(GStrv) parts = g_strsplit(words, " ", -1);
    g_autofree char *seen = g_strjoinv("; and __fish_seen_subcommand_from ", parts);

    return words[0] == '\0' ? g_strdup(" -n __fish_use_subcommand")
                            : g_strdup_printf(" -n '__fish_seen_subcommand_from %s'", seen);
}

static const char *
help_of_words(const char *group)
{
    for (size_t i = 0; i < n_command_groups; i++)
        if (strcmp(command_groups[i].name, group) == 0)
            return command_groups[i].help;
    return "";
}

/* What may follow @prefix; a word that is a whole command says what it does. */
static void
append_fish_words(GString *text, const char *prefix)
{
    g_autoptr(GPtrArray) words = next_words(prefix);
    g_autofree char *condition = fish_condition(prefix);

    for (guint i = 0; i < words->len; i++) {
        const char *word = words->pdata[i];
        g_autofree char *name =
            prefix[0] != '\0' ? g_strconcat(prefix, " ", word, NULL) : g_strdup(word);
        const Command *command = find_command(name);
        g_autofree char *help = quote(command != NULL ? command->help : help_of_words(name));

        g_string_append_printf(text, "complete -c slipway -f%s -a %s -d %s\n", condition, word,
                               help);
    }
}

char *
help_completion_fish(void)
{
    g_autoptr(GPtrArray) prefixes = all_prefixes();
    GString *text =
        g_string_new("# completion of slipway for fish; made by 'slipway completion fish'\n");

    append_fish_words(text, "");
    for (guint i = 0; i < prefixes->len; i++)
        append_fish_words(text, prefixes->pdata[i]);
    for (size_t i = 0; i < n_commands; i++) {
        g_autofree char *condition = fish_condition(commands[i]->name);

        if (is_shown(commands[i]))
            append_fish_options(text, condition, commands[i]->options);
    }
    append_fish_options(text, "", command_shared_options);
    return g_string_free(text, FALSE);
}
