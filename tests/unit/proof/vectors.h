/* SPDX-License-Identifier: Apache-2.0
 * vectors: reading published cases below $VECTORS; for tests of proof and attest. */
#pragma once
#include <fcntl.h>
#include <jansson.h>
#include "testing.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/limits.h"

typedef struct {
    char *folder;     /* owned: $VECTORS/<topic> */
    json_t *json;     /* owned: the file being read */
    GPtrArray *paths; /* owned: relative to folder */
    GString *wrong;   /* owned: every case that did not behave */
    GError *error;    /* owned */
    unsigned n_cases;
} Vectors;

static inline int
vectors_setup(void **state)
{
    Vectors *v = g_new0(Vectors, 1);

    v->wrong = g_string_new(NULL);
    v->paths = g_ptr_array_new_with_free_func(g_free);
    *state = v;
    return 0;
}

static inline int
vectors_teardown(void **state)
{
    Vectors *v = *state;

    g_free(v->folder);
    json_decref(v->json);
    g_ptr_array_unref(v->paths);
    g_string_free(v->wrong, TRUE);
    g_clear_error(&v->error);
    g_free(v);
    return 0;
}

/* Skips by name where the vectors are not there. */
static inline void
vectors_open(Vectors *v, const char *topic)
{
    const char *root = getenv("VECTORS");

    g_free(v->folder);
    v->folder = g_build_filename(root != NULL ? root : "", topic, NULL);
    test_needs("vectors", access(v->folder, R_OK) == 0);
}

/* All files below @under whose names end in @suffix, into v->paths. */
static inline void
vectors_list(Vectors *v, const char *under, const char *suffix)
{
    g_autofree char *folder = g_build_filename(v->folder, under, NULL);
    g_autoptr(GPtrArray) names = dir_list(AT_FDCWD, folder, 100000, NULL);

    if (names == NULL) {
        if (g_str_has_suffix(under, suffix))
            g_ptr_array_add(v->paths, g_strdup(under));
        return;
    }
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(under, names->pdata[i], NULL);
        vectors_list(v, path, suffix);
    }
}

static inline GBytes *
vectors_read(Vectors *v, const char *path)
{
    g_autofree char *full = g_build_filename(v->folder, path, NULL);
    GBytes *bytes = file_read(AT_FDCWD, full, LIMIT_JSON_BYTES, &v->error);

    assert_no_gerror(v->error);
    return bytes;
}

/* The file as JSON, in v->json; integers over 2^63 become reals, as some vectors need. */
static inline json_t *
vectors_read_json(Vectors *v, const char *path)
{
    g_autoptr(GBytes) bytes = vectors_read(v, path);
    Span span = span_of_bytes(bytes);

    json_decref(v->json);
    v->json = json_loadb((const char *)span.data, span.len, 0, NULL);
    if (v->json == NULL)
        v->json = json_loadb((const char *)span.data, span.len, JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(v->json);
    return v->json;
}

static inline const char *
vectors_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    assert_non_null(text);
    return text;
}

/* Notes a case; @name says which, when it does not behave. */
static inline void
vectors_case(Vectors *v, const char *name, bool ok)
{
    v->n_cases++;
    if (!ok)
        g_string_append_printf(v->wrong, "%s\n", name);
}

/* Ends a table: at least @minimum cases, none of them wrong. */
static inline void
vectors_done(Vectors *v, unsigned minimum)
{
    print_message("# %u cases\n", v->n_cases);
    assert_true(v->n_cases >= minimum);
    assert_string_equal(v->wrong->str, "");
}
