/* SPDX-License-Identifier: Apache-2.0
 * json_bytes: bytes and hashes inside JSON, in standard base64. Only for src/attest. */
#pragma once
#include "base/json.h"
#include "base/span.h"
#include "proof/merkle.h"

/** A JSON string; owned reference. */
json_t *json_bytes(Span span);
/** An array of the proof's hashes; owned reference. */
json_t *json_hashes(MerkleProof proof);
/** Returns: owned. Errors: INVALID. */
GBytes *json_need_bytes(const json_t *object, const char *key, const char *where,
                        GError **error) MUST_CHECK;
/** 32 bytes. Errors: INVALID. */
bool json_need_hash(const json_t *object, const char *key, const char *where, Digest *out,
                    GError **error) MUST_CHECK;
/** An array of at most LIMIT_PROOF_HASHES hashes; *@hashes_out: owned, not NULL. Errors: INVALID,
 * LIMIT. */
bool json_need_hashes(const json_t *object, const char *key, const char *where, Digest **hashes_out,
                      size_t *n_out, GError **error) MUST_CHECK;
