/* SPDX-License-Identifier: Apache-2.0
 * Files that follow from sealed assets. */
#include "testing.h"
#include "format/derived.h"

static void
sums_are_sorted_and_escaped_as_coreutils_does(void **state)
{
    DerivedAsset assets[] = { { .name = "b" }, { .name = "a\\n" }, { .name = "a" } };
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    g_autofree char *text = derived_sha256sums(assets, G_N_ELEMENTS(assets));
    g_autofree char *wanted = g_strdup_printf("%s  a\n\\%s  a\\\\n\n%s  b\n", zeros, zeros, zeros);

    (void)state;
    assert_string_equal(text, wanted);
}

static void
index_does_not_depend_on_order(void **state)
{
    DerivedAsset one[] = { { .name = "b", .size_bytes = 2 }, { .name = "a", .size_bytes = 1 } };
    DerivedAsset two[] = { one[1], one[0] };
    Digest manifest = { 0 };
    g_autoptr(GError) error = NULL;
    g_autofree char *a = derived_index("release:acme/cli@1", &manifest, one, 2, &error);
    g_autofree char *b = derived_index("release:acme/cli@1", &manifest, two, 2, &error);

    (void)state;
    assert_no_gerror(error);
    assert_string_equal(a, b);
    assert_true(g_str_has_prefix(a, "{\"assets\":[{\"digest\":\"sha256:"));
    assert_true(g_str_has_suffix(a, "\"slipwayIndex\":1}\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_sorted_and_escaped_as_coreutils_does),
        cmocka_unit_test(index_does_not_depend_on_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
