/* SPDX-License-Identifier: Apache-2.0
 * test_decision: what people sign, and when it counts as signed. */
#include "attest_fixture.h"
#include "attest/decision.h"
#include "base/banned.h"

static Decision
example(void)
{
    return (Decision){
        .log = (char *)ORIGIN,
        .object = (char *)"release:acme/cli@1.0",
        .verb = DECISION_APPROVE,
        .action = DECISION_ACTION_PUBLISH,
        .manifest = digest_of(span_of_text("seal")),
        .has_request = true,
        .request = digest_of(span_of_text("request")),
        .has_policy = true,
        .policy = digest_of(span_of_text("roster")),
        .person = (char *)"ada",
        .at_us = 1000,
        .expires_us = 2000,
        .nonce = "00112233445566778899aabbccddeeff",
    };
}

static Span
example_bytes(Fixture *f)
{
    Decision decision = example();
    GBytes *bytes = keep_bytes(f, decision_build(&decision, &f->error));

    assert_no_gerror(f->error);
    return span_of_bytes(bytes);
}

/* A native proof over @bytes as it would stand in a statement. */
static DecisionProof *
native_proof(Fixture *f, Span bytes)
{
    GBytes *pae = keep_bytes(f, decision_pae(bytes));
    DecisionProof *proof = g_new0(DecisionProof, 1);

    proof->scheme = PROOF_NATIVE;
    proof->key_id = digest_of(public_key_spki(signer_public_key(f->ed25519)));
    proof->data = g_bytes_ref(sign(f, f->ed25519, span_of_bytes(pae)));
    return keep(f, proof, (GDestroyNotify)decision_proof_free);
}

static void
decision_reads_back(void **state)
{
    Fixture *f = *state;
    Decision *read =
        keep(f, decision_parse(example_bytes(f), &f->error), (GDestroyNotify)decision_free);

    assert_no_gerror(f->error);
    assert_int_equal(read->verb, DECISION_APPROVE);
    assert_null(read->environment);
    assert_false(read->has_reason);
    assert_string_equal(read->person, "ada");
}

static void
decision_bytes_must_be_canonical(void **state)
{
    Fixture *f = *state;
    Span bytes = example_bytes(f);
    char *spaced = keep_text(f, g_strdup_printf("{ %.*s", (int)bytes.len - 1, bytes.data + 1));

    assert_null(decision_parse(span_of_text(spaced), &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
decision_outside_its_grammar_is_not_written(void **state)
{
    Fixture *f = *state;
    Decision cases[6];
    static const char *const names[] = { "verb", "action", "person", "expires", "nonce", "object" };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        cases[i] = example();
    cases[0].verb = DECISION_VERB_NONE;
    cases[1].action = DECISION_ACTION_INVALID;
    cases[2].person = (char *)"Ada Lovelace";
    cases[3].expires_us = 999;
    cases[4].nonce[0] = 'X';
    cases[5].object = (char *)"cli";
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("%s", names[i]);
        g_clear_error(&f->error);
        assert_null(decision_build(&cases[i], &f->error));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    }
}

static void
native_proof_holds(void **state)
{
    Fixture *f = *state;
    Span bytes = example_bytes(f);
    Span key = public_key_spki(signer_public_key(f->ed25519));

    assert_true(decision_verify(native_proof(f, bytes), bytes, key, &f->error));
}

static void
proof_over_another_decision_is_untrusted(void **state)
{
    Fixture *f = *state;
    Span bytes = example_bytes(f);
    Decision other = example();
    Span key = public_key_spki(signer_public_key(f->ed25519));

    other.nonce[0] = '1';
    GBytes *other_bytes = keep_bytes(f, decision_build(&other, &f->error));
    assert_false(
        decision_verify(native_proof(f, bytes), span_of_bytes(other_bytes), key, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
proof_naming_another_key_is_untrusted(void **state)
{
    Fixture *f = *state;
    Span bytes = example_bytes(f);
    DecisionProof *proof = native_proof(f, bytes);

    proof->key_id.bytes[0] ^= 1;
    assert_false(
        decision_verify(proof, bytes, public_key_spki(signer_public_key(f->ed25519)), &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

static void
native_key_must_be_ed25519(void **state)
{
    Fixture *f = *state;
    Span bytes = example_bytes(f);
    DecisionProof *proof = native_proof(f, bytes);
    Span key = public_key_spki(signer_public_key(f->p256));

    proof->key_id = digest_of(key);
    assert_false(decision_verify(proof, bytes, key, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
schemes_of_later_versions_are_unavailable(void **state)
{
    Fixture *f = *state;
    Span bytes = example_bytes(f);
    DecisionProof *proof = native_proof(f, bytes);

    proof->scheme = PROOF_WEBAUTHN;
    assert_false(
        decision_verify(proof, bytes, public_key_spki(signer_public_key(f->ed25519)), &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
}

static void
pair_gives_back_the_signed_bytes(void **state)
{
    Fixture *f = *state;
    Span bytes = example_bytes(f);
    json_t *pair = keep_json(f, decision_pair_to_json(bytes, native_proof(f, bytes), &f->error));
    GBytes *read_bytes = NULL;
    DecisionProof *proof = NULL;

    assert_true(decision_pair_from_json(pair, &read_bytes, &proof, &f->error));
    keep_bytes(f, read_bytes);
    keep(f, proof, (GDestroyNotify)decision_proof_free);
    assert_int_equal(g_bytes_get_size(read_bytes), bytes.len);
    assert_memory_equal(span_of_bytes(read_bytes).data, bytes.data, bytes.len);
    assert_true(decision_verify(proof, span_of_bytes(read_bytes),
                                public_key_spki(signer_public_key(f->ed25519)), &f->error));
}

static void
nonces_differ(void **state)
{
    char a[DECISION_NONCE_SIZE], b[DECISION_NONCE_SIZE];
    (void)state;

    decision_make_nonce(a);
    decision_make_nonce(b);
    assert_int_equal(strlen(a), DECISION_NONCE_SIZE - 1);
    assert_string_not_equal(a, b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(decision_reads_back),
        TEST(decision_bytes_must_be_canonical),
        TEST(decision_outside_its_grammar_is_not_written),
        TEST(native_proof_holds),
        TEST(proof_over_another_decision_is_untrusted),
        TEST(proof_naming_another_key_is_untrusted),
        TEST(native_key_must_be_ed25519),
        TEST(schemes_of_later_versions_are_unavailable),
        TEST(pair_gives_back_the_signed_bytes),
        cmocka_unit_test(nonces_differ),
    };

    return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
