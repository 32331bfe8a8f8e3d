/* SPDX-License-Identifier: Apache-2.0
 * test_cli_options: every way to write an option, and every way to write it wrongly. */
#include "testing.h"
#include "api/api.h"
#include "cli/cli_options.h"
#include "base/banned.h"

typedef struct Args {
    char *text;
    GPtrArray *many;
    int64_t number;
    bool flag;
    bool other;
} Args;

static const CliOption options[] = {
    { "text", 't', CLI_STRING, offsetof(Args, text), CLI_REQUIRED, "a text", "TEXT" },
    { "many", 'm', CLI_STRINGS, offsetof(Args, many), 0, "many texts", "TEXT" },
    { "number", 'n', CLI_INT, offsetof(Args, number), 0, "a number", "N" },
    { "flag", 'f', CLI_FLAG, offsetof(Args, flag), 0, "a flag", NULL },
    { "other", 'o', CLI_FLAG, offsetof(Args, other), 0, "another", NULL },
    { 0 },
};

typedef struct Fixture {
    Args args;
    char **words;
    GPtrArray *positional;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->positional = g_ptr_array_new();
    *state = f;
    return 0;
}

static void
reset(Fixture *f)
{
    cli_options_clear(options, &f->args);
    memset(&f->args, 0, sizeof f->args);
    g_clear_pointer(&f->words, g_strfreev);
    g_ptr_array_set_size(f->positional, 0);
    g_clear_error(&f->error);
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    reset(f);
    g_ptr_array_unref(f->positional);
    g_free(f);
    return 0;
}

static bool
parse(Fixture *f, const char *line)
{
    reset(f);
    f->words = g_strsplit(line, " ", -1);
    return cli_options_parse(options, &f->args, NULL, NULL, (const char *const *)f->words,
                             f->positional, &f->error);
}

static void
value_may_stand_in_four_places(void **state)
{
    static const char *const lines[] = { "--text x", "--text=x", "-t x", "-tx" };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        test_case("# %s\n", lines[i]);
        assert_true(parse(f, lines[i]));
        assert_string_equal(f->args.text, "x");
        assert_int_equal(f->positional->len, 0);
    }
}

static void
last_value_wins_and_lists_grow(void **state)
{
    Fixture *f = *state;

    assert_true(parse(f, "-t a -t b -m c --many d"));
    assert_string_equal(f->args.text, "b");
    assert_int_equal(f->args.many->len, 2);
    assert_string_equal(g_ptr_array_index(f->args.many, 1), "d");
}

static void
options_and_arguments_mix(void **state)
{
    Fixture *f = *state;

    assert_true(parse(f, "a -fo b - -n 12 -- -x --text"));
    assert_true(f->args.flag && f->args.other);
    assert_int_equal(f->args.number, 12);
    assert_int_equal(f->positional->len, 5);
    assert_string_equal(g_ptr_array_index(f->positional, 2), "-");
    assert_string_equal(g_ptr_array_index(f->positional, 4), "--text");
}

static void
wrong_lines_are_refused(void **state)
{
    static const char *const lines[] = {
        "--text",     "-t",    "--flag=1", "-x",        "--nothing-like-it",
        "--number x", "-n -1", "-n 1x",    "--number=", "-n 9999999999999999",
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        test_case("# %s\n", lines[i]);
        assert_false(parse(f, lines[i]));
        assert_gerror(f->error, API_ERROR, API_ERROR_BAD_ARGUMENTS);
    }
}

static void
missing_required_option_is_named(void **state)
{
    Fixture *f = *state;

    assert_true(parse(f, "-f"));
    assert_false(cli_options_check(options, &f->args, &f->error));
    assert_string_equal(f->error->message, "option '--text TEXT' is missing");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(value_may_stand_in_four_places),   TEST(last_value_wins_and_lists_grow),
        TEST(options_and_arguments_mix),        TEST(wrong_lines_are_refused),
        TEST(missing_required_option_is_named),
    };

    return cmocka_run_group_tests_name("cli_options", tests, NULL, NULL);
}
