/* SPDX-License-Identifier: Apache-2.0
 * Tests of pipeline/substitute.h. */
#include "pipeline/substitute.h"
#include "testing.h"
#include "base/banned.h"

static const char *
get(const char *name, void *data)
{
    (void)data;
    if (strcmp(name, "a") == 0)
        return "1";
    if (strcmp(name, "matrix.x-y_z") == 0)
        return "two";
    if (strcmp(name, "evil") == 0)
        return "${a}$${a}";
    return strcmp(name, "empty") == 0 ? "" : NULL;
}

static bool
go_on(const char *name, size_t offset, void *data)
{
    (void)name;
    (void)offset;
    (void)data;
    return true;
}

static void
text_is_replaced_once(void **state)
{
    static const struct {
        const char *text;
        const char *result;
    } cases[] = {
        { "", "" },
        { "plain", "plain" },
        { "${a}", "1" },
        { "<${a}${a}>", "<11>" },
        { "${matrix.x-y_z}!", "two!" },
        { "${empty}", "" },
        { "$", "$" },
        { "$a $$ $}", "$a $$ $}" },
        { "$${a}", "${a}" },
        { "$$${a}", "$${a}" },
        { "${evil}", "${a}$${a}" },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        test_case("%s", cases[i].text);
        g_autofree char *result =
            substitute_text(cases[i].text, get, NULL, SUBSTITUTE_STRICT, &error);
        assert_no_gerror(error);
        assert_string_equal(result, cases[i].result);
    }
}

static void
bad_names_are_refused_with_the_place(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
    } cases[] = { { "${", 0 },      { "ab${a", 2 },     { "${}", 0 },
                  { "x${a b}", 1 }, { "${a}${a$}", 4 }, { "${${a}}", 0 } };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        size_t offset = 999;

        test_case("%s", cases[i].text);
        g_autofree char *result =
            substitute_text(cases[i].text, get, NULL, SUBSTITUTE_KEEP, &error);
        assert_null(result);
        assert_gerror(error, BASE_ERROR, BASE_ERROR_INVALID);
        g_clear_error(&error);
        bool ok = substitute_scan(cases[i].text, go_on, NULL, &offset, &error);
        assert_false(ok);
        assert_int_equal(offset, cases[i].offset);
    }
}

static void
unknown_names_are_refused_or_kept(void **state)
{
    g_autoptr(GError) error = NULL;

    (void)state;
    g_autofree char *strict = substitute_text("x${b}", get, NULL, SUBSTITUTE_STRICT, &error);
    assert_null(strict);
    assert_gerror(error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_autofree char *kept = substitute_text("x${b}${a}", get, NULL, SUBSTITUTE_KEEP, &error);
    assert_no_gerror(error);
    assert_string_equal(kept, "x${b}1");
}

static void
result_is_bounded(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strnfill(SUBSTITUTE_MAX_BYTES + 1, 'x');

    (void)state;
    g_autofree char *result = substitute_text(text, get, NULL, SUBSTITUTE_STRICT, &error);
    assert_null(result);
    assert_gerror(error, BASE_ERROR, BASE_ERROR_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_replaced_once),
        cmocka_unit_test(bad_names_are_refused_with_the_place),
        cmocka_unit_test(unknown_names_are_refused_or_kept),
        cmocka_unit_test(result_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
