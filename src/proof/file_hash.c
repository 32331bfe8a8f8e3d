/* SPDX-License-Identifier: Apache-2.0
 * file_hash: pread in pieces into one digest. */
#include "proof/file_hash.h"
#include <errno.h>
#include <openssl/evp.h>
#include <unistd.h>
#include "base/banned.h"

#define PIECE_BYTES (64u << 10)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD, EVP_MD_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)

static bool
hash_all(EVP_MD_CTX *context, int fd, GError **error)
{
    g_autofree uint8_t *piece = g_malloc(PIECE_BYTES);

    for (off_t at = 0;;) {
        ssize_t n = pread(fd, piece, PIECE_BYTES, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read the file to hash it");
            return false;
        }
        if (n == 0)
            return true;
        if (EVP_DigestUpdate(context, piece, (size_t)n) != 1) {
            error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "cannot hash the file");
            return false;
        }
        at += n;
    }
}

static EVP_MD_CTX *
begin(const char *algorithm, GError **error)
{
    g_autoptr(EVP_MD) md = EVP_MD_fetch(NULL, algorithm, NULL);
    g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();

    if (md == NULL || context == NULL || EVP_MD_get_size(md) > FILE_HASH_MAX ||
        EVP_DigestInit_ex2(context, md, NULL) != 1) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "there is no hash '%s' here",
                  algorithm);
        return NULL;
    }
    return g_steal_pointer(&context);
}

static bool
finish(EVP_MD_CTX *context, const char *algorithm, Span tail, FileHash *out, GError **error)
{
    FileHash hash = { 0 };
    unsigned len = sizeof hash.bytes;

    if (EVP_DigestUpdate(context, tail.data, tail.len) != 1 ||
        EVP_DigestFinal_ex(context, hash.bytes, &len) != 1) {
        error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "cannot finish hash '%s'", algorithm);
        return false;
    }
    hash.len = len;
    *out = hash;
    return true;
}

bool
file_hash_with(int fd, const char *algorithm, Span tail, FileHash *out, GError **error)
{
    g_autoptr(EVP_MD_CTX) context = begin(algorithm, error);

    return context != NULL && hash_all(context, fd, error) &&
           finish(context, algorithm, tail, out, error);
}

bool
file_hash(int fd, const char *algorithm, FileHash *out, GError **error)
{
    return file_hash_with(fd, algorithm, span_of(NULL, 0), out, error);
}

bool
bytes_hash(const char *algorithm, Span content, Span tail, FileHash *out, GError **error)
{
    g_autoptr(EVP_MD_CTX) context = begin(algorithm, error);

    if (context == NULL)
        return false;
    if (EVP_DigestUpdate(context, content.data, content.len) != 1) {
        error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "cannot hash with '%s'", algorithm);
        return false;
    }
    return finish(context, algorithm, tail, out, error);
}
