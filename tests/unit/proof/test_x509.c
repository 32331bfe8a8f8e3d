/* SPDX-License-Identifier: Apache-2.0
 * Keys and certificates of others: each kind of key, and what an authority vouches for. */
#include "proof/x509.h"
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include "testing.h"
#include "base/banned.h"

#define START_S 1700000000
#define HOUR_S  3600
#define US      INT64_C(1000000)

typedef struct {
    EVP_PKEY *ca_key, *leaf_key; /* owned */
    X509Cert *ca, *leaf;         /* owned */
    X509Chain *chain;            /* owned; of ca alone */
    X509Key *key;                /* owned */
    GBytes *bytes;               /* owned */
    GError *error;               /* owned */
} Fixture;

static EVP_PKEY *
new_key(void)
{
    return EVP_EC_gen("P-256");
}

/* A certificate for @subject_key named @subject, valid for an hour from START_S. @extension: one more of
 * libcrypto's spelling, or NULL. */
static X509Cert *
make_cert(EVP_PKEY *subject_key, const char *subject, EVP_PKEY *issuer_key, const char *issuer,
          bool is_ca, const char *critical_oid)
{
    X509 *x509 = X509_new();
    X509_NAME *name = X509_NAME_new();
    uint8_t *der = NULL;

    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), is_ca ? 1 : 2);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)subject, -1, -1, 0);
    X509_set_subject_name(x509, name);
    X509_NAME_free(name);
    name = X509_NAME_new();
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)issuer, -1, -1, 0);
    X509_set_issuer_name(x509, name);
    X509_NAME_free(name);
    ASN1_TIME_set(X509_getm_notBefore(x509), START_S);
    ASN1_TIME_set(X509_getm_notAfter(x509), START_S + HOUR_S);
    X509_set_pubkey(x509, subject_key);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
                                                    is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
    if (critical_oid != NULL) {
        ASN1_OBJECT *oid = OBJ_txt2obj(critical_oid, 1);
        ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
        ASN1_OCTET_STRING_set(value, (const uint8_t *)"\x05", 2);
        extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
        X509_add_ext(x509, extension, -1);
        X509_EXTENSION_free(extension);
        ASN1_OCTET_STRING_free(value);
        ASN1_OBJECT_free(oid);
    }
    X509_sign(x509, issuer_key, EVP_sha256());
    int len = i2d_X509(x509, &der);
    X509Cert *cert = x509_cert_parse(span_of(der, (size_t)len), NULL);
    OPENSSL_free(der);
    X509_free(x509);
    return cert;
}

static X509Chain *
chain_of(const X509Cert *first, const X509Cert *second)
{
    g_autoptr(GPtrArray) ders = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    const X509Cert *certs[] = { first, second };

    for (size_t i = 0; i < 2 && certs[i] != NULL; i++) {
        Span der = x509_cert_der(certs[i]);
        g_ptr_array_add(ders, g_bytes_new(der.data, der.len));
    }
    return x509_chain_new(ders, NULL);
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->ca_key = new_key();
    f->leaf_key = new_key();
    f->ca = make_cert(f->ca_key, "ca", f->ca_key, "ca", true, NULL);
    f->leaf = make_cert(f->leaf_key, "leaf", f->ca_key, "ca", false, NULL);
    f->chain = chain_of(f->ca, NULL);
    *state = f;
    return f->leaf != NULL && f->chain != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    EVP_PKEY_free(f->ca_key);
    EVP_PKEY_free(f->leaf_key);
    x509_cert_unref(f->ca);
    x509_cert_unref(f->leaf);
    x509_chain_free(f->chain);
    x509_key_unref(f->key);
    g_clear_pointer(&f->bytes, g_bytes_unref);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static X509Key *
public_of(EVP_PKEY *pkey, GError **error)
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(pkey, &der);
    X509Key *key = x509_key_from_spki(span_of(der, (size_t)len), error);

    OPENSSL_free(der);
    return key;
}

/* @padding: of RSA; 0: as the key is. */
static GBytes *
sign(EVP_PKEY *pkey, const EVP_MD *md, int padding, Span message)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *options = NULL;
    uint8_t signature[1024];
    size_t len = sizeof signature;

    EVP_DigestSignInit(ctx, &options, md, NULL, pkey);
    if (padding != 0)
        EVP_PKEY_CTX_set_rsa_padding(options, padding);
    EVP_DigestSign(ctx, signature, &len, message.data, message.len);
    EVP_MD_CTX_free(ctx);
    return g_bytes_new(signature, len);
}

static void
every_kind_of_key_verifies_what_it_signed_and_nothing_else(void **state)
{
    static const struct {
        const char *name, *curve, *details;
        int padding;
    } rows[] = {
        { "ECDSA P-256", "P-256", "PKIX_ECDSA_P256_SHA_256", 0 },
        { "ECDSA P-384", "P-384", "PKIX_ECDSA_P384_SHA_384", 0 },
        { "ECDSA P-521", "P-521", "PKIX_ECDSA_P521_SHA_512", 0 },
        { "Ed25519", NULL, "PKIX_ED25519", 0 },
        { "RSA 2048", NULL, "PKIX_RSA_PKCS1V15_2048_SHA256", RSA_PKCS1_PADDING },
        { "RSA 2048", NULL, "PKIX_RSA_PSS_2048_SHA256", RSA_PKCS1_PSS_PADDING },
    };
    Fixture *f = *state;
    Span message = span_of_text("message");

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        EVP_PKEY *pkey = rows[i].curve != NULL  ? EVP_EC_gen(rows[i].curve)
                         : rows[i].padding == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                                : EVP_RSA_gen(2048);
        test_case("%s %s", rows[i].name, rows[i].details);
        g_autoptr(X509Key) key = public_of(pkey, NULL);
        assert_non_null(key);
        X509Hash hash = x509_key_hash(key);
        const EVP_MD *md = hash == X509_SHA512   ? EVP_sha512()
                           : hash == X509_SHA384 ? EVP_sha384()
                           : hash == X509_SHA256 ? EVP_sha256()
                                                 : NULL;
        g_autoptr(GBytes) signature = sign(pkey, md, rows[i].padding, message);
        EVP_PKEY_free(pkey);

        assert_string_equal(x509_key_name(key), rows[i].name);
        assert_true(x509_key_matches(key, rows[i].details));
        assert_false(x509_key_matches(key, "PKIX_RSA_PKCS1V15_4096_SHA256"));
        assert_true(x509_key_verify(key, X509_HASH_NONE, message, span_of_bytes(signature), NULL));
        assert_false(x509_key_verify(key, X509_HASH_NONE, span_of_text("massage"),
                                     span_of_bytes(signature), &f->error));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
        g_clear_error(&f->error);
    }
}

static void
refuses_rsa_keys_below_2048_bits(void **state)
{
    Fixture *f = *state;
    EVP_PKEY *pkey = EVP_RSA_gen(1024);

    f->key = public_of(pkey, &f->error);
    EVP_PKEY_free(pkey);
    assert_null(f->key);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
}

static void
refuses_bytes_after_a_key(void **state)
{
    Fixture *f = *state;
    Span spki = x509_key_spki(x509_cert_key(f->leaf));
    g_autofree uint8_t *longer = g_malloc0(spki.len + 1);

    memcpy(longer, spki.data, spki.len);
    f->key = x509_key_from_spki(span_of(longer, spki.len + 1), &f->error);
    assert_null(f->key);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
refuses_bytes_after_a_certificate(void **state)
{
    Fixture *f = *state;
    Span der = x509_cert_der(f->leaf);
    g_autofree uint8_t *longer = g_malloc0(der.len + 1);

    memcpy(longer, der.data, der.len);
    g_autoptr(X509Cert) cert = x509_cert_parse(span_of(longer, der.len + 1), &f->error);
    assert_null(cert);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
pem_is_one_block_of_its_label(void **state)
{
    static const struct {
        const char *label, *text;
        bool ok;
    } rows[] = {
        { "plain", "-----BEGIN X-----\nAAAA\n-----END X-----\n", true },
        { "CRLF", "-----BEGIN X-----\r\nAAAA\r\n-----END X-----\r\n", true },
        { "another label", "-----BEGIN Y-----\nAAAA\n-----END Y-----\n", false },
        { "two blocks",
          "-----BEGIN X-----\nAAAA\n-----END X-----\n-----BEGIN X-----\nAAAA\n-----END X-----\n",
          false },
        { "text before", "hello\n-----BEGIN X-----\nAAAA\n-----END X-----\n", false },
        { "no end", "-----BEGIN X-----\nAAAA\n", false },
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GBytes) bytes = x509_pem_decode(span_of_text(rows[i].text), "X", NULL);

        test_case("%s", rows[i].label);
        assert_int_equal(bytes != NULL, rows[i].ok);
    }
}

static void
an_authority_vouches_from_the_first_second_to_the_last(void **state)
{
    static const struct {
        int64_t time_us;
        bool ok;
    } rows[] = { { START_S * US - 1, false },
                 { START_S * US, true },
                 { (START_S + HOUR_S) * US, true },
                 { (START_S + HOUR_S) * US + 1, false } };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_case("row %zu", i);
        assert_int_equal(x509_chain_verify(f->chain, f->leaf, rows[i].time_us, NULL), rows[i].ok);
    }
}

static void
refuses_a_certificate_by_another_key_of_the_same_name(void **state)
{
    Fixture *f = *state;
    g_autoptr(X509Cert) forged = make_cert(f->leaf_key, "leaf", f->leaf_key, "ca", false, NULL);

    assert_false(x509_chain_verify(f->chain, forged, START_S * US, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
refuses_what_no_authority_issued(void **state)
{
    Fixture *f = *state;
    g_autoptr(X509Cert) below = make_cert(f->ca_key, "below", f->leaf_key, "leaf", false, NULL);
    g_autoptr(X509Chain) by_leaf = chain_of(f->leaf, NULL);

    assert_false(x509_chain_verify(by_leaf, below, START_S * US, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
refuses_a_critical_extension_it_does_not_know(void **state)
{
    Fixture *f = *state;
    g_autoptr(X509Cert) leaf = make_cert(f->leaf_key, "leaf", f->ca_key, "ca", false, "1.2.3.4.5");

    assert_false(x509_chain_verify(f->chain, leaf, START_S * US, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
a_broken_chain_verifies_nothing(void **state)
{
    Fixture *f = *state;
    g_autoptr(X509Cert) root = make_cert(f->leaf_key, "root", f->leaf_key, "root", true, NULL);
    g_autoptr(X509Chain) chain = chain_of(f->ca, root);

    assert_non_null(chain);
    assert_false(x509_chain_verify(chain, f->leaf, START_S * US, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
a_chain_of_two_verifies_below_its_first(void **state)
{
    Fixture *f = *state;
    EVP_PKEY *key = new_key();
    g_autoptr(X509Cert) middle = make_cert(key, "middle", f->ca_key, "ca", true, NULL);
    g_autoptr(X509Cert) leaf = make_cert(f->leaf_key, "leaf", key, "middle", false, NULL);
    g_autoptr(X509Chain) chain = chain_of(middle, f->ca);
    bool ok = x509_chain_verify(chain, leaf, START_S * US, &f->error);

    EVP_PKEY_free(key);
    assert_no_gerror(f->error);
    assert_true(ok);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_kind_of_key_verifies_what_it_signed_and_nothing_else),
        TEST(refuses_rsa_keys_below_2048_bits),
        TEST(refuses_bytes_after_a_key),
        TEST(refuses_bytes_after_a_certificate),
        TEST(pem_is_one_block_of_its_label),
        TEST(an_authority_vouches_from_the_first_second_to_the_last),
        TEST(refuses_a_certificate_by_another_key_of_the_same_name),
        TEST(refuses_what_no_authority_issued),
        TEST(refuses_a_critical_extension_it_does_not_know),
        TEST(a_broken_chain_verifies_nothing),
        TEST(a_chain_of_two_verifies_below_its_first),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
