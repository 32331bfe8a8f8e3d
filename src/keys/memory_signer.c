/* SPDX-License-Identifier: Apache-2.0
 * memory_signer: libcrypto's private keys. The signing context is prepared once and used by the one
 * thread that owns the signer. */
#include "keys/memory_signer.h"
#include <assert.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "base/banned.h"

#define MAX_SIGNATURE (PUBLIC_KEY_RSA_MAX_BITS / 8)
#define MAX_HASH      48

typedef struct {
    Signer base;
    EVP_PKEY *pkey;      /* owned */
    EVP_PKEY_CTX *ecdsa; /* owned; ready to sign digests */
    EVP_MD_CTX *message; /* owned; of the others: initialised anew for each message */
} MemorySigner;

static bool
internal(GError **error, const char *what)
{
    ERR_clear_error();
    error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "cannot %s: libcrypto refused", what);
    return false;
}

static int
sign_p384(MemorySigner *self, Span message, uint8_t *signature, size_t *len)
{
    uint8_t hash[MAX_HASH];
    size_t hash_len = sizeof hash;

    if (EVP_Q_digest(NULL, "SHA384", NULL, message.data, message.len, hash, &hash_len) != 1)
        return 0;
    return EVP_PKEY_sign(self->ecdsa, signature, len, hash, hash_len);
}

/* Ed25519, which takes the message whole, and RSA. */
static int
sign_message(MemorySigner *self, Span message, uint8_t *signature, size_t *len)
{
    bool is_rsa = public_key_kind(self->base.public_key) == PUBLIC_KEY_RSA;
    EVP_PKEY_CTX *inner = NULL; /* of self->message */

    if (EVP_MD_CTX_reset(self->message) != 1 ||
        EVP_DigestSignInit_ex(self->message, &inner, is_rsa ? "SHA256" : NULL, NULL, NULL,
                              self->pkey, NULL) != 1)
        return 0;
    if (is_rsa && (EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING) != 1 ||
                   EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, RSA_PSS_SALTLEN_DIGEST) != 1))
        return 0;
    return EVP_DigestSign(self->message, signature, len, message.data, message.len);
}

static bool
memory_sign(Signer *base, Span message, GBytes **signature_out, GError **error)
{
    MemorySigner *self = (MemorySigner *)base;
    uint8_t signature[MAX_SIGNATURE];
    size_t len = sizeof signature;
    int ok = 0;

    if (public_key_kind(base->public_key) == PUBLIC_KEY_P256) { /* the engine's way, kept short */
        Digest digest = digest_of(message);
        ok = EVP_PKEY_sign(self->ecdsa, signature, &len, digest.bytes, sizeof digest.bytes);
    } else if (self->ecdsa != NULL) {
        ok = sign_p384(self, message, signature, &len);
    } else {
        ok = sign_message(self, message, signature, &len);
    }
    if (ok != 1)
        return internal(error, "sign");
    *signature_out = g_bytes_new(signature, len);
    return true;
}

static const SignerDriver memory_signer; /* below: who is of this module */

bool
memory_signer_sign_digest(Signer *signer, const Digest *digest, GBytes **signature_out,
                          GError **error)
{
    MemorySigner *self = (MemorySigner *)signer;
    uint8_t signature[PUBLIC_KEY_MAX_SIGNATURE];
    size_t len = sizeof signature;

    assert(signer->driver == &memory_signer &&
           public_key_kind(signer->public_key) == PUBLIC_KEY_P256);
    if (EVP_PKEY_sign(self->ecdsa, signature, &len, digest->bytes, sizeof digest->bytes) != 1)
        return internal(error, "sign");
    *signature_out = g_bytes_new(signature, len);
    return true;
}

static void
memory_free(Signer *base)
{
    MemorySigner *self = (MemorySigner *)base;

    EVP_PKEY_CTX_free(self->ecdsa);
    EVP_MD_CTX_free(self->message);
    EVP_PKEY_free(self->pkey); /* libcrypto wipes private keys when it frees them */
    g_free(self);
}

static const SignerDriver memory_signer = {
    .name = "memory",
    .sign = memory_sign,
    .free = memory_free,
};

/* The public half, which also proves the encoding to be the one we write. */
static PublicKey *
public_half(EVP_PKEY *pkey, GError **error)
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(pkey, &der);
    PublicKey *key = NULL;

    if (len > 0)
        key = public_key_from_spki_any(span_of(der, (size_t)len), error);
    else
        (void)internal(error, "find the public half of a key");
    OPENSSL_free(der);
    return key;
}

/* @pkey: taken, on failure too. */
static Signer *
signer_take(EVP_PKEY *pkey, GError **error)
{
    MemorySigner *self = g_new0(MemorySigner, 1);
    g_autoptr(Signer) signer = &self->base;

    self->base.driver = &memory_signer;
    self->pkey = pkey;
    self->base.public_key = public_half(pkey, error);
    if (self->base.public_key == NULL)
        return NULL;
    PublicKeyKind kind = public_key_kind(self->base.public_key);
    if (kind == PUBLIC_KEY_P256 || kind == PUBLIC_KEY_P384) {
        self->ecdsa = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
        if (self->ecdsa == NULL || EVP_PKEY_sign_init(self->ecdsa) != 1) {
            (void)internal(error, "prepare an ECDSA key");
            return NULL;
        }
    } else if ((self->message = EVP_MD_CTX_new()) == NULL) {
        (void)internal(error, "prepare a key");
        return NULL;
    }
    return g_steal_pointer(&signer);
}

static EVP_PKEY *
new_key(PublicKeyKind kind)
{
    switch (kind) {
    case PUBLIC_KEY_P256:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    case PUBLIC_KEY_P384:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    case PUBLIC_KEY_RSA:
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)PUBLIC_KEY_RSA_MIN_BITS);
    case PUBLIC_KEY_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    default:
        assert(!"a kind of key");
        return NULL;
    }
}

Signer *
memory_signer_generate(PublicKeyKind kind, GError **error)
{
    EVP_PKEY *pkey = new_key(kind);

    if (pkey == NULL) {
        (void)internal(error, "make a key");
        return NULL;
    }
    return signer_take(pkey, error);
}

Signer *
memory_signer_from_pkcs8(Span pkcs8, GError **error)
{
    const uint8_t *at = pkcs8.data;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)pkcs8.len);
    EVP_PKEY *pkey = info != NULL ? EVP_PKCS82PKEY(info) : NULL;

    PKCS8_PRIV_KEY_INFO_free(info);
    if (pkey == NULL || at != pkcs8.data + pkcs8.len) {
        EVP_PKEY_free(pkey);
        ERR_clear_error();
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot read private key: not a PKCS#8 PrivateKeyInfo");
        return NULL;
    }
    return signer_take(pkey, error);
}

Signer *
memory_signer_ed25519_from_seed(Span seed, GError **error)
{
    EVP_PKEY *pkey =
        seed.len == 32 ? EVP_PKEY_new_raw_private_key_ex(NULL, "ED25519", NULL, seed.data, seed.len)
                       : NULL;

    if (pkey == NULL) {
        ERR_clear_error();
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot read private key: an Ed25519 seed has 32 bytes");
        return NULL;
    }
    return signer_take(pkey, error);
}

Secret *
memory_signer_export(const Signer *signer, GError **error)
{
    const MemorySigner *self = (const MemorySigner *)signer;
    PKCS8_PRIV_KEY_INFO *info = NULL;
    Secret *secret = NULL;
    uint8_t *der = NULL;
    int len = 0;

    assert(signer->driver == &memory_signer);
    info = EVP_PKEY2PKCS8(self->pkey);
    if (info != NULL)
        len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    if (len > 0) {
        secret = secret_new(span_of(der, (size_t)len));
        OPENSSL_clear_free(der, (size_t)len);
    } else {
        (void)internal(error, "write a private key");
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    return secret;
}

EVP_PKEY *
memory_signer_pkey(const Signer *signer)
{
    assert(signer->driver == &memory_signer);
    return ((const MemorySigner *)signer)->pkey;
}
