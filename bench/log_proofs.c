/* SPDX-License-Identifier: Apache-2.0
 * log_proofs: benchmark 2: proofs from a log on disk and its whole recomputation, beside what the
 * hashes alone cost, in many lanes and one after the other.
 *
 * --dir PATH     folder of the log (made if new)
 * --size N       entries; appended until there are so many
 * --export PATH  write the log as static files too, with a checkpoint, for other people's programs
 */
#include <openssl/sha.h>
#include <unistd.h>
#include "base/os.h"
#include "bench_util.h"
#include "keys/memory_signer.h"
#include "proof/checkpoint.h"
#include "tlog/tlog.h"
#include "base/banned.h"

#define ORIGIN     "bench.example/log"
#define BATCH      4096
#define PROOFS     20000
#define LOOP_SHARE 8 /* of the hashes are done one by one, and multiplied */

static Tlog *
open_log(const char *dir)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(dir, "log", NULL);
    Tlog *tlog = access(path, F_OK) == 0 ? tlog_open(path, ORIGIN, NULL, 0, &error)
                                         : tlog_create(path, ORIGIN, &error);

    if (tlog == NULL)
        bench_fail("cannot open the log", error);
    return tlog;
}

static void
fill(Tlog *tlog, uint64_t size)
{
    g_autofree uint8_t *bytes = g_malloc0((size_t)BATCH * BENCH_ENTRY_SIZE);
    g_autofree TlogEntry *entries = g_new0(TlogEntry, BATCH);
    g_autoptr(GError) error = NULL;

    for (uint64_t done = tlog_get_size(tlog); done < size;) {
        size_t now = (size_t)MIN(size - done, BATCH);

        for (size_t i = 0; i < now; i++) {
            bench_entry(bytes + i * BENCH_ENTRY_SIZE, done + i);
            entries[i].leaf = (Span){ bytes + i * BENCH_ENTRY_SIZE, BENCH_ENTRY_SIZE };
        }
        if (!tlog_append(tlog, entries, now, NULL, &error))
            bench_fail("cannot append", error);
        done += now;
    }
}

static uint64_t
next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* CPU microseconds of one proof, warm: of inclusion, or of consistency with an older size. */
static double
proof_us(Tlog *tlog, bool inclusion)
{
    g_autoptr(GError) error = NULL;
    uint64_t size = tlog_get_size(tlog);
    uint64_t state = 88172645463325252ull; /* the same places every time */
    double start = 0;
    TlogProof proof;

    for (int i = -PROOFS; i < PROOFS; i++) { /* the first half warms */
        uint64_t place = next_random(&state) % size;
        bool ok = false;

        if (i == 0)
            start = bench_cpu_seconds(RUSAGE_SELF);
        ok = inclusion ? tlog_prove_inclusion(tlog, place, size, &proof, &error)
                       : tlog_prove_consistency(tlog, place + 1, size, &proof, &error);
        if (!ok)
            bench_fail("cannot prove", error);
    }
    return (bench_cpu_seconds(RUSAGE_SELF) - start) * 1e6 / PROOFS;
}

/* CPU seconds of all hashes of a tree of @size, as many at once as the machine has lanes for. */
static double
lanes_seconds(uint64_t size)
{
    g_autofree uint8_t *bytes = g_malloc0((size_t)BATCH * BENCH_ENTRY_SIZE);
    g_autofree Span *leaves = g_new0(Span, BATCH);
    g_autofree Digest *nodes = g_new0(Digest, size);
    double start = bench_cpu_seconds(RUSAGE_SELF);

    for (uint64_t at = 0; at < size; at += BATCH) {
        size_t n = (size_t)MIN(size - at, BATCH);

        for (size_t i = 0; i < n; i++) {
            bench_entry(bytes + i * BENCH_ENTRY_SIZE, at + i);
            leaves[i] = (Span){ bytes + i * BENCH_ENTRY_SIZE, BENCH_ENTRY_SIZE };
        }
        merkle_leaf_hashes(leaves, n, nodes + at);
    }
    for (uint64_t n = size / 2; n > 0; n /= 2)
        merkle_node_hashes(nodes, (size_t)n, nodes);
    return bench_cpu_seconds(RUSAGE_SELF) - start;
}

/* The same, a call of SHA256() each. */
static double
loop_seconds(uint64_t size)
{
    uint8_t leaf[1 + BENCH_ENTRY_SIZE] = { 0 };
    uint8_t node[65] = { 1 };
    uint8_t out[SHA256_DIGEST_LENGTH];
    double start = bench_cpu_seconds(RUSAGE_SELF);

    for (uint64_t i = 0; i < size / LOOP_SHARE; i++) {
        bench_entry(leaf + 1, i);
        SHA256(leaf, sizeof leaf, out);
        memcpy(node + 1, out, sizeof out);
        SHA256(node, sizeof node, out);
    }
    return (bench_cpu_seconds(RUSAGE_SELF) - start) * LOOP_SHARE;
}

/* The vkey of the log that was exported. Owned. */
static char *export(Tlog *tlog, const char *path)
{
    g_autoptr(GError) error = NULL;
    Signer *signer = memory_signer_generate(PUBLIC_KEY_ED25519, &error);
    MerkleHead head = tlog_get_head(tlog);
    g_autofree char *text = checkpoint_format(ORIGIN, &head, NULL);
    g_autoptr(GBytes) note =
        signer != NULL ? note_sign(span_of_text(text), ORIGIN, signer, &error) : NULL;
    g_autoptr(NoteVerifier) verifier =
        note != NULL ? note_verifier_new(ORIGIN, signer_public_key(signer), &error) : NULL;
    char *vkey = NULL;

    if (verifier == NULL || !tlog_set_checkpoint(tlog, span_of_bytes(note), &error) ||
        !tlog_export(tlog, path, &error))
        bench_fail("cannot export", error);
    vkey = note_verifier_vkey(verifier);
    signer_free(signer);
    return vkey;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    const char *dir = bench_option(argc, argv, "--dir", NULL);
    const char *target = bench_option(argc, argv, "--export", NULL);
    uint64_t size = (uint64_t)bench_number(argc, argv, "--size", "10000");
    Tlog *tlog = dir != NULL ? open_log(dir) : NULL;
    g_autofree char *vkey = NULL;
    TlogCheckReport report;
    double inclusion = 0, consistency = 0, check = 0, start = 0;

    if (tlog == NULL)
        bench_fail("--dir is missing", NULL);
    fill(tlog, size);
    inclusion = proof_us(tlog, true);
    consistency = proof_us(tlog, false);
    if (target != NULL)
        vkey = export(tlog, target);
    start = bench_cpu_seconds(RUSAGE_SELF);
    if (!tlog_check(tlog, &report, &error))
        bench_fail("cannot check", error);
    check = bench_cpu_seconds(RUSAGE_SELF) - start;
    long rss_kb = bench_rss_kb(); /* before the floor keeps a tree in memory */
    printf("{\"size\":%" PRIu64 ",\"inclusion_us\":%.2f,\"consistency_us\":%.2f,\"check_s\":%.4f,"
           "\"lanes_s\":%.4f,\"loop_s\":%.4f,\"rss_kb\":%ld,\"vkey\":\"%s\"}\n",
           report.head.size, inclusion, consistency, check, lanes_seconds(size), loop_seconds(size),
           rss_kb, vkey != NULL ? vkey : "");
    tlog_free(tlog);
    return 0;
}
