/* SPDX-License-Identifier: Apache-2.0
 * test_yaml: what the subset leaves out is refused at its place; positions and typed scalars. */
#include "testing.h"
#include "sys/yaml.h"
#include "base/banned.h"

typedef struct Fixture {
    Diagnostics *diagnostics;
    YamlDocument *document;
    GString *large;
} Fixture;

static int
setup(void **state)
{
    *state = g_new0(Fixture, 1);
    return 0;
}

static void
clear(Fixture *f)
{
    g_clear_pointer(&f->diagnostics, diagnostics_free);
    g_clear_pointer(&f->document, yaml_document_free);
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    clear(f);
    if (f->large != NULL)
        g_string_free(f->large, TRUE);
    g_free(f);
    return 0;
}

static void
parse(Fixture *f, const char *text)
{
    clear(f);
    f->diagnostics = diagnostics_new("in.yaml", span_of_text(text));
    f->document = yaml_parse(span_of_text(text), f->diagnostics);
}

typedef struct Refusal {
    const char *text;
    unsigned line, column;
    const char *message;
} Refusal;

static const Refusal refusals[] = {
    { "a: 1\nb: &x 2\n", 2, 4, "anchors ('&name') are not allowed" },
    { "a: 1\nb: *x\n", 2, 4, "aliases ('*name') are not allowed" },
    { "<<: {a: 1}\n", 1, 1, "merge keys ('<<') are not allowed" },
    { "a: !!str b\n", 1, 4, "tags ('!name') are not allowed" },
    { "a: !x [1]\n", 1, 4, "tags ('!name') are not allowed" },
    { "# c\n%YAML 1.2\n---\na: 1\n", 2, 1, "directives ('%') are not allowed" },
    { "%FOO\n---\na: 1\n", 1, 1, "directives ('%') are not allowed" },
    { "--- a\n--- b\n", 2, 1, "a second document is not allowed" },
    { "a: 1\nb: 2\na: 3\n", 3, 1, "duplicate key 'a'" },
    { "x:\n  ? [a]\n  : b\n", 2, 5, "a key must be text, not a list" },
    { "", 1, 1, "the file is empty" },
    { "# only a comment\n", 1, 1, "the file is empty" },
    { "a: \"\\0\"\n", 1, 4, "the text has a NUL character or is not Unicode" },
    { "a: \xff\n", 0, 0, "the file is not UTF-8 text without NUL characters" },
    { "a: b: c\n", 1, 5, "not YAML: invalid nested block mapping on the same line" },
};

static void
each_refusal_names_its_place(void **state)
{
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        const Diagnostic *first;

        test_case("# %s\n", refusals[i].message);
        parse(f, refusals[i].text);
        assert_null(f->document);
        assert_true(diagnostics_count(f->diagnostics) > 0);
        first = diagnostics_get(f->diagnostics, 0);
        assert_string_equal(first->message, refusals[i].message);
        assert_int_equal(first->at.line, refusals[i].line);
        assert_int_equal(first->at.column, refusals[i].column);
    }
}

static void
all_refusals_are_shown_at_once(void **state)
{
    Fixture *f = *state;

    parse(f, "a: &x 1\nb: *x\na: 2\n");
    assert_int_equal(diagnostics_count(f->diagnostics), 3);
}

static void
nodes_know_their_place_and_style(void **state)
{
    Fixture *f = *state;
    const YamlNode *root, *list;

    parse(f, "name: x\nlist:\n  - 'q'\n  - |\n    b\n");
    assert_non_null(f->document);
    root = yaml_document_root(f->document);
    assert_int_equal(yaml_node_kind(root), YAML_MAP);
    assert_int_equal(yaml_node_length(root), 2);
    assert_int_equal(yaml_node_position(yaml_node_key_at(root, 1)).line, 2);
    list = yaml_node_find(root, "list");
    assert_int_equal(yaml_node_position(yaml_node_at(list, 0)).line, 3);
    assert_int_equal(yaml_node_position(yaml_node_at(list, 0)).column, 5);
    assert_int_equal(yaml_node_style(yaml_node_at(list, 0)), YAML_QUOTED);
    assert_int_equal(yaml_node_style(yaml_node_at(list, 1)), YAML_BLOCK);
    assert_string_equal(yaml_node_text(yaml_node_at(list, 1)), "b\n");
    assert_null(yaml_node_find(root, "absent"));
}

static void
only_plain_scalars_are_typed(void **state)
{
    Fixture *f = *state;
    const YamlNode *list;
    bool flag = false;
    int64_t number = 0;

    parse(f, "[true, 'true', yes, -12, '1', 012, 1.5, ~, '', 1234567890123456789]");
    assert_non_null(f->document);
    list = yaml_document_root(f->document);
    assert_true(yaml_node_bool(yaml_node_at(list, 0), &flag) && flag);
    assert_false(yaml_node_bool(yaml_node_at(list, 1), &flag));
    assert_false(yaml_node_bool(yaml_node_at(list, 2), &flag));
    assert_true(yaml_node_int(yaml_node_at(list, 3), &number));
    assert_int_equal(number, -12);
    assert_false(yaml_node_int(yaml_node_at(list, 4), &number));
    assert_false(yaml_node_int(yaml_node_at(list, 5), &number));
    assert_false(yaml_node_int(yaml_node_at(list, 6), &number));
    assert_true(yaml_node_is_null(yaml_node_at(list, 7)));
    assert_false(yaml_node_is_null(yaml_node_at(list, 8)));
    assert_false(yaml_node_int(yaml_node_at(list, 9), &number));
}

static void
file_over_the_limit_is_refused(void **state)
{
    Fixture *f = *state;

    f->large = g_string_new("a: ");
    while (f->large->len <= YAML_LIMIT_BYTES)
        g_string_append(f->large, "xxxxxxxxxxxxxxxx");
    parse(f, f->large->str);
    assert_null(f->document);
    g_string_truncate(f->large, YAML_LIMIT_BYTES);
    parse(f, f->large->str);
    assert_non_null(f->document);
}

static void
nesting_over_the_limit_is_refused(void **state)
{
    Fixture *f = *state;

    f->large = g_string_new(NULL);
    for (int i = 0; i < YAML_LIMIT_DEPTH; i++)
        g_string_append_c(f->large, '[');
    for (int i = 0; i < YAML_LIMIT_DEPTH; i++)
        g_string_append_c(f->large, ']');
    parse(f, f->large->str);
    assert_non_null(f->document);
    g_string_prepend_c(f->large, '[');
    g_string_append_c(f->large, ']');
    parse(f, f->large->str);
    assert_null(f->document);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_refusal_names_its_place),     TEST(all_refusals_are_shown_at_once),
        TEST(nodes_know_their_place_and_style), TEST(only_plain_scalars_are_typed),
        TEST(file_over_the_limit_is_refused),   TEST(nesting_over_the_limit_is_refused),
    };

    return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
