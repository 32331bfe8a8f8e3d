/* SPDX-License-Identifier: Apache-2.0
 * test_attestation: files of envelopes asked about a file. */
#include "testing.h"
#include "attest/dsse.h"
#include "base/encoding.h"
#include "keys/memory_signer.h"
#include "verify/attestation.h"
#include "base/banned.h"

#define HEX "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" /* of "hello" */
#define SLSA(source)                                                                               \
    "{'_type':'https://in-toto.io/Statement/v1','subject':[{'name':'x','digest':{'sha256':'" HEX   \
    "','gce_image_id':'77'}}],'predicateType':'https://slsa.dev/provenance/v1','predicate':{"      \
    "'buildDefinition':{'buildType':'t','externalParameters':{'repository':'" source "'}},"        \
    "'runDetails':{'builder':{'id':'https://b/x@v1'}}}}"
#define VSA(result)                                                                                \
    "{'_type':'https://in-toto.io/Statement/v1','subject':[{'digest':{'sha256':'" HEX "'}}],"      \
    "'predicateType':'https://slsa.dev/verification_summary/v1','predicate':{'verifier':{'id':"    \
    "'https://v'},'resourceUri':'r','verificationResult':'" result "','verifiedLevels':["          \
    "'SLSA_BUILD_LEVEL_3']}}"

typedef struct {
    Signer *signers[2]; /* owned */
    GPtrArray *keys;    /* owned; of DsseKey: those of the signers */
    GString *text;      /* owned; envelopes, one a line */
    GError *error;      /* owned */
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->signers[0] = memory_signer_generate(PUBLIC_KEY_P256, NULL);
    f->signers[1] = memory_signer_generate(PUBLIC_KEY_ED25519, NULL);
    f->keys = g_ptr_array_new_with_free_func((GDestroyNotify)dsse_key_free);
    f->text = g_string_new(NULL);
    for (size_t i = 0; i < 2; i++) {
        g_autoptr(ForeignKey) key =
            foreign_key_from_spki(public_key_spki(signer_public_key(f->signers[i])), NULL);
        g_ptr_array_add(f->keys, dsse_key_new(NULL, key));
    }
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    signer_free(f->signers[0]);
    signer_free(f->signers[1]);
    g_ptr_array_unref(f->keys);
    g_string_free(f->text, TRUE);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

/* Adds a line: @payload (single quotes for double ones) signed by @signer. */
static void
add_line(Fixture *f, Signer *signer, const char *payload)
{
    g_autofree char *text = g_strdelimit(g_strdup(payload), "'", '"');
    g_autoptr(GBytes) pae = dsse_pae(DSSE_TYPE_INTOTO, span_of_text(text));
    GBytes *signature = NULL;

    assert_true(signer_sign(signer, span_of_bytes(pae), &signature, &f->error));
    g_autoptr(DsseEnvelope) envelope = dsse_new(
        DSSE_TYPE_INTOTO, span_of_text(text), signer_public_key(signer), span_of_bytes(signature));
    g_autofree char *line = dsse_format(envelope);
    g_string_append_printf(f->text, "%s\n", line);
    g_bytes_unref(signature);
}

static VerifyResult
ask(Fixture *f, AttestationType type, AttestationRule rule)
{
    AttestationQuestion question = { .subject = "x",
                                     .algorithm = "sha256",
                                     .value = HEX,
                                     .keys = f->keys,
                                     .threshold = 1,
                                     .type = type,
                                     .rules = &rule,
                                     .n_rules = rule.wanted != NULL };
    g_autoptr(VerifyReport) report =
        attestation_verify(span_of(f->text->str, f->text->len), &question);

    return verify_report_result(report);
}

static VerifyResult
ask_source(Fixture *f, const char *source)
{
    return ask(f, ATTESTATION_SLSA, (AttestationRule){ SLSA_RULE_SOURCE, VSA_RULE_NONE, source });
}

static void
provenance_meets_what_is_asked(void **state)
{
    Fixture *f = *state;

    add_line(f, f->signers[0], SLSA("https://h/a"));
    assert_int_equal(ask_source(f, "h/a"), VERIFY_OK);
    assert_int_equal(ask_source(f, "h/b"), VERIFY_POLICY);
    assert_int_equal(ask(f, ATTESTATION_ANY, (AttestationRule){ 0 }), VERIFY_OK);
    assert_int_equal(ask(f, ATTESTATION_VSA, (AttestationRule){ 0 }), VERIFY_UNSUPPORTED);
}

static void
one_of_several_is_enough(void **state)
{
    Fixture *f = *state;
    g_autoptr(Signer) stranger = memory_signer_generate(PUBLIC_KEY_P256, NULL);

    g_string_append(f->text, "nonsense\n\n");
    add_line(f, stranger, SLSA("https://h/b"));
    add_line(f, f->signers[1], SLSA("https://h/a"));
    add_line(f, f->signers[0], VSA("PASSED"));
    assert_int_equal(ask_source(f, "h/a"), VERIFY_OK);
    assert_int_equal(ask_source(f, "h/b"), VERIFY_POLICY); /* a stranger's word is none */
    assert_int_equal(ask(f, ATTESTATION_VSA,
                         (AttestationRule){ SLSA_RULE_NONE, VSA_RULE_LEVEL, "SLSA_BUILD_LEVEL_2" }),
                     VERIFY_OK);
}

static void
strangers_and_changed_bytes_do_not_count(void **state)
{
    Fixture *f = *state;
    g_autoptr(Signer) stranger = memory_signer_generate(PUBLIC_KEY_P256, NULL);

    add_line(f, stranger, SLSA("https://h/a"));
    assert_int_equal(ask_source(f, "h/a"), VERIFY_NOT_AUTHENTIC);
    g_string_truncate(f->text, 0);
    add_line(f, f->signers[0], SLSA("https://h/a"));
    for (size_t i = 0; i < f->text->len - 1; i++) {
        f->text->str[i] ^= 1;
        VerifyResult got = ask_source(f, "h/a");
        f->text->str[i] ^= 1;
        /* The key id is a hint: the only bytes that may change. */
        const char *keyid = strstr(f->text->str, "\"keyid\":\"");
        size_t at = (size_t)(keyid - f->text->str);
        bool in_hint = i > at && i < at + strlen("\"keyid\":\"") + 64;
        if (!in_hint && got == VERIFY_OK)
            fail_msg("byte %zu changed: %c", i, f->text->str[i]);
    }
}

static void
attestation_is_about_the_file(void **state)
{
    Fixture *f = *state;
    AttestationQuestion question = {
        .subject = "x", .algorithm = "gce_image_id", .value = "77", .keys = f->keys, .threshold = 1
    };

    add_line(f, f->signers[0], SLSA("https://h/a"));
    g_autoptr(VerifyReport) good = attestation_verify(span_of_text(f->text->str), &question);
    assert_int_equal(verify_report_result(good), VERIFY_OK);
    question.value = "78";
    g_autoptr(VerifyReport) bad = attestation_verify(span_of_text(f->text->str), &question);
    assert_int_equal(verify_report_result(bad), VERIFY_NOT_AUTHENTIC);
    question.threshold = 2;
    question.value = "77";
    g_autoptr(VerifyReport) few = attestation_verify(span_of_text(f->text->str), &question);
    assert_int_equal(verify_report_result(few), VERIFY_NOT_AUTHENTIC);
}

static void
failed_verifications_do_not_pass(void **state)
{
    Fixture *f = *state;

    add_line(f, f->signers[0], VSA("FAILED"));
    assert_int_equal(ask(f, ATTESTATION_VSA, (AttestationRule){ 0 }), VERIFY_POLICY);
}

static void
nothing_attests_nothing(void **state)
{
    Fixture *f = *state;

    assert_int_equal(ask(f, ATTESTATION_ANY, (AttestationRule){ 0 }), VERIFY_INCOMPLETE);
    g_string_append(f->text, "\n\r\n");
    assert_int_equal(ask(f, ATTESTATION_ANY, (AttestationRule){ 0 }), VERIFY_INCOMPLETE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(provenance_meets_what_is_asked),           TEST(one_of_several_is_enough),
        TEST(strangers_and_changed_bytes_do_not_count), TEST(attestation_is_about_the_file),
        TEST(failed_verifications_do_not_pass),         TEST(nothing_attests_nothing),
    };

    return cmocka_run_group_tests_name("attestation", tests, NULL, NULL);
}
