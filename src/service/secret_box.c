/* SPDX-License-Identifier: Apache-2.0
 * secret_box: see secret_box.h. Nonces are random: with 96 bits the chance that two of a billion
 * values share one is below 2^-36 (SP 800-38D section 8.3 allows 2^32 uses of a key). */
#include "service/secret_box.h"
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/random.h"
#include "base/banned.h"

#define KEY_NAME    "secrets.key"
#define CREDENTIAL  "slipway-secrets"
#define NONCE_BYTES 12
#define TAG_BYTES   16
#define MAX_BYTES   (1u << 20)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

static Secret *
read_key(int dirfd, const char *name, GError **error)
{
    AUTO_FD int fd = open_beneath(dirfd, name, O_RDONLY, 0, error);
    struct stat st = { 0 };
    uint8_t bytes[SECRET_BOX_KEY_BYTES + 1] = { 0 };
    Secret *key = NULL;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
                  "cannot use the key of secrets '%s': others may read it (mode %04o)", name,
                  (unsigned)st.st_mode & 07777);
        return NULL;
    }
    if (read(fd, bytes, sizeof bytes) == SECRET_BOX_KEY_BYTES)
        key = secret_new(span_of(bytes, SECRET_BOX_KEY_BYTES));
    else
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "the key of secrets '%s' must be %d bytes long", name, SECRET_BOX_KEY_BYTES);
    secret_wipe(bytes, sizeof bytes);
    return key;
}

static Secret *
make_key(int keys_fd, GError **error)
{
    uint8_t bytes[SECRET_BOX_KEY_BYTES];
    g_autoptr(GError) local = NULL;

    random_fill(bytes, sizeof bytes);
    bool ok = file_write_new(keys_fd, KEY_NAME, span_of(bytes, sizeof bytes), 0600, &local);

    secret_wipe(bytes, sizeof bytes);
    if (!ok && error_kind(local) != ERROR_KIND_EXISTS) { /* somebody else was faster: theirs */
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    return read_key(keys_fd, KEY_NAME, error);
}

Secret *
secret_box_load_key(int home_fd, bool create, GError **error)
{
    const char *credentials = g_getenv("CREDENTIALS_DIRECTORY");
    AUTO_FD int credentials_fd = credentials != NULL ? dir_open(AT_FDCWD, credentials, NULL) : -1;
    AUTO_FD int keys_fd = -1;
    g_autoptr(GError) local = NULL;
    Secret *key = NULL;

    if (credentials_fd >= 0 && faccessat(credentials_fd, CREDENTIAL, F_OK, 0) == 0)
        return read_key(credentials_fd, CREDENTIAL, error);
    keys_fd = dir_open(home_fd, "keys", error);
    if (keys_fd < 0)
        return NULL;
    key = read_key(keys_fd, KEY_NAME, &local);
    if (key != NULL)
        return key;
    if (create && error_kind(local) == ERROR_KIND_NOT_FOUND)
        return make_key(keys_fd, error);
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

/* One pass over @in; the same call seals (@tag is written) and opens (@tag is checked). */
static bool
run_cipher(const Secret *key, const char *label, const uint8_t *nonce, Span in, uint8_t *out,
           uint8_t *tag, int encrypt)
{
    g_autoptr(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
    int n = 0;

    return ctx != NULL &&
           EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, secret_get(key).data, nonce, encrypt) ==
               1 &&
           EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)label, (int)strlen(label)) == 1 &&
           EVP_CipherUpdate(ctx, out, &n, in.data, (int)in.len) == 1 &&
           (encrypt == 1 || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, tag) == 1) &&
           EVP_CipherFinal_ex(ctx, out + in.len, &n) == 1 &&
           (encrypt == 0 || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, tag) == 1);
}

GBytes *
secret_box_seal(const Secret *key, const char *label, Span value, GError **error)
{
    size_t len = NONCE_BYTES + value.len + TAG_BYTES;
    g_autofree uint8_t *sealed = value.len <= MAX_BYTES ? g_malloc0(len) : NULL;

    if (sealed == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "a secret has at most %u bytes", MAX_BYTES);
        return NULL;
    }
    random_fill(sealed, NONCE_BYTES);
    if (!run_cipher(key, label, sealed, value, sealed + NONCE_BYTES,
                    sealed + NONCE_BYTES + value.len, 1)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "cannot seal a secret");
        return NULL;
    }
    return g_bytes_new_take(g_steal_pointer(&sealed), len);
}

Secret *
secret_box_open(const Secret *key, const char *label, Span sealed, GError **error)
{
    size_t len = sealed.len >= SECRET_BOX_OVERHEAD ? sealed.len - SECRET_BOX_OVERHEAD : 0;
    g_autofree uint8_t *plain =
        sealed.len >= SECRET_BOX_OVERHEAD && len <= MAX_BYTES ? g_malloc0(len + 1) : NULL;
    uint8_t tag[TAG_BYTES];
    Secret *secret = NULL;

    if (plain != NULL) {
        memcpy(tag, sealed.data + NONCE_BYTES + len, TAG_BYTES);
        if (run_cipher(key, label, sealed.data, span_of(sealed.data + NONCE_BYTES, len), plain, tag,
                       0))
            secret = secret_new(span_of(plain, len));
        secret_wipe(plain, len);
    }
    if (secret == NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                  "cannot open secret '%s': it was sealed with another key, or changed", label);
    return secret;
}
