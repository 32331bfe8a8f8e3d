/* SPDX-License-Identifier: Apache-2.0
 * test_ansi: colours become spans, everything else of a terminal's language disappears. */
#include "web/ansi.h"
#include "testing.h"
#include "base/banned.h"

static void
lines_become_html_like_this(void **state)
{
    static const char *const cases[][2] = {
        { "plain", "plain" },
        { "<b> & \"q\"", "&lt;b&gt; &amp; &quot;q&quot;" },
        { "\033[31mred\033[0m end", "<span class=\"c31\">red</span> end" },
        { "\033[1;32mok", "<span class=\"c32 bold\">ok</span>" },
        { "\033[1ma\033[31mb\033[22mc",
          "<span class=\"bold\">a</span><span class=\"c31 bold\">b</span>"
          "<span class=\"c31\">c</span>" },
        { "\033[38;5;196mx", "x" },
        { "\033[2K\033[1Gx", "x" },
        { "\033]0;title\ax\033]8;;http://a\033\\y", "xy" },
        { "10%\r50%\r100%", "100%" },
        { "done\r", "done" },
        { "a\bb\177", "ab\177" },
        { "cut \033[31", "cut " },
        { "\033", "" },
        { "tab\there", "tab\there" },
        { "\033[<script>m", "cript&gt;m" },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GString) out = g_string_new(NULL);

        test_case("case %zu", i);
        ansi_to_html(out, cases[i][0]);
        assert_string_equal(out->str, cases[i][1]);
    }
}

static void
plain_text_has_no_sequences(void **state)
{
    g_autofree char *plain = ansi_to_plain("\033[1mBuild\033[0m \033]0;t\a<x>");

    (void)state;
    assert_string_equal(plain, "Build <x>");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_html_like_this),
        cmocka_unit_test(plain_text_has_no_sequences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
