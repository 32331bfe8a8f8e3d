/* SPDX-License-Identifier: Apache-2.0
 * test_yaml_vectors: the YAML test suite within our subset. Of each case the suite's own tree says
 * what must happen: refused if it is no YAML or uses what the subset leaves out (aliases, anchors,
 * tags, directives, several or no documents), else parsed to the same tree. Exceptions are named
 * below. */
#include <fcntl.h>
#include <stdlib.h>
#include "testing.h"
#include "base/files.h"
#include "sys/yaml.h"
#include "base/banned.h"

typedef enum { PARSED, REFUSED } Outcome;

/* Cases that behave otherwise than their tree says, and why. */
typedef struct Exception {
    const char *name;
    Outcome outcome;
    const char *why;
} Exception;
static const Exception exceptions[] = {
    { "2JQS/0", REFUSED, "two empty keys are duplicates" },
    { "9MMW/0", REFUSED, "a map as key" },
    { "M2N8/0", REFUSED, "a map as key" },
    { "M2N8/1", REFUSED, "a list as key" },
    { "M5DY/0", REFUSED, "a list as key" },
    { "XLQ9/0", PARSED, "what looks like a directive is the second line of a text" },
};

typedef struct Fixture {
    char *folder;     /* owned */
    GPtrArray *names; /* owned */
    GString *wrong;   /* owned: every case that did not behave */
    size_t n_parsed;
    size_t n_refused;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    const char *root = getenv("VECTORS");

    f->folder = g_build_filename(root != NULL ? root : "", "yaml", NULL);
    f->names = dir_list(AT_FDCWD, f->folder, 10000, NULL);
    f->wrong = g_string_new(NULL);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    g_free(f->folder);
    g_clear_pointer(&f->names, g_ptr_array_unref);
    g_string_free(f->wrong, TRUE);
    g_free(f);
    return 0;
}

/* The suite writes characters that editors lose as visible ones. Owned. */
static char *
unveil(const char *text)
{
    static const char *const marks[][2] = {
        { "␣", " " },  { "————»", "\t" }, { "———»", "\t" },        { "——»", "\t" }, { "—»", "\t" },
        { "»", "\t" }, { "←", "\r" },     { "⇔", "\xef\xbb\xbf" }, { "↵", "" },     { "∎\n", "" },
    };
    GString *plain = g_string_new(text);

    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
        g_string_replace(plain, marks[i][0], marks[i][1], 0);
    return g_string_free(plain, FALSE);
}

static void
append_escaped(GString *tree, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '\n':
            g_string_append(tree, "\\n");
            break;
        case '\t':
            g_string_append(tree, "\\t");
            break;
        case '\r':
            g_string_append(tree, "\\r");
            break;
        case '\b':
            g_string_append(tree, "\\b");
            break;
        case '\\':
            g_string_append(tree, "\\\\");
            break;
        default:
            g_string_append_c(tree, *text);
        }
    }
}

/* Our node in the suite's notation, without indentation, flow marks and the two kinds each of
 * quotes and blocks, which our reader does not tell apart. */
static void
append_node(GString *tree, const YamlNode *node)
{
    static const char marks[] = { [YAML_PLAIN] = ':', [YAML_QUOTED] = '"', [YAML_BLOCK] = '|' };

    switch (yaml_node_kind(node)) {
    case YAML_MAP:
        g_string_append(tree, "+MAP\n");
        for (size_t i = 0; i < yaml_node_length(node); i++) {
            append_node(tree, yaml_node_key_at(node, i));
            append_node(tree, yaml_node_at(node, i));
        }
        g_string_append(tree, "-MAP\n");
        return;
    case YAML_LIST:
        g_string_append(tree, "+SEQ\n");
        for (size_t i = 0; i < yaml_node_length(node); i++)
            append_node(tree, yaml_node_at(node, i));
        g_string_append(tree, "-SEQ\n");
        return;
    default:
        g_string_append_printf(tree, "=VAL %c", marks[yaml_node_style(node)]);
        append_escaped(tree, yaml_node_text(node));
        g_string_append_c(tree, '\n');
    }
}

typedef struct Wanted {
    GString *tree; /* owned: the suite's tree in the same notation */
    Outcome outcome;
} Wanted;

static void
wanted_line(Wanted *wanted, const char *line, unsigned *n_documents)
{
    if (g_str_has_prefix(line, "+DOC")) {
        ++*n_documents;
    } else if (g_str_has_prefix(line, "=ALI") || g_str_has_prefix(line, "=VAL &") ||
               g_str_has_prefix(line, "=VAL <") || strstr(line, "MAP &") != NULL ||
               strstr(line, "MAP {} &") != NULL || strstr(line, "SEQ &") != NULL ||
               strstr(line, "SEQ [] &") != NULL || (line[0] == '+' && strchr(line, '<') != NULL)) {
        wanted->outcome = REFUSED;
    } else if (g_str_has_prefix(line, "+MAP") || g_str_has_prefix(line, "+SEQ") ||
               g_str_has_prefix(line, "-MAP") || g_str_has_prefix(line, "-SEQ")) {
        g_string_append_printf(wanted->tree, "%.4s\n", line);
    } else if (g_str_has_prefix(line, "=VAL ")) {
        char mark = line[5];

        mark = mark == '\'' ? '"' : mark == '>' ? '|' : mark;
        g_string_append_printf(wanted->tree, "=VAL %c%s\n", mark, line + 6);
    }
}

static void
wanted_read(Wanted *wanted, const char *name, const char *tree, bool fails, const char *yaml)
{
    g_auto(GStrv) lines = g_strsplit(tree, "\n", -1);
    unsigned n_documents = 0;

    wanted->outcome = fails ? REFUSED : PARSED;
    for (char **line = lines; *line != NULL; line++)
        wanted_line(wanted, g_strchug(*line), &n_documents);
    if (n_documents != 1 || *yaml == '%' || strstr(yaml, "\n%") != NULL)
        wanted->outcome = REFUSED;
    for (size_t i = 0; i < G_N_ELEMENTS(exceptions); i++)
        if (strcmp(name, exceptions[i].name) == 0)
            wanted->outcome = exceptions[i].outcome;
}

static void
try_case(Fixture *f, const char *name, const Wanted *wanted, const char *yaml)
{
    Span text = span_of_text(yaml);
    g_autoptr(Diagnostics) diagnostics = diagnostics_new(name, text);
    g_autoptr(YamlDocument) document = yaml_parse(text, diagnostics);
    g_autoptr(GString) tree = g_string_new(NULL);

    if (document != NULL)
        append_node(tree, yaml_document_root(document));
    if ((document == NULL) != (diagnostics_count(diagnostics) > 0))
        g_string_append_printf(f->wrong, "%s: parsed and refused\n", name);
    else if (wanted->outcome == REFUSED && document != NULL)
        g_string_append_printf(f->wrong, "%s: should be refused, gave\n%s", name, tree->str);
    else if (wanted->outcome == PARSED && document == NULL)
        g_string_append_printf(f->wrong, "%s: should be parsed: %s\n", name,
                               diagnostics_get(diagnostics, 0)->message);
    else if (wanted->outcome == PARSED && strcmp(tree->str, wanted->tree->str) != 0)
        g_string_append_printf(f->wrong, "%s: wanted\n%sgot\n%s", name, wanted->tree->str,
                               tree->str);
    f->n_parsed += wanted->outcome == PARSED;
    f->n_refused += wanted->outcome == REFUSED;
}

/* A member of the @index-th entry of a file; entries inherit from those before them. */
static const char *
inherited(const YamlNode *list, size_t index, const char *key)
{
    for (size_t i = index + 1; i-- > 0;) {
        const YamlNode *found = yaml_node_find(yaml_node_at(list, i), key);

        if (found != NULL)
            return yaml_node_text(found);
    }
    return "";
}

static void
try_file(Fixture *f, const char *file)
{
    g_autofree char *path = g_build_filename(f->folder, file, NULL);
    g_autofree char *text = file_read_text(AT_FDCWD, path, YAML_LIMIT_BYTES, NULL);
    g_autoptr(Diagnostics) diagnostics = diagnostics_new(file, span_of_text(text));
    g_autoptr(YamlDocument) document = yaml_parse(span_of_text(text), diagnostics);
    const YamlNode *list = document != NULL ? yaml_document_root(document) : NULL;

    if (list == NULL) {
        g_string_append_printf(f->wrong, "%s: the case file itself: %s\n", file,
                               diagnostics_get(diagnostics, 0)->message);
        return;
    }
    for (size_t i = 0; i < yaml_node_length(list); i++) {
        const YamlNode *entry = yaml_node_at(list, i);
        g_autofree char *name = g_strdup_printf("%.4s/%zu", file, i);
        g_autofree char *yaml = unveil(inherited(list, i, "yaml"));
        g_autofree char *tree = unveil(inherited(list, i, "tree"));
        Wanted wanted = { .tree = g_string_new(NULL) };

        wanted_read(&wanted, name, tree, yaml_node_find(entry, "fail") != NULL, yaml);
        try_case(f, name, &wanted, yaml);
        g_string_free(wanted.tree, TRUE);
    }
}

static void
yaml_suite_behaves_within_the_subset(void **state)
{
    Fixture *f = *state;

    test_needs("vectors", f->names != NULL);
    for (guint i = 0; i < f->names->len; i++)
        if (g_str_has_suffix(g_ptr_array_index(f->names, i), ".yaml"))
            try_file(f, g_ptr_array_index(f->names, i));
    print_message("# %zu parsed, %zu refused\n", f->n_parsed, f->n_refused);
    assert_true(f->n_parsed > 0 && f->n_refused > 0);
    if (f->wrong->len > 0)
        fail_msg("%s", f->wrong->str);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(yaml_suite_behaves_within_the_subset, setup, teardown),
    };

    return cmocka_run_group_tests_name("yaml_vectors", tests, NULL, NULL);
}
