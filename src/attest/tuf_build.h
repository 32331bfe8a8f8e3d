/* SPDX-License-Identifier: Apache-2.0
 * tuf_build: metadata of a TUF repository of our own, written (TUF specification 1.0 section 4).
 * Pure: who signs, when, and where the files go is service/tuf_repo's. Metadata is a "signed"
 * object until tuf_build_envelope puts signatures beside it. */
#pragma once
#include "attest/tuf.h"
#include "base/digest.h"
#include "proof/public_key.h"

#define TUF_BUILD_MAX_PATH 255 /* bytes of a target's path */

typedef struct TufSigners { /* who must sign a role */
    const json_t *keys;     /* borrowed: array of key objects, each a different key */
    int64_t threshold;
} TufSigners;

/** {"keytype", "scheme", "keyval"}: Ed25519 or P-256. Owned. Errors: UNAVAILABLE (another kind). */
json_t *tuf_build_key(const PublicKey *key, GError **error) MUST_CHECK;

/** A root with consistent snapshots. @by_type: signers of root, timestamp, snapshot and targets.
 * Owned. Errors: INVALID (a threshold nobody can meet), METADATA. */
json_t *tuf_build_root(int64_t version, int64_t expires_us, const TufSigners by_type[TUF_N_TYPES],
                       GError **error) MUST_CHECK;
/** Targets without a target. Owned. */
json_t *tuf_build_targets(int64_t version, int64_t expires_us);
/** The version after @metadata, with the same content. Owned. */
json_t *tuf_build_next(const json_t *metadata, int64_t expires_us);
/** Adds or replaces a target. Errors: INVALID (a path that is not relative and plain). */
bool tuf_build_add_target(json_t *targets, const char *path, uint64_t length, const Digest *digest,
                          GError **error) MUST_CHECK;
/** Errors: NOT_FOUND. */
bool tuf_build_remove_target(json_t *targets, const char *path, GError **error) MUST_CHECK;

typedef struct TufDelegation {
    const char *name;    /* [a-z0-9][a-z0-9._-]{0,63}, none of the four roles */
    TufSigners signers;  /* borrowed */
    const json_t *paths; /* borrowed: array of patterns */
    bool terminating;
} TufDelegation;
/** Adds a delegation, or replaces the one of that name. Errors: INVALID, METADATA. */
bool tuf_build_delegate(json_t *targets, const TufDelegation *delegation,
                        GError **error) MUST_CHECK;

/** One member of "meta": what a snapshot says of a role's file, or the timestamp of the snapshot's.
 */
void tuf_build_add_meta(json_t *meta, const char *role, int64_t version, Span file);
/** @type: timestamp or snapshot. @meta: borrowed. Owned. */
json_t *tuf_build_online(TufType type, int64_t version, int64_t expires_us, json_t *meta);

/** {"signed", "signatures": []}. @metadata: borrowed. Owned. */
json_t *tuf_build_envelope(json_t *metadata);
/** Puts a signature in, in place of an earlier one by that key. */
void tuf_build_add_signature(json_t *envelope, const char *keyid, Span signature);
/** The file: one line of RFC 8785 JSON, the same for the same envelope. Owned. Errors: INVALID,
 * LIMIT (longer than clients allow for @role). */
GBytes *tuf_build_file(const json_t *envelope, const char *role, GError **error) MUST_CHECK;

/** Whether @file, of the role @role, is well-formed and signed as @delegator (a root, or the targets
 * file that delegates to it) asks. Errors: METADATA, SIGNATURES, NOT_FOUND. */
bool tuf_build_check(Span delegator, const char *role, Span file, GError **error) MUST_CHECK;
/** Whether @payload is the canonical text of a timestamp or a snapshot: all that an online key may
 * sign. Errors: METADATA. */
bool tuf_build_check_online(Span payload, GError **error) MUST_CHECK;
