/* SPDX-License-Identifier: Apache-2.0
 * sigstore_json: protobuf JSON as sigstore/protobuf-specs has it: numbers of 64 bits are text or
 * numbers, bytes are base64 of either alphabet, defaults may be left out. For
 * src/attest/sigstore_*.c only. */
#pragma once
#include "base/json.h"
#include "proof/x509_key.h"

/** A member that is an object, or NULL when absent or null. Errors: INVALID (another type). */
bool sigstore_find_object(const json_t *object, const char *key, const json_t **out,
                          GError **error) MUST_CHECK;
/** A list of at most @limit; an absent one has no members. *@out: borrowed or NULL. Errors: INVALID,
 * LIMIT. */
bool sigstore_find_array(const json_t *object, const char *key, size_t limit, const json_t **out,
                         GError **error) MUST_CHECK;
/** 0 when absent. Up to 2^63-1. Errors: INVALID. */
bool sigstore_find_number(const json_t *object, const char *key, uint64_t *out,
                          GError **error) MUST_CHECK;
/** 1 to @limit bytes. Returns: owned. Errors: INVALID, LIMIT. */
GBytes *sigstore_need_bytes(const json_t *object, const char *key, size_t limit,
                            GError **error) MUST_CHECK;
/** 32 bytes. Errors: INVALID. */
bool sigstore_need_hash(const json_t *object, const char *key, Digest *out,
                        GError **error) MUST_CHECK;
/** "SHA2_256", "sha256" and their longer sisters; NONE for others. */
X509Hash sigstore_hash_of(const char *name);
/** The members `certificates[].rawBytes` of a chain. Returns: owned, of GBytes. Errors: INVALID,
 * LIMIT. */
GPtrArray *sigstore_need_certificates(const json_t *chain, GError **error) MUST_CHECK;
