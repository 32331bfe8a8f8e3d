/* SPDX-License-Identifier: Apache-2.0
 * test_foreign_key: keys of other tools, and wycheproof's cases with r || s signatures. */
#include "vectors.h"
#include "proof/foreign_key.h"
#include "proof/x509_key.h"
#include "base/banned.h"

/* Made by openssl 3.0: an RSA key too short to believe, and a P-384 key. */
static const char rsa_1024[] = "-----BEGIN PUBLIC KEY-----\n"
                               "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCuPm68n54iLDgVo+DxcY/vxPgj\n"
                               "0l93zJYMwclh5QcifzFwp1a2sb902egMrINjHSdnuQKL9Vq9eBtb9xPw2ihsTbuW\n"
                               "b6k/74BJgWvWFZrYS1S9RHWKQWsNsUk1YYLSuSIs3K8LcPQ/WeoB5903TOvWvciU\n"
                               "e94wr4BDa/OOusXOOQIDAQAB\n"
                               "-----END PUBLIC KEY-----\n";
static const char p384[] = "-----BEGIN PUBLIC KEY-----\n"
                           "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEiUMhwwOvengX4EP2L6usw9RZOmhdgyVh\n"
                           "Pe5QxJN5bF16GGMEsUpGmATaRZylb8nA/CAQH62FHviqMe/VUSvxCqF97sj6sn3v\n"
                           "ACZbVT5pOzHKV6LOhg9u7P/uXFrNGgzb\n"
                           "-----END PUBLIC KEY-----\n";
static const char p384_signature[] = "MGYCMQCDvvNYR/"
                                     "3uplLtIosWtZsByU1lbqspsoMb7m9PEQROOxBtahIsRFx+"
                                     "2dDeHXCJ17ECMQCHNjPXVwI2yxHh4xtqI3qN3Kx27rJA22Aw5jY9GR0MJSTyb"
                                     "5FZ1TJyrHuqWKm/U+w="; /* base64, SHA-384 over "slipway\n" */
static const char p384_sha256[] = "MGYCMQCK8bKZvVz8BAtZMbPiLso+atJeHA5EkPuX7/"
                                  "Wlt8fjr2L5kXOVrlhWhKF68qIlRv4CMQDXPWKZYVlNn0vVNwQftJcW3VYwdlissG"
                                  "eGFRIudPpFUV070WYxFSbPc5O+W6TtHG8=";

static ForeignKey *
parse(Vectors *v, const char *text)
{
    return foreign_key_parse(span_of_text(text), &v->error);
}

static bool
holds(const ForeignKey *key, const char *message, const char *base64)
{
    g_autoptr(GBytes) signature = base64_decode(base64, NULL);

    return foreign_key_verify(key, span_of_text(message), span_of_bytes(signature), NULL);
}

static void
p384_verifies_by_its_own_hash_and_by_sha256(void **state)
{
    Vectors *v = *state;
    g_autoptr(ForeignKey) key = parse(v, p384);

    assert_no_gerror(v->error);
    assert_int_equal(foreign_key_kind(key), FOREIGN_KEY_P384);
    assert_true(holds(key, "slipway\n", p384_signature));
    assert_true(holds(key, "slipway\n", p384_sha256));
    assert_false(holds(key, "slipwax\n", p384_signature));
}

static void
scheme_must_fit_the_key(void **state)
{
    Vectors *v = *state;
    g_autoptr(ForeignKey) key = parse(v, p384);
    g_autoptr(GBytes) signature = base64_decode(p384_signature, NULL);

    assert_no_gerror(v->error);
    for (ForeignScheme scheme = FOREIGN_SCHEME_ED25519; scheme < FOREIGN_N_SCHEMES; scheme++) {
        test_case("scheme %d", (int)scheme);
        assert_int_equal(
            foreign_key_check(key, scheme, span_of_text("slipway\n"), span_of_bytes(signature)),
            scheme == FOREIGN_SCHEME_ECDSA_SHA384);
    }
}

static void
short_rsa_keys_are_not_believed(void **state)
{
    Vectors *v = *state;

    assert_null(parse(v, rsa_1024));
    assert_gerror(v->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
}

static void
securesystemslib_keys_are_read(void **state)
{
    Vectors *v = *state;
    g_autoptr(ForeignKey) key = parse(
        v, "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyid_hash_algorithms\":[\"sha256\"],"
           "\"keyval\":{\"public\":"
           "\"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\"}}");

    assert_no_gerror(v->error);
    assert_int_equal(foreign_key_kind(key), FOREIGN_KEY_ED25519);
}

static void
malformed_keys_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "x",
        "{}",
        "{\"keyval\":{\"public\":\"00\"}}",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\n",
    };
    Vectors *v = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        test_case("case %zu", i);
        assert_null(parse(v, texts[i]));
        assert_gerror(v->error, BASE_ERROR, BASE_ERROR_INVALID);
        g_clear_error(&v->error);
    }
}

static GBytes *
take_hex(const json_t *object, const char *key)
{
    GBytes *bytes = hex_decode(vectors_text(object, key), NULL);

    assert_non_null(bytes);
    return bytes;
}

/* Whether exactly @size bytes verify as wycheproof wants; "acceptable" may go either way. */
static bool
judged_as_wanted(const ForeignKey *key, const json_t *item, size_t size)
{
    g_autoptr(GBytes) message = take_hex(item, "msg");
    g_autoptr(GBytes) signature = take_hex(item, "sig");
    const char *wanted = vectors_text(item, "result");
    bool good = key != NULL && (size == 0 || g_bytes_get_size(signature) == size) &&
                foreign_key_verify(key, span_of_bytes(message), span_of_bytes(signature), NULL);

    return strcmp(wanted, "acceptable") == 0 || good == (strcmp(wanted, "valid") == 0);
}

static void
run_wycheproof(Vectors *v, const char *file, size_t size)
{
    vectors_open(v, "signatures/wycheproof");
    const json_t *groups = json_object_get(vectors_read_json(v, file), "testGroups");

    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *group = json_array_get(groups, i);
        const json_t *tests = json_object_get(group, "tests");
        g_autoptr(GBytes) der = take_hex(group, "publicKeyDer");
        g_autoptr(ForeignKey) key = foreign_key_from_spki(span_of_bytes(der), NULL);
        for (size_t j = 0; j < json_array_size(tests); j++) {
            const json_t *item = json_array_get(tests, j);
            g_autofree char *name = g_strdup_printf(
                "%s: tcId %d: %s", file, (int)json_integer_value(json_object_get(item, "tcId")),
                vectors_text(item, "comment"));
            vectors_case(v, name, judged_as_wanted(key, item, size));
        }
    }
}

static void
ecdsa_with_raw_signatures_judges_as_wycheproof(void **state)
{
    run_wycheproof(*state, "ecdsa_secp256r1_sha256_p1363_test.json", 0);
    vectors_done(*state, 100);
}

static void
other_encodings_judge_as_wycheproof(void **state)
{
    run_wycheproof(*state, "ecdsa_secp256r1_sha256_test.json", 0);
    run_wycheproof(*state, "ed25519_test.json", 0);
    vectors_done(*state, 260);
}

/* The keys of certificates, logs and authorities: they know DER alone. */
static void
keys_of_certificates_judge_as_wycheproof(void **state)
{
    static const char *const files[] = { "ecdsa_secp256r1_sha256_test.json", "ed25519_test.json" };
    Vectors *v = *state;

    vectors_open(v, "signatures/wycheproof");
    for (size_t f = 0; f < G_N_ELEMENTS(files); f++) {
        const json_t *groups = json_object_get(vectors_read_json(v, files[f]), "testGroups");
        for (size_t i = 0; i < json_array_size(groups); i++) {
            const json_t *group = json_array_get(groups, i);
            const json_t *tests = json_object_get(group, "tests");
            g_autoptr(GBytes) der = take_hex(group, "publicKeyDer");
            g_autoptr(X509Key) key = x509_key_from_spki(span_of_bytes(der), NULL);
            for (size_t j = 0; j < json_array_size(tests); j++) {
                const json_t *item = json_array_get(tests, j);
                g_autofree char *name =
                    g_strdup_printf("%s: tcId %d", files[f],
                                    (int)json_integer_value(json_object_get(item, "tcId")));
                g_autoptr(GBytes) message = take_hex(item, "msg");
                g_autoptr(GBytes) signature = take_hex(item, "sig");
                bool good =
                    key != NULL && x509_key_verify(key, X509_HASH_NONE, span_of_bytes(message),
                                                   span_of_bytes(signature), NULL);
                vectors_case(v, name, good == (strcmp(vectors_text(item, "result"), "valid") == 0));
            }
        }
    }
    vectors_done(v, 300);
}

#define VECTOR_TEST(name) cmocka_unit_test_setup_teardown(name, vectors_setup, vectors_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VECTOR_TEST(p384_verifies_by_its_own_hash_and_by_sha256),
        VECTOR_TEST(scheme_must_fit_the_key),
        VECTOR_TEST(short_rsa_keys_are_not_believed),
        VECTOR_TEST(securesystemslib_keys_are_read),
        VECTOR_TEST(malformed_keys_are_refused),
        VECTOR_TEST(ecdsa_with_raw_signatures_judges_as_wycheproof),
        VECTOR_TEST(other_encodings_judge_as_wycheproof),
        VECTOR_TEST(keys_of_certificates_judge_as_wycheproof),
    };

    return cmocka_run_group_tests_name("foreign_key", tests, NULL, NULL);
}
