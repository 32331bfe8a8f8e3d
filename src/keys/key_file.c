/* SPDX-License-Identifier: Apache-2.0
 * key_file: one PEM block "PRIVATE KEY" or "ENCRYPTED PRIVATE KEY" (RFC 5958, RFC 7468) in a file
 * only its owner may read. */
#include "keys/key_file.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/limits.h"
#include "base/random.h"
#include "keys/memory_signer.h"
#include "base/banned.h"

#define SCRYPT_N     16384 /* with r: 16 MiB, what libcrypto allows when it reads */
#define SCRYPT_R     8
#define SCRYPT_P     5
#define SCRYPT_SALT  16
#define AES_IV_BYTES 16

/* @der as PEM in memory that libcrypto wipes. */
static Secret *
pem_from_der(const char *label, Span der)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    Secret *pem = NULL;
    char *text = NULL;

    if (bio != NULL && PEM_write_bio(bio, label, "", der.data, (long)der.len) > 0) {
        long len = BIO_get_mem_data(bio, &text);
        pem = secret_new(span_of(text, (size_t)len));
    }
    BIO_free(bio);
    return pem;
}

/* @pkcs8 encrypted, as PEM. NULL when libcrypto refuses. */
static Secret *
sealed_pem(Span pkcs8, Span passphrase)
{
    uint8_t salt[SCRYPT_SALT], iv[AES_IV_BYTES];
    const uint8_t *at = pkcs8.data;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)pkcs8.len);
    uint8_t *der = NULL;
    Secret *pem = NULL;
    int len = 0;

    random_fill(salt, sizeof salt);
    random_fill(iv, sizeof iv);
    X509_ALGOR *scheme = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, sizeof salt, iv, SCRYPT_N,
                                               SCRYPT_R, SCRYPT_P);
    X509_SIG *box =
        info != NULL && scheme != NULL
            ? PKCS8_set0_pbe((const char *)passphrase.data, (int)passphrase.len, info, scheme)
            : NULL;
    if (box == NULL)
        X509_ALGOR_free(scheme);
    else
        len = i2d_X509_SIG(box, &der);
    if (len > 0)
        pem = pem_from_der(PEM_STRING_PKCS8, span_of(der, (size_t)len));
    OPENSSL_free(der);
    X509_SIG_free(box);
    PKCS8_PRIV_KEY_INFO_free(info);
    ERR_clear_error();
    return pem;
}

/* @passphrase: NULL: not encrypted. */
static Signer *
generate(int dirfd, const char *name, PublicKeyKind kind, const Secret *passphrase, GError **error)
{
    g_autoptr(Signer) signer = memory_signer_generate(kind, error);
    g_autoptr(Secret) pkcs8 = signer != NULL ? memory_signer_export(signer, error) : NULL;

    if (pkcs8 == NULL)
        return NULL;
    g_autoptr(Secret) pem = passphrase != NULL
                                ? sealed_pem(secret_get(pkcs8), secret_get(passphrase))
                                : pem_from_der(PEM_STRING_PKCS8INF, secret_get(pkcs8));
    if (pem == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "cannot write private key '%s' as PEM",
                  name);
        return NULL;
    }
    if (!file_write_new(dirfd, name, secret_get(pem), 0600, error)) {
        error_prefix(error, "cannot keep private key '%s'", name);
        return NULL;
    }
    return g_steal_pointer(&signer);
}

Signer *
key_file_generate(int dirfd, const char *name, PublicKeyKind kind, GError **error)
{
    return generate(dirfd, name, kind, NULL, error);
}

Signer *
key_file_generate_sealed(int dirfd, const char *name, PublicKeyKind kind, const Secret *passphrase,
                         GError **error)
{
    return generate(dirfd, name, kind, passphrase, error);
}

/* Refuses what others could have read or replaced. */
static bool
check_owner(int fd, const char *path, off_t *size_out, GError **error)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read private key '%s'", path);
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
                  "cannot use private key '%s': not a regular file", path);
        return false;
    }
    if (st.st_uid != geteuid() && st.st_uid != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
                  "cannot use private key '%s': it belongs to user %u, not to user %u", path,
                  st.st_uid, geteuid());
        return false;
    }
    if ((st.st_mode & 077) != 0) {
        error_set(
            error, BASE_ERROR, BASE_ERROR_DENIED,
            "cannot use private key '%s': its mode is %04o, so others may read it; run 'chmod "
            "600 %s'",
            path, st.st_mode & 07777, path);
        return false;
    }
    if (st.st_size > LIMIT_KEY_FILE_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot read private key '%s': %lld bytes, the limit is %u", path,
                  (long long)st.st_size, LIMIT_KEY_FILE_BYTES);
        return false;
    }
    *size_out = st.st_size;
    return true;
}

/* The content of @fd, at most @size bytes, in locked memory. */
static Secret *
read_secret(int fd, size_t size, const char *path, GError **error)
{
    g_autofree uint8_t *data = g_malloc(size + 1);
    size_t len = 0;
    ssize_t n = 1;

    while (len < size && n != 0) {
        n = read(fd, data + len, size - len);
        if (n < 0 && errno != EINTR) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read private key '%s'", path);
            secret_wipe(data, size);
            return NULL;
        }
        len += n > 0 ? (size_t)n : 0;
    }
    Secret *secret = secret_new(span_of(data, len));
    secret_wipe(data, size);
    return secret;
}

/* The key inside @der, an EncryptedPrivateKeyInfo. */
static Signer *
open_sealed(Span der, const Secret *passphrase, GError **error)
{
    const uint8_t *at = der.data;
    X509_SIG *box = d2i_X509_SIG(NULL, &at, (long)der.len);
    Span pass = secret_get(passphrase);
    PKCS8_PRIV_KEY_INFO *info =
        box != NULL ? PKCS8_decrypt(box, (const char *)pass.data, (int)pass.len) : NULL;
    uint8_t *plain = NULL;
    int len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, &plain) : 0;
    Signer *signer = NULL;

    if (len > 0)
        signer = memory_signer_from_pkcs8(span_of(plain, (size_t)len), error);
    else if (box == NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "not an encrypted PKCS#8 key");
    else
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "the passphrase does not open it");
    OPENSSL_clear_free(plain, len > 0 ? (size_t)len : 0);
    PKCS8_PRIV_KEY_INFO_free(info);
    X509_SIG_free(box);
    ERR_clear_error();
    return signer;
}

static Signer *
signer_from_der(const char *label, Span der, const PassphraseSource *source, const char *path,
                GError **error)
{
    if (strcmp(label, PEM_STRING_PKCS8INF) == 0)
        return memory_signer_from_pkcs8(der, error);
    if (strcmp(label, PEM_STRING_PKCS8) == 0) {
        g_autoptr(Secret) passphrase = passphrase_get(source, path, error);
        return passphrase != NULL ? open_sealed(der, passphrase, error) : NULL;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "not a PEM block 'PRIVATE KEY' or 'ENCRYPTED PRIVATE KEY' (PKCS#8)");
    return NULL;
}

static Signer *
signer_from_pem(Span pem, const PassphraseSource *source, const char *path, GError **error)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    char *name = NULL, *header = NULL;
    uint8_t *der = NULL;
    long len = 0;
    Signer *signer = NULL;

    if (bio != NULL && PEM_read_bio(bio, &name, &header, &der, &len) == 1)
        signer = signer_from_der(name, span_of(der, (size_t)len), source, path, error);
    else
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "not one PEM block 'PRIVATE KEY'");
    ERR_clear_error();
    OPENSSL_clear_free(der, (size_t)len);
    OPENSSL_free(name);
    OPENSSL_free(header);
    BIO_free(bio);
    return signer;
}

Signer *
key_file_load_with(int dirfd, const char *path, const PassphraseSource *source, GError **error)
{
    AUTO_FD int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    off_t size = 0;

    if (fd < 0) {
        int code = errno == ENOENT ? BASE_ERROR_NOT_FOUND : BASE_ERROR_IO;
        error_set_errno(error, BASE_ERROR, code, "cannot open private key '%s'", path);
        return NULL;
    }
    if (!check_owner(fd, path, &size, error))
        return NULL;

    g_autoptr(Secret) pem = read_secret(fd, (size_t)size, path, error);
    if (pem == NULL)
        return NULL;
    Signer *signer = signer_from_pem(secret_get(pem), source, path, error);
    if (signer == NULL)
        error_prefix(error, "cannot use private key '%s'", path);
    return signer;
}

Signer *
key_file_load(int dirfd, const char *path, GError **error)
{
    return key_file_load_with(dirfd, path, &(PassphraseSource){ 0 }, error);
}
