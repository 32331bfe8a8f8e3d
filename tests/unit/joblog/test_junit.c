/* SPDX-License-Identifier: Apache-2.0
 * test_junit: what test runners write is counted and told; what could hurt is refused. */
#include "testing.h"
#include "joblog/junit.h"
#include "base/banned.h"

typedef struct {
    json_t *results;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->results = json_object();
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    json_decref(f->results);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static int64_t
number(Fixture *f, const char *key)
{
    return json_integer_value(json_object_get(f->results, key));
}

static const char *
of_case(Fixture *f, size_t index, const char *key)
{
    return json_string_value(
        json_object_get(json_array_get(json_object_get(f->results, "cases"), index), key));
}

static bool
add(Fixture *f, const char *xml)
{
    g_clear_error(&f->error);
    return junit_add(f->results, span_of_text(xml), &f->error);
}

static void
results_are_counted_and_failures_told(void **state)
{
    Fixture *f = *state;

    assert_true(add(f, "<?xml version='1.0'?><testsuites><testsuite name='unit'>"
                       "<testcase name='a' classname='C' time='0.5'/>"
                       "<testcase name='b' classname='C' time='1.5'><failure message='1 &lt; 2'>at "
                       "b.c:3</failure></testcase>"
                       "<testcase name='c'><skipped/></testcase>"
                       "<testcase name='d'><error type='E'/></testcase>"
                       "</testsuite></testsuites>"));
    assert_int_equal(number(f, "tests"), 4);
    assert_int_equal(number(f, "passed"), 1);
    assert_int_equal(number(f, "failed"), 2);
    assert_int_equal(number(f, "skipped"), 1);
    assert_true(json_real_value(json_object_get(f->results, "seconds")) > 1.99);
    assert_string_equal(of_case(f, 0, "name"), "b");
    assert_string_equal(of_case(f, 0, "suite"), "unit");
    assert_string_equal(of_case(f, 0, "message"), "1 < 2");
    assert_string_equal(of_case(f, 0, "text"), "at b.c:3");
    assert_string_equal(of_case(f, 2, "result"), "error");
}

static void
files_add_up(void **state)
{
    Fixture *f = *state;

    assert_true(add(f, "<testsuite><testcase name='a'/></testsuite>"));
    assert_true(add(f, "<testsuite><testcase name='b'><failure/></testcase></testsuite>"));
    assert_int_equal(number(f, "tests"), 2);
    assert_int_equal(number(f, "failed"), 1);
}

static void
entities_and_other_documents_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "not xml",
        "<html/>",
        "<testsuite><testcase></testsuite>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><testsuite name='&a;'/>",
        "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><testsuite/>",
        "<testsuite>&unknown;</testsuite>",
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        print_message("# %s\n", texts[i]);
        assert_false(add(f, texts[i]));
        assert_int_equal(error_kind(f->error), ERROR_KIND_INVALID);
    }
}

static void
deep_nesting_is_refused(void **state)
{
    Fixture *f = *state;
    GString *text = g_string_new(NULL);

    for (int i = 0; i < 100; i++)
        g_string_append(text, "<testsuite>");
    for (int i = 0; i < 100; i++)
        g_string_append(text, "</testsuite>");
    bool ok = add(f, text->str);

    g_string_free(text, TRUE);
    assert_false(ok);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(results_are_counted_and_failures_told, setup, teardown),
        cmocka_unit_test_setup_teardown(files_add_up, setup, teardown),
        cmocka_unit_test_setup_teardown(entities_and_other_documents_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(deep_nesting_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
