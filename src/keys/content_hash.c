/* SPDX-License-Identifier: Apache-2.0
 * content_hash: libcrypto's digests in pieces. */
#include "keys/content_hash.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <unistd.h>
#include "base/banned.h"

#define PIECE_BYTES (256u << 10)

static bool
refused(const char *algorithm, GError **error)
{
    ERR_clear_error();
    error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "cannot hash with '%s': libcrypto refused",
              algorithm);
    return false;
}

static EVP_MD_CTX *
begin(const char *algorithm)
{
    EVP_MD *md = EVP_MD_fetch(NULL, algorithm, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (md == NULL || ctx == NULL || EVP_DigestInit_ex2(ctx, md, NULL) != 1)
        g_clear_pointer(&ctx, EVP_MD_CTX_free);
    EVP_MD_free(md); /* the context holds a reference */
    return ctx;
}

/* Ends @ctx, which is freed. */
static bool
end(EVP_MD_CTX *ctx, const char *algorithm, Span tail, ContentHash *out, GError **error)
{
    ContentHash hash = { 0 };
    unsigned len = 0;
    bool ok = EVP_MD_CTX_get_size(ctx) <= CONTENT_HASH_MAX &&
              EVP_DigestUpdate(ctx, tail.data, tail.len) == 1 &&
              EVP_DigestFinal_ex(ctx, hash.bytes, &len) == 1;

    EVP_MD_CTX_free(ctx);
    if (!ok)
        return refused(algorithm, error);
    hash.len = len;
    *out = hash;
    return true;
}

bool
content_hash_fd(const char *algorithm, int fd, Span tail, ContentHash *out, GError **error)
{
    EVP_MD_CTX *ctx = begin(algorithm);
    g_autofree uint8_t *piece = g_malloc(PIECE_BYTES);
    off_t offset = 0;
    ssize_t n = 1;

    if (ctx == NULL)
        return refused(algorithm, error);
    while (n > 0 || (n < 0 && errno == EINTR)) {
        n = pread(fd, piece, PIECE_BYTES, offset);
        if (n > 0 && EVP_DigestUpdate(ctx, piece, (size_t)n) != 1) {
            EVP_MD_CTX_free(ctx);
            return refused(algorithm, error);
        }
        offset += n > 0 ? n : 0;
    }
    if (n < 0) {
        EVP_MD_CTX_free(ctx);
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read what is to be signed");
        return false;
    }
    return end(ctx, algorithm, tail, out, error);
}

bool
content_hash_span(const char *algorithm, Span content, Span tail, ContentHash *out, GError **error)
{
    EVP_MD_CTX *ctx = begin(algorithm);

    if (ctx == NULL || EVP_DigestUpdate(ctx, content.data, content.len) != 1) {
        EVP_MD_CTX_free(ctx);
        return refused(algorithm, error);
    }
    return end(ctx, algorithm, tail, out, error);
}
