/* SPDX-License-Identifier: Apache-2.0
 * tlog_proof: one file that proves offline that an entry is in a log (C2SP tlog-proof@v1). */
#pragma once
#include "proof/merkle.h"
#include "proof/tlog_policy.h"

#define TLOG_PROOF_MAX_BYTES (128u << 10)

typedef struct {
    GBytes *extra; /* owned, or NULL; nobody vouches for it */
    uint64_t index;
    Digest *hashes; /* owned; nearest to the leaf first */
    size_t n_hashes;
    GBytes *checkpoint; /* owned; a signed note, its cosignatures too */
} TlogProofFile;

/** The text, strictly. Checks form, not truth. Returns: owned. Errors: INVALID, LIMIT. */
TlogProofFile *tlog_proof_parse(Span text, GError **error) MUST_CHECK;
void tlog_proof_free(TlogProofFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TlogProofFile, tlog_proof_free)
/** @extra: empty for none. @checkpoint: the signed note. Owned. */
char *tlog_proof_format(Span extra, uint64_t index, MerkleProof proof, Span checkpoint);
/** Whether the entry with @leaf_hash is in a log of @policy (which must list logs), under a
 * checkpoint with its quorum. Errors: UNTRUSTED, DENIED, UNAVAILABLE, INVALID. */
bool tlog_proof_verify(const TlogProofFile *file, const Digest *leaf_hash, const TlogPolicy *policy,
                       GError **error) MUST_CHECK;
