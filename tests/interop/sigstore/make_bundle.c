/* SPDX-License-Identifier: Apache-2.0
 * make_bundle: writes what Sigstore's client needs into the folder named on the command line: a
 * bundle over the file "asset" in a log of seven entries, the trusted root that names the log, the signer's
 * key. */
#include <fcntl.h>
#include <stdio.h>
#include "attest/bundle.h"
#include "attest/leaf.h"
#include "attest/statement.h"
#include "attest/trusted_root.h"
#include "base/files.h"
#include "keys/memory_signer.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

#define ORIGIN    "log.example/main"
#define LOG_SIZE  7
#define OUR_INDEX 3

static GBytes *
make_pae(Digest *s_out, GError **error)
{
    g_autoptr(Statement) statement =
        statement_new("https://example.com/predicate/v1", json_object());
    Digest asset = digest_of(span_of_text("asset\n"));

    statement_add_subject_sha256(statement, "asset", &asset);
    return statement_pae(statement, s_out, error);
}

/* The leaf hashes of a log with our leaf among others. */
static void
fill_log(const GBytes *leaf, Digest hashes[LOG_SIZE])
{
    for (uint8_t i = 0; i < LOG_SIZE; i++)
        hashes[i] =
            merkle_leaf_hash(i == OUR_INDEX ? span_of_bytes((GBytes *)leaf) : span_of(&i, 1));
}

/* Our proof: the planned nodes are complete subtrees, computed here from the leaves. */
static size_t
prove(const Digest hashes[LOG_SIZE], Digest proof[MERKLE_PLAN_MAX_HASHES], GError **error)
{
    MerklePlan plan;
    Digest nodes[MERKLE_PLAN_MAX_NODES];

    if (!merkle_plan_inclusion(OUR_INDEX, LOG_SIZE, &plan, error))
        return 0;
    for (size_t i = 0; i < plan.n_nodes; i++) {
        MerkleFrontier frontier;
        uint64_t first = plan.nodes[i].index << plan.nodes[i].level;
        merkle_frontier_init(&frontier);
        for (uint64_t j = 0; j < UINT64_C(1) << plan.nodes[i].level; j++)
            merkle_frontier_append(&frontier, &hashes[first + j]);
        nodes[i] = merkle_frontier_root(&frontier);
    }
    merkle_plan_fold(&plan, nodes, proof);
    return plan.n_hashes;
}

static GBytes *
make_checkpoint(Signer *log, const MerkleHead *head, GError **error)
{
    g_autofree char *text = checkpoint_format(ORIGIN, head, NULL);

    return note_sign(span_of_text(text), ORIGIN, log, error);
}

static char *
make_bundle(Signer *engine, Signer *log, GError **error)
{
    Digest s, hashes[LOG_SIZE], proof[MERKLE_PLAN_MAX_HASHES];
    g_autoptr(GBytes) pae = make_pae(&s, error);
    g_autoptr(GBytes) signature = NULL;
    MerkleFrontier frontier;

    if (pae == NULL || !signer_sign(engine, span_of_bytes(pae), &signature, error))
        return NULL;
    g_autoptr(GBytes) leaf =
        leaf_build(&s, span_of_bytes(signature), public_key_spki(signer_public_key(engine)));
    fill_log(leaf, hashes);
    merkle_frontier_init(&frontier);
    for (size_t i = 0; i < LOG_SIZE; i++)
        merkle_frontier_append(&frontier, &hashes[i]);
    MerkleHead head = { .size = LOG_SIZE, .root = merkle_frontier_root(&frontier) };
    g_autoptr(GBytes) checkpoint = make_checkpoint(log, &head, error);
    if (checkpoint == NULL)
        return NULL;
    BundleParts parts = {
        .pae = span_of_bytes(pae),
        .leaf = span_of_bytes(leaf),
        .index = OUR_INDEX,
        .head = head,
        .proof = { .hashes = proof, .n_hashes = prove(hashes, proof, error) },
        .checkpoint = span_of_bytes(checkpoint),
        .log_id = note_log_id(ORIGIN, signer_public_key(log)),
    };
    return bundle_build(&parts, error);
}

static bool
write_all(const char *folder, GError **error)
{
    g_autoptr(Signer) engine = memory_signer_generate(PUBLIC_KEY_P256, error);
    g_autoptr(Signer) log = memory_signer_generate(PUBLIC_KEY_ED25519, error);
    g_autofree char *bundle = engine && log ? make_bundle(engine, log, error) : NULL;
    AUTO_FD int dirfd = bundle != NULL ? dir_open(AT_FDCWD, folder, error) : -1;

    if (dirfd < 0)
        return false;
    TrustedRootLog trusted = { .origin = ORIGIN, .key = signer_public_key(log) };
    g_autofree char *key = public_key_to_pem(signer_public_key(engine));
    g_autofree char *root = trusted_root_build(&trusted, 1, error);
    return root != NULL &&
           file_write_atomic(dirfd, "bundle.json", span_of_text(bundle), 0644, error) &&
           file_write_atomic(dirfd, "engine.pem", span_of_text(key), 0644, error) &&
           file_write_atomic(dirfd, "trusted_root.json", span_of_text(root), 0644, error);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    if (argc == 2 && write_all(argv[1], &error))
        return 0;
    fprintf(stderr, "make_bundle: %s\n", error != NULL ? error->message : "wanted a folder");
    return 1;
}
