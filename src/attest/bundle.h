/* SPDX-License-Identifier: Apache-2.0
 * bundle: Sigstore bundle v0.3 over a fact: envelope, leaf, inclusion proof and checkpoint. A view,
 * made on demand (facts.md section 1). Reads its own kind; foreign bundles come later. */
#pragma once
#include "attest/dsse.h"
#include "base/span.h"
#include "proof/merkle.h"

#define BUNDLE_MAX_TIMESTAMPS 16 /* RFC 3161 responses of one bundle */
#define BUNDLE_MEDIA_TYPE     "application/vnd.dev.sigstore.bundle.v0.3+json"

typedef struct { /* what a bundle is made of; all borrowed */
    Span pae;    /* of the fact */
    Span leaf;
    uint64_t index;
    MerkleHead head;
    MerkleProof proof;
    Span checkpoint;        /* signed note */
    Digest log_id;          /* note_log_id of origin and log key */
    const Span *timestamps; /* RFC 3161 responses */
    size_t n_timestamps;
} BundleParts;

/** Canonical JSON and a newline. Owned. Errors: INVALID (leaf or PAE malformed). */
char *bundle_build(const BundleParts *parts, GError **error) MUST_CHECK;

typedef struct {
    DsseEnvelope *envelope; /* owned; one signature */
    Digest hint;            /* keyid of the signing key */
    GBytes *leaf;           /* owned */
    uint64_t index;
    MerkleHead head;
    Digest *hashes; /* owned */
    size_t n_hashes;
    GBytes *checkpoint; /* owned */
    Digest log_id;
    GPtrArray *timestamps; /* owned; of GBytes */
} Bundle;

/** A v0.3 bundle with a public key, a DSSE envelope and one hashedrekord 0.0.2 entry with its
 * proof. Checks form, not truth. Returns: owned. Errors: INVALID, LIMIT, UNAVAILABLE (another kind
 * of bundle). */
Bundle *bundle_parse(Span json, GError **error) MUST_CHECK;
/** PAE of the bundle's envelope. Owned. */
GBytes *bundle_pae(const Bundle *bundle);
void bundle_free(Bundle *bundle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bundle, bundle_free)
