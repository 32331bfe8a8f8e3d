/* SPDX-License-Identifier: Apache-2.0
 * public_key: keys by their SPKI bytes; checks over contexts prepared once per key.
 *
 * 1. One encoding per key: the fixed DER head, then the raw key. So bytes, keyid and key are one.
 * 2. The prepared context is only ever copied, never used, so a key may be shared by threads. */
#include "proof/public_key.h"
#include <assert.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "base/encoding.h"
#include "base/limits.h"
#include "base/banned.h"

typedef struct {
    const char *name; /* static */
    int evp_type;
    size_t head_len; /* bytes of the DER head */
    size_t raw_len;  /* bytes after it */
    uint8_t head[27];
} KindRow;

static const KindRow kinds[PUBLIC_KEY_N_KINDS] = {
    [PUBLIC_KEY_NONE] = { .name = "none" },
    [PUBLIC_KEY_P256] = { "p256", EVP_PKEY_EC, 26, 65, { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
                                                         0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                                         0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
                                                         0x01, 0x07, 0x03, 0x42, 0x00 } },
    [PUBLIC_KEY_ED25519] = { "ed25519",
                             EVP_PKEY_ED25519,
                             12,
                             32,
                             { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21,
                               0x00 } },
    [PUBLIC_KEY_P384] = { "p384", EVP_PKEY_EC, 23, 97, { 0x30, 0x76, 0x30, 0x10, 0x06, 0x07,
                                                         0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
                                                         0x01, 0x06, 0x05, 0x2b, 0x81, 0x04,
                                                         0x00, 0x22, 0x03, 0x62, 0x00 } },
    [PUBLIC_KEY_RSA] = { .name = "rsa", .evp_type = EVP_PKEY_RSA },
};

#define POINT_UNCOMPRESSED 0x04 /* SEC 1 section 2.3.3; the hybrid forms have its length */
#define LAST_KIND_IN_LOGS  PUBLIC_KEY_ED25519
#define LAST_FIXED_KIND    PUBLIC_KEY_P384 /* the kinds up to it have a head and a length */

struct PublicKey {
    gatomicrefcount refs;
    PublicKeyKind kind;
    Digest keyid;
    EVP_PKEY *pkey;         /* owned */
    EVP_PKEY_CTX *prepared; /* owned; ECDSA: ready to verify; see rule 2 */
    size_t spki_len;
    uint8_t *spki; /* owned */
};

static bool
is_ecdsa(PublicKeyKind kind)
{
    return kind == PUBLIC_KEY_P256 || kind == PUBLIC_KEY_P384;
}

static PublicKeyKind
kind_of_spki(Span der, PublicKeyKind last)
{
    for (PublicKeyKind kind = PUBLIC_KEY_NONE + 1; kind <= last; kind++) {
        const KindRow *row = &kinds[kind];
        if (der.len == row->head_len + row->raw_len &&
            memcmp(der.data, row->head, row->head_len) == 0 &&
            (!is_ecdsa(kind) || der.data[row->head_len] == POINT_UNCOMPRESSED))
            return kind;
    }
    return PUBLIC_KEY_NONE;
}

/* Says why @der is none of the encodings we take: a key of another algorithm, or no key. */
static void
set_unknown_spki(Span der, GError **error)
{
    const uint8_t *at = der.data;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)der.len);
    int type = pkey != NULL ? EVP_PKEY_get_base_id(pkey) : NID_undef;
    bool is_known = type == EVP_PKEY_EC || type == EVP_PKEY_ED25519;

    if (pkey != NULL && !is_known)
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "cannot use public key: algorithm '%s' is not supported, wanted p256 or ed25519",
                  OBJ_nid2sn(type));
    else
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot read public key: not a SubjectPublicKeyInfo of an Ed25519 key or of a "
                  "P-256 key with named curve and uncompressed point");
    EVP_PKEY_free(pkey);
    ERR_clear_error();
}

/* A point on a named curve; NULL if it is none. */
static EVP_PKEY *
key_of_point(const char *group, uint8_t *point, size_t len)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, len),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *pkey = NULL;

    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* The head has been compared, so the raw key is taken from behind it: libcrypto's search for a decoder
 * of the whole costs more than a verification. */
static EVP_PKEY *
open_spki(PublicKeyKind kind, uint8_t *spki, size_t len)
{
    const KindRow *row = &kinds[kind];
    const uint8_t *at = spki;
    EVP_PKEY *pkey = NULL;

    if (kind == PUBLIC_KEY_ED25519)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, spki + row->head_len,
                                           row->raw_len);
    if (is_ecdsa(kind))
        return key_of_point(kind == PUBLIC_KEY_P256 ? SN_X9_62_prime256v1 : SN_secp384r1,
                            spki + row->head_len, row->raw_len);
    pkey = d2i_PUBKEY(NULL, &at, (long)len);
    if (pkey == NULL || at != spki + len || EVP_PKEY_get_base_id(pkey) != row->evp_type)
        g_clear_pointer(&pkey, EVP_PKEY_free);
    return pkey;
}

static bool
prepare(PublicKey *key)
{
    key->pkey = open_spki(key->kind, key->spki, key->spki_len);
    if (key->pkey == NULL)
        return false;
    if (!is_ecdsa(key->kind))
        return true;
    key->prepared = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    return key->prepared != NULL && EVP_PKEY_verify_init(key->prepared) == 1;
}

static PublicKey *
key_of_kind(PublicKeyKind kind, Span der, GError **error)
{
    g_autoptr(PublicKey) key = g_new0(PublicKey, 1);

    g_atomic_ref_count_init(&key->refs);
    key->kind = kind;
    key->spki_len = der.len;
    key->spki = g_memdup2(der.data, der.len);
    key->keyid = digest_of(der);
    if (!prepare(key)) {
        ERR_clear_error();
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot read public key: the %s point is not on the curve", kinds[kind].name);
        return NULL;
    }
    return g_steal_pointer(&key);
}

PublicKey *
public_key_from_spki(Span der, GError **error)
{
    PublicKeyKind kind = kind_of_spki(der, LAST_KIND_IN_LOGS);

    if (kind == PUBLIC_KEY_NONE) {
        set_unknown_spki(der, error);
        return NULL;
    }
    return key_of_kind(kind, der, error);
}

/* Whether @der is one RSA key of a length we take, in DER. */
static bool
is_rsa(Span der)
{
    const uint8_t *at = der.data;
    EVP_PKEY *pkey = der.len <= LIMIT_KEY_FILE_BYTES ? d2i_PUBKEY(NULL, &at, (long)der.len) : NULL;
    int bits = pkey != NULL ? EVP_PKEY_get_bits(pkey) : 0;
    uint8_t *again = NULL;
    bool ok = pkey != NULL && EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA &&
              bits >= PUBLIC_KEY_RSA_MIN_BITS && bits <= PUBLIC_KEY_RSA_MAX_BITS &&
              i2d_PUBKEY(pkey, &again) == (int)der.len && memcmp(again, der.data, der.len) == 0;

    OPENSSL_free(again);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return ok;
}

PublicKey *
public_key_from_spki_any(Span der, GError **error)
{
    PublicKeyKind kind = kind_of_spki(der, LAST_FIXED_KIND);

    if (kind == PUBLIC_KEY_NONE && is_rsa(der))
        kind = PUBLIC_KEY_RSA;
    if (kind == PUBLIC_KEY_NONE) {
        error_set(
            error, BASE_ERROR, BASE_ERROR_INVALID,
            "cannot read public key: not a SubjectPublicKeyInfo of an Ed25519, P-256 or P-384 "
            "key (named curve, uncompressed point) or of an RSA key of %d to %d bits",
            PUBLIC_KEY_RSA_MIN_BITS, PUBLIC_KEY_RSA_MAX_BITS);
        return NULL;
    }
    return key_of_kind(kind, der, error);
}

static PublicKey *
from_raw(PublicKeyKind kind, Span raw, GError **error)
{
    uint8_t der[PUBLIC_KEY_P384_SPKI_SIZE];
    const KindRow *row = &kinds[kind];

    if (raw.len != row->raw_len) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot read public key: %zu bytes, a raw %s key has %zu", raw.len, row->name,
                  row->raw_len);
        return NULL;
    }
    memcpy(der, row->head, row->head_len);
    memcpy(der + row->head_len, raw.data, raw.len);
    return key_of_kind(kind, span_of(der, row->head_len + row->raw_len), error);
}

PublicKey *
public_key_ed25519_from_raw(Span raw, GError **error)
{
    return from_raw(PUBLIC_KEY_ED25519, raw, error);
}

static PublicKey *
from_point(PublicKeyKind kind, Span point, GError **error)
{
    if (point.len > 0 && point.data[0] != POINT_UNCOMPRESSED) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot read public key: the %s point is not uncompressed", kinds[kind].name);
        return NULL;
    }
    return from_raw(kind, point, error);
}

PublicKey *
public_key_p256_from_point(Span point, GError **error)
{
    return from_point(PUBLIC_KEY_P256, point, error);
}

PublicKey *
public_key_p384_from_point(Span point, GError **error)
{
    return from_point(PUBLIC_KEY_P384, point, error);
}

#define PEM_BEGIN "-----BEGIN PUBLIC KEY-----\n"
#define PEM_END   "-----END PUBLIC KEY-----"

PublicKey *
public_key_from_pem(Span pem, GError **error)
{
    if (pem.len > LIMIT_KEY_FILE_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot read public key: %zu bytes, the limit is %u", pem.len,
                  LIMIT_KEY_FILE_BYTES);
        return NULL;
    }

    g_autoptr(GString) base64 = g_string_new(NULL);
    g_autofree char *text = g_strndup((const char *)pem.data, pem.len);
    const char *end = g_str_has_prefix(text, PEM_BEGIN) ? strstr(text, "\n" PEM_END) : NULL;
    const char *rest = end != NULL ? end + strlen("\n" PEM_END) : NULL;
    if (rest == NULL || strlen(text) != pem.len || (*rest != '\0' && strcmp(rest, "\n") != 0)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot read public key: not one PEM block 'PUBLIC KEY'");
        return NULL;
    }
    for (const char *at = text + strlen(PEM_BEGIN); at < end; at++) {
        if (*at != '\n')
            g_string_append_c(base64, *at);
    }

    g_autoptr(GBytes) der = base64_decode(base64->str, error);
    if (der == NULL) {
        error_prefix(error, "cannot read public key");
        return NULL;
    }
    return public_key_from_spki(span_of_bytes(der), error);
}

PublicKey *
public_key_ref(const PublicKey *key)
{
    PublicKey *shared = (PublicKey *)key; /* the count is the only mutable member */

    g_atomic_ref_count_inc(&shared->refs);
    return shared;
}

void
public_key_unref(PublicKey *key)
{
    if (key == NULL || !g_atomic_ref_count_dec(&key->refs))
        return;
    EVP_PKEY_CTX_free(key->prepared);
    EVP_PKEY_free(key->pkey);
    g_free(key->spki);
    g_free(key);
}

PublicKeyKind
public_key_kind(const PublicKey *key)
{
    return key->kind;
}

const char *
public_key_kind_name(PublicKeyKind kind)
{
    assert(kind < PUBLIC_KEY_N_KINDS);
    return kinds[kind].name;
}

Span
public_key_spki(const PublicKey *key)
{
    return span_of(key->spki, key->spki_len);
}

Span
public_key_raw(const PublicKey *key)
{
    return span_of(key->spki + kinds[key->kind].head_len, kinds[key->kind].raw_len);
}

Digest
public_key_keyid(const PublicKey *key)
{
    return key->keyid;
}

/* An SSH string (RFC 4251 section 5) goes into the hash. */
static void
hash_string(DigestStream *stream, Span text)
{
    uint8_t head[4] = { 0, 0, (uint8_t)(text.len >> 8), (uint8_t)text.len };

    digest_stream_update(stream, span_of(head, sizeof head));
    digest_stream_update(stream, text);
}

/* A positive number as SSH's mpint. */
static void
hash_number(DigestStream *stream, EVP_PKEY *pkey, const char *name)
{
    uint8_t bytes[1 + PUBLIC_KEY_RSA_MAX_BITS / 8] = { 0 };
    BIGNUM *number = NULL;

    if (EVP_PKEY_get_bn_param(pkey, name, &number) == 1 &&
        BN_num_bytes(number) < (int)sizeof bytes) {
        size_t len = (size_t)BN_bn2bin(number, bytes + 1);
        bool sign = (bytes[1] & 0x80) != 0;
        hash_string(stream, span_of(sign ? bytes : bytes + 1, len + (sign ? 1 : 0)));
    }
    BN_free(number);
}

static void
hash_rsa(DigestStream *stream, Span spki)
{
    const uint8_t *at = spki.data;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)spki.len);

    hash_string(stream, span_of_text("ssh-rsa"));
    hash_number(stream, pkey, OSSL_PKEY_PARAM_RSA_E);
    hash_number(stream, pkey, OSSL_PKEY_PARAM_RSA_N);
    EVP_PKEY_free(pkey);
}

char *
public_key_fingerprint_of_spki(Span spki)
{
    PublicKeyKind kind = kind_of_spki(spki, LAST_FIXED_KIND);
    g_autoptr(DigestStream) stream = digest_stream_new();

    if (kind == PUBLIC_KEY_NONE && is_rsa(spki))
        kind = PUBLIC_KEY_RSA;
    if (kind == PUBLIC_KEY_NONE)
        return NULL;
    if (is_ecdsa(kind)) {
        bool is_p256 = kind == PUBLIC_KEY_P256;
        hash_string(stream, span_of_text(is_p256 ? "ecdsa-sha2-nistp256" : "ecdsa-sha2-nistp384"));
        hash_string(stream, span_of_text(is_p256 ? "nistp256" : "nistp384"));
    } else if (kind == PUBLIC_KEY_ED25519) {
        hash_string(stream, span_of_text("ssh-ed25519"));
    }
    if (kind == PUBLIC_KEY_RSA)
        hash_rsa(stream, spki);
    else
        hash_string(stream, span_of(spki.data + kinds[kind].head_len, kinds[kind].raw_len));
    Digest digest = digest_stream_finish(stream);
    g_autofree char *text = base64_encode(span_of(digest.bytes, DIGEST_SIZE));
    return g_strdup_printf("SHA256:%.43s", text);
}

char *
public_key_fingerprint(const PublicKey *key)
{
    return public_key_fingerprint_of_spki(public_key_spki(key));
}

bool
public_key_equal(const PublicKey *a, const PublicKey *b)
{
    return digest_equal(&a->keyid, &b->keyid);
}

char *
public_key_to_pem(const PublicKey *key)
{
    g_autofree char *base64 = base64_encode(public_key_spki(key));
    GString *pem = g_string_new(PEM_BEGIN);

    for (const char *at = base64; *at != '\0';) {
        size_t n = MIN(strlen(at), 64u); /* RFC 7468 section 2: lines of 64 */
        g_string_append_len(pem, at, (gssize)n);
        g_string_append_c(pem, '\n');
        at += n;
    }
    g_string_append(pem, PEM_END "\n");
    return g_string_free(pem, FALSE);
}

/* ECDSA over a digest that is at hand. */
static bool
verify_digest(const PublicKey *key, Span digest, Span signature)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_dup(key->prepared);
    bool ok = ctx != NULL &&
              EVP_PKEY_verify(ctx, signature.data, signature.len, digest.data, digest.len) == 1;

    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static bool
verify_p256(const PublicKey *key, Span message, Span signature)
{
    Digest digest = digest_of(message);

    return verify_digest(key, span_of(digest.bytes, sizeof digest.bytes), signature);
}

static bool
verify_p384(const PublicKey *key, Span message, Span signature)
{
    uint8_t hash[48];
    size_t len = sizeof hash;

    return EVP_Q_digest(NULL, "SHA384", NULL, message.data, message.len, hash, &len) == 1 &&
           verify_digest(key, span_of(hash, len), signature);
}

static bool
verify_rsa(const PublicKey *key, Span message, Span signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *inner = NULL; /* of ctx */
    bool ok = ctx != NULL &&
              EVP_DigestVerifyInit_ex(ctx, &inner, "SHA256", NULL, NULL, key->pkey, NULL) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, RSA_PSS_SALTLEN_DIGEST) == 1 &&
              EVP_DigestVerify(ctx, signature.data, signature.len, message.data, message.len) == 1;

    EVP_MD_CTX_free(ctx);
    return ok;
}

static bool
verify_ed25519(const PublicKey *key, Span message, Span signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
              EVP_DigestVerify(ctx, signature.data, signature.len, message.data, message.len) == 1;

    EVP_MD_CTX_free(ctx);
    return ok;
}

bool
public_key_verify(const PublicKey *key, Span message, Span signature, GError **error)
{
    bool ok = key->kind == PUBLIC_KEY_P256   ? verify_p256(key, message, signature)
              : key->kind == PUBLIC_KEY_P384 ? verify_p384(key, message, signature)
              : key->kind == PUBLIC_KEY_RSA  ? verify_rsa(key, message, signature)
                                             : verify_ed25519(key, message, signature);

    if (!ok) {
        char hex[DIGEST_HEX_SIZE];
        digest_to_hex(&key->keyid, hex);
        ERR_clear_error();
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the signature by %s key '%.16s' does not hold", kinds[key->kind].name, hex);
    }
    return ok;
}
