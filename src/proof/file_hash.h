/* SPDX-License-Identifier: Apache-2.0
 * file_hash: the hash of a file of any size, by any algorithm of libcrypto. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

#define FILE_HASH_MAX 64

typedef struct {
    size_t len; /* bytes used */
    uint8_t bytes[FILE_HASH_MAX];
} FileHash;

/** Hashes from the file's beginning to its end; the offset of @fd is not used.
 * @algorithm: "SHA512", "BLAKE2B512". Errors: UNAVAILABLE (algorithm), IO. */
bool file_hash(int fd, const char *algorithm, FileHash *out, GError **error) MUST_CHECK;
/** The same, and of @tail behind it. Errors: as file_hash. */
bool file_hash_with(int fd, const char *algorithm, Span tail, FileHash *out,
                    GError **error) MUST_CHECK;
/** Of @content, then of @tail. Errors: UNAVAILABLE. */
bool bytes_hash(const char *algorithm, Span content, Span tail, FileHash *out,
                GError **error) MUST_CHECK;
static inline Span
file_hash_span(const FileHash *hash)
{
    return span_of(hash->bytes, hash->len);
}
