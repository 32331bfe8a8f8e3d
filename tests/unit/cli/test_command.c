/* SPDX-License-Identifier: Apache-2.0
 * test_command: whole command lines through command_main: what is printed where, and the exit code.
 */
#include "testing.h"
#include <stdio.h>
#include <string.h>
#include "api/error_map.h"
#include "cli/command.h"
#include "cli/help.h"
#include "base/banned.h"

typedef struct Fixture {
    FILE *out, *err;
    char *out_text, *err_text;
    size_t out_len, err_len;
    char *text;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->out = open_memstream(&f->out_text, &f->out_len);
    f->err = open_memstream(&f->err_text, &f->err_len);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    fclose(f->out);
    fclose(f->err);
    free(f->out_text);
    free(f->err_text);
    g_free(f->text);
    g_free(f);
    return 0;
}

/* Splits @line at blanks and runs it. */
static int
run(Fixture *f, const char *line)
{
    g_auto(GStrv) words = *line != '\0' ? g_strsplit(line, " ", -1) : g_new0(char *, 1);
    int code = command_main((const char *const *)words, f->out, f->err);

    fflush(f->out);
    fflush(f->err);
    return code;
}

static void
result_is_on_stdout_and_nothing_on_stderr(void **state)
{
    Fixture *f = *state;

    assert_int_equal(run(f, "version"), EXIT_CODE_DONE);
    assert_string_equal(f->out_text, "slipway " SLIPWAY_VERSION "\n");
    assert_int_equal(f->err_len, 0);
}

static void
json_replaces_the_text(void **state)
{
    Fixture *f = *state;

    assert_int_equal(run(f, "--json version"), EXIT_CODE_DONE);
    assert_string_equal(f->out_text, "{\n  \"version\": \"" SLIPWAY_VERSION "\"\n}\n");
}

static void
no_command_shows_the_overview(void **state)
{
    Fixture *f = *state;

    assert_int_equal(run(f, ""), EXIT_CODE_DONE);
    assert_non_null(strstr(f->out_text, "usage: slipway COMMAND"));
}

static void
unknown_command_names_the_nearest(void **state)
{
    Fixture *f = *state;

    assert_int_equal(run(f, "verzion"), EXIT_CODE_USAGE);
    assert_int_equal(f->out_len, 0);
    assert_string_equal(f->err_text, "slipway: unknown command 'verzion', did you mean 'version'\n"
                                     "hint: see 'slipway help'\n");
}

static void
unknown_option_names_the_nearest(void **state)
{
    Fixture *f = *state;

    assert_int_equal(run(f, "version --jsn"), EXIT_CODE_USAGE);
    assert_string_equal(f->err_text, "slipway: unknown option '--jsn', did you mean '--json'\n"
                                     "hint: see 'slipway help version'\n");
}

static void
too_few_arguments_show_what_is_wanted(void **state)
{
    Fixture *f = *state;

    assert_int_equal(run(f, "completion"), EXIT_CODE_USAGE);
    assert_non_null(strstr(f->err_text, "wanted: completion bash|zsh|fish\n"));
}

static void
error_is_an_object_with_json(void **state)
{
    Fixture *f = *state;

    assert_int_equal(run(f, "completion tcsh --json"), EXIT_CODE_USAGE);
    assert_non_null(strstr(f->out_text, "\"code\": \"bad-arguments\""));
    assert_non_null(strstr(f->err_text, "slipway: no completion for 'tcsh'"));
}

static void
control_characters_of_an_argument_are_masked(void **state)
{
    Fixture *f = *state;

    run(f, "completion \033[2J");
    assert_null(strchr(f->err_text, '\033'));
}

static void
help_option_runs_nothing(void **state)
{
    Fixture *f = *state;

    assert_int_equal(run(f, "completion --help"), EXIT_CODE_DONE);
    assert_non_null(strstr(f->out_text, "usage: slipway completion bash|zsh|fish\n"));
}

static void
assert_fits(const char *text, size_t max_lines)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line != NULL; line++) {
        test_case("# %s\n", *line);
        assert_true(g_utf8_strlen(*line, -1) <= HELP_COLUMNS_MAX);
    }
    assert_true(g_strv_length(lines) - 1 <= max_lines);
}

static void
overview_fits_a_screen(void **state)
{
    Fixture *f = *state;

    f->text = help_overview();
    assert_fits(f->text, HELP_LINES_MAX);
}

static void
help_of_every_group_fits_a_screen(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < n_command_groups; i++) {
        g_free(f->text);
        f->text = help_of_group(&command_groups[i]);
        assert_fits(f->text, HELP_LINES_MAX);
    }
}

static void
letter_of_an_option_is_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_commands; i++) {
        g_autoptr(GString) seen = g_string_new(NULL);

        for (const CliOption *o = command_shared_options; o->name != NULL; o++)
            if (o->letter != 0)
                g_string_append_c(seen, o->letter);
        for (const CliOption *o = commands[i]->options; o != NULL && o->name != NULL; o++) {
            test_case("# %s --%s\n", commands[i]->name, o->name);
            assert_true(o->letter == 0 || strchr(seen->str, o->letter) == NULL);
            if (o->letter != 0)
                g_string_append_c(seen, o->letter);
        }
    }
}

static void
help_of_every_command_fits_the_width(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < n_commands; i++) {
        g_free(f->text);
        f->text = help_of_command(commands[i]);
        assert_fits(f->text, 200);
    }
}

static void
manual_has_every_shown_command(void **state)
{
    Fixture *f = *state;

    f->text = help_manual();
    for (size_t i = 0; i < n_commands; i++) {
        g_auto(GStrv) parts = g_strsplit(commands[i]->name, "-", -1);
        g_autofree char *escaped = g_strjoinv("\\-", parts);
        g_autofree char *heading = g_strconcat(".SS slipway ", escaped, NULL);

        test_case("# %s\n", commands[i]->name);
        if ((commands[i]->flags & COMMAND_HIDDEN) == 0)
            assert_non_null(strstr(f->text, heading));
    }
    for (const char *c = f->text; *c != '\0'; c++)
        assert_true((*c & 0x80) == 0); /* roff wants ASCII */
}

static void
rows_are_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_commands; i++) {
        const Command *command = commands[i];

        test_case("# %s\n", command->name);
        assert_non_null(command->help);
        assert_non_null(command->run);
        assert_true(command->max_args >= command->min_args);
        assert_true((command->options == NULL) == (command->args_size == 0));
        assert_true(strchr(command->name, ' ') == NULL || command_group_of(command) != NULL);
        for (const CliOption *o = command->options; o != NULL && o->name != NULL; o++) {
            assert_non_null(o->help);
            assert_true((o->type == CLI_FLAG) == (o->value == NULL));
            assert_true(o->offset < command->args_size);
        }
    }
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(result_is_on_stdout_and_nothing_on_stderr),
        TEST(json_replaces_the_text),
        TEST(no_command_shows_the_overview),
        TEST(unknown_command_names_the_nearest),
        TEST(unknown_option_names_the_nearest),
        TEST(too_few_arguments_show_what_is_wanted),
        TEST(error_is_an_object_with_json),
        TEST(control_characters_of_an_argument_are_masked),
        TEST(help_option_runs_nothing),
        TEST(overview_fits_a_screen),
        TEST(help_of_every_group_fits_a_screen),
        cmocka_unit_test(letter_of_an_option_is_its_own),
        TEST(help_of_every_command_fits_the_width),
        TEST(manual_has_every_shown_command),
        cmocka_unit_test(rows_are_complete),
    };

    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
