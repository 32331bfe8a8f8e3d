/* SPDX-License-Identifier: Apache-2.0
 * test_object_name: the names of facts.md section 2. */
#include "attest_fixture.h"
#include "attest/object_name.h"
#include "base/banned.h"

static void
names_are_spelled_as_they_were_read(void **state)
{
    static const struct {
        const char *text;
        ObjectKind kind;
    } cases[] = {
        { "root:log.example/main", OBJECT_ROOT },
        { "roster:acme", OBJECT_ROSTER },
        { "release:acme/cli@1.2.0-rc.1+b~2", OBJECT_RELEASE },
        { "env:acme/prod", OBJECT_ENV },
        { "channel:acme/latest", OBJECT_CHANNEL },
        { "target:acme/site-1.x_y", OBJECT_TARGET },
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        ObjectName name;
        char text[OBJECT_NAME_SIZE];
        test_case("%s", cases[i].text);
        assert_true(object_name_parse(cases[i].text, &name, &f->error));
        assert_int_equal(name.kind, cases[i].kind);
        object_name_format(&name, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void
names_outside_the_grammar_are_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "acme",
        "release:acme/cli",
        "release:acme@1",
        "release:Acme/cli@1",
        "release:acme/cli@",
        "release:acme/cli@-1",
        "release:acme/cli@1/2",
        "release:acme/c/d@1",
        "release:/cli@1",
        "env:acme",
        "env:acme/",
        "env:acme/a/b",
        "roster:",
        "roster:a/b",
        "roster:-a",
        "root:nopath",
        "project:acme",
        "roster:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    Fixture *f = *state;
    ObjectName name;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("'%s'", cases[i]);
        g_clear_error(&f->error);
        assert_false(object_name_parse(cases[i], &name, &f->error));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
made_names_are_checked(void **state)
{
    Fixture *f = *state;

    assert_string_equal(keep_text(f, object_name_release("acme", "cli", "1.0", &f->error)),
                        "release:acme/cli@1.0");
    assert_null(object_name_release("acme", "cli", "1 0", &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
names_that_differ_in_case_have_one_key(void **state)
{
    Fixture *f = *state;
    char *upper = keep_text(f, object_name_key("release:acme/cli@1.0-RC1"));

    assert_string_equal(upper, "release:acme/cli@1.0-rc1");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_are_spelled_as_they_were_read),
        TEST(names_outside_the_grammar_are_refused),
        TEST(made_names_are_checked),
        TEST(names_that_differ_in_case_have_one_key),
    };

    return cmocka_run_group_tests_name("object_name", tests, NULL, NULL);
}
