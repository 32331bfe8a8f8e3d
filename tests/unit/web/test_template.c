/* SPDX-License-Identifier: Apache-2.0
 * test_template: holes, blocks, and that nothing gets through unescaped. */
#include "web/template.h"
#include "testing.h"
#include "base/json.h"
#include "base/banned.h"

typedef struct {
    const char *text;
    const char *context;
    const char *wanted; /* NULL: a mistake */
} Case;

static const Case cases[] = {
    { "a {{b}} c", "{\"b\": 1}", "a 1 c" },
    { "{{b}}", "{\"b\": \"<a href='x'>&\\\"\"}", "&lt;a href=&#39;x&#39;&gt;&amp;&quot;" },
    { "{{{b}}}", "{\"b\": \"<b>\"}", "<b>" },
    { "{{a.b.c}}{{a.x}}", "{\"a\": {\"b\": {\"c\": true}}}", "true" },
    { "{{#if a}}yes{{else}}no{{/if}}", "{\"a\": []}", "no" },
    { "{{#if a}}yes{{/if}}!", "{\"a\": \"x\"}", "yes!" },
    { "{{#each l}}[{{n}}{{out}}]{{else}}none{{/each}}",
      "{\"out\": \"o\", \"l\": [{\"n\": 1}, {\"n\": 2}]}", "[1o][2o]" },
    { "{{#each l}}{{.}} {{/each}}", "{\"l\": [\"a\", \"<\"]}", "a &lt; " },
    { "{{#each l}}x{{else}}none{{/each}}", "{}", "none" },
    { "{{#if a}}{{#if b}}1{{else}}2{{/if}}{{else}}3{{/if}}", "{\"a\": 1}", "2" },
    { "{{> other}}", "{\"b\": 7}", "other 7" },
    { "{{> unknown}}", "{}", NULL },
    { "{{> self}}", "{}", NULL },
    { "{{#if a}}", "{}", NULL },
    { "{{/if}}", "{}", NULL },
    { "{{#unless a}}{{/unless}}", "{}", NULL },
    { "{{a", "{}", NULL },
    { "{{}}", "{}", NULL },
};

static const Case *current; /* what the finder serves */

static const char *
find(const char *name)
{
    return strcmp(name, "main") == 0    ? current->text
           : strcmp(name, "other") == 0 ? "other {{b}}"
           : strcmp(name, "self") == 0  ? "{{> self}}"
                                        : NULL;
}

static void
templates_are_filled_like_this(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(json_t) context = json_loads(cases[i].context, 0, NULL);
        g_autoptr(GString) out = g_string_new(NULL);
        g_autoptr(GError) error = NULL;

        test_case("%s", cases[i].text);
        current = &cases[i];
        bool ok = template_render(find, "main", context, out, &error);
        assert_int_equal(ok, cases[i].wanted != NULL);
        if (ok)
            assert_string_equal(out->str, cases[i].wanted);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(templates_are_filled_like_this) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
