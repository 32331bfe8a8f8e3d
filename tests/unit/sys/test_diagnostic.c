/* SPDX-License-Identifier: Apache-2.0
 * test_diagnostic: order, excerpt and caret, and what is hidden from a terminal. */
#include "testing.h"
#include "base/error.h"
#include "sys/diagnostic.h"
#include "sys/suggest.h"
#include "base/banned.h"

typedef struct Fixture {
    Diagnostics *diagnostics;
    char *text;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->diagnostics = diagnostics_new("f.yaml", span_of_text("one\n\ttwo: ü x\nthree\n"));
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    diagnostics_free(f->diagnostics);
    g_free(f->text);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static void
text_is_in_order_with_a_caret_below(void **state)
{
    Fixture *f = *state;

    diagnostics_add(f->diagnostics, (TextPosition){ 2, 9 }, "unknown '%s'", "x");
    diagnostics_add(f->diagnostics, (TextPosition){ 1, 1 }, "first");
    f->text = diagnostics_text(f->diagnostics);
    assert_string_equal(f->text, "f.yaml:1:1: first\n"
                                 "    one\n"
                                 "    ^\n"
                                 "f.yaml:2:9: unknown 'x'\n"
                                 "     two: ü x\n"
                                 "            ^\n");
}

static void
message_on_the_whole_file_has_no_excerpt(void **state)
{
    Fixture *f = *state;

    diagnostics_add(f->diagnostics, (TextPosition){ 0 }, "too long");
    f->text = diagnostics_text(f->diagnostics);
    assert_string_equal(f->text, "f.yaml: too long\n");
}

static void
control_characters_do_not_reach_the_terminal(void **state)
{
    Fixture *f = *state;

    diagnostics_add(f->diagnostics, (TextPosition){ 0 }, "bad \x1b[31m name");
    f->text = diagnostics_text(f->diagnostics);
    assert_null(strchr(f->text, '\x1b'));
}

static void
those_over_the_maximum_are_counted(void **state)
{
    Fixture *f = *state;

    for (int i = 0; i < DIAGNOSTICS_MAX + 5; i++)
        diagnostics_add(f->diagnostics, (TextPosition){ 0 }, "x");
    f->text = diagnostics_text(f->diagnostics);
    assert_int_equal(diagnostics_count(f->diagnostics), DIAGNOSTICS_MAX + 5);
    assert_true(g_str_has_suffix(f->text, "f.yaml: 5 more errors\n"));
}

static void
check_gives_the_first_and_the_count(void **state)
{
    Fixture *f = *state;

    assert_true(diagnostics_check(f->diagnostics, &f->error));
    diagnostics_add(f->diagnostics, (TextPosition){ 3, 1 }, "b");
    diagnostics_add(f->diagnostics, (TextPosition){ 1, 2 }, "a");
    assert_false(diagnostics_check(f->diagnostics, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    assert_string_equal(f->error->message, "f.yaml:1:2: a (the first of 2 errors)");
}

static void
distance_counts_single_edits(void **state)
{
    (void)state;
    assert_int_equal(suggest_distance("needs", "needs"), 0);
    assert_int_equal(suggest_distance("need", "needs"), 1);
    assert_int_equal(suggest_distance("nedes", "needs"), 1); /* a swap of neighbours */
    assert_int_equal(suggest_distance("", "abc"), 3);
    assert_int_equal(suggest_distance("kitten", "sitting"), 3);
}

static void
nearest_is_only_given_when_near(void **state)
{
    static const char *const names[] = { "needs", "matrix", "steps", "x" };

    (void)state;
    assert_string_equal(suggest_nearest("need", names, 4), "needs");
    assert_string_equal(suggest_nearest("martix", names, 4), "matrix");
    assert_null(suggest_nearest("artifacts", names, 4));
    assert_null(suggest_nearest("y", names, 4));
    assert_null(suggest_nearest("y", names, 0));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(text_is_in_order_with_a_caret_below),
        TEST(message_on_the_whole_file_has_no_excerpt),
        TEST(control_characters_do_not_reach_the_terminal),
        TEST(those_over_the_maximum_are_counted),
        TEST(check_gives_the_first_and_the_count),
        cmocka_unit_test(distance_counts_single_edits),
        cmocka_unit_test(nearest_is_only_given_when_near),
    };

    return cmocka_run_group_tests_name("diagnostic", tests, NULL, NULL);
}
