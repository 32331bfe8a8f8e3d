/* SPDX-License-Identifier: Apache-2.0
 * test_error: kinds, prefixes, ignoring, printing. */
#include <errno.h>
#include "testing.h"
#include "base/error.h"
#include "base/banned.h"

static void
kind_is_read_from_the_code(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;

    error_set(&error, BASE_ERROR, BASE_ERROR_CONFLICT, "release '%s' is taken", "web 1");

    assert_int_equal(error_kind(error), ERROR_KIND_CONFLICT);
    assert_string_equal(error_kind_name(error_kind(error)), "conflict");
    assert_string_equal(error->message, "release 'web 1' is taken");
}

static void
foreign_errors_have_no_kind(void **state)
{
    (void)state;
    GError foreign = { .domain = G_CONVERT_ERROR, .code = 3 };

    assert_int_equal(error_kind(&foreign), ERROR_KIND_NONE);
    assert_int_equal(error_kind(NULL), ERROR_KIND_NONE);
}

static void
every_kind_has_a_name(void **state)
{
    (void)state;
    for (int kind = 0; kind < ERROR_N_KINDS; kind++)
        assert_non_null(error_kind_name((ErrorKind)kind));
}

static void
errno_text_is_appended(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;

    errno = ENOENT;
    error_set_errno(&error, BASE_ERROR, BASE_ERROR_IO, "cannot open '%s'", "x");

    assert_string_equal(error->message, "cannot open 'x': No such file or directory");
    assert_int_equal(errno, ENOENT);
}

static void
prefix_goes_before_the_message(void **state)
{
    (void)state;
    GError *error = NULL;

    error_prefix(&error, "never seen");
    assert_null(error);
    error_set(&error, BASE_ERROR, BASE_ERROR_IO, "disk full");
    error_prefix(&error, "cannot publish '%s'", "web");
    assert_string_equal(error->message, "cannot publish 'web': disk full");
    error_ignore(false, &error, "test");
    assert_null(error);
}

static void
setting_no_error_is_harmless(void **state)
{
    (void)state;
    error_set(NULL, BASE_ERROR, BASE_ERROR_IO, "x");
    error_set_errno(NULL, BASE_ERROR, BASE_ERROR_IO, "x");
    error_prefix(NULL, "x");
}

static void
printable_masks_control_characters(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        { "plain", "plain" },
        { "a\033[31mb", "a\\x1B[31mb" },
        { "tab\tnew\n", "tab\\x09new\\x0A" },
        { "gr\303\274n", "gr\303\274n" },
        { "\302\233x", "\\xC2\\x9Bx" }, /* a C1 control: some terminals take it for ESC [ */
        { "bad\377utf", "bad\\xFFutf" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = error_printable(cases[i].text);

        assert_string_equal(got, cases[i].wanted);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kind_is_read_from_the_code),
        cmocka_unit_test(foreign_errors_have_no_kind),
        cmocka_unit_test(every_kind_has_a_name),
        cmocka_unit_test(errno_text_is_appended),
        cmocka_unit_test(prefix_goes_before_the_message),
        cmocka_unit_test(setting_no_error_is_harmless),
        cmocka_unit_test(printable_masks_control_characters),
    };

    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
