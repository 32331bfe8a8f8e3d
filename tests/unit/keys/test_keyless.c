/* SPDX-License-Identifier: Apache-2.0
 * test_keyless: what is asked of Fulcio, Rekor and time-stamp authorities, and which answers are
 * believed. tests/interop/keys has the services. */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "testing.h"
#include "base/encoding.h"
#include "base/json.h"
#include "keys/keyless.h"
#include "keys/memory_signer.h"
#include "keys/rekor_client.h"
#include "keys/signing_config.h"
#include "keys/stamp_client.h"
#include "base/banned.h"

#define NOW_US    INT64_C(1700000000000000)
#define SIGNATURE "signature"
#define ROOT      "0000000000000000000000000000000000000000000000000000000000000000"

typedef struct {
    SigningConfig *config; /* owned */
    Signer *signer;        /* owned */
    GBytes *bytes[2];      /* owned */
    json_t *json;          /* owned */
    char *text;            /* owned */
    GError *error;         /* owned */
} Fixture;

static int
setup(void **state)
{
    *state = g_new0(Fixture, 1);
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    signing_config_free(f->config);
    signer_free(f->signer);
    for (size_t i = 0; i < G_N_ELEMENTS(f->bytes); i++)
        g_clear_pointer(&f->bytes[i], g_bytes_unref);
    json_decref(f->json);
    g_free(f->text);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

/* ---- the signing configuration
 * ------------------------------------------------------------------ */

#define CA "{'url':'https://ca/','majorApiVersion':1,'validFor':{'start':'2020-01-01T00:00:00Z'}}"
#define LOG(url, major)                                                                            \
    "{'url':'" url "','majorApiVersion':" major ",'validFor':{'start':'2020-01-01T00:00:00Z'}}"
#define TSA                                                                                        \
    "{'url':'https://tsa/x','majorApiVersion':1,'validFor':{'start':'2020-01-01T00:00:00Z'}}"
#define ENDED                                                                                      \
    "{'url':'https://old','majorApiVersion':1,'validFor':{'start':'2020-01-01T00:00:00Z',"         \
    "'end':'2021-01-01T00:00:00Z'}}"

static void
parse(Fixture *f, const char *cas, const char *logs, const char *tsas, const char *selector)
{
    f->text = g_strdup_printf("{'mediaType':'application/vnd.dev.sigstore.signingconfig.v0.2+json',"
                              "'caUrls':[%s],'rekorTlogUrls':[%s],'tsaUrls':[%s],"
                              "'rekorTlogConfig':%s,'tsaConfig':{'selector':'ANY'}}",
                              cas, logs, tsas, selector);
    g_strdelimit(f->text, "'", '"');
    f->config = signing_config_parse(span_of_text(f->text), NOW_US, &f->error);
}

static const SigningService *
log_of(const Fixture *f, guint i)
{
    return f->config->logs->pdata[i];
}

static void
services_are_read_without_a_slash_at_their_end(void **state)
{
    Fixture *f = *state;

    parse(f, CA, LOG("https://log", "1"), TSA, "{'selector':'ANY'}");
    assert_no_gerror(f->error);
    assert_string_equal(((SigningService *)f->config->authorities->pdata[0])->url, "https://ca");
    assert_string_equal(((SigningService *)f->config->stampers->pdata[0])->url, "https://tsa/x");
}

static void
the_highest_version_we_speak_is_used(void **state)
{
    Fixture *f = *state;

    parse(f, CA, LOG("https://one", "1") "," LOG("https://two", "2") "," LOG("https://nine", "9"),
          TSA, "{'selector':'ANY'}");
    assert_no_gerror(f->error);
    assert_int_equal(f->config->logs->len, 1);
    assert_string_equal(log_of(f, 0)->url, "https://two");
}

static void
all_means_all_of_one_version(void **state)
{
    Fixture *f = *state;

    parse(f, CA, LOG("https://a", "2") "," LOG("https://b", "1") "," LOG("https://c", "2"), TSA,
          "{'selector':'ALL'}");
    assert_no_gerror(f->error);
    assert_int_equal(f->config->logs->len, 2);
    assert_string_equal(log_of(f, 1)->url, "https://c");
}

static void
more_than_there_are_is_refused(void **state)
{
    Fixture *f = *state;

    parse(f, CA, LOG("https://a", "2"), TSA, "{'selector':'EXACT','count':2}");
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
}

static void
an_authority_whose_time_is_over_is_not_used(void **state)
{
    Fixture *f = *state;

    parse(f, ENDED, LOG("https://a", "1"), TSA, "{'selector':'ANY'}");
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
}

static void
a_log_without_times_needs_a_stamper(void **state)
{
    Fixture *f = *state;

    parse(f, CA, LOG("https://a", "2"), "", "{'selector':'ANY'}");
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
}

/* ---- the token and the certificate
 * -------------------------------------------------------------- */

static void
subject(Fixture *f, const char *claims)
{
    g_autofree char *middle = base64_encode(span_of_text(claims));
    g_autofree char *token = g_strconcat("e30.", middle, ".c2ln", NULL);

    f->text = keyless_subject(token, &f->error);
}

static void
subject_is_the_verified_email(void **state)
{
    Fixture *f = *state;

    subject(f, "{\"sub\":\"s\",\"email\":\"a@b\",\"email_verified\":true}");
    assert_no_gerror(f->error);
    assert_string_equal(f->text, "a@b");
}

static void
subject_is_sub_without_an_email(void **state)
{
    Fixture *f = *state;

    subject(f, "{\"sub\":\"s\"}");
    assert_no_gerror(f->error);
    assert_string_equal(f->text, "s");
}

static void
unverified_email_is_refused(void **state)
{
    Fixture *f = *state;

    subject(f, "{\"sub\":\"s\",\"email\":\"a@b\"}");
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
token_of_two_parts_is_refused(void **state)
{
    Fixture *f = *state;

    f->text = keyless_subject("e30.e30", &f->error);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

/* An answer of Fulcio with a certificate for @signer's key. */
static char *
answer_for(Signer *signer)
{
    X509 *x509 = X509_new();
    EVP_PKEY *pkey = memory_signer_pkey(signer);

    X509_set_pubkey(x509, pkey);
    X509_gmtime_adj(X509_getm_notBefore(x509), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509), 600);
    X509_sign(x509, pkey, EVP_sha256());
    uint8_t *der = NULL;
    int len = i2d_X509(x509, &der);
    g_autofree char *base64 = base64_encode(span_of(der, (size_t)len));
    g_autofree char *pem =
        g_strdup_printf("-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n", base64);
    json_t *json =
        json_pack("{s:{s:{s:[s]}}}", "signedCertificateEmbeddedSct", "chain", "certificates", pem);
    char *text = json_dumps(json, JSON_COMPACT);

    char *data = g_strdup(text);
    free(text);
    json_decref(json);
    OPENSSL_free(der);
    X509_free(x509);
    return data;
}

static void
certificate_of_our_key_is_taken(void **state)
{
    Fixture *f = *state;

    f->signer = memory_signer_generate(PUBLIC_KEY_P256, &f->error);
    f->text = answer_for(f->signer);
    f->bytes[0] =
        keyless_certificate(span_of_text(f->text), signer_public_key(f->signer), &f->error);
    assert_no_gerror(f->error);
    assert_non_null(f->bytes[0]);
}

static void
certificate_of_another_key_is_refused(void **state)
{
    Fixture *f = *state;

    f->signer = memory_signer_generate(PUBLIC_KEY_P256, &f->error);
    f->text = answer_for(f->signer);
    g_autoptr(Signer) other = memory_signer_generate(PUBLIC_KEY_P256, NULL);
    f->bytes[0] = keyless_certificate(span_of_text(f->text), signer_public_key(other), &f->error);
    bool is_refused = g_error_matches(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
    assert_true(is_refused);
}

/* ---- the log
 * ----------------------------------------------------------------------------------- */

static RekorProposal
proposal(void)
{
    return (RekorProposal){ .certificate = span_of_text("certificate"),
                            .signature = span_of_text(SIGNATURE),
                            .digest = digest_of(span_of_text("artifact")) };
}

/* A log's answer of version @major about @signature. */
static void
take_answer(Fixture *f, int64_t major, const char *signature)
{
    g_autofree char *sig = base64_encode(span_of_text(signature));
    g_autofree char *body =
        major == 1 ? g_strdup_printf("{\"apiVersion\":\"0.0.1\",\"kind\":\"hashedrekord\",\"spec\":"
                                     "{\"signature\":{\"content\":\"%s\"}}}",
                                     sig)
                   : g_strdup_printf("{\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekord\",\"spec\":"
                                     "{\"hashedRekordV002\":{\"signature\":{\"content\":\"%s\"}}}}",
                                     sig);
    g_autofree char *encoded = base64_encode(span_of_text(body));
    const RekorProposal ours = proposal();

    f->text = major == 1
                  ? g_strdup_printf(
                        "{\"id\":{\"body\":\"%s\",\"integratedTime\":5,\"logID\":\"" ROOT
                        "\",\"logIndex\":7,\"verification\":{\"signedEntryTimestamp\":\"c2V0\","
                        "\"inclusionProof\":{\"checkpoint\":\"c\",\"hashes\":[\"" ROOT
                        "\"],\"logIndex\":3,\"rootHash\":\"" ROOT "\",\"treeSize\":4}}}}",
                        encoded)
                  : g_strdup_printf(
                        "{\"logIndex\":\"7\",\"logId\":{\"keyId\":\"AA==\"},\"kindVersion\":"
                        "{\"kind\":\"hashedrekord\",\"version\":\"0.0.2\"},\"inclusionProof\":{},"
                        "\"canonicalizedBody\":\"%s\"}",
                        encoded);
    f->json = rekor_client_entry(span_of_text(f->text), &ours, major, &f->error);
}

static void
answer_of_version_1_takes_the_form_of_bundles(void **state)
{
    Fixture *f = *state;

    take_answer(f, 1, SIGNATURE);
    assert_no_gerror(f->error);
    assert_string_equal(json_string_value(json_object_get(f->json, "logIndex")), "7");
    assert_string_equal(json_string_value(json_object_get(f->json, "integratedTime")), "5");
    const json_t *proof = json_object_get(f->json, "inclusionProof");
    assert_string_equal(json_string_value(json_object_get(proof, "treeSize")), "4");
    assert_string_equal(json_string_value(json_object_get(proof, "rootHash")),
                        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    assert_int_equal(json_array_size(json_object_get(proof, "hashes")), 1);
}

static void
answer_of_version_2_is_taken_over(void **state)
{
    Fixture *f = *state;

    take_answer(f, 2, SIGNATURE);
    assert_no_gerror(f->error);
    assert_string_equal(json_string_value(json_object_get(f->json, "logIndex")), "7");
}

static void
entry_about_another_signature_is_refused(void **state)
{
    Fixture *f = *state;

    for (int64_t major = 1; major <= 2; major++) {
        test_case("version %d", (int)major);
        g_clear_pointer(&f->text, g_free);
        take_answer(f, major, "another");
        assert_null(f->json);
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
        g_clear_error(&f->error);
    }
}

static void
question_for_an_envelope_in_version_2_is_about_its_pae(void **state)
{
    Fixture *f = *state;
    RekorProposal ours = proposal();
    g_autofree char *digest = base64_encode(span_of(ours.digest.bytes, sizeof ours.digest.bytes));

    ours.envelope = "{}";
    f->json = rekor_client_question(&ours, 2);
    const json_t *request = json_object_get(f->json, "hashedRekordRequestV002");
    bool is_digest = strcmp(json_string_value(json_object_get(request, "digest")), digest) == 0;
    assert_true(is_digest);
}

/* ---- time stamps
 * ------------------------------------------------------------------------------- */

static void
question_for_a_time_stamp_follows_from_message_and_nonce(void **state)
{
    Fixture *f = *state;

    f->bytes[0] = stamp_client_question(span_of_text("m"), 0x1234, &f->error);
    f->bytes[1] = stamp_client_question(span_of_text("m"), 0x1235, &f->error);
    assert_no_gerror(f->error);
    bool same = g_bytes_equal(f->bytes[0], f->bytes[1]);
    assert_false(same);
    Digest digest = digest_of(span_of_text("m"));
    Span der = span_of_bytes(f->bytes[0]);
    assert_non_null(memmem(der.data, der.len, digest.bytes, sizeof digest.bytes));
}

static void
answer_that_is_no_time_stamp_is_refused(void **state)
{
    Fixture *f = *state;

    assert_false(stamp_client_check(span_of_text("nonsense"), span_of_text("m"), 1, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
refused_time_stamp_is_no_time_stamp(void **state)
{
    Fixture *f = *state;
    static const uint8_t rejection[] = { 0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02 };

    assert_false(
        stamp_client_check(span_of(rejection, sizeof rejection), span_of_text("m"), 1, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(services_are_read_without_a_slash_at_their_end, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_highest_version_we_speak_is_used, setup, teardown),
        cmocka_unit_test_setup_teardown(all_means_all_of_one_version, setup, teardown),
        cmocka_unit_test_setup_teardown(more_than_there_are_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(an_authority_whose_time_is_over_is_not_used, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_log_without_times_needs_a_stamper, setup, teardown),
        cmocka_unit_test_setup_teardown(subject_is_the_verified_email, setup, teardown),
        cmocka_unit_test_setup_teardown(subject_is_sub_without_an_email, setup, teardown),
        cmocka_unit_test_setup_teardown(unverified_email_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(token_of_two_parts_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(certificate_of_our_key_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(certificate_of_another_key_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(answer_of_version_1_takes_the_form_of_bundles, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(answer_of_version_2_is_taken_over, setup, teardown),
        cmocka_unit_test_setup_teardown(entry_about_another_signature_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(question_for_an_envelope_in_version_2_is_about_its_pae,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(question_for_a_time_stamp_follows_from_message_and_nonce,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(answer_that_is_no_time_stamp_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(refused_time_stamp_is_no_time_stamp, setup, teardown),
    };

    return cmocka_run_group_tests_name("keyless", tests, NULL, NULL);
}
