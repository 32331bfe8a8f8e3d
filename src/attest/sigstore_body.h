/* SPDX-License-Identifier: Apache-2.0
 * sigstore_body: what a Sigstore log entry says, read from its leaf: who signed what, and how. */
#pragma once
#include "attest/sigstore_bundle.h"

typedef enum {
    SIGSTORE_BODY_OF_NONE,
    SIGSTORE_BODY_OF_SIGNED,  /* the digest is of what is signed: the artifact, or the PAE */
    SIGSTORE_BODY_OF_PAYLOAD, /* of the envelope's payload */
} SigstoreBodyOf;

typedef struct SigstoreBody {
    SigstoreBodyOf digest_of;
    X509Hash hash;
    GBytes *digest;      /* owned */
    GBytes *signature;   /* owned */
    GBytes *certificate; /* owned; DER; or NULL */
    GBytes *spki;        /* owned; DER; or NULL: exactly one of the two is there */
    char *key_details;   /* owned; Rekor v2's name of the algorithm, or NULL */
} SigstoreBody;

/** @kind: what the bundle calls it; the leaf must say the same. Returns: owned. Errors: INVALID,
 * LIMIT, UNAVAILABLE (a digest we do not know). */
SigstoreBody *sigstore_body_parse(Span leaf, SigstoreEntryKind kind, GError **error) MUST_CHECK;
void sigstore_body_free(SigstoreBody *body);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SigstoreBody, sigstore_body_free)
