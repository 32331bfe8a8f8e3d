/* SPDX-License-Identifier: Apache-2.0
 * test_vsa: verification summaries written, read and asked. */
#include "attest_fixture.h"
#include "attest/vsa.h"
#include "base/banned.h"

static Statement *
written(Fixture *f)
{
    static const char *const levels[] = { "SLSA_BUILD_LEVEL_2", "ACME_REVIEWED", NULL };
    VsaInput input = { .verifier = "https://ci.example/main",
                       .verified_us = 1767225600000000,
                       .resource = "pkg:generic/cli@1.0",
                       .policy_uri = "urn:policy",
                       .policy = digest_of(span_of_text("policy")),
                       .inputs = json_of(f, "[{'uri':'a','digest':{'sha256':'00'}}]"),
                       .levels = levels };
    Statement *statement = keep(f, vsa_build(&input, &f->error), (GDestroyNotify)statement_free);
    Digest digest = digest_of(span_of_text("x"));

    assert_no_gerror(f->error);
    statement_add_subject_sha256(statement, "x", &digest);
    return statement;
}

static void
summary_reads_back(void **state)
{
    Fixture *f = *state;
    GBytes *payload = keep_bytes(f, statement_payload(written(f), &f->error));
    Statement *read =
        keep(f, statement_parse(span_of_bytes(payload), &f->error), (GDestroyNotify)statement_free);
    VsaView view;

    assert_no_gerror(f->error);
    assert_true(vsa_read(read, &view, &f->error));
    assert_string_equal(view.verifier, "https://ci.example/main");
    assert_string_equal(view.resource, "pkg:generic/cli@1.0");
    assert_string_equal(view.policy, "urn:policy");
    assert_int_equal(view.verified_us, 1767225600000000);
    assert_true(view.passed);
}

static void
rules_are_met_or_not(void **state)
{
    static const struct {
        VsaRule rule;
        const char *wanted;
        bool met;
    } cases[] = {
        { VSA_RULE_RESULT, "PASSED", true },
        { VSA_RULE_RESULT, "FAILED", false },
        { VSA_RULE_VERIFIER, "https://ci.example/main", true },
        { VSA_RULE_VERIFIER, "https://ci.example/", false },
        { VSA_RULE_RESOURCE, "pkg:generic/cli@1.0", true },
        { VSA_RULE_RESOURCE, "pkg:generic/cli@1.1", false },
        { VSA_RULE_LEVEL, "SLSA_BUILD_LEVEL_1", true },
        { VSA_RULE_LEVEL, "SLSA_BUILD_LEVEL_2", true },
        { VSA_RULE_LEVEL, "SLSA_BUILD_LEVEL_3", false },
        { VSA_RULE_LEVEL, "SLSA_SOURCE_LEVEL_1", false },
        { VSA_RULE_LEVEL, "ACME_REVIEWED", true },
        { VSA_RULE_LEVEL, "ACME", false },
    };
    Fixture *f = *state;
    VsaView view;

    assert_true(vsa_read(written(f), &view, &f->error));
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("case %zu: %s", i, cases[i].wanted);
        assert_int_equal(vsa_check(&view, cases[i].rule, cases[i].wanted, &f->error), cases[i].met);
        if (!cases[i].met)
            assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
        g_clear_error(&f->error);
    }
}

static void
malformed_summary_is_refused(void **state)
{
    static const char *const cases[] = {
        "{}",
        "{'verifier':{},'resourceUri':'r','verificationResult':'PASSED','verifiedLevels':[]}",
        "{'verifier':{'id':'v'},'verificationResult':'PASSED','verifiedLevels':[]}",
        "{'verifier':{'id':'v'},'resourceUri':'r','verificationResult':'passed',"
        "'verifiedLevels':[]}",
        "{'verifier':{'id':'v'},'resourceUri':'r','verificationResult':'PASSED'}",
        "{'verifier':{'id':'v'},'resourceUri':'r','verificationResult':'PASSED',"
        "'verifiedLevels':[1]}",
        "{'verifier':{'id':'v'},'resourceUri':'r','verificationResult':'PASSED',"
        "'verifiedLevels':[],'timeVerified':'yesterday'}",
    };
    Fixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Statement *statement =
            keep(f, statement_new(PREDICATE_TYPE_VSA, json_incref(json_of(f, cases[i]))),
                 (GDestroyNotify)statement_free);
        VsaView view;
        test_case("case %zu", i);
        assert_false(vsa_read(statement, &view, &f->error));
        assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
        g_clear_error(&f->error);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(summary_reads_back),
        TEST(rules_are_met_or_not),
        TEST(malformed_summary_is_refused),
    };

    return cmocka_run_group_tests_name("vsa", tests, NULL, NULL);
}
