/* SPDX-License-Identifier: Apache-2.0
 * Nothing that comes from outside becomes markup. */
#include <string.h>
#include "testing.h"
#include "web/html.h"
#include "base/banned.h"

static char *
text_of(Html *html)
{
    g_autoptr(GBytes) bytes = html_finish(html);

    return g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
}

static void
texts_and_values_are_escaped(void **state)
{
    g_autoptr(Html) html = html_page("<title>", "<viewer>", "\"csrf'");
    g_autofree char *text = NULL;

    (void)state;
    html_open(html, "p", "title", "\"><script>", NULL);
    html_text(html, "<script>&'\"");
    html_format(html, "%s", "<b>");
    html_element(html, "code", "\" onclick=\"x", "<i>");
    text = text_of(html);
    assert_null(strstr(text, "<script>&"));
    assert_null(strstr(text, "<viewer>"));
    assert_null(strstr(text, "<b>"));
    assert_null(strstr(text, "<i>"));
    assert_null(strstr(text, "\" onclick"));
    assert_non_null(strstr(text, "&lt;script&gt;&amp;&#39;&quot;"));
    assert_non_null(strstr(text, "value=\"&quot;csrf&#39;\""));
}

static void
what_is_open_is_closed_at_the_end(void **state)
{
    g_autoptr(Html) html = html_page("t", NULL, NULL);
    g_autofree char *text = NULL;

    (void)state;
    html_open(html, "ul", NULL);
    html_open(html, "li", NULL);
    text = text_of(html);
    assert_true(g_str_has_suffix(text, "<ul><li></li></ul></main></body></html>"));
}

static void
an_attribute_without_a_value_is_left_out(void **state)
{
    g_autoptr(Html) html = html_page("t", NULL, NULL);
    g_autofree char *text = NULL;

    (void)state;
    html_void(html, "input", "name", "a", "value", NULL, "type", "text", NULL);
    text = text_of(html);
    assert_non_null(strstr(text, "<input name=\"a\" type=\"text\">"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_values_are_escaped),
        cmocka_unit_test(what_is_open_is_closed_at_the_end),
        cmocka_unit_test(an_attribute_without_a_value_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
