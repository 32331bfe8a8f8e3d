/* SPDX-License-Identifier: Apache-2.0
 * test_output: tables, masking, and what --json leaves out. */
#include "testing.h"
#include <stdio.h>
#include "base/error.h"
#include "cli/output.h"
#include "base/banned.h"

typedef struct Fixture {
    FILE *out, *err;
    char *out_text, *err_text;
    size_t out_len, err_len;
    Output *output;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->out = open_memstream(&f->out_text, &f->out_len);
    f->err = open_memstream(&f->err_text, &f->err_len);
    f->output = output_new(f->out, f->err, false);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    output_free(f->output);
    fclose(f->out);
    fclose(f->err);
    free(f->out_text);
    free(f->err_text);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static void
print_table(Fixture *f)
{
    output_table_begin(f->output, (const char *[]){ "NAME", "STATE", "AT", NULL });
    output_table_row(f->output, (const char *[]){ "a", "passed", "now", NULL });
    output_table_row(f->output, (const char *[]){ "long-ü", NULL, "x\033[2J", NULL });
    output_table_end(f->output);
    fflush(f->out);
    fflush(f->err);
}

static void
table_is_aligned_and_masked(void **state)
{
    Fixture *f = *state;

    print_table(f);
    assert_string_equal(f->out_text, "NAME    STATE   AT\n"
                                     "a       passed  now\n"
                                     "long-ü  -       x\\x1B[2J\n");
}

static void
json_mode_prints_json_only(void **state)
{
    Fixture *f = *state;
    json_t *value = json_pack("{s:i}", "n", 1);

    output_free(f->output);
    f->output = output_new(f->out, f->err, true);
    print_table(f);
    output_line(f->output, "text");
    output_json(f->output, value);
    json_decref(value);
    fflush(f->out);
    assert_string_equal(f->out_text, "{\n  \"n\": 1\n}\n");
}

static void
progress_is_silent_without_a_terminal(void **state)
{
    Fixture *f = *state;

    output_progress(f->output, "working");
    fflush(f->err);
    assert_int_equal(f->err_len, 0);
}

static void
error_without_a_hint_has_one_line(void **state)
{
    Fixture *f = *state;

    error_set(&f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no run '%s'", "7");
    assert_int_equal(output_error(f->output, f->error, NULL), 1);
    fflush(f->err);
    assert_string_equal(f->err_text, "slipway: no run '7'\n");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(table_is_aligned_and_masked),
        TEST(json_mode_prints_json_only),
        TEST(progress_is_silent_without_a_terminal),
        TEST(error_without_a_hint_has_one_line),
    };

    return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
