/* SPDX-License-Identifier: Apache-2.0
 * test_glob: what file name patterns match and which are refused. */
#include "testing.h"
#include "base/error.h"
#include "format/glob.h"
#include "base/banned.h"

typedef struct {
    const char *pattern;
    const char *path;
    bool matches;
} MatchCase;

static const MatchCase match_cases[] = {
    { "a", "a", true },
    { "a", "ab", false },
    { "a", "a/b", false },
    { "*", "a", true },
    { "*", ".hidden", true },
    { "*", "a/b", false },
    { "*.tar.gz", "x.tar.gz", true },
    { "*.tar.gz", "x.tar.gz.asc", false },
    { "a*b*c", "aXbYbZc", true },
    { "a*b*c", "aXbYbZ", false },
    { "?", "a", true },
    { "?", "", false },
    { "a?c", "a/c", false },
    { "dist/*", "dist/x", true },
    { "dist/*", "dist/x/y", false },
    { "dist/**", "dist/x/y", true },
    { "dist/**", "dist", true },
    { "**", "a/b/c", true },
    { "**/c", "c", true },
    { "**/c", "a/b/c", true },
    { "**/c", "a/b/cc", false },
    { "a/**/b", "a/b", true },
    { "a/**/b", "a/x/b/y/b", true },
    { "a/**/b", "a/x/b/y", false },
    { "**/a/**/b", "a/a/a/c/b", true },
    { "[abc]", "b", true },
    { "[abc]", "d", false },
    { "[a-c]x", "bx", true },
    { "[!a-c]x", "bx", false },
    { "[!a-c]x", "dx", true },
    { "[^a-c]x", "dx", true },
    { "[]]", "]", true },
    { "[!]]", "]", false },
    { "[a-]", "-", true },
    { "[\\]]", "]", true },
    { "[a\\-z]", "b", false },
    { "\\*", "*", true },
    { "\\*", "a", false },
    { "[\xff]", "\xff", true },
};

static void
match_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(match_cases); i++) {
        const MatchCase *c = &match_cases[i];
        test_case("%s on %s\n", c->pattern, c->path);
        assert_true(glob_check(c->pattern, NULL));
        assert_int_equal(glob_match(c->pattern, c->path), c->matches);
    }
}

static void
match_stays_fast_on_many_stars(void **state)
{
    char pattern[200];
    char name[900];

    (void)state;
    for (size_t i = 0; i < sizeof pattern - 1; i++)
        pattern[i] = i % 2 == 0 ? '*' : 'a';
    pattern[sizeof pattern - 1] = 0;
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 2] = 'b';
    name[sizeof name - 1] = 0;
    pattern[sizeof pattern - 2] =
        'c'; /* exponential backtracking would not end in this test's time */

    assert_false(glob_match(pattern, name));
}

static void
match_below_keeps_only_folders_that_can_match(void **state)
{
    (void)state;
    assert_true(glob_match_below("dist/*", "dist"));
    assert_false(glob_match_below("dist/*", "dist/sub"));
    assert_false(glob_match_below("dist/*", "other"));
    assert_true(glob_match_below("**/x", "any/folder"));
    assert_true(glob_match_below("a/**", "a/b"));
    assert_false(glob_match_below("a/**", "b"));
    assert_true(glob_match_below("*/*/c", "a/b"));
    assert_false(glob_match_below("*", "a"));
}

static const struct {
    const char *pattern;
    const char *message;
} refused_cases[] = {
    { "", "empty part at column 1" },
    { "/etc/passwd", "empty part at column 1" },
    { "a//b", "empty part at column 3" },
    { "a/", "empty part at column 3" },
    { "../x", "'.' or '..' at column 1" },
    { "a/./b", "'.' or '..' at column 3" },
    { "a/b**", "'**' beside other text at column 4" },
    { "***", "'**' beside other text at column 1" },
    { "a[bc", "'[' without ']' at column 2" },
    { "a[]", "'[' without ']' at column 2" },
    { "[a/b]", "'[' without ']' at column 1" },
    { "a\\", "unfinished '\\' at column 2" },
};

static void
check_refuses_with_the_column(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(refused_cases); i++) {
        GError *error = NULL;
        test_case("%s\n", refused_cases[i].pattern);
        bool ok = glob_check(refused_cases[i].pattern, &error);
        assert_false(ok);
        assert_gerror(error, BASE_ERROR, BASE_ERROR_INVALID);
        bool said = strstr(error->message, refused_cases[i].message) != NULL;
        if (!said)
            print_message("# %s\n", error->message);
        g_clear_error(&error);
        assert_true(said);
    }
}

static void
check_refuses_a_pattern_over_the_limit(void **state)
{
    char pattern[GLOB_MAX_BYTES + 2];
    GError *error = NULL;

    (void)state;
    memset(pattern, 'a', sizeof pattern - 1);
    pattern[sizeof pattern - 1] = 0;
    bool ok = glob_check(pattern, &error);
    assert_gerror(error, BASE_ERROR, BASE_ERROR_INVALID);
    g_clear_error(&error);
    assert_false(ok);
    pattern[GLOB_MAX_BYTES] = 0;
    assert_true(glob_check(pattern, NULL));
}

static void
stars_of_a_text_stand_for_anything_at_all(void **state)
{
    static const struct {
        const char *pattern, *text;
        bool fits;
    } rows[] = {
        { "*@example.org", "ada@example.org", true },
        { "*@example.org", "ada@example.org.evil", false },
        { "a*b*c", "a/x/b.c", true },
        { "a*b*c", "acb", false },
        { "?", "", false },
        { "", "", true },
        { "***", "x", true },
        { "[a]\\", "[a]\\", true },
        { "[a]", "a", false },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_case("%s %s", rows[i].pattern, rows[i].text);
        assert_int_equal(glob_match_text(span_of_text(rows[i].pattern), span_of_text(rows[i].text)),
                         rows[i].fits);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stars_of_a_text_stand_for_anything_at_all),
        cmocka_unit_test(match_follows_the_table),
        cmocka_unit_test(match_stays_fast_on_many_stars),
        cmocka_unit_test(match_below_keeps_only_folders_that_can_match),
        cmocka_unit_test(check_refuses_with_the_column),
        cmocka_unit_test(check_refuses_a_pattern_over_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
