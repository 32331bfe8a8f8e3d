/* SPDX-License-Identifier: Apache-2.0
 * test_job_output: what a job may say through $OUTPUT, and what it may not. */
#include "testing.h"
#include "base/limits.h"
#include "executor/job_output.h"
#include "base/banned.h"

typedef struct {
    GHashTable *values;
    GError *error;
} Fixture;

static const char *const declared[] = { "version", "notes", "empty", NULL };

static int
setup(void **state)
{
    *state = g_new0(Fixture, 1);
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    g_clear_pointer(&f->values, g_hash_table_unref);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static void
parse(Fixture *f, const char *text)
{
    f->values = job_output_parse(span_of_text(text), declared, &f->error);
}

static const char *
value(const Fixture *f, const char *key)
{
    return g_hash_table_lookup(f->values, key);
}

static void
lines_and_texts_are_read(void **state)
{
    Fixture *f = *state;

    parse(f, "version=1.2=3\n\nnotes<<EOT\nfirst\n\nversion=evil\nEOT\nempty=");
    assert_no_gerror(f->error);
    assert_int_equal(g_hash_table_size(f->values), 3);
    assert_string_equal(value(f, "version"), "1.2=3");
    assert_string_equal(value(f, "notes"), "first\n\nversion=evil");
    assert_string_equal(value(f, "empty"), "");
}

static void
nothing_is_no_output(void **state)
{
    Fixture *f = *state;

    parse(f, "");
    assert_no_gerror(f->error);
    assert_int_equal(g_hash_table_size(f->values), 0);
}

static void
a_text_may_be_empty(void **state)
{
    Fixture *f = *state;

    parse(f, "notes<<E\nE\n");
    assert_no_gerror(f->error);
    assert_string_equal(value(f, "notes"), "");
}

static void
a_value_may_hold_the_sign_of_a_text(void **state)
{
    Fixture *f = *state;

    parse(f, "version=a<<b\n");
    assert_no_gerror(f->error);
    assert_string_equal(value(f, "version"), "a<<b");
}

static const struct {
    const char *text;
    const char *message;
} refused_cases[] = {
    { "other=1\n", "line 1: the job does not declare the output 'other'" },
    { "version=1\nversion=2\n", "line 2: a second value for 'version'" },
    { "version=1\nrubbish\n", "line 2: no '=' in 'rubbish'" },
    { "notes<<EOT\ntext\n", "line 1: no line ends the text: wanted 'EOT'" },
    { "notes<<\ntext\n", "line 1: no word after '<<' in 'notes<<'" },
    { "=1\n", "line 1: the job does not declare the output ''" },
    { "version=\xff\n", "not UTF-8" },
};

static void
refused_with_the_line(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(refused_cases); i++) {
        test_case("%zu\n", i);
        parse(f, refused_cases[i].text);
        assert_null(f->values);
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
        if (strstr(f->error->message, refused_cases[i].message) == NULL)
            fail_msg("wanted '%s' in '%s'", refused_cases[i].message, f->error->message);
        g_clear_error(&f->error);
    }
}

static void
a_nul_byte_is_refused(void **state)
{
    Fixture *f = *state;

    f->values = job_output_parse(span_of("version=1\0x\n", 12), declared, &f->error);
    assert_null(f->values);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
too_much_is_refused(void **state)
{
    Fixture *f = *state;
    g_autofree char *text = g_strnfill(LIMIT_OUTPUT_FILE_BYTES + 1, '\n');

    parse(f, text);
    assert_null(f->values);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(lines_and_texts_are_read), CASE(nothing_is_no_output),
        CASE(a_text_may_be_empty),      CASE(a_value_may_hold_the_sign_of_a_text),
        CASE(refused_with_the_line),    CASE(a_nul_byte_is_refused),
        CASE(too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
