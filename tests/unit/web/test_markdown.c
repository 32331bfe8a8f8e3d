/* SPDX-License-Identifier: Apache-2.0
 * What jobs write is shown, and does nothing. */
#include <string.h>
#include "testing.h"
#include "web/markdown.h"
#include "base/banned.h"

static void
assert_html(const char *text, const char *wanted)
{
    g_autoptr(GString) out = g_string_new(NULL);

    markdown_to_html(out, text);
    assert_string_equal(out->str, wanted);
}

static void
markdown_becomes_html(void **state)
{
    (void)state;
    assert_html("# Title\n\n- *a* & `b`\n",
                "<h3>Title</h3>\n<ul>\n<li><em>a</em> &amp; <code>b</code></li>\n</ul>\n");
}

static void
html_of_a_job_is_left_out(void **state)
{
    (void)state;
    assert_html("<script>alert(1)</script>\n", "<!-- raw HTML omitted -->\n");
    assert_html("a <img src=x onerror=alert(1)> b\n", "<p>a <!-- raw HTML omitted --> b</p>\n");
}

static void
only_harmless_addresses_are_linked(void **state)
{
    (void)state;
    assert_html("[x](javascript:alert(1))", "<p><a href=\"\">x</a></p>\n");
    assert_html("[x](https://example.org/?a=\"b)",
                "<p><a href=\"https://example.org/?a=%22b\">x</a></p>\n");
}

static void
an_image_is_a_link_and_loads_nothing(void **state)
{
    (void)state;
    assert_html("![a *graph*](https://example.org/g.png)",
                "<p><a href=\"https://example.org/g.png\">a <em>graph</em></a></p>\n");
    assert_html("![](g.png)", "<p><a href=\"g.png\">image</a></p>\n");
}

static void
a_heading_is_never_lower_than_the_lowest(void **state)
{
    (void)state;
    assert_html("###### deep", "<h6>deep</h6>\n");
}

static void
what_is_too_long_is_cut_and_says_so(void **state)
{
    g_autofree char *text = g_strnfill(MARKDOWN_MAX_BYTES + 1, 'x');
    g_autoptr(GString) out = g_string_new(NULL);

    (void)state;
    markdown_to_html(out, text);
    assert_non_null(strstr(out->str, "cut: it is longer"));
}

static void
bytes_that_are_no_text_are_replaced(void **state)
{
    (void)state;
    assert_html("a\xff"
                "b",
                "<p>a\xef\xbf\xbd"
                "b</p>\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markdown_becomes_html),
        cmocka_unit_test(html_of_a_job_is_left_out),
        cmocka_unit_test(only_harmless_addresses_are_linked),
        cmocka_unit_test(an_image_is_a_link_and_loads_nothing),
        cmocka_unit_test(a_heading_is_never_lower_than_the_lowest),
        cmocka_unit_test(what_is_too_long_is_cut_and_says_so),
        cmocka_unit_test(bytes_that_are_no_text_are_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
