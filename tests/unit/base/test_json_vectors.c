/* SPDX-License-Identifier: Apache-2.0
 * test_json_vectors: JSONTestSuite and RFC 8785 vectors; a failure names the case. */
#include <fcntl.h>
#include <stdlib.h>
#include "testing.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/banned.h"

typedef struct {
    char *folder;     /* owned: $VECTORS/<topic>, or NULL when absent */
    GPtrArray *names; /* owned */
    GString *wrong;   /* owned: what did not behave, all of it */
    GError *error;    /* owned */
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

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
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

/* Skips by name where the vectors are not there. */
static void
need_vectors(Fixture *f, const char *topic)
{
    const char *root = getenv("VECTORS");

    f->folder = g_build_filename(root != NULL ? root : "", topic, NULL);
    f->names = dir_list(AT_FDCWD, f->folder, 100000, NULL);
    test_needs("vectors", f->names != NULL);
}

static GBytes *
read_vector(Fixture *f, const char *name)
{
    g_autofree char *path = g_build_filename(f->folder, name, NULL);
    GBytes *bytes = file_read(AT_FDCWD, path, LIMIT_JSON_BYTES, &f->error);

    assert_no_gerror(f->error);
    return bytes;
}

/* What RFC 8259 lets a reader refuse, and why we do. */
static const struct {
    const char *prefix, *why;
} refused[] = {
    { "y_object_duplicated_key", "two readers could take different members" },
    { "y_string_null_escape", "U+0000 would end a string early in C" },
    { "y_object_escaped_null_in_key", "U+0000 would end a string early in C" },
};

static bool
refused_on_purpose(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        if (g_str_has_prefix(name, refused[i].prefix)) {
            print_message("# %s: must be refused here: %s\n", name, refused[i].why);
            return true;
        }
    }
    return false;
}

static void
parse_decides_as_the_json_test_suite(void **state)
{
    Fixture *f = *state;
    unsigned n_cases = 0;

    need_vectors(f, "json-parsing");
    for (unsigned i = 0; i < f->names->len; i++) {
        const char *name = f->names->pdata[i];

        if (!g_str_has_suffix(name, ".json"))
            continue;
        g_autoptr(GBytes) text = read_vector(f, name);
        g_autoptr(json_t) value = json_parse(span_of_bytes(text), LIMIT_JSON_BYTES, NULL);
        bool wanted = name[0] == 'y' && !refused_on_purpose(name);

        n_cases++;
        if (name[0] != 'i' && (value != NULL) != wanted)
            g_string_append_printf(f->wrong, "%s: %s\n", name, wanted ? "refused" : "accepted");
    }
    print_message("# %u cases\n", n_cases);
    assert_true(n_cases > 100);
    assert_string_equal(f->wrong->str, "");
}

static void
canonical_form_is_that_of_the_rfc_8785_vectors(void **state)
{
    Fixture *f = *state;
    unsigned n_cases = 0;

    need_vectors(f, "jcs/input");
    for (unsigned i = 0; i < f->names->len; i++) {
        const char *name = f->names->pdata[i];
        g_autofree char *wanted_name = g_build_filename("../output", name, NULL);
        g_autoptr(GBytes) text = read_vector(f, name);
        g_autoptr(GBytes) wanted = read_vector(f, wanted_name);
        g_autoptr(json_t) value = json_parse(span_of_bytes(text), LIMIT_JSON_BYTES, &f->error);

        assert_no_gerror(f->error);
        n_cases++;
        if (!json_is_canonical(span_of_bytes(wanted), value)) {
            g_autofree char *got = json_canonical(value, NULL, NULL);
            g_string_append_printf(f->wrong, "%s: got %s\n", name, got);
        }
    }
    assert_true(n_cases >= 3);
    assert_string_equal(f->wrong->str, "");
}

/* The same bytes as hex, in lines of text. */
static void
canonical_bytes_are_those_of_the_rfc_8785_vectors(void **state)
{
    Fixture *f = *state;

    need_vectors(f, "jcs/input");
    for (unsigned i = 0; i < f->names->len; i++) {
        const char *name = f->names->pdata[i];
        g_autofree char *base = g_strndup(name, strlen(name) - strlen(".json"));
        g_autofree char *hex_name = g_strdup_printf("../outhex/%s.txt", base);
        g_autoptr(GBytes) text = read_vector(f, name);
        g_autoptr(GBytes) lines = read_vector(f, hex_name);
        g_autofree char *hex = g_strndup(g_bytes_get_data(lines, NULL), g_bytes_get_size(lines));
        g_auto(GStrv) words = g_strsplit_set(hex, " \r\n", -1);
        g_autofree char *joined = g_strjoinv("", words);
        g_autoptr(GBytes) wanted = hex_decode(joined, &f->error);
        assert_no_gerror(f->error);
        g_autoptr(json_t) value = json_parse(span_of_bytes(text), LIMIT_JSON_BYTES, &f->error);
        size_t len = 0;
        g_autofree char *got = json_canonical(value, &len, &f->error);
        assert_no_gerror(f->error);
        if (len != g_bytes_get_size(wanted) ||
            memcmp(got, g_bytes_get_data(wanted, NULL), len) != 0)
            g_string_append_printf(f->wrong, "%s\n", hex_name);
    }
    assert_true(f->names->len >= 3);
    assert_string_equal(f->wrong->str, "");
}

/* One line of es6-numbers.csv: the bits of a double in hex, a comma, the text. */
static void
check_number(Fixture *f, char *line)
{
    char *comma = strchr(line, ',');

    assert_non_null(comma);
    *comma = '\0';
    union {
        uint64_t bits;
        double value;
    } number = { .bits = g_ascii_strtoull(line, NULL, 16) };
    g_autoptr(json_t) real = json_real(number.value);
    g_autofree char *got = json_canonical(real, NULL, NULL);

    if (g_strcmp0(got, comma + 1) != 0)
        g_string_append_printf(f->wrong, "%s: wanted %s, got %s\n", line, comma + 1,
                               got != NULL ? got : "an error");
}

static void
numbers_are_written_as_ecmascript_does(void **state)
{
    Fixture *f = *state;

    need_vectors(f, "jcs");
    g_autoptr(GBytes) bytes = read_vector(f, "es6-numbers.csv");
    Span span = span_of_bytes(bytes);
    g_autofree char *text = g_strndup((const char *)span.data, span.len);
    g_auto(GStrv) lines = g_strsplit(g_strstrip(text), "\n", -1);
    unsigned n_cases = 0;

    for (char **line = lines; *line != NULL; line++, n_cases++)
        check_number(f, g_strstrip(*line));
    print_message("# %u cases\n", n_cases);
    assert_true(n_cases > 1000);
    assert_string_equal(f->wrong->str, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(parse_decides_as_the_json_test_suite, setup, teardown),
        cmocka_unit_test_setup_teardown(canonical_form_is_that_of_the_rfc_8785_vectors, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(canonical_bytes_are_those_of_the_rfc_8785_vectors, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(numbers_are_written_as_ecmascript_does, setup, teardown),
    };

    return cmocka_run_group_tests_name("json_vectors", tests, NULL, NULL);
}
