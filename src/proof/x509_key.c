/* SPDX-License-Identifier: Apache-2.0
 * x509_key: a key of libcrypto and the bytes it came from.
 *
 * 1. The prepared contexts are only ever copied, never used, so a key may be shared by threads. */
#include "proof/x509_key.h"
#include <assert.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "base/encoding.h"
#include "base/limits.h"
#include "proof/x509_priv.h"
#include "base/banned.h"

#define RSA_MIN_BITS 2048
#define RSA_MAX_BITS 8192

typedef enum {
    KIND_NONE,
    KIND_P256,
    KIND_P384,
    KIND_P521,
    KIND_ED25519,
    KIND_RSA_2048,
    KIND_RSA_3072,
    KIND_RSA_4096,
    KIND_RSA_OTHER,
    N_KINDS
} Kind;

static const struct {
    const char *name;
    X509Hash hash;
} kinds[N_KINDS] = {
    [KIND_NONE] = { "none", X509_HASH_NONE },       [KIND_P256] = { "ECDSA P-256", X509_SHA256 },
    [KIND_P384] = { "ECDSA P-384", X509_SHA384 },   [KIND_P521] = { "ECDSA P-521", X509_SHA512 },
    [KIND_ED25519] = { "Ed25519", X509_HASH_NONE }, [KIND_RSA_2048] = { "RSA 2048", X509_SHA256 },
    [KIND_RSA_3072] = { "RSA 3072", X509_SHA256 },  [KIND_RSA_4096] = { "RSA 4096", X509_SHA256 },
    [KIND_RSA_OTHER] = { "RSA", X509_SHA256 },
};

/* PublicKeyDetails of sigstore/protobuf-specs, sigstore_common.proto. What is not here we do not
 * verify: Ed25519ph, ML-DSA, LMS. Names without a size fit every size. */
static const struct {
    const char *details;
    Kind kind; /* KIND_RSA_OTHER: any RSA key */
} details_rows[] = {
    { "PKIX_ECDSA_P256_SHA_256", KIND_P256 },
    { "PKIX_ECDSA_P384_SHA_384", KIND_P384 },
    { "PKIX_ECDSA_P384_SHA_256", KIND_P384 },
    { "PKIX_ECDSA_P521_SHA_512", KIND_P521 },
    { "PKIX_ECDSA_P521_SHA_256", KIND_P521 },
    { "PKIX_ED25519", KIND_ED25519 },
    { "PKIX_RSA_PKCS1V15_2048_SHA256", KIND_RSA_2048 },
    { "PKIX_RSA_PKCS1V15_3072_SHA256", KIND_RSA_3072 },
    { "PKIX_RSA_PKCS1V15_4096_SHA256", KIND_RSA_4096 },
    { "PKIX_RSA_PSS_2048_SHA256", KIND_RSA_2048 },
    { "PKIX_RSA_PSS_3072_SHA256", KIND_RSA_3072 },
    { "PKIX_RSA_PSS_4096_SHA256", KIND_RSA_4096 },
    { "PKIX_RSA_PKCS1V5", KIND_RSA_OTHER },
    { "PKIX_RSA_PSS", KIND_RSA_OTHER },
    { "PKCS1_RSA_PKCS1V5", KIND_RSA_OTHER },
    { "PKCS1_RSA_PSS", KIND_RSA_OTHER },
};

struct X509Key {
    gatomicrefcount refs;
    Kind kind;
    Digest id;
    EVP_PKEY *pkey;         /* owned */
    EVP_PKEY_CTX *prepared; /* owned; not Ed25519: ready to verify a digest; see rule 1 */
    GBytes *spki;           /* owned */
};

static bool
is_rsa(Kind kind)
{
    return kind >= KIND_RSA_2048 && kind <= KIND_RSA_OTHER;
}

static Kind
kind_of_ec(const EVP_PKEY *pkey)
{
    char group[32] = { 0 };

    if (EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) != 1)
        return KIND_NONE;
    if (strcmp(group, "prime256v1") == 0)
        return KIND_P256;
    if (strcmp(group, "secp384r1") == 0)
        return KIND_P384;
    return strcmp(group, "secp521r1") == 0 ? KIND_P521 : KIND_NONE;
}

static Kind
kind_of(const EVP_PKEY *pkey)
{
    int bits = EVP_PKEY_get_bits(pkey);

    switch (EVP_PKEY_get_base_id(pkey)) {
    case EVP_PKEY_EC:
        return kind_of_ec(pkey);
    case EVP_PKEY_ED25519:
        return KIND_ED25519;
    case EVP_PKEY_RSA:
        if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)
            return KIND_NONE;
        return bits == 2048   ? KIND_RSA_2048
               : bits == 3072 ? KIND_RSA_3072
               : bits == 4096 ? KIND_RSA_4096
                              : KIND_RSA_OTHER;
    default:
        return KIND_NONE;
    }
}

static X509Key *
refuse(GError **error, BaseError code, const char *why)
{
    ERR_clear_error();
    error_set(error, BASE_ERROR, (int)code, "cannot read public key: %s", why);
    return NULL;
}

X509Key *
x509_key_take(EVP_PKEY *pkey, Span spki, GError **error)
{
    g_autoptr(X509Key) key = g_new0(X509Key, 1);

    g_atomic_ref_count_init(&key->refs);
    key->pkey = pkey;
    key->kind = kind_of(pkey);
    if (key->kind == KIND_NONE)
        return refuse(
            error, BASE_ERROR_UNAVAILABLE,
            "wanted ECDSA on P-256, P-384 or P-521, Ed25519, or RSA of 2048 to 8192 bits");
    key->spki = g_bytes_new(spki.data, spki.len);
    key->id = digest_of(spki);
    if (key->kind == KIND_ED25519)
        return g_steal_pointer(&key);
    key->prepared = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    if (key->prepared == NULL || EVP_PKEY_verify_init(key->prepared) != 1)
        return refuse(error, BASE_ERROR_INVALID, "it cannot verify");
    return g_steal_pointer(&key);
}

X509Key *
x509_key_from_spki(Span der, GError **error)
{
    const uint8_t *at = der.data;
    EVP_PKEY *pkey = der.len > 0 && der.len <= LIMIT_KEY_FILE_BYTES
                         ? d2i_PUBKEY(NULL, &at, (long)der.len)
                         : NULL;

    if (pkey == NULL || at != der.data + der.len) {
        EVP_PKEY_free(pkey);
        return refuse(error, BASE_ERROR_INVALID, "not one SubjectPublicKeyInfo");
    }
    return x509_key_take(pkey, der, error);
}

X509Key *
x509_key_from_pkcs1(Span der, GError **error)
{
    const uint8_t *at = der.data;
    EVP_PKEY *pkey = der.len > 0 && der.len <= LIMIT_KEY_FILE_BYTES
                         ? d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)der.len)
                         : NULL;

    if (pkey == NULL || at != der.data + der.len) {
        EVP_PKEY_free(pkey);
        return refuse(error, BASE_ERROR_INVALID, "not one RSAPublicKey");
    }
    uint8_t *spki = NULL;
    int len = i2d_PUBKEY(pkey, &spki);
    X509Key *key = x509_key_take(pkey, span_of(spki, len > 0 ? (size_t)len : 0), error);
    OPENSSL_free(spki);
    return key;
}

GBytes *
x509_pem_decode(Span pem, const char *label, GError **error)
{
    g_autofree char *begin = g_strdup_printf("-----BEGIN %s-----", label);
    g_autofree char *end = g_strdup_printf("-----END %s-----", label);

    if (pem.len > LIMIT_KEY_FILE_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "PEM text of %zu bytes, the limit is %u",
                  pem.len, LIMIT_KEY_FILE_BYTES);
        return NULL;
    }
    g_autofree char *text = g_strndup(pem.len > 0 ? (const char *)pem.data : "", pem.len);
    const char *body = g_str_has_prefix(text, begin) ? text + strlen(begin) : NULL;
    char *stop = body != NULL ? strstr(text, end) : NULL;

    if (strlen(text) != pem.len || stop == NULL ||
        stop[strlen(end) + strspn(stop + strlen(end), "\r\n")] != '\0') {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "not one PEM block '%s'", label);
        return NULL;
    }
    g_autoptr(GString) base64 = g_string_new(NULL);
    for (const char *at = body; at < stop; at++) {
        if (*at != '\n' && *at != '\r')
            g_string_append_c(base64, *at);
    }
    return base64_decode(base64->str, error);
}

X509Key *
x509_key_from_pem(Span pem, GError **error)
{
    g_autoptr(GBytes) der = x509_pem_decode(pem, "PUBLIC KEY", error);

    if (der == NULL) {
        error_prefix(error, "cannot read public key");
        return NULL;
    }
    return x509_key_from_spki(span_of_bytes(der), error);
}

X509Key *
x509_key_ref(const X509Key *key)
{
    X509Key *shared = (X509Key *)key; /* the count is the only mutable member */

    g_atomic_ref_count_inc(&shared->refs);
    return shared;
}

void
x509_key_unref(X509Key *key)
{
    if (key == NULL || !g_atomic_ref_count_dec(&key->refs))
        return;
    EVP_PKEY_CTX_free(key->prepared);
    EVP_PKEY_free(key->pkey);
    g_clear_pointer(&key->spki, g_bytes_unref);
    g_free(key);
}

Span
x509_key_spki(const X509Key *key)
{
    return span_of_bytes(key->spki);
}

Digest
x509_key_id(const X509Key *key)
{
    return key->id;
}

const char *
x509_key_name(const X509Key *key)
{
    return kinds[key->kind].name;
}

X509Hash
x509_key_hash(const X509Key *key)
{
    return kinds[key->kind].hash;
}

bool
x509_key_matches(const X509Key *key, const char *details)
{
    for (size_t i = 0; i < G_N_ELEMENTS(details_rows); i++) {
        Kind kind = details_rows[i].kind;

        if (strcmp(details_rows[i].details, details) == 0)
            return kind == key->kind || (kind == KIND_RSA_OTHER && is_rsa(key->kind));
    }
    return false;
}

size_t
x509_hash_size(X509Hash hash)
{
    switch (hash) {
    case X509_SHA256:
        return 32;
    case X509_SHA384:
        return 48;
    case X509_SHA512:
        return 64;
    case X509_HASH_NONE:
        break;
    }
    return 0;
}

static const EVP_MD *
md_of(X509Hash hash)
{
    return hash == X509_SHA512 ? EVP_sha512() : hash == X509_SHA384 ? EVP_sha384() : EVP_sha256();
}

void
x509_hash(X509Hash hash, Span message, uint8_t out[X509_MAX_HASH_SIZE])
{
    unsigned len = 0;

    assert(hash != X509_HASH_NONE);
    if (hash == X509_SHA256) {
        Digest digest = digest_of(message);
        memcpy(out, digest.bytes, sizeof digest.bytes);
        return;
    }
    int ok = EVP_Digest(message.data, message.len, out, &len, md_of(hash), NULL);
    assert(ok == 1 && len == x509_hash_size(hash));
}

static bool
verify_once(const X509Key *key, X509Hash hash, int padding, Span digest, Span signature)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_dup(key->prepared);
    bool ok = ctx != NULL;

    if (ok && is_rsa(key->kind))
        ok = EVP_PKEY_CTX_set_rsa_padding(ctx, padding) == 1 &&
             EVP_PKEY_CTX_set_signature_md(ctx, md_of(hash)) == 1;
    ok = ok && EVP_PKEY_verify(ctx, signature.data, signature.len, digest.data, digest.len) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static bool
untrusted(const X509Key *key, GError **error)
{
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(&key->id, hex);
    ERR_clear_error();
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
              "the signature by %s key '%.16s' does not hold", kinds[key->kind].name, hex);
    return false;
}

bool
x509_key_verify_digest(const X509Key *key, X509Hash hash, Span digest, Span signature,
                       GError **error)
{
    assert(hash != X509_HASH_NONE && digest.len == x509_hash_size(hash));
    if (key->kind == KIND_ED25519) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "an Ed25519 signature needs the whole message, not its digest");
        return false;
    }
    bool ok =
        verify_once(key, hash, RSA_PKCS1_PADDING, digest, signature) ||
        (is_rsa(key->kind) && verify_once(key, hash, RSA_PKCS1_PSS_PADDING, digest, signature));
    ERR_clear_error();
    return ok || untrusted(key, error);
}

bool
x509_key_verify(const X509Key *key, X509Hash hash, Span message, Span signature, GError **error)
{
    uint8_t digest[X509_MAX_HASH_SIZE];

    if (key->kind == KIND_ED25519) {
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        bool ok =
            ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
            EVP_DigestVerify(ctx, signature.data, signature.len, message.data, message.len) == 1;
        EVP_MD_CTX_free(ctx);
        return ok || untrusted(key, error);
    }
    if (hash == X509_HASH_NONE)
        hash = kinds[key->kind].hash;
    x509_hash(hash, message, digest);
    return x509_key_verify_digest(key, hash, span_of(digest, x509_hash_size(hash)), signature,
                                  error);
}
