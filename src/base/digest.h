/* SPDX-License-Identifier: Apache-2.0
 * digest: SHA-256 (FIPS 180-4), one message at a time, in pieces, or many independent ones at once.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

#define DIGEST_SIZE        32
#define DIGEST_HEX_SIZE    65 /* 64 hex digits and NUL */
#define DIGEST_STRING_SIZE 72 /* "sha256:", 64 hex digits and NUL */

typedef struct {
    uint8_t bytes[DIGEST_SIZE];
} Digest;

/** SHA-256 of @span. */
Digest digest_of(Span span);
/** SHA-256 of the parts one after the other. */
Digest digest_of_parts(const Span *parts, size_t n_parts);
/** SHA-256 of @n independent messages; uses the widest unit of this CPU. @out: n digests. */
void digest_many(const Span *messages, size_t n, Digest *out);
#define DIGEST_SHORT_BYTES 119 /* two blocks with their padding */
#define DIGEST_SHORT_PLACE 128
/** SHA-256 of @n messages of @size bytes each, at most DIGEST_SHORT_BYTES, a DIGEST_SHORT_PLACE apart
 * from @places on; what is behind each in its place is overwritten. @out: n digests. */
void digest_many_short(uint8_t *places, size_t size, size_t n, Digest *out);
/** The name of the back end digest_many() uses here: "avx512x16", "shani-x4" or "openssl". */
const char *digest_many_backend(void);

/** Constant-time comparison. */
bool digest_equal(const Digest *a, const Digest *b);
bool digest_is_zero(const Digest *digest);

/** 64 lower-case hex digits into @out. */
void digest_to_hex(const Digest *digest, char out[DIGEST_HEX_SIZE]);
/** "sha256:" and 64 lower-case hex digits into @out. */
void digest_to_string(const Digest *digest, char out[DIGEST_STRING_SIZE]);
/** Exactly 64 lower-case hex digits. Errors: INVALID. */
bool digest_from_hex(const char *hex, Digest *out, GError **error) MUST_CHECK;
/** Exactly "sha256:" and 64 lower-case hex digits. Errors: INVALID. */
bool digest_from_string(const char *text, Digest *out, GError **error) MUST_CHECK;
/** "sha256:…" as an owned string. */
char *digest_dup_string(const Digest *digest);

/** GHashFunc and GEqualFunc over Digest keys. */
unsigned digest_hash(const void *digest);
int digest_hash_equal(const void *a, const void *b);

typedef struct DigestStream DigestStream; /* one running SHA-256 */
/** Returns: owned. */
DigestStream *digest_stream_new(void);
void digest_stream_update(DigestStream *stream, Span span);
/** The digest of all bytes so far; the stream starts anew. */
Digest digest_stream_finish(DigestStream *stream);
void digest_stream_free(DigestStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DigestStream, digest_stream_free)
