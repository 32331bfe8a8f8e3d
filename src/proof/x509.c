/* SPDX-License-Identifier: Apache-2.0
 * x509: certificates and chains over libcrypto.
 *
 * 1. The links within an authority's chain are checked once, when it is read; what remains for each
 *    leaf is one signature by the first certificate and the times of all.
 * 2. Times are compared here: for libcrypto the last second of a validity is over already, for RFC 5280
 *    section 4.1.2.5 and for Sigstore it is not. */
#include "proof/x509.h"
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include "base/encoding.h"
#include "base/limits.h"
#include "proof/x509_priv.h"
#include "base/banned.h"

#define OID_FULCIO_NAME "1.3.6.1.4.1.57264.1.7"
#define US_PER_S        INT64_C(1000000)

static bool
invalid(GError **error, const char *why)
{
    ERR_clear_error();
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read certificate: %s", why);
    return false;
}

bool
x509_time_us(const ASN1_TIME *time, int64_t *out)
{
    struct tm parts = { 0 };

    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1)
        return false;
    int64_t us = (int64_t)timegm(&parts) * US_PER_S;

    /* ASN1_TIME_to_tm drops the fraction of a GeneralizedTime: "20250101000000.25Z". */
    const char *text = (const char *)ASN1_STRING_get0_data(time);
    const char *dot = memchr(text, '.', (size_t)ASN1_STRING_length(time));
    const char *end = text + ASN1_STRING_length(time);
    int64_t unit = US_PER_S / 10;
    for (const char *at = dot != NULL ? dot + 1 : end; at < end && g_ascii_isdigit(*at); at++) {
        us += (*at - '0') * unit;
        unit /= 10;
    }
    *out = us;
    return true;
}

static X509Key *
key_of(X509 *x509, GError **error)
{
    EVP_PKEY *pkey = X509_get_pubkey(x509); /* a reference of our own */
    uint8_t *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
    X509Key *key = NULL;

    if (pkey == NULL || len <= 0) {
        EVP_PKEY_free(pkey);
        ERR_clear_error();
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "cannot read certificate: its key is of no known kind");
    } else {
        key = x509_key_take(pkey, span_of(spki, (size_t)len), error);
    }
    OPENSSL_free(spki);
    return key;
}

X509Cert *
x509_cert_parse(Span der, GError **error)
{
    if (der.len > LIMIT_CERTIFICATE_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "certificate of %zu bytes, the limit is %u",
                  der.len, LIMIT_CERTIFICATE_BYTES);
        return NULL;
    }
    g_autoptr(X509Cert) cert = g_new0(X509Cert, 1);
    const uint8_t *at = der.data;

    g_atomic_ref_count_init(&cert->refs);
    cert->x509 = der.len > 0 ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    if (cert->x509 == NULL || at != der.data + der.len) {
        (void)invalid(error, "not the DER of one certificate");
        return NULL;
    }
    if (!x509_time_us(X509_get0_notBefore(cert->x509), &cert->not_before_us) ||
        !x509_time_us(X509_get0_notAfter(cert->x509), &cert->not_after_us) ||
        (X509_get_extension_flags(cert->x509) & EXFLAG_INVALID) != 0) {
        (void)invalid(error, "malformed times or extensions");
        return NULL;
    }
    cert->key = key_of(cert->x509, error);
    if (cert->key == NULL)
        return NULL;
    cert->der = g_bytes_new(der.data, der.len);
    return g_steal_pointer(&cert);
}

X509Cert *
x509_cert_ref(const X509Cert *cert)
{
    X509Cert *shared = (X509Cert *)cert; /* the count is the only mutable member */

    g_atomic_ref_count_inc(&shared->refs);
    return shared;
}

void
x509_cert_unref(X509Cert *cert)
{
    if (cert == NULL || !g_atomic_ref_count_dec(&cert->refs))
        return;
    X509_free(cert->x509);
    g_clear_pointer(&cert->der, g_bytes_unref);
    x509_key_unref(cert->key);
    g_free(cert);
}

Span
x509_cert_der(const X509Cert *cert)
{
    return span_of_bytes(cert->der);
}

const X509Key *
x509_cert_key(const X509Cert *cert)
{
    return cert->key;
}

int64_t
x509_cert_not_before_us(const X509Cert *cert)
{
    return cert->not_before_us;
}

int64_t
x509_cert_not_after_us(const X509Cert *cert)
{
    return cert->not_after_us;
}

bool
x509_cert_is_self_issued(const X509Cert *cert)
{
    return X509_NAME_cmp(X509_get_subject_name(cert->x509), X509_get_issuer_name(cert->x509)) == 0;
}

bool
x509_cert_is_ca(const X509Cert *cert)
{
    return X509_check_ca(cert->x509) > 0;
}

bool
x509_cert_may_sign_code(const X509Cert *cert)
{
    uint32_t flags = X509_get_extension_flags(cert->x509);

    return (flags & EXFLAG_XKUSAGE) != 0 &&
           (X509_get_extended_key_usage(cert->x509) & XKU_CODE_SIGN) != 0 &&
           ((flags & EXFLAG_KUSAGE) == 0 ||
            (X509_get_key_usage(cert->x509) & KU_DIGITAL_SIGNATURE) != 0);
}

static char *
dup_text(const uint8_t *data, int len)
{
    Span span = span_of(data, len > 0 ? (size_t)len : 0);

    return span.len > 0 && utf8_is_valid(span) ? g_strndup((const char *)data, span.len) : NULL;
}

static char *
text_of_name(const GENERAL_NAME *name)
{
    int type = 0;
    const void *value = GENERAL_NAME_get0_value(name, &type);

    if (type == GEN_URI || type == GEN_EMAIL || type == GEN_DNS)
        return dup_text(ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
    if (type != GEN_OTHERNAME)
        return NULL;

    const OTHERNAME *other = value;
    char oid[64] = { 0 };
    if (OBJ_obj2txt(oid, sizeof oid, other->type_id, 1) <= 0 || strcmp(oid, OID_FULCIO_NAME) != 0 ||
        other->value->type != V_ASN1_UTF8STRING)
        return NULL;
    const ASN1_UTF8STRING *text = other->value->value.utf8string;
    return dup_text(ASN1_STRING_get0_data(text), ASN1_STRING_length(text));
}

GPtrArray *
x509_cert_names(const X509Cert *cert, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    GENERAL_NAMES *list = X509_get_ext_d2i(cert->x509, NID_subject_alt_name, NULL, NULL);
    bool ok = true;

    for (int i = 0; ok && i < sk_GENERAL_NAME_num(list); i++) {
        char *text = text_of_name(sk_GENERAL_NAME_value(list, i));
        ok = text != NULL;
        if (ok)
            g_ptr_array_add(names, text);
    }
    GENERAL_NAMES_free(list);
    ERR_clear_error();
    if (!ok) {
        (void)invalid(error, "a subject alternative name is not of a kind we know");
        return NULL;
    }
    return g_steal_pointer(&names);
}

/* The value of the only extension @oid, or NULL. */
static const ASN1_OCTET_STRING *
find_extension(const X509 *x509, const char *oid, bool *is_double_out)
{
    ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
    int at = X509_get_ext_by_OBJ(x509, object, -1);

    *is_double_out = at >= 0 && X509_get_ext_by_OBJ(x509, object, at) >= 0;
    ASN1_OBJECT_free(object);
    return at >= 0 ? X509_EXTENSION_get_data(X509_get_ext(x509, at)) : NULL;
}

/* Fulcio's first six extensions hold the text itself, where DER was due. */
static bool
is_bare_text(const char *oid)
{
    static const char prefix[] = "1.3.6.1.4.1.57264.1.";
    const char *last = g_str_has_prefix(oid, prefix) ? oid + strlen(prefix) : "";

    return *last >= '1' && *last <= '6' && last[1] == '\0';
}

bool
x509_cert_text(const X509Cert *cert, const char *oid, char **text_out, GError **error)
{
    bool is_double = false;
    const ASN1_OCTET_STRING *value = find_extension(cert->x509, oid, &is_double);
    char *text = NULL;

    if (is_double)
        return invalid(error, "an extension is there twice");
    if (value == NULL) {
        *text_out = NULL;
        return true;
    }
    const uint8_t *data = ASN1_STRING_get0_data(value);
    int len = ASN1_STRING_length(value);
    if (is_bare_text(oid)) {
        text = dup_text(data, len);
    } else {
        const uint8_t *at = data;
        ASN1_UTF8STRING *utf8 = d2i_ASN1_UTF8STRING(NULL, &at, len);
        if (utf8 != NULL && at == data + len)
            text = dup_text(ASN1_STRING_get0_data(utf8), ASN1_STRING_length(utf8));
        ASN1_UTF8STRING_free(utf8);
    }
    if (text == NULL)
        return invalid(error, "an extension is not the text it should be");
    *text_out = text;
    return true;
}

char *
x509_cert_oidc_issuer(const X509Cert *cert, GError **error)
{
    g_autofree char *v1 = NULL;
    g_autofree char *v2 = NULL;

    if (!x509_cert_text(cert, X509_OID_FULCIO_ISSUER_V1, &v1, error) ||
        !x509_cert_text(cert, X509_OID_FULCIO_ISSUER_V2, &v2, error))
        return NULL;
    if (v1 != NULL && v2 != NULL && strcmp(v1, v2) != 0) {
        (void)invalid(error, "it names two issuers");
        return NULL;
    }
    if (v1 == NULL && v2 == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the certificate names no issuer");
        return NULL;
    }
    return v2 != NULL ? g_steal_pointer(&v2) : g_steal_pointer(&v1);
}

struct X509Chain {
    GPtrArray *certs; /* owned; of X509Cert, each issued by the next */
    gint links;       /* of enum links, atomic: the chain itself never changes */
};

/* Whether each certificate is issued by the next. A trusted root names more authorities than one
 * signature needs, and a link costs a verification: it is looked at when it matters. */
enum links {
    LINKS_UNSEEN,
    LINKS_HOLD,
    LINKS_BROKEN,
};

static bool
link_holds(const X509Cert *cert, const X509Cert *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer->x509);

    return x509_cert_is_ca(issuer) && X509_check_issued(issuer->x509, cert->x509) == X509_V_OK &&
           key != NULL && X509_verify(cert->x509, key) == 1;
}

X509Chain *
x509_chain_new(GPtrArray *ders, GError **error)
{
    if (ders->len == 0 || ders->len > LIMIT_CHAIN_CERTIFICATES) {
        error_set(error, BASE_ERROR, ders->len == 0 ? BASE_ERROR_INVALID : BASE_ERROR_LIMIT,
                  "an authority has %u certificates, wanted 1 to %d", ders->len,
                  LIMIT_CHAIN_CERTIFICATES);
        return NULL;
    }
    g_autoptr(X509Chain) chain = g_new0(X509Chain, 1);

    chain->certs = g_ptr_array_new_with_free_func((GDestroyNotify)x509_cert_unref);
    for (guint i = 0; i < ders->len; i++) {
        X509Cert *cert = x509_cert_parse(span_of_bytes(ders->pdata[i]), error);
        if (cert == NULL)
            return NULL;
        g_ptr_array_add(chain->certs, cert);
    }
    return g_steal_pointer(&chain);
}

void
x509_chain_free(X509Chain *chain)
{
    if (chain == NULL)
        return;
    g_clear_pointer(&chain->certs, g_ptr_array_unref);
    g_free(chain);
}

const X509Cert *
x509_chain_first(const X509Chain *chain)
{
    return chain->certs->pdata[0];
}

static bool
links_hold(const X509Chain *chain)
{
    gint *seen = &((X509Chain *)chain)->links; /* what was found out once */
    gint links = g_atomic_int_get(seen);

    if (links == LINKS_UNSEEN) {
        links = LINKS_HOLD;
        for (guint i = 1; i < chain->certs->len; i++) {
            if (!link_holds(chain->certs->pdata[i - 1], chain->certs->pdata[i]))
                links = LINKS_BROKEN;
        }
        ERR_clear_error();
        g_atomic_int_set(seen, links);
    }
    return links == LINKS_HOLD;
}

bool
x509_chain_check_time(const X509Chain *chain, int64_t time_us, GError **error)
{
    for (guint i = 0; i < chain->certs->len; i++) {
        const X509Cert *cert = chain->certs->pdata[i];
        if (time_us < cert->not_before_us || time_us > cert->not_after_us) {
            error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                      "a certificate of the authority was not valid then");
            return false;
        }
    }
    if (!links_hold(chain)) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the authority's certificates do not issue each other");
        return false;
    }
    return true;
}

X509_STORE *
x509_chain_store(const X509Chain *chain)
{
    const X509Cert *first = chain->certs->pdata[0];
    X509_STORE *store = X509_STORE_new();

    if (store == NULL || X509_STORE_add_cert(store, first->x509) != 1 ||
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME) != 1) {
        X509_STORE_free(store);
        return NULL;
    }
    return store;
}

bool
x509_chain_verify(const X509Chain *chain, const X509Cert *leaf, int64_t time_us, GError **error)
{
    if (!x509_chain_check_time(chain, time_us, error))
        return false;
    if (time_us < leaf->not_before_us || time_us > leaf->not_after_us) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the certificate was not valid at that time");
        return false;
    }
    X509_STORE *store = x509_chain_store(chain);
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    bool ok = store != NULL && ctx != NULL &&
              X509_STORE_CTX_init(ctx, store, leaf->x509, NULL) == 1 &&
              X509_verify_cert(ctx) == 1 && sk_X509_num(X509_STORE_CTX_get0_chain(ctx)) == 2;

    if (!ok)
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "the authority did not issue it: %s",
                  ctx != NULL ? X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx))
                              : "out of memory");
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    ERR_clear_error();
    return ok;
}
