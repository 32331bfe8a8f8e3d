/* SPDX-License-Identifier: Apache-2.0
 * manual: the manual page, from the same rows as help. */
#include "cli/help.h"
#include <string.h>
#include "base/banned.h"

/* Text for roff: ASCII only, backslashes and hyphens escaped, no line that begins with a control
 * character. */
static void
append_escaped(GString *page, const char *text)
{
    bool line_start = true;

    for (; *text != '\0'; text = g_utf8_next_char(text)) {
        if (line_start && (*text == '.' || *text == '\''))
            g_string_append(page, "\\&");
        if (*text == '\\')
            g_string_append(page, "\\e");
        else if (*text == '-')
            g_string_append(page, "\\-");
        else if ((*text & 0x80) != 0)
            g_string_append_printf(page, "\\[u%04X]", g_utf8_get_char(text));
        else
            g_string_append_c(page, *text);
        line_start = *text == '\n';
    }
}

static void
append_option(GString *page, const CliOption *option)
{
    g_string_append(page, ".TP\n.B ");
    if (option->letter != 0)
        g_string_append_printf(page, "\\-%c\\fR, \\fB", option->letter);
    g_string_append(page, "\\-\\-");
    append_escaped(page, option->name);
    if (option->value != NULL) {
        g_string_append(page, " \\fI");
        append_escaped(page, option->value);
    }
    g_string_append(page, "\\fR\n");
    append_escaped(page, option->help);
    g_string_append_c(page, '\n');
}

static void
append_command(GString *page, const Command *command)
{
    g_string_append(page, ".SS slipway ");
    append_escaped(page, command->name);
    if (command->synopsis != NULL) {
        g_string_append(page, " \\fR");
        append_escaped(page, command->synopsis);
    }
    g_string_append(page, "\n");
    append_escaped(page, command->help);
    g_string_append(page, ".\n");
    if (command->details != NULL) {
        g_auto(GStrv) paragraphs = g_strsplit(command->details, "\n\n", -1);

        for (char **paragraph = paragraphs; *paragraph != NULL; paragraph++) {
            g_string_append(page, ".PP\n");
            append_escaped(page, *paragraph);
            g_string_append_c(page, '\n');
        }
    }
    for (const CliOption *o = command->options; o != NULL && o->name != NULL; o++)
        append_option(page, o);
}

char *
help_manual(void)
{
    GString *page = g_string_new(
        ".TH SLIPWAY 1 \"\" \"Slipway " SLIPWAY_VERSION "\"\n"
        ".SH NAME\nslipway \\- from a git tag to a release that anyone can verify\n"
        ".SH SYNOPSIS\n.B slipway\n\\fICOMMAND\\fR [\\fIARGUMENT\\fR...] [\\fIOPTION\\fR...]\n"
        ".SH DESCRIPTION\n"
        "Slipway takes a git repository from a tag to a signed, logged, approved and published\n"
        "release. Results are printed on standard output, everything else on standard error.\n"
        ".SH COMMANDS\n");

    for (size_t i = 0; i < n_commands; i++)
        if ((commands[i]->flags & COMMAND_HIDDEN) == 0)
            append_command(page, commands[i]);
    g_string_append(page, ".SH OPTIONS OF EVERY COMMAND\n");
    for (const CliOption *o = command_shared_options; o->name != NULL; o++)
        append_option(page, o);
    g_string_append(
        page,
        ".SH EXIT STATUS\n"
        ".TP\n.B 0\ndone\n.TP\n.B 1\nrefused or failed\n.TP\n.B 2\nthe command line is wrong\n"
        ".TP\n.B 3\nthe server cannot be reached\n"
        ".PP\n\\fBslipway verify\\fR has codes of its own: 0 good, 1 usage or input and output,\n"
        "10 not authentic, 11 revoked, 12 stale, 13 incomplete, 14 policy not met, 15 "
        "unsupported.\n"
        ".SH ENVIRONMENT\n"
        ".TP\n.B SLIPWAY_HOME\nthe data folder\n"
        ".TP\n.B SLIPWAY_LIBEXEC\nwhere the helper programs are\n"
        ".TP\n.B SLIPWAY_LOG\nthe lowest level of log lines: debug, info, notice, warning, error\n"
        ".TP\n.B NO_COLOR\nif set, no colours\n");
    return g_string_free(page, FALSE);
}
