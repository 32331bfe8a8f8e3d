/* SPDX-License-Identifier: Apache-2.0
 * test_group: marks of three services, and what only looks like one. */
#include "testing.h"
#include "joblog/group.h"
#include "base/banned.h"

static void
assert_mark(const char *text, GroupKind kind, const char *name, bool collapsed)
{
    GroupMark mark = group_mark_of(span_of_text(text));

    print_message("# %s\n", text);
    assert_int_equal(mark.kind, kind);
    assert_int_equal(mark.name.len, strlen(name));
    if (mark.name.len > 0)
        assert_memory_equal(mark.name.data, name, strlen(name));
    assert_int_equal(mark.collapsed, collapsed);
}

static void
marks_of_github_are_known(void **state)
{
    (void)state;
    assert_mark("::group::Install things", GROUP_OPEN, "Install things", true);
    assert_mark("##[group]Run make\r", GROUP_OPEN, "Run make", true);
    assert_mark("::endgroup::", GROUP_CLOSE, "", false);
}

static void
marks_of_gitlab_are_known(void **state)
{
    (void)state;
    assert_mark("section_start:1560896352:my_first\r\x1b[0KHeader of it", GROUP_OPEN,
                "Header of it", false);
    assert_mark("\x1b[0Ksection_start:1560896352:my_first[collapsed=true]\r\x1b[0KHeader",
                GROUP_OPEN, "Header", true);
    assert_mark("section_start:1:id[collapsed=true]", GROUP_OPEN, "id", true);
    assert_mark("\x1b[0Ksection_end:1560896353:my_first\r\x1b[0K", GROUP_CLOSE, "", false);
    assert_mark("section_start:x:id\r", GROUP_NONE, "", false);
    assert_mark("section_start:1:\r", GROUP_NONE, "", false);
}

static void
marks_of_buildkite_are_known(void **state)
{
    (void)state;
    assert_mark("--- Build", GROUP_SECTION, "Build", true);
    assert_mark("+++ :rocket: Tests", GROUP_SECTION, ":rocket: Tests", false);
    assert_mark("~~~ Prepare", GROUP_SECTION, "Prepare", true);
}

static void
differences_and_rules_are_no_sections(void **state)
{
    static const char *const lines[] = {
        "--- a/src/x.c",
        "+++ b/src/x.c",
        "--- x.orig\t2026-01-01",
        "--- /dev/null",
        "---",
        "--- ---",
        "----- x",
        "::group",
        "a ::group::b",
        "",
        "+++ ./wanted.c",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
        assert_mark(lines[i], GROUP_NONE, "", false);
}

static void
long_names_are_cut_between_characters(void **state)
{
    GString *text = g_string_new("::group::x");

    (void)state;
    for (int i = 0; i < GROUP_NAME_BYTES; i++)
        g_string_append(text, "ä");
    GroupMark mark = group_mark_of(span_of(text->str, text->len));
    bool valid = g_utf8_validate((const char *)mark.name.data, (gssize)mark.name.len, NULL);
    size_t len = mark.name.len;

    g_string_free(text, TRUE);
    assert_int_equal(len, GROUP_NAME_BYTES - 1);
    assert_true(valid);
}

static void
levels_follow_the_marks(void **state)
{
    static const struct {
        const char *text;
        unsigned level;
    } lines[] = {
        { "a", 0 },
        { "::group::x", 0 },
        { "b", 1 },
        { "::group::y", 1 },
        { "c", 2 },
        { "::endgroup::", 1 },
        { "::endgroup::", 0 },
        { "::endgroup::", 0 },
        { "--- one", 0 },
        { "d", 1 },
        { "::group::z", 1 },
        { "e", 2 },
        { "--- two", 0 },
        { "f", 1 },
        { "::endgroup::", 1 },
        { "g", 1 },
    };
    GroupState groups = { 0 };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        GroupMark mark = group_mark_of(span_of_text(lines[i].text));

        print_message("# %zu: %s\n", i, lines[i].text);
        assert_int_equal(group_state_take(&groups, &mark), lines[i].level);
    }
}

static void
levels_end_at_the_deepest(void **state)
{
    GroupState groups = { 0 };
    GroupMark open = { .kind = GROUP_OPEN };

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_true(group_state_take(&groups, &open) <= GROUP_MAX_LEVEL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_of_github_are_known),
        cmocka_unit_test(marks_of_gitlab_are_known),
        cmocka_unit_test(marks_of_buildkite_are_known),
        cmocka_unit_test(differences_and_rules_are_no_sections),
        cmocka_unit_test(long_names_are_cut_between_characters),
        cmocka_unit_test(levels_follow_the_marks),
        cmocka_unit_test(levels_end_at_the_deepest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
