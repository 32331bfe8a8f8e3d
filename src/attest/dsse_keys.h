/* SPDX-License-Identifier: Apache-2.0
 * dsse_keys: envelopes signed by other people's keys: thresholds over distinct keys, key ids as
 * hints (DSSE 1.0.2 protocol.md), and the older ways to write and to make signatures. */
#pragma once
#include "attest/dsse.h"
#include "proof/foreign_key.h"

#define DSSE_KEYS_MAX 64 /* keys one envelope is tried with */

typedef struct {
    char *keyid;     /* owned; the only key id its signatures may name; NULL: any */
    ForeignKey *key; /* shared (ref) */
} DsseKey;

/** @keyid: may be NULL; @key: a reference is taken. Owned. */
DsseKey *dsse_key_new(const char *keyid, const ForeignKey *key);
void dsse_key_free(DsseKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DsseKey, dsse_key_free)

typedef enum {
    DSSE_KEYS_DEFAULT = 0,
    DSSE_KEYS_BARE_PAYLOAD = 1 << 0, /* a signature over the payload alone counts too: regional keys
                                        of Google Cloud Build. It does not bind the payload's type */
} DsseKeysFlags;

/**
 * Whether at least @threshold different keys of @keys signed @envelope. One key counts once,
 * however many signatures, key ids or copies of it there are. A signature may be written in either
 * base64 or, as securesystemslib did before 0.28, in hex.
 * @keys: of DsseKey, at most DSSE_KEYS_MAX. @threshold: at least 1.
 * @n_signers_out: optional; set on failure too. Errors: UNTRUSTED, LIMIT, INVALID (threshold 0).
 */
bool dsse_verify_threshold(const DsseEnvelope *envelope, const GPtrArray *keys, size_t threshold,
                           DsseKeysFlags flags, size_t *n_signers_out, GError **error) MUST_CHECK;
