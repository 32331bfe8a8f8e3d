/* SPDX-License-Identifier: Apache-2.0
 * digest: SHA-256. The low-level OpenSSL calls are used on purpose: the one-call functions and
 * EVP_sha256() fetch the algorithm under a lock at each call (4 times slower for a Merkle node). */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/digest.h"
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include "base/banned.h"

#define DIGEST_PREFIX "sha256:"

struct DigestStream {
    SHA256_CTX context;
};

Digest
digest_of(Span span)
{
    return digest_of_parts(&span, 1);
}

Digest
digest_of_parts(const Span *parts, size_t n_parts)
{
    SHA256_CTX context;
    Digest out;

    SHA256_Init(&context);
    for (size_t i = 0; i < n_parts; i++)
        if (parts[i].len > 0)
            SHA256_Update(&context, parts[i].data, parts[i].len);
    SHA256_Final(out.bytes, &context);
    return out;
}

bool
digest_equal(const Digest *a, const Digest *b)
{
    return CRYPTO_memcmp(a->bytes, b->bytes, DIGEST_SIZE) == 0;
}

bool
digest_is_zero(const Digest *digest)
{
    static const Digest zero = { 0 };

    return digest_equal(digest, &zero);
}

void
digest_to_hex(const Digest *digest, char out[DIGEST_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        out[2 * i] = digits[digest->bytes[i] >> 4];
        out[2 * i + 1] = digits[digest->bytes[i] & 15];
    }
    out[DIGEST_HEX_SIZE - 1] = '\0';
}

void
digest_to_string(const Digest *digest, char out[DIGEST_STRING_SIZE])
{
    memcpy(out, DIGEST_PREFIX, strlen(DIGEST_PREFIX));
    digest_to_hex(digest, out + strlen(DIGEST_PREFIX));
}

static int
nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool
digest_from_hex(const char *hex, Digest *out, GError **error)
{
    Digest parsed;
    size_t n = 0;

    for (; n < DIGEST_SIZE; n++) {
        int high = nibble(hex[2 * n]);
        int low = high < 0 ? -1 : nibble(hex[2 * n + 1]);

        if (low < 0)
            break;
        parsed.bytes[n] = (uint8_t)(high << 4 | low);
    }
    if (n != DIGEST_SIZE || hex[2 * DIGEST_SIZE] != '\0') {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "a SHA-256 digest must be 64 lower-case hex digits");
        return false;
    }
    *out = parsed;
    return true;
}

bool
digest_from_string(const char *text, Digest *out, GError **error)
{
    if (!g_str_has_prefix(text, DIGEST_PREFIX)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "a digest must begin with '%s'",
                  DIGEST_PREFIX);
        return false;
    }
    return digest_from_hex(text + strlen(DIGEST_PREFIX), out, error);
}

char *
digest_dup_string(const Digest *digest)
{
    char text[DIGEST_STRING_SIZE];

    digest_to_string(digest, text);
    return g_strdup(text);
}

unsigned
digest_hash(const void *digest)
{
    unsigned value = 0;

    /* Any four bytes of a digest are as good as a hash of all. */
    memcpy(&value, ((const Digest *)digest)->bytes, sizeof value);
    return value;
}

int
digest_hash_equal(const void *a, const void *b)
{
    return digest_equal(a, b);
}

DigestStream *
digest_stream_new(void)
{
    DigestStream *stream = g_new(DigestStream, 1);

    SHA256_Init(&stream->context);
    return stream;
}

void
digest_stream_update(DigestStream *stream, Span span)
{
    if (span.len > 0)
        SHA256_Update(&stream->context, span.data, span.len);
}

Digest
digest_stream_finish(DigestStream *stream)
{
    Digest out;

    SHA256_Final(out.bytes, &stream->context);
    SHA256_Init(&stream->context);
    return out;
}

void
digest_stream_free(DigestStream *stream)
{
    g_free(stream);
}
