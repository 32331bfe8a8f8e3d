/* SPDX-License-Identifier: Apache-2.0
 * digest_priv: for digest_many.c, the back ends beside it and their test. A back end hashes blocks
 * of several independent messages at once, one a lane; digest_many.c deals the messages out. */
#pragma once
#include <stdbool.h>
#include "base/digest.h"

#define DIGEST_MAX_LANES   16
#define DIGEST_BLOCK_BYTES 64
#define DIGEST_STATE_WORDS 8

typedef struct {
    const char *name;    /* static */
    size_t n_lanes;      /* at most DIGEST_MAX_LANES */
    size_t min_messages; /* for fewer, one after the other is faster */
    bool (*is_supported)(void);
    /* Hashes @n_blocks (at least 1) consecutive blocks of every lane. @state: word i of lane l is
     * at [i * n_lanes + l], aligned to 64 bytes. @blocks: one pointer a lane. */
    void (*compress)(uint32_t *state, const uint8_t *const *blocks, size_t n_blocks);
} DigestBackend;

extern const DigestBackend digest_avx512;
extern const DigestBackend digest_shani;
extern const uint32_t digest_constants[64]; /* K of FIPS 180-4, section 4.2.2 */

/** As digest_many_short, by this back end. */
void digest_many_short_by(const DigestBackend *backend, uint8_t *places, size_t size, size_t n,
                          Digest *out);
/** As digest_many, by this back end whether it is the chosen one or not; it must be supported. */
void digest_many_by(const DigestBackend *backend, const Span *messages, size_t n, Digest *out);
