/* SPDX-License-Identifier: Apache-2.0
 * leaf: the bytes of a log entry: Rekor v2 `hashedrekord` 0.0.2 over the digest of a PAE
 * (facts.md section 1). Hashes, a signature and a key, nothing else. */
#pragma once
#include "base/digest.h"
#include "base/span.h"
#include "proof/public_key.h"

typedef struct {
    Digest pae;        /* SHA-256 of the PAE; S of the fact */
    Digest keyid;      /* SHA-256 of spki */
    GBytes *signature; /* owned; ECDSA in DER over the PAE */
    GBytes *spki;      /* owned; P-256 */
} Leaf;

/** The canonical leaf. @spki: P-256. Owned. */
GBytes *leaf_build(const Digest *pae, Span signature, Span spki);
/** Strict: @bytes must be what leaf_build gives for its parts. The key is not yet checked to be on
 * the curve, nor the signature to hold. Returns: owned. Errors: INVALID, LIMIT. */
Leaf *leaf_parse(Span bytes, GError **error) MUST_CHECK;
/** Whether the leaf is about @pae and its signature holds. @key: the leaf's key if the caller has
 * it at hand (its keyid must be the leaf's), or NULL to read it from the leaf. Errors: INVALID,
 * UNTRUSTED. */
bool leaf_check(const Leaf *leaf, Span pae, const PublicKey *key, GError **error) MUST_CHECK;
void leaf_free(Leaf *leaf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Leaf, leaf_free)
