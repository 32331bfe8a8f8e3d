/* SPDX-License-Identifier: Apache-2.0
 * sigstore_bundle: Sigstore bundles of any make and age (sigstore/protobuf-specs, v0.1 to v0.3), read
 * strictly; what they say is checked by verify/sigstore.h. Our own are bundle.h's. */
#pragma once
#include "attest/dsse.h"
#include "proof/merkle.h"
#include "proof/x509_key.h"

typedef enum {
    SIGSTORE_BUNDLE_NONE,
    SIGSTORE_BUNDLE_V01, /* a promise in each entry */
    SIGSTORE_BUNDLE_V02, /* an inclusion proof in each entry */
    SIGSTORE_BUNDLE_V03, /* and one certificate instead of a chain */
} SigstoreBundleVersion;

typedef enum { /* kind and version of a log entry */
               SIGSTORE_ENTRY_NONE,
               SIGSTORE_ENTRY_HASHEDREKORD_V1, /* 0.0.1, Rekor v1 */
               SIGSTORE_ENTRY_HASHEDREKORD_V2, /* 0.0.2, Rekor v2 */
               SIGSTORE_ENTRY_DSSE_V1,         /* 0.0.1, Rekor v1 */
               SIGSTORE_ENTRY_DSSE_V2,         /* 0.0.2, Rekor v2 until May 2026 */
               SIGSTORE_ENTRY_INTOTO_V2,       /* 0.0.2, Rekor v1 */
} SigstoreEntryKind;

/** "hashedrekord 0.0.1". Static. */
const char *sigstore_entry_kind_name(SigstoreEntryKind kind);
/** Of a Rekor v2 log: one index, no promise. */
bool sigstore_entry_kind_is_v2(SigstoreEntryKind kind);
/** NONE for what we do not know. */
SigstoreEntryKind sigstore_entry_kind_of(const char *kind, const char *version);

typedef struct SigstoreEntry {
    SigstoreEntryKind kind;
    Digest log_id;
    uint64_t log_index;
    int64_t integrated_s; /* seconds since 1970 UTC; believed only with a promise */
    GBytes *promise;      /* owned; the SET, or NULL */
    bool has_proof;
    uint64_t proof_index; /* in its shard */
    MerkleHead head;
    Digest *hashes; /* owned */
    size_t n_hashes;
    GBytes *checkpoint; /* owned; NULL: v0.1 allowed a proof without */
    GBytes *body;       /* owned; the leaf */
} SigstoreEntry;

void sigstore_entry_free(SigstoreEntry *entry);

typedef struct SigstoreBundle {
    SigstoreBundleVersion version;
    GPtrArray
        *certificates;      /* owned; of GBytes, DER; the signer's first; empty: by a managed key */
    char *hint;             /* owned; which key, in its owner's words; NULL: by a certificate */
    GPtrArray *entries;     /* owned; of SigstoreEntry, at least one */
    GPtrArray *timestamps;  /* owned; of GBytes, RFC 3161 responses */
    DsseEnvelope *envelope; /* owned; exactly one signature; NULL: of a message */
    GBytes *pae;            /* owned; with the envelope */
    GBytes *signature;      /* owned; of the envelope or the message */
    X509Hash digest_hash;   /* NONE: the bundle does not say the message's digest */
    GBytes *digest;         /* owned; or NULL */
} SigstoreBundle;

/** Refuses unknown media types, more than one kind of content or key, doubled entries. Unknown members
 * are ignored. At most LIMIT_BUNDLE_BYTES. Returns: owned. Errors: INVALID, LIMIT, UNAVAILABLE (a
 * version or entry kind we do not know). */
SigstoreBundle *sigstore_bundle_parse(Span json, GError **error) MUST_CHECK;
void sigstore_bundle_free(SigstoreBundle *bundle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SigstoreBundle, sigstore_bundle_free)
