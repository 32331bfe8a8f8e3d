/* SPDX-License-Identifier: Apache-2.0
 * rekor: what a Sigstore log signs: the promise to include an entry (SET, Rekor v1) and its
 * checkpoints (Rekor v1 by ECDSA, v2 by Ed25519, witnesses' lines passed over). */
#pragma once
#include "proof/merkle.h"
#include "proof/x509_key.h"

typedef struct {
    const char *name;   /* borrowed; of the note's lines: the log's URL without its scheme */
    Digest id;          /* the log's id in bundles */
    uint32_t note_hint; /* of its lines in notes */
    const X509Key *key; /* borrowed */
} RekorLog;

typedef struct {
    Span body;            /* the leaf's bytes */
    int64_t integrated_s; /* seconds since 1970 UTC */
    uint64_t log_index;   /* over all shards */
} RekorPromise;

/** Whether @signature is @log's over the promise. Errors: UNTRUSTED, INVALID (a number over 2^53-1). */
bool rekor_verify_promise(const RekorLog *log, const RekorPromise *promise, Span signature,
                          GError **error) MUST_CHECK;
/** Parses a signed note whose first line is @log's name, with or without port and path (for Rekor v1:
 * and " - " and the tree's id), and demands a line by @log's name and hint, and that every such line
 * holds. Errors: INVALID, LIMIT, UNTRUSTED. */
bool rekor_verify_checkpoint(const RekorLog *log, Span signed_note, MerkleHead *head_out,
                             GError **error) MUST_CHECK;
