/* SPDX-License-Identifier: Apache-2.0
 * foreign_key: keys and schemes as tables over libcrypto. */
#include "proof/foreign_key.h"
#include <assert.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "base/encoding.h"
#include "base/json.h"
#include "base/banned.h"

#define MAX_HASH       64
#define ED25519_SIZE   32
#define MAX_GROUP_NAME 32

typedef struct {
    const char *name;  /* static */
    const char *group; /* libcrypto's name of the curve; NULL: no curve */
    size_t field;      /* bytes of r and of s */
    ForeignScheme schemes[5];
} KindRow;

static const KindRow kinds[FOREIGN_KEY_N_KINDS] = {
    [FOREIGN_KEY_NONE] = { .name = "none" },
    [FOREIGN_KEY_ED25519] = { "ed25519", NULL, 0, { FOREIGN_SCHEME_ED25519 } },
    [FOREIGN_KEY_P256] = { "p256", "prime256v1", 32, { FOREIGN_SCHEME_ECDSA_SHA256 } },
    [FOREIGN_KEY_P384] = { "p384",
                           "secp384r1",
                           48,
                           { FOREIGN_SCHEME_ECDSA_SHA384, FOREIGN_SCHEME_ECDSA_SHA256 } },
    [FOREIGN_KEY_P521] = { "p521",
                           "secp521r1",
                           66,
                           { FOREIGN_SCHEME_ECDSA_SHA512, FOREIGN_SCHEME_ECDSA_SHA256 } },
    [FOREIGN_KEY_RSA] = { "rsa",
                          NULL,
                          0,
                          { FOREIGN_SCHEME_RSA_PKCS1_SHA256, FOREIGN_SCHEME_RSA_PSS_SHA256,
                            FOREIGN_SCHEME_RSA_PKCS1_SHA512, FOREIGN_SCHEME_RSA_PSS_SHA512 } },
};

typedef struct {
    const char *hash; /* libcrypto's name; NULL: the scheme hashes itself */
    int evp_type;
    int padding; /* RSA_…_PADDING; 0: none */
} SchemeRow;

static const SchemeRow schemes[FOREIGN_N_SCHEMES] = {
    [FOREIGN_SCHEME_ED25519] = { NULL, EVP_PKEY_ED25519, 0 },
    [FOREIGN_SCHEME_ECDSA_SHA256] = { "SHA256", EVP_PKEY_EC, 0 },
    [FOREIGN_SCHEME_ECDSA_SHA384] = { "SHA384", EVP_PKEY_EC, 0 },
    [FOREIGN_SCHEME_ECDSA_SHA512] = { "SHA512", EVP_PKEY_EC, 0 },
    [FOREIGN_SCHEME_RSA_PKCS1_SHA256] = { "SHA256", EVP_PKEY_RSA, RSA_PKCS1_PADDING },
    [FOREIGN_SCHEME_RSA_PKCS1_SHA512] = { "SHA512", EVP_PKEY_RSA, RSA_PKCS1_PADDING },
    [FOREIGN_SCHEME_RSA_PSS_SHA256] = { "SHA256", EVP_PKEY_RSA, RSA_PKCS1_PSS_PADDING },
    [FOREIGN_SCHEME_RSA_PSS_SHA512] = { "SHA512", EVP_PKEY_RSA, RSA_PKCS1_PSS_PADDING },
};

struct ForeignKey {
    gatomicrefcount refs;
    ForeignKeyKind kind;
    EVP_PKEY *pkey; /* owned */
    Digest keyid;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OSSL_PARAM, OSSL_PARAM_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIGNUM, BN_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ECDSA_SIG, ECDSA_SIG_free)

static ForeignKeyKind
kind_of(EVP_PKEY *pkey)
{
    int bits = EVP_PKEY_get_bits(pkey);
    char group[MAX_GROUP_NAME] = "";

    switch (EVP_PKEY_get_base_id(pkey)) {
    case EVP_PKEY_ED25519:
        return FOREIGN_KEY_ED25519;
    case EVP_PKEY_RSA:
        return bits >= FOREIGN_KEY_RSA_MIN_BITS && bits <= FOREIGN_KEY_RSA_MAX_BITS
                   ? FOREIGN_KEY_RSA
                   : FOREIGN_KEY_NONE;
    case EVP_PKEY_EC:
        if (EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) != 1)
            return FOREIGN_KEY_NONE;
        for (ForeignKeyKind kind = FOREIGN_KEY_P256; kind <= FOREIGN_KEY_P521; kind++) {
            if (strcmp(group, kinds[kind].group) == 0)
                return kind;
        }
        return FOREIGN_KEY_NONE;
    default:
        return FOREIGN_KEY_NONE;
    }
}

/* @pkey: taken, may be NULL. */
static ForeignKey *
key_new(EVP_PKEY *pkey, GError **error)
{
    g_autoptr(EVP_PKEY) owned = pkey;
    ForeignKeyKind kind = pkey != NULL ? kind_of(pkey) : FOREIGN_KEY_NONE;
    unsigned char *der = NULL;
    int len = kind != FOREIGN_KEY_NONE ? i2d_PUBKEY(pkey, &der) : 0;

    ERR_clear_error();
    if (pkey == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot read public key: it is malformed or not on its curve");
        return NULL;
    }
    if (len <= 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "cannot use public key: wanted Ed25519, ECDSA on P-256, P-384 or P-521, or RSA "
                  "of %d to %d bits",
                  FOREIGN_KEY_RSA_MIN_BITS, FOREIGN_KEY_RSA_MAX_BITS);
        return NULL;
    }

    ForeignKey *key = g_new0(ForeignKey, 1);
    g_atomic_ref_count_init(&key->refs);
    key->kind = kind;
    key->pkey = g_steal_pointer(&owned);
    key->keyid = digest_of(span_of(der, (size_t)len));
    OPENSSL_free(der);
    return key;
}

ForeignKey *
foreign_key_from_spki(Span der, GError **error)
{
    const uint8_t *at = der.data;
    EVP_PKEY *pkey = der.len <= FOREIGN_KEY_MAX_BYTES ? d2i_PUBKEY(NULL, &at, (long)der.len) : NULL;

    if (pkey != NULL && at != der.data + der.len)
        g_clear_pointer(&pkey, EVP_PKEY_free);
    return key_new(pkey, error);
}

ForeignKey *
foreign_key_from_ed25519(Span raw, GError **error)
{
    return key_new(raw.len == ED25519_SIZE
                       ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw.data, raw.len)
                       : NULL,
                   error);
}

/* A key of libcrypto's algorithm @name from what was pushed to @build. NULL if it is none. */
static EVP_PKEY *
pkey_build(const char *name, OSSL_PARAM_BLD *build)
{
    g_autoptr(OSSL_PARAM) params = OSSL_PARAM_BLD_to_param(build);
    g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name(NULL, name, NULL);
    EVP_PKEY *pkey = NULL;

    if (params == NULL || context == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return NULL;
    if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_EC) /* RSA's check is a search for primes */
        return pkey;
    g_autoptr(EVP_PKEY_CTX) check = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    if (check == NULL || EVP_PKEY_public_check_quick(check) != 1)
        g_clear_pointer(&pkey, EVP_PKEY_free);
    return pkey;
}

ForeignKey *
foreign_key_from_point(ForeignKeyKind curve, Span point, GError **error)
{
    const KindRow *row = &kinds[curve];
    g_autoptr(OSSL_PARAM_BLD) build = OSSL_PARAM_BLD_new();

    assert(row->group != NULL);
    if (build == NULL || point.len != 2 * row->field + 1 || point.data[0] != 0x04 ||
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, row->group, 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.len) !=
            1)
        return key_new(NULL, error);
    return key_new(pkey_build("EC", build), error);
}

ForeignKey *
foreign_key_from_rsa(Span modulus, Span exponent, GError **error)
{
    g_autoptr(OSSL_PARAM_BLD) build = OSSL_PARAM_BLD_new();
    bool fits = modulus.len <= FOREIGN_KEY_RSA_MAX_BITS / 8 + 1 && exponent.len <= 8;
    g_autoptr(BIGNUM) n = fits ? BN_bin2bn(modulus.data, (int)modulus.len, NULL) : NULL;
    g_autoptr(BIGNUM) e = fits ? BN_bin2bn(exponent.data, (int)exponent.len, NULL) : NULL;

    if (build == NULL || n == NULL || e == NULL || BN_is_zero(n) || !BN_is_odd(e) ||
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) != 1)
        return key_new(NULL, error);
    return key_new(pkey_build("RSA", build), error);
}

#define PEM_BEGIN "-----BEGIN PUBLIC KEY-----"
#define PEM_END   "-----END PUBLIC KEY-----"

/* The first PEM block 'PUBLIC KEY' of @text. */
static ForeignKey *
parse_pem(const char *text, GError **error)
{
    const char *begin = strstr(text, PEM_BEGIN);
    const char *end = begin != NULL ? strstr(begin, PEM_END) : NULL;
    g_autoptr(GString) base64 = g_string_new(NULL);

    if (end == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot read public key: no PEM block 'PUBLIC KEY'");
        return NULL;
    }
    for (const char *at = begin + strlen(PEM_BEGIN); at < end; at++) {
        if (!g_ascii_isspace(*at))
            g_string_append_c(base64, *at);
    }
    g_autoptr(GBytes) der = base64_decode(base64->str, error);
    if (der == NULL) {
        error_prefix(error, "cannot read public key");
        return NULL;
    }
    return foreign_key_from_spki(span_of_bytes(der), error);
}

/* securesystemslib: keyval.public is PEM, or for Ed25519 hex. */
static ForeignKey *
parse_json(Span text, GError **error)
{
    g_autoptr(json_t) object = json_parse(text, FOREIGN_KEY_MAX_BYTES, error);
    const json_t *keyval = object != NULL ? json_need_object(object, "keyval", "key", error) : NULL;
    const char *value =
        keyval != NULL ? json_need_string(keyval, "public", "key.keyval", error) : NULL;

    if (value == NULL)
        return NULL;
    if (strstr(value, PEM_BEGIN) != NULL)
        return parse_pem(value, error);
    g_autoptr(GBytes) raw = hex_decode(value, error);
    return raw != NULL ? foreign_key_from_ed25519(span_of_bytes(raw), error) : NULL;
}

ForeignKey *
foreign_key_parse(Span text, GError **error)
{
    g_autofree char *copy = NULL;

    if (text.len > FOREIGN_KEY_MAX_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot read public key: %zu bytes, the limit is %u", text.len,
                  FOREIGN_KEY_MAX_BYTES);
        return NULL;
    }
    copy = g_strndup((const char *)text.data, text.len);
    g_strchug(copy);
    return *copy == '{' ? parse_json(text, error) : parse_pem(copy, error);
}

ForeignKey *
foreign_key_ref(const ForeignKey *key)
{
    ForeignKey *shared = (ForeignKey *)key; /* the count is the only mutable member */

    g_atomic_ref_count_inc(&shared->refs);
    return shared;
}

void
foreign_key_unref(ForeignKey *key)
{
    if (key == NULL || !g_atomic_ref_count_dec(&key->refs))
        return;
    EVP_PKEY_free(key->pkey);
    g_free(key);
}

ForeignKeyKind
foreign_key_kind(const ForeignKey *key)
{
    return key->kind;
}

const char *
foreign_key_kind_name(ForeignKeyKind kind)
{
    assert(kind < FOREIGN_KEY_N_KINDS);
    return kinds[kind].name;
}

Digest
foreign_key_keyid(const ForeignKey *key)
{
    return key->keyid;
}

const char *
foreign_scheme_hash(ForeignScheme scheme)
{
    assert(scheme < FOREIGN_N_SCHEMES);
    return schemes[scheme].hash;
}

const ForeignScheme *
foreign_key_schemes(const ForeignKey *key)
{
    return kinds[key->kind].schemes;
}

/* r || s as DER; NULL when it cannot be. */
static GBytes *
der_of_raw(Span raw)
{
    g_autoptr(ECDSA_SIG) sig = ECDSA_SIG_new();
    int half = (int)(raw.len / 2);
    BIGNUM *r = BN_bin2bn(raw.data, half, NULL);
    BIGNUM *s = BN_bin2bn(raw.data + half, half, NULL);
    unsigned char *der = NULL;

    if (sig == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return NULL;
    }
    int len = i2d_ECDSA_SIG(sig, &der);
    GBytes *bytes = len > 0 ? g_bytes_new(der, (size_t)len) : NULL;
    OPENSSL_free(der);
    return bytes;
}

static bool
check_prehashed(const ForeignKey *key, const SchemeRow *row, Span hash, Span signature)
{
    g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    const EVP_MD *md = EVP_get_digestbyname(row->hash);

    if (context == NULL || md == NULL || hash.len != (size_t)EVP_MD_get_size(md) ||
        EVP_PKEY_verify_init(context) != 1)
        return false;
    if (row->padding != 0 && (EVP_PKEY_CTX_set_rsa_padding(context, row->padding) != 1 ||
                              EVP_PKEY_CTX_set_signature_md(context, md) != 1))
        return false;
    if (row->padding == RSA_PKCS1_PSS_PADDING &&
        EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_AUTO) != 1)
        return false;
    return EVP_PKEY_verify(context, signature.data, signature.len, hash.data, hash.len) == 1;
}

bool
foreign_key_check_hash(const ForeignKey *key, ForeignScheme scheme, Span hash, Span signature)
{
    const SchemeRow *row = &schemes[scheme];
    size_t field = kinds[key->kind].field;
    bool ok = false;

    if (row->hash == NULL || EVP_PKEY_get_base_id(key->pkey) != row->evp_type ||
        signature.len > FOREIGN_SIGNATURE_MAX_SIZE)
        return false;
    if (field > 0 && signature.len == 2 * field) {
        g_autoptr(GBytes) der = der_of_raw(signature);
        ok = der != NULL && check_prehashed(key, row, hash, span_of_bytes(der));
    }
    ok = ok || check_prehashed(key, row, hash, signature);
    ERR_clear_error();
    return ok;
}

static bool
check_ed25519(const ForeignKey *key, Span message, Span signature)
{
    g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
    bool ok =
        context != NULL && key->kind == FOREIGN_KEY_ED25519 &&
        EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
        EVP_DigestVerify(context, signature.data, signature.len, message.data, message.len) == 1;

    ERR_clear_error();
    return ok;
}

bool
foreign_key_check(const ForeignKey *key, ForeignScheme scheme, Span message, Span signature)
{
    const char *name = foreign_scheme_hash(scheme);
    uint8_t hash[MAX_HASH];
    size_t len = sizeof hash;

    if (scheme == FOREIGN_SCHEME_ED25519)
        return check_ed25519(key, message, signature);
    if (name == NULL || EVP_Q_digest(NULL, name, NULL, message.data, message.len, hash, &len) != 1)
        return false;
    return foreign_key_check_hash(key, scheme, span_of(hash, len), signature);
}

bool
foreign_key_verify(const ForeignKey *key, Span message, Span signature, GError **error)
{
    char hex[DIGEST_HEX_SIZE];

    for (const ForeignScheme *scheme = foreign_key_schemes(key); *scheme != FOREIGN_SCHEME_NONE;
         scheme++) {
        if (foreign_key_check(key, *scheme, message, signature))
            return true;
    }
    digest_to_hex(&key->keyid, hex);
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
              "the signature by %s key '%.16s' does not hold", kinds[key->kind].name, hex);
    return false;
}
