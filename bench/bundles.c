/* SPDX-License-Identifier: Apache-2.0
 * bundles: benchmark 4: so many bundles of ours verified in one process, each from its bytes: form,
 * signature over the envelope, entry of the log, inclusion, checkpoint.
 *
 * --bundle FILE --key PEM --log-key PEM --origin TEXT --count N
 */
#include <fcntl.h>
#include "attest/bundle.h"
#include "attest/leaf.h"
#include "base/files.h"
#include "base/limits.h"
#include "bench_util.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

typedef struct Scene {
    GBytes *bundle;     /* owned */
    PublicKey *key;     /* owned */
    PublicKey *log_key; /* owned */
    const char *origin;
} Scene;

static GBytes *
load(const char *path)
{
    g_autoptr(GError) error = NULL;
    GBytes *bytes = file_read(AT_FDCWD, path, 1u << 20, &error);

    if (bytes == NULL)
        bench_fail("cannot read", error);
    return bytes;
}

static PublicKey *
load_key(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) pem = load(path);
    PublicKey *key = public_key_from_pem(span_of_bytes(pem), &error);

    if (key == NULL)
        bench_fail("cannot read a key", error);
    return key;
}

static void
verify_once(const Scene *scene)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Bundle) bundle = bundle_parse(span_of_bytes(scene->bundle), &error);
    g_autoptr(GBytes) pae = NULL;
    g_autoptr(Leaf) leaf = NULL;
    g_autoptr(Checkpoint) checkpoint = NULL;
    const DsseSignature *signature = NULL;
    MerkleProof proof = { 0 };
    Digest hash;

    if (bundle == NULL)
        bench_fail("this is no bundle", error);
    /* leaf_check verifies the entry's signature; the envelope's must be the same bytes. */
    pae = bundle_pae(bundle);
    signature = bundle->envelope->signatures->pdata[0];
    leaf = leaf_parse(span_of_bytes(bundle->leaf), &error);
    if (leaf == NULL || !leaf_check(leaf, span_of_bytes(pae), scene->key, &error) ||
        !g_bytes_equal(leaf->signature, signature->sig))
        bench_fail("the signature is wrong", error);
    checkpoint =
        checkpoint_verify(span_of_bytes(bundle->checkpoint), scene->origin, scene->log_key, &error);
    if (checkpoint == NULL)
        bench_fail("the checkpoint is wrong", error);
    hash = merkle_leaf_hash(span_of_bytes(bundle->leaf));
    proof = (MerkleProof){ .hashes = bundle->hashes, .n_hashes = bundle->n_hashes };
    if (!merkle_verify_inclusion(&hash, bundle->index, &checkpoint->head, proof, &error))
        bench_fail("the entry is not in the log", error);
}

int
main(int argc, char **argv)
{
    uint64_t count = (uint64_t)bench_number(argc, argv, "--count", "1000");
    Scene scene = { .bundle = load(bench_option(argc, argv, "--bundle", "")),
                    .key = load_key(bench_option(argc, argv, "--key", "")),
                    .log_key = load_key(bench_option(argc, argv, "--log-key", "")),
                    .origin = bench_option(argc, argv, "--origin", "") };
    double cpu = bench_cpu_seconds(RUSAGE_SELF);

    for (uint64_t i = 0; i < count; i++)
        verify_once(&scene);
    cpu = bench_cpu_seconds(RUSAGE_SELF) - cpu;
    printf("{\"count\":%" PRIu64 ",\"cpu_us\":%.2f,\"rss_kb\":%ld}\n", count,
           cpu * 1e6 / (double)count, bench_rss_kb());
    g_bytes_unref(scene.bundle);
    public_key_unref(scene.key);
    public_key_unref(scene.log_key);
    return 0;
}
