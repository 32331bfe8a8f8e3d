/* SPDX-License-Identifier: Apache-2.0
 * content_hash: hashes that signature formats ask for, over files of any size. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

#define CONTENT_HASH_MAX 64 /* bytes of the longest */

typedef struct ContentHash {
    uint8_t bytes[CONTENT_HASH_MAX];
    size_t len;
} ContentHash;

/** Of @fd from its beginning to its end, then of @tail. @algorithm: a name of libcrypto: "SHA512",
 * "BLAKE2B-512". @fd: borrowed, seekable. Blocks. Errors: IO, INTERNAL. */
bool content_hash_fd(const char *algorithm, int fd, Span tail, ContentHash *out,
                     GError **error) MUST_CHECK;
/** Of @content, then of @tail. Errors: INTERNAL. */
bool content_hash_span(const char *algorithm, Span content, Span tail, ContentHash *out,
                       GError **error) MUST_CHECK;
