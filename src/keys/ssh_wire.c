/* SPDX-License-Identifier: Apache-2.0
 * ssh_wire: SSH's strings around libcrypto's numbers. */
#include "keys/ssh_wire.h"
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "base/encoding.h"
#include "base/banned.h"

#define MAX_NUMBER 1024 /* bytes of an mpint */

typedef struct {
    const char *name;  /* static; what blobs and signatures begin with */
    const char *curve; /* static; NULL: none */
    PublicKeyKind kind;
    bool is_sk; /* the blob ends with an application */
} TypeRow;

static const TypeRow types[] = {
    { "ssh-ed25519", NULL, PUBLIC_KEY_ED25519, false },
    { "ecdsa-sha2-nistp256", "nistp256", PUBLIC_KEY_P256, false },
    { "ecdsa-sha2-nistp384", "nistp384", PUBLIC_KEY_P384, false },
    { "ssh-rsa", NULL, PUBLIC_KEY_RSA, false },
    { "sk-ssh-ed25519@openssh.com", NULL, PUBLIC_KEY_ED25519, true },
    { "sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", PUBLIC_KEY_P256, true },
};

void
ssh_wire_put_u32(GByteArray *out, uint32_t value)
{
    const uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16),
                               (uint8_t)(value >> 8), (uint8_t)value };

    g_byte_array_append(out, bytes, sizeof bytes);
}

void
ssh_wire_put_string(GByteArray *out, Span span)
{
    ssh_wire_put_u32(out, (uint32_t)span.len);
    if (span.len > 0)
        g_byte_array_append(out, span.data, (guint)span.len);
}

bool
ssh_wire_take_u32(Span *rest, uint32_t *out)
{
    const uint8_t *at = rest->data;

    if (rest->len < 4)
        return false;
    *out = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    *rest = span_of(at + 4, rest->len - 4);
    return true;
}

bool
ssh_wire_take_string(Span *rest, Span *out)
{
    Span after = *rest;
    uint32_t len = 0;

    if (!ssh_wire_take_u32(&after, &len) || after.len < len)
        return false;
    *out = span_of(after.data, len);
    *rest = span_of(after.data + len, after.len - len);
    return true;
}

bool
ssh_wire_span_is(Span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.data, text, span.len) == 0;
}

static bool
invalid(GError **error, const char *what)
{
    ERR_clear_error();
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read SSH %s: it is malformed", what);
    return false;
}

/* A number as an mpint: no leading zero but the one that says it is positive. */
static void
put_number(GByteArray *out, const BIGNUM *number)
{
    uint8_t bytes[MAX_NUMBER + 1] = { 0 };
    size_t len = (size_t)BN_num_bytes(number);

    g_assert(len <= MAX_NUMBER);
    BN_bn2bin(number, bytes + 1);
    if (len > 0 && (bytes[1] & 0x80) != 0)
        ssh_wire_put_string(out, span_of(bytes, len + 1));
    else
        ssh_wire_put_string(out, span_of(bytes + 1, len));
}

static BIGNUM *
take_number(Span *rest)
{
    Span bytes;

    if (!ssh_wire_take_string(rest, &bytes) || bytes.len == 0 || bytes.len > MAX_NUMBER + 1 ||
        (bytes.data[0] & 0x80) != 0)
        return NULL;
    return BN_bin2bn(bytes.data, (int)bytes.len, NULL);
}

static const TypeRow *
type_of_key(const PublicKey *key)
{
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (types[i].kind == public_key_kind(key) && !types[i].is_sk)
            return &types[i];
    }
    g_assert_not_reached();
}

static bool
put_rsa(GByteArray *out, const PublicKey *key)
{
    Span spki = public_key_spki(key);
    const uint8_t *at = spki.data;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)spki.len);
    BIGNUM *n = NULL, *e = NULL;
    bool ok = pkey != NULL && EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
              EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1;

    if (ok) {
        put_number(out, e);
        put_number(out, n);
    }
    BN_free(n);
    BN_free(e);
    EVP_PKEY_free(pkey);
    return ok;
}

GBytes *
ssh_wire_blob(const PublicKey *key, GError **error)
{
    const TypeRow *type = type_of_key(key);
    g_autoptr(GByteArray) out = g_byte_array_new();

    ssh_wire_put_string(out, span_of_text(type->name));
    if (type->curve != NULL)
        ssh_wire_put_string(out, span_of_text(type->curve));
    if (type->kind != PUBLIC_KEY_RSA) {
        ssh_wire_put_string(out, public_key_raw(key));
    } else if (!put_rsa(out, key)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "cannot write an RSA key for SSH");
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

static PublicKey *
rsa_from_numbers(BIGNUM *e, BIGNUM *n, GError **error)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *pkey = NULL;
    uint8_t *der = NULL;
    PublicKey *key = NULL;
    int len = 0;

    if (build != NULL && e != NULL && n != NULL &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1)
        params = OSSL_PARAM_BLD_to_param(build);
    if (ctx != NULL && params != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1)
        len = i2d_PUBKEY(pkey, &der);
    if (len > 0)
        key = public_key_from_spki_any(span_of(der, (size_t)len), error);
    else
        (void)invalid(error, "RSA key");
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    return key;
}

static PublicKey *
key_of_type(const TypeRow *type, Span rest, GError **error)
{
    Span curve, raw = { 0 }, application;

    if (type->kind == PUBLIC_KEY_RSA) {
        BIGNUM *e = take_number(&rest), *n = take_number(&rest);
        PublicKey *key = rest.len == 0 ? rsa_from_numbers(e, n, error) : NULL;
        if (rest.len != 0)
            (void)invalid(error, "public key");
        BN_free(e);
        BN_free(n);
        return key;
    }
    if ((type->curve != NULL &&
         (!ssh_wire_take_string(&rest, &curve) || !ssh_wire_span_is(curve, type->curve))) ||
        !ssh_wire_take_string(&rest, &raw) ||
        (type->is_sk && !ssh_wire_take_string(&rest, &application)) || rest.len != 0) {
        (void)invalid(error, "public key");
        return NULL;
    }
    switch (type->kind) {
    case PUBLIC_KEY_ED25519:
        return public_key_ed25519_from_raw(raw, error);
    case PUBLIC_KEY_P256:
        return public_key_p256_from_point(raw, error);
    default:
        return public_key_p384_from_point(raw, error);
    }
}

PublicKey *
ssh_wire_key(Span blob, GError **error)
{
    Span rest = blob, name;

    if (!ssh_wire_take_string(&rest, &name)) {
        (void)invalid(error, "public key");
        return NULL;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (ssh_wire_span_is(name, types[i].name))
            return key_of_type(&types[i], rest, error);
    }
    g_autofree char *shown = ssh_wire_blob_type(blob);
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "SSH key type '%s' is not supported",
              shown);
    return NULL;
}

char *
ssh_wire_blob_type(Span blob)
{
    Span rest = blob, name;

    if (!ssh_wire_take_string(&rest, &name))
        return g_strdup("?");
    g_autofree char *text = g_strndup((const char *)name.data, name.len);
    return error_printable(text);
}

char *
ssh_wire_fingerprint(Span blob)
{
    Digest digest = digest_of(blob);
    g_autofree char *base64 = base64_encode(span_of(digest.bytes, sizeof digest.bytes));

    base64[strcspn(base64, "=")] = '\0';
    return g_strconcat("SHA256:", base64, NULL);
}

char *
ssh_wire_public_line(Span blob)
{
    g_autofree char *type = ssh_wire_blob_type(blob);
    g_autofree char *base64 = base64_encode(blob);

    return g_strconcat(type, " ", base64, NULL);
}

/* r and s of a DER signature as SSH's two mpints. */
static bool
put_ecdsa(GByteArray *out, Span der, GError **error)
{
    const uint8_t *at = der.data;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
    g_autoptr(GByteArray) inner = g_byte_array_new();

    if (sig == NULL)
        return invalid(error, "signature");
    put_number(inner, ECDSA_SIG_get0_r(sig));
    put_number(inner, ECDSA_SIG_get0_s(sig));
    ECDSA_SIG_free(sig);
    ssh_wire_put_string(out, span_of(inner->data, inner->len));
    return true;
}

GBytes *
ssh_wire_signature(const PublicKey *key, Span signature, GError **error)
{
    const TypeRow *type = type_of_key(key);
    g_autoptr(GByteArray) out = g_byte_array_new();

    if (type->kind == PUBLIC_KEY_RSA) {
        error_set(
            error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
            "an RSA key of ours signs with PSS, which SSH does not know; use Ed25519 or ECDSA");
        return NULL;
    }
    ssh_wire_put_string(out, span_of_text(type->name));
    if (type->kind == PUBLIC_KEY_ED25519)
        ssh_wire_put_string(out, signature);
    else if (!put_ecdsa(out, signature, error))
        return NULL;
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

static GBytes *
der_from_numbers(Span pair, GError **error)
{
    Span rest = pair;
    BIGNUM *r = take_number(&rest), *s = take_number(&rest);
    ECDSA_SIG *sig = r != NULL && s != NULL && rest.len == 0 ? ECDSA_SIG_new() : NULL;
    uint8_t *der = NULL;
    GBytes *bytes = NULL;

    if (sig == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
    } else {
        int len = i2d_ECDSA_SIG(sig, &der);
        bytes = len > 0 ? g_bytes_new(der, (gsize)len) : NULL;
    }
    ECDSA_SIG_free(sig);
    OPENSSL_free(der);
    if (bytes == NULL)
        (void)invalid(error, "signature");
    return bytes;
}

GBytes *
ssh_wire_raw_signature(const PublicKey *key, Span blob, GError **error)
{
    const TypeRow *type = type_of_key(key);
    Span rest = blob, name, raw;

    if (!ssh_wire_take_string(&rest, &name) || !ssh_wire_take_string(&rest, &raw) ||
        rest.len != 0 || type->kind == PUBLIC_KEY_RSA || !ssh_wire_span_is(name, type->name)) {
        g_autofree char *shown = ssh_wire_blob_type(blob);
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "a signature of SSH type '%s' is good for SSH signatures only", shown);
        return NULL;
    }
    return type->kind == PUBLIC_KEY_ED25519 ? g_bytes_new(raw.data, raw.len)
                                            : der_from_numbers(raw, error);
}
