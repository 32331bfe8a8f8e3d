/* SPDX-License-Identifier: Apache-2.0
 * attest_fixture: two keys, an error, and whatever a test keeps until its end (a failed assertion
 * jumps over g_autoptr). */
#pragma once
#include "testing.h"
#include "base/json.h"
#include "keys/memory_signer.h"

#define ORIGIN "log.example/main"

typedef struct {
    Signer *p256;    /* owned */
    Signer *ed25519; /* owned */
    GPtrArray *kept; /* owned; of Kept */
    GError *error;   /* owned */
} Fixture;

typedef struct {
    void *object;
    GDestroyNotify free;
} Kept;

static inline void
kept_free(void *data)
{
    Kept *kept = data;

    if (kept->object != NULL)
        kept->free(kept->object);
    g_free(kept);
}

static inline void *
keep(Fixture *f, void *object, GDestroyNotify free_function)
{
    Kept *kept = g_new(Kept, 1);

    *kept = (Kept){ .object = object, .free = free_function };
    g_ptr_array_add(f->kept, kept);
    return object;
}

static inline void
free_json(void *data)
{
    json_decref(data);
}

static inline GBytes *
keep_bytes(Fixture *f, GBytes *bytes)
{
    return keep(f, bytes, (GDestroyNotify)g_bytes_unref);
}

static inline char *
keep_text(Fixture *f, char *text)
{
    return keep(f, text, g_free);
}

static inline json_t *
keep_json(Fixture *f, json_t *json)
{
    return keep(f, json, free_json);
}

/* JSON written with single quotes, for readable tests. */
static inline json_t *
json_of(Fixture *f, const char *text)
{
    g_autofree char *quoted = g_strdelimit(g_strdup(text), "'", '"');
    json_t *json = json_parse(span_of_text(quoted), 1u << 20, &f->error);

    assert_no_gerror(f->error);
    return keep_json(f, json);
}

static inline GBytes *
sign(Fixture *f, Signer *signer, Span message)
{
    GBytes *signature = NULL;

    if (!signer_sign(signer, message, &signature, &f->error))
        assert_no_gerror(f->error);
    return keep_bytes(f, signature);
}

static inline int
setup(void **state)
{
    static const uint8_t seed[32] = { 3 };
    Fixture *f = g_new0(Fixture, 1);

    f->kept = g_ptr_array_new_with_free_func(kept_free);
    f->p256 = memory_signer_generate(PUBLIC_KEY_P256, NULL);
    f->ed25519 = memory_signer_ed25519_from_seed(span_of(seed, sizeof seed), NULL);
    *state = f;
    return f->p256 != NULL && f->ed25519 != NULL ? 0 : -1;
}

static inline int
teardown(void **state)
{
    Fixture *f = *state;

    g_ptr_array_unref(f->kept);
    signer_free(f->p256);
    signer_free(f->ed25519);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
