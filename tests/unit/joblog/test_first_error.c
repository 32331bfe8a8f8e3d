/* SPDX-License-Identifier: Apache-2.0
 * test_first_error: the line people look for is found in what real tools write. */
#include "testing.h"
#include "joblog/first_error.h"
#include "base/banned.h"

static void
known_forms_are_sure(void **state)
{
    static const char *const lines[] = {
        "src/a.c:3:7: error: 'x' undeclared",
        "\x1b[1m\x1b[31merror[E0308]\x1b[0m: mismatched types",
        "  error: aborting due to previous error",
        "/usr/bin/ld: a.o: undefined reference to `f'",
        "not ok 3 - refuses",
        "--- FAIL: TestX (0.00s)",
        "make: *** [Makefile:3: all] Error 1",
        "/bin/sh: 1: foo: not found",
        "Traceback (most recent call last):",
        "E       assert 1 == 2",
        "::error file=a.c,line=3::no",
        "fatal: not a git repository",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        print_message("# %s\n", lines[i]);
        assert_int_equal(first_error_rank(span_of_text(lines[i])), FIRST_ERROR_SURE);
    }
}

static void
what_says_that_all_is_well_is_no_error(void **state)
{
    static const char *const lines[] = {
        "12 passed, 0 failed", "0 errors, 0 warnings",  "gcc -Wall -Werror -c a.c",
        "ok 3 - error",        "compiling error_map.c",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        print_message("# %s\n", lines[i]);
        assert_true(first_error_rank(span_of_text(lines[i])) < FIRST_ERROR_SURE);
    }
    assert_int_equal(first_error_rank(span_of_text("  ")), FIRST_ERROR_NONE);
}

static void
find(FirstError *found, const char *const *texts, size_t n, uint32_t step)
{
    for (size_t i = 0; i < n; i++) {
        JobLogLine line = { .kind = JOBLOG_LINE, .step = 2, .text = span_of_text(texts[i]) };

        first_error_take(found, &line, i * 10, i, step);
    }
}

static void
of_many_the_first_sure_one_is_it(void **state)
{
    static const char *const lines[] = { "building", "something failed", "a.c:1:1: error: one",
                                         "a.c:2:1: error: two", "make: *** [x] Error 1" };
    FirstError found = { 0 };

    (void)state;
    find(&found, lines, G_N_ELEMENTS(lines), 2);
    bool is_it = found.line == 2 && found.offset == 20 && found.step == 2 &&
                 strcmp(found.text, lines[2]) == 0;

    first_error_clear(&found);
    assert_true(is_it);
}

static void
without_any_the_last_line_is_it(void **state)
{
    static const char *const lines[] = { "one", "two", "three", "" };
    FirstError found = { 0 };

    (void)state;
    find(&found, lines, G_N_ELEMENTS(lines), 0);
    uint64_t line = found.line;
    FirstErrorRank rank = found.rank;

    first_error_clear(&found);
    assert_int_equal(line, 2);
    assert_int_equal(rank, FIRST_ERROR_LAST);
}

static void
lines_of_other_steps_do_not_count(void **state)
{
    static const char *const lines[] = { "error: one" };
    FirstError found = { 0 };

    (void)state;
    find(&found, lines, G_N_ELEMENTS(lines), 3);
    assert_null(found.text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_forms_are_sure),
        cmocka_unit_test(what_says_that_all_is_well_is_no_error),
        cmocka_unit_test(of_many_the_first_sure_one_is_it),
        cmocka_unit_test(without_any_the_last_line_is_it),
        cmocka_unit_test(lines_of_other_steps_do_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
