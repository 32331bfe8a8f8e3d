/* SPDX-License-Identifier: Apache-2.0
 * test_note: signed notes made, read and judged; verdicts of another implementation. */
#include "vectors.h"
#include "keys/memory_signer.h"
#include "proof/note.h"
#include "base/banned.h"

#define NAME "log.example/main"

typedef struct {
    Signer *signer;         /* owned */
    NoteVerifier *verifier; /* owned */
    GBytes *bytes;          /* owned */
    Note *note;             /* owned */
    char *text;             /* owned */
    GError *error;          /* owned */
} Fixture;

static int
setup(void **state)
{
    static const uint8_t seed[32] = { 7 };
    Fixture *f = g_new0(Fixture, 1);

    f->signer = memory_signer_ed25519_from_seed(span_of(seed, sizeof seed), NULL);
    f->verifier = note_verifier_new(NAME, signer_public_key(f->signer), NULL);
    *state = f;
    return f->verifier != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    signer_free(f->signer);
    note_verifier_free(f->verifier);
    g_clear_pointer(&f->bytes, g_bytes_unref);
    note_free(f->note);
    g_free(f->text);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static bool
verify(Fixture *f)
{
    const NoteVerifier *const known[] = { f->verifier };

    return note_verify(f->note, known, 1, NULL, &f->error);
}

static void
signed_note_verifies_and_keeps_its_text(void **state)
{
    Fixture *f = *state;

    f->bytes = note_sign(span_of_text("one\n\ntwo\n"), NAME, f->signer, &f->error);
    assert_no_gerror(f->error);
    f->note = note_parse(span_of_bytes(f->bytes), &f->error);
    assert_no_gerror(f->error);
    f->text = g_strndup((const char *)note_text(f->note).data, note_text(f->note).len);
    assert_string_equal(f->text, "one\n\ntwo\n");
    assert_true(verify(f));
}

static void
note_with_changed_text_is_untrusted(void **state)
{
    Fixture *f = *state;

    f->bytes = note_sign(span_of_text("one\n"), NAME, f->signer, &f->error);
    f->text = g_strndup((const char *)span_of_bytes(f->bytes).data, g_bytes_get_size(f->bytes));
    f->text[0] = 'O';
    f->note = note_parse(span_of_text(f->text), &f->error);
    assert_no_gerror(f->error);
    assert_false(verify(f));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
text_that_is_not_lines_is_not_signed(void **state)
{
    Fixture *f = *state;

    f->bytes = note_sign(span_of_text("no newline"), NAME, f->signer, &f->error);
    assert_null(f->bytes);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
more_signatures_than_the_limit_are_refused(void **state)
{
    Fixture *f = *state;
    g_autofree char *line = note_signature_line("x", 1, span_of_text("signature"));
    GString *text = g_string_new("text\n\n");

    for (int i = 0; i <= LIMIT_NOTE_SIGNATURES; i++)
        g_string_append(text, line);
    f->text = g_string_free(text, FALSE);
    f->note = note_parse(span_of_text(f->text), &f->error);
    assert_null(f->note);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void
verifier_key_reads_back_what_it_wrote(void **state)
{
    Fixture *f = *state;

    f->text = note_verifier_vkey(f->verifier);
    g_autoptr(NoteVerifier) again = note_verifier_parse(f->text, &f->error);
    assert_no_gerror(f->error);
    assert_string_equal(note_verifier_name(again), NAME);
    assert_int_equal(note_verifier_key_id(again), note_verifier_key_id(f->verifier));
}

static void
key_id_is_the_head_of_the_log_id(void **state)
{
    Fixture *f = *state;
    Digest id = note_log_id(NAME, signer_public_key(f->signer));
    uint32_t head = (uint32_t)id.bytes[0] << 24 | (uint32_t)id.bytes[1] << 16 |
                    (uint32_t)id.bytes[2] << 8 | id.bytes[3];

    assert_int_equal(note_verifier_key_id(f->verifier), head);
}

/* "ok", "malformed", "unverified", "invalid_signature", "bad_key" or "ambiguous_key". */
static const char *
judge(const json_t *item, size_t *n_verified)
{
    const json_t *keys = json_object_get(item, "verifier_keys");
    g_autoptr(GBytes) bytes = base64_decode(vectors_text(item, "note_base64"), NULL);
    g_autoptr(GPtrArray) verifiers =
        g_ptr_array_new_with_free_func((GDestroyNotify)note_verifier_free);
    g_autoptr(GError) error = NULL;

    for (size_t i = 0; i < json_array_size(keys); i++) {
        NoteVerifier *verifier =
            note_verifier_parse(json_string_value(json_array_get(keys, i)), NULL);
        if (verifier == NULL)
            return "bad_key";
        g_ptr_array_add(verifiers, verifier);
    }
    g_autoptr(Note) note = note_parse(span_of_bytes(bytes), NULL);
    if (note == NULL)
        return "malformed";
    if (note_verify(note, (const NoteVerifier *const *)verifiers->pdata, verifiers->len, n_verified,
                    &error))
        return "ok";
    if (error_kind(error) == ERROR_KIND_INVALID)
        return "ambiguous_key";
    return strstr(error->message, "no signature by a known key") != NULL ? "unverified"
                                                                         : "invalid_signature";
}

static void
notes_are_judged_as_by_sumdb(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "tlog");
    const json_t *list = vectors_read_json(v, "signed-note.json");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *wanted = vectors_text(item, "verdict");
        size_t n_verified = 0;
        const char *got = judge(item, &n_verified);
        size_t n_wanted = (size_t)json_integer_value(json_object_get(item, "verified"));
        g_autofree char *name =
            g_strdup_printf("%s: wanted %s %zu, got %s %zu", vectors_text(item, "id"), wanted,
                            n_wanted, got, n_verified);
        vectors_case(v, name,
                     strcmp(got, wanted) == 0 &&
                         (strcmp(got, "ok") != 0 || n_verified == n_wanted));
    }
    vectors_done(v, 300);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(signed_note_verifies_and_keeps_its_text, setup, teardown),
        cmocka_unit_test_setup_teardown(note_with_changed_text_is_untrusted, setup, teardown),
        cmocka_unit_test_setup_teardown(text_that_is_not_lines_is_not_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(more_signatures_than_the_limit_are_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(verifier_key_reads_back_what_it_wrote, setup, teardown),
        cmocka_unit_test_setup_teardown(key_id_is_the_head_of_the_log_id, setup, teardown),
        cmocka_unit_test_setup_teardown(notes_are_judged_as_by_sumdb, vectors_setup,
                                        vectors_teardown),
    };

    return cmocka_run_group_tests_name("note", tests, NULL, NULL);
}
