/* SPDX-License-Identifier: Apache-2.0
 * test_checkpoint: the text of a log's head, and a published log with all its checkpoints. */
#include "vectors.h"
#include "keys/memory_signer.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

#define ORIGIN "log.example/main"
#define ROOT   "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

typedef struct {
    Signer *signer;         /* owned */
    Checkpoint *checkpoint; /* owned */
    GBytes *bytes;          /* owned */
    char *text;             /* owned */
    GError *error;          /* owned */
} Fixture;

static int
setup(void **state)
{
    static const uint8_t seed[32] = { 9 };
    Fixture *f = g_new0(Fixture, 1);

    f->signer = memory_signer_ed25519_from_seed(span_of(seed, sizeof seed), NULL);
    *state = f;
    return f->signer != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    signer_free(f->signer);
    checkpoint_free(f->checkpoint);
    g_clear_pointer(&f->bytes, g_bytes_unref);
    g_free(f->text);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static void
text_is_origin_size_and_root(void **state)
{
    Fixture *f = *state;
    MerkleHead head = { .size = 42, .root = merkle_empty_root() };

    f->text = checkpoint_format(ORIGIN, &head, NULL);
    assert_string_equal(f->text, ORIGIN "\n42\n" ROOT "\n");
}

static void
text_reads_back_with_its_extensions(void **state)
{
    Fixture *f = *state;
    const char *text = ORIGIN "\n42\n" ROOT "\nmore\nlines\n";

    f->checkpoint = checkpoint_parse(span_of_text(text), &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(f->checkpoint->head.size, 42);
    assert_string_equal(f->checkpoint->extensions, "more\nlines\n");
    f->text =
        checkpoint_format(f->checkpoint->origin, &f->checkpoint->head, f->checkpoint->extensions);
    assert_string_equal(f->text, text);
}

static void
malformed_text_is_refused(void **state)
{
    static const struct {
        const char *name, *text;
    } cases[] = {
        { "nothing", "" },
        { "no root", ORIGIN "\n42\n" },
        { "no final newline", ORIGIN "\n42\n" ROOT },
        { "leading zero", ORIGIN "\n042\n" ROOT "\n" },
        { "sign", ORIGIN "\n+42\n" ROOT "\n" },
        { "size over 2^63", ORIGIN "\n9223372036854775808\n" ROOT "\n" },
        { "short root", ORIGIN "\n42\nAAAA\n" },
        { "empty origin", "\n42\n" ROOT "\n" },
        { "empty extension", ORIGIN "\n42\n" ROOT "\n\n" },
        { "empty extension before another", ORIGIN "\n42\n" ROOT "\n\nx\n" },
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("%s", cases[i].name);
        g_clear_error(&f->error);
        f->checkpoint = checkpoint_parse(span_of_text(cases[i].text), &f->error);
        assert_null(f->checkpoint);
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
checkpoint_of_another_origin_is_untrusted(void **state)
{
    Fixture *f = *state;
    const char *text = "other.example/log\n42\n" ROOT "\n";

    f->bytes = note_sign(span_of_text(text), ORIGIN, f->signer, &f->error);
    f->checkpoint =
        checkpoint_verify(span_of_bytes(f->bytes), ORIGIN, signer_public_key(f->signer), &f->error);
    assert_null(f->checkpoint);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
origins_follow_their_grammar(void **state)
{
    static const char *const good[] = { "log.example/main", "localhost/00ff", "h:8080/a/b-c_d",
                                        "log.example.org" };
    static const char *const bad[] = { "",         "host",       "host/",     "/path",
                                       "Host/a",   "https://h/", "h/../a",    "h/a:1",
                                       "h:port/a", "h//a",       "h/with sp", ":1/a" };
    (void)state;

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        test_case("%s", good[i]);
        assert_true(origin_is_valid(good[i]));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        test_case("'%s'", bad[i]);
        assert_false(origin_is_valid(bad[i]));
    }
}

/* The leaf hashes of the published log: its largest partial tile of level 0. */
static GBytes *
read_leaf_hashes(Vectors *v)
{
    return vectors_read(v, "tile/0/000.p/15");
}

static void
published_log_has_the_roots_of_its_checkpoints(void **state)
{
    Vectors *v = *state;
    MerkleFrontier frontier;

    vectors_open(v, "tlog/tessera-log");
    g_autoptr(GBytes) vkey = vectors_read(v, "vkey.txt");
    g_autofree char *text =
        g_strndup(span_of_bytes(vkey).data ? (const char *)span_of_bytes(vkey).data : "",
                  g_bytes_get_size(vkey));
    g_autoptr(NoteVerifier) log = note_verifier_parse(g_strstrip(text), &v->error);
    g_autoptr(GBytes) hashes = read_leaf_hashes(v);
    assert_no_gerror(v->error);

    merkle_frontier_init(&frontier);
    for (uint64_t size = 0; size <= 15; size++) {
        g_autofree char *path = g_strdup_printf("checkpoint.%u", (unsigned)size);
        g_autoptr(GBytes) note = vectors_read(v, path);
        g_autoptr(Checkpoint) checkpoint = checkpoint_verify(
            span_of_bytes(note), note_verifier_name(log), note_verifier_key(log), NULL);
        Digest root = merkle_frontier_root(&frontier);
        vectors_case(v, path,
                     checkpoint != NULL && checkpoint->head.size == size &&
                         digest_equal(&checkpoint->head.root, &root));
        if (size < 15) {
            Digest leaf;
            memcpy(leaf.bytes, span_of_bytes(hashes).data + size * DIGEST_SIZE, DIGEST_SIZE);
            merkle_frontier_append(&frontier, &leaf);
        }
    }
    vectors_done(v, 16);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_is_origin_size_and_root, setup, teardown),
        cmocka_unit_test_setup_teardown(text_reads_back_with_its_extensions, setup, teardown),
        cmocka_unit_test_setup_teardown(malformed_text_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(checkpoint_of_another_origin_is_untrusted, setup, teardown),
        cmocka_unit_test(origins_follow_their_grammar),
        cmocka_unit_test_setup_teardown(published_log_has_the_roots_of_its_checkpoints,
                                        vectors_setup, vectors_teardown),
    };

    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
