/* SPDX-License-Identifier: Apache-2.0
 * test_tlog_vectors: every file of a log that Tessera served (C2SP tlog-tiles). */
#include "vectors.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

#define LOG_SIZE 15

/* The leaf hashes of an entry bundle: each entry behind its length in two bytes. */
static GArray *
hashes_of_entries(Span bundle)
{
    GArray *hashes = g_array_new(FALSE, FALSE, sizeof(Digest));

    while (bundle.len >= 2) {
        size_t len = (size_t)bundle.data[0] << 8 | bundle.data[1];
        if (bundle.len < 2 + len)
            break;
        Digest hash = merkle_leaf_hash(span_of(bundle.data + 2, len));
        g_array_append_val(hashes, hash);
        bundle = span_of(bundle.data + 2 + len, bundle.len - 2 - len);
    }
    if (bundle.len != 0)
        g_array_set_size(hashes, 0);
    return hashes;
}

static Digest
root_of(const GArray *hashes)
{
    MerkleFrontier frontier;

    merkle_frontier_init(&frontier);
    for (unsigned i = 0; i < hashes->len; i++)
        merkle_frontier_append(&frontier, &g_array_index(hashes, Digest, i));
    return merkle_frontier_root(&frontier);
}

static NoteVerifier *
read_vkey(Vectors *v)
{
    g_autoptr(GBytes) bytes = vectors_read(v, "vkey.txt");
    g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
    NoteVerifier *log = note_verifier_parse(g_strstrip(text), &v->error);

    assert_no_gerror(v->error);
    return log;
}

/* Entries, tile and checkpoint of one size say the same. */
static bool
size_is_consistent(Vectors *v, const NoteVerifier *log, unsigned size)
{
    g_autofree char *entries_path = g_strdup_printf("tile/entries/000.p/%u", size);
    g_autofree char *tile_path = g_strdup_printf("tile/0/000.p/%u", size);
    g_autofree char *note_path = g_strdup_printf("checkpoint.%u", size);
    g_autoptr(GBytes) entries = vectors_read(v, entries_path);
    g_autoptr(GBytes) tile = vectors_read(v, tile_path);
    g_autoptr(GBytes) note = vectors_read(v, note_path);
    g_autoptr(GArray) hashes = hashes_of_entries(span_of_bytes(entries));
    g_autoptr(Checkpoint) checkpoint = checkpoint_verify(
        span_of_bytes(note), note_verifier_name(log), note_verifier_key(log), NULL);
    Digest root = root_of(hashes);

    return hashes->len == size && g_bytes_get_size(tile) == size * sizeof(Digest) &&
           memcmp(hashes->data, g_bytes_get_data(tile, NULL), size * sizeof(Digest)) == 0 &&
           checkpoint != NULL && checkpoint->head.size == size &&
           digest_equal(&checkpoint->head.root, &root);
}

static void
each_size_of_a_served_log_is_consistent(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "tlog/tessera-log");
    g_autoptr(NoteVerifier) log = read_vkey(v);
    for (unsigned size = 1; size <= LOG_SIZE; size++) {
        g_autofree char *name = g_strdup_printf("size %u", size);
        vectors_case(v, name, size_is_consistent(v, log, size));
    }
    g_autoptr(GBytes) newest = vectors_read(v, "checkpoint");
    g_autofree char *last_path = g_strdup_printf("checkpoint.%d", LOG_SIZE);
    g_autoptr(GBytes) last = vectors_read(v, last_path);
    vectors_case(v, "checkpoint", g_bytes_equal(newest, last));
    vectors_done(v, LOG_SIZE + 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_size_of_a_served_log_is_consistent, vectors_setup,
                                        vectors_teardown),
    };

    return cmocka_run_group_tests_name("tlog_vectors", tests, NULL, NULL);
}
