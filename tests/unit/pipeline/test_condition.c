/* SPDX-License-Identifier: Apache-2.0
 * Tests of pipeline/condition.h. */
#include "pipeline/condition.h"
#include "testing.h"
#include "base/banned.h"

typedef struct {
    Condition *condition;
    GError *error;
    char *text;
} Fixture;

static int
setup(void **state)
{
    *state = g_new0(Fixture, 1);
    return 0;
}

static void
reset(Fixture *f)
{
    g_clear_pointer(&f->condition, condition_free);
    g_clear_error(&f->error);
    g_clear_pointer(&f->text, g_free);
}

static int
teardown(void **state)
{
    reset(*state);
    g_free(*state);
    return 0;
}

static bool
has_name(const char *name, void *data)
{
    static const char *const names[] = { "event", "branch", "tag", "matrix.arch", NULL };

    (void)data;
    return g_strv_contains(names, name);
}

static const char *
nearest(const char *name, void *data)
{
    (void)data;
    return g_str_has_prefix(name, "bra") ? "branch" : NULL;
}

/* A push to release/1 on arm64; there is no tag. */
static const char *
get(const char *name, void *data)
{
    (void)data;
    if (strcmp(name, "event") == 0)
        return "push";
    if (strcmp(name, "branch") == 0)
        return "release/1";
    return strcmp(name, "matrix.arch") == 0 ? "arm64" : NULL;
}

static const ConditionScope scope = { .has_name = has_name, .nearest = nearest };
static const char *const changed[] = { "src/a.c", "docs/b.md", NULL };

static const struct {
    const char *text;
    ConditionResult known;   /* when the changed files are known */
    ConditionResult unknown; /* when they are not */
} answers[] = {
    { "true", CONDITION_TRUE, CONDITION_TRUE },
    { "false", CONDITION_FALSE, CONDITION_FALSE },
    { "!false", CONDITION_TRUE, CONDITION_TRUE },
    { "!!true", CONDITION_TRUE, CONDITION_TRUE },
    { "event == 'push'", CONDITION_TRUE, CONDITION_TRUE },
    { "'push' == event", CONDITION_TRUE, CONDITION_TRUE },
    { "event != \"push\"", CONDITION_FALSE, CONDITION_FALSE },
    { "tag == ''", CONDITION_TRUE, CONDITION_TRUE },
    { "tag =~ '**'", CONDITION_FALSE, CONDITION_FALSE },
    { "tag !~ '**'", CONDITION_TRUE, CONDITION_TRUE },
    { "branch =~ 'release/*'", CONDITION_TRUE, CONDITION_TRUE },
    { "branch =~ '*'", CONDITION_FALSE, CONDITION_FALSE },
    { "branch =~ ['main', 'release/*']", CONDITION_TRUE, CONDITION_TRUE },
    { "branch =~ ['release/*', '!release/1']", CONDITION_FALSE, CONDITION_FALSE },
    { "branch =~ ['!release/1']", CONDITION_FALSE, CONDITION_FALSE },
    { "branch =~ ['!main']", CONDITION_TRUE, CONDITION_TRUE },
    { "branch !~ 'release/*'", CONDITION_FALSE, CONDITION_FALSE },
    { "event in ['tag', 'push']", CONDITION_TRUE, CONDITION_TRUE },
    { "event in ['pus*']", CONDITION_FALSE, CONDITION_FALSE },
    { "matrix.arch == 'arm64' && event == 'push'", CONDITION_TRUE, CONDITION_TRUE },
    { "false && true || true", CONDITION_TRUE, CONDITION_TRUE },
    { "true || true && false", CONDITION_TRUE, CONDITION_TRUE },
    { "(true || true) && false", CONDITION_FALSE, CONDITION_FALSE },
    { "!(event == 'push') || false", CONDITION_FALSE, CONDITION_FALSE },
    { "changed('src/**')", CONDITION_TRUE, CONDITION_UNKNOWN },
    { "changed('web/**', 'docs/*')", CONDITION_TRUE, CONDITION_UNKNOWN },
    { "changed('web/**')", CONDITION_FALSE, CONDITION_UNKNOWN },
    { "!changed('web/**')", CONDITION_TRUE, CONDITION_UNKNOWN },
    { "changed('web/**') || event == 'push'", CONDITION_TRUE, CONDITION_TRUE },
    { "changed('src/**') && event == 'tag'", CONDITION_FALSE, CONDITION_FALSE },
    { "changed('src/**') || event == 'tag'", CONDITION_TRUE, CONDITION_UNKNOWN },
    { "changed('**', '!src/**', '!docs/**')", CONDITION_FALSE, CONDITION_UNKNOWN },
};

static void
eval_answers_by_kleene(void **state)
{
    Fixture *f = *state;
    ConditionValues known = { .get = get, .changed = changed };
    ConditionValues unknown = { .get = get };

    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        test_case("%s", answers[i].text);
        f->condition = condition_parse(answers[i].text, &scope, NULL, &f->error);
        assert_no_gerror(f->error);
        assert_int_equal(condition_eval(f->condition, &known, NULL), answers[i].known);
        assert_int_equal(condition_eval(f->condition, &unknown, NULL), answers[i].unknown);
        reset(f);
    }
}

/* What is shown reads back as the same condition. */
static void
to_text_reads_back(void **state)
{
    Fixture *f = *state;
    ConditionValues known = { .get = get, .changed = changed };

    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        test_case("%s", answers[i].text);
        f->condition = condition_parse(answers[i].text, &scope, NULL, &f->error);
        f->text = condition_to_text(f->condition);
        condition_free(f->condition);
        f->condition = condition_parse(f->text, &scope, NULL, &f->error);
        assert_no_gerror(f->error);
        assert_int_equal(condition_eval(f->condition, &known, NULL), answers[i].known);
        reset(f);
    }
}

static void
parse_refuses_with_the_place(void **state)
{
    static const struct {
        const char *text;
        size_t offset;
        const char *message;
    } cases[] = {
        { "", 0, "expected a name, a quoted text or '(', found the end" },
        { "event", 0, "a truth is needed here, not a text; compare it with '==', '=~' or 'in'" },
        { "event ==", 8, "expected a name, a quoted text or '(', found the end" },
        { "event == true", 9, "a text is compared here, not a truth" },
        { "true == event", 0, "a text is compared here, not a truth" },
        { "event == 'a' == 'b'", 13, "expected '&&', '||' or the end, found '=='" },
        { "brnch == 'a'", 0, "unknown name 'brnch'; text is written in quotes" },
        { "branhc == 'a'", 0, "unknown name 'branhc'; did you mean 'branch'?" },
        { "event == push", 9, "unknown name 'push'; text is written in quotes" },
        { "event == 'push", 9,
          "expected a name, a quoted text or '(', found text without a closing quote" },
        { "event =~ '/x'", 9,
          "cannot use glob '/x': a pattern must not begin with '/' at column 1" },
        { "event =~ branch", 9, "expected a quoted glob, found 'branch'" },
        { "event in 'x'", 9, "expected '[' after 'in', found 'x'" },
        { "event in []", 10, "expected a quoted text, found ']'" },
        { "event in ['x'", 13, "expected ',' or ']', found the end" },
        { "(true", 5, "expected ')', found the end" },
        { "true true", 5, "expected '&&', '||' or the end, found 'true'" },
        { "true & true", 5, "expected '&&', '||' or the end, found '&'" },
        { "true && ", 8, "expected a name, a quoted text or '(', found the end" },
        { "changed", 7, "expected '(' after 'changed', found the end" },
        { "changed()", 8, "expected a quoted glob, found ')'" },
        { "!event", 1, "a truth is needed here, not a text; compare it with '==', '=~' or 'in'" },
        { "\303\251 == 'x'", 0, "expected a name, a quoted text or '(', found '\303\251'" },
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        size_t offset = 999;

        test_case("%s", cases[i].text);
        f->condition = condition_parse(cases[i].text, &scope, &offset, &f->error);
        assert_null(f->condition);
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
        if (!g_str_has_prefix(cases[i].message,
                              "cannot use glob")) /* format/glob.h words its own */
            assert_string_equal(f->error->message, cases[i].message);
        assert_int_equal(offset, cases[i].offset);
        reset(f);
    }
}

static void
parse_bounds_depth_and_length(void **state)
{
    Fixture *f = *state;
    g_autofree char *brackets = g_strnfill(3000, '(');
    g_autofree char *bangs = g_strnfill(3000, '!');
    g_autofree char *longer = g_strnfill(CONDITION_MAX_BYTES + 1, ' ');

    f->condition = condition_parse(brackets, &scope, NULL, &f->error);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    reset(f);
    f->condition = condition_parse(bangs, &scope, NULL, &f->error);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    reset(f);
    f->condition = condition_parse(longer, &scope, NULL, &f->error);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void
why_names_what_decided(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        { "event == 'tag'", "event is 'push', not \"tag\"" },
        { "true && event == 'tag' && false", "event is 'push', not \"tag\"" },
        { "event in ['tag', 'manual']", "event is 'push', not one of \"tag\", \"manual\"" },
        { "branch =~ 'main'", "branch is 'release/1', which does not fit \"main\"" },
        { "tag =~ 'v*'", "there is no tag" },
        { "event != 'push'", "event is 'push'" },
        { "event == 'tag' || branch !~ 'release/*'",
          "event is 'push', not \"tag\", and branch is 'release/1'" },
        { "changed('web/**')", "no changed file fits \"web/**\"" },
        { "!(event == 'push')", "it says !(event == \"push\")" },
        { "false", "it says false" },
    };
    Fixture *f = *state;
    ConditionValues values = { .get = get, .changed = changed };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("%s", cases[i].text);
        f->condition = condition_parse(cases[i].text, &scope, NULL, &f->error);
        assert_no_gerror(f->error);
        assert_int_equal(condition_eval(f->condition, &values, &f->text), CONDITION_FALSE);
        assert_string_equal(f->text, cases[i].why);
        reset(f);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(eval_answers_by_kleene),       TEST(to_text_reads_back),
        TEST(parse_refuses_with_the_place), TEST(parse_bounds_depth_and_length),
        TEST(why_names_what_decided),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
