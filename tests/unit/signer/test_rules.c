/* SPDX-License-Identifier: Apache-2.0
 * test_rules: the table of what each key may sign. */
#include "signer_fixture.h"
#include "signer/rules_priv.h"
#include "base/banned.h"

typedef enum { OWN, FOREIGN, PROVENANCE_SANDBOX, PROVENANCE_HOST } Sort;

typedef struct {
    const char *label;
    SignerRole role;
    Sort sort;
    PredicateKind kind;  /* OWN */
    const char *subject; /* OWN: the object; FOREIGN: the predicate type */
    bool allowed;
} Row;

/* clang-format off */
static const Row table[] = {
    { "engine signs a root", SIGNER_ROLE_ENGINE, OWN, PREDICATE_ROOT, "root:log.example/test", true },
    { "engine signs a claim", SIGNER_ROLE_ENGINE, OWN, PREDICATE_CLAIM, "release:p/s@1.0.0", true },
    { "engine signs a seal", SIGNER_ROLE_ENGINE, OWN, PREDICATE_SEAL, "release:p/s@1.0.0", true },
    { "engine signs a publish-intent", SIGNER_ROLE_ENGINE, OWN, PREDICATE_PUBLISH_INTENT, "release:p/s@1.0.0", true },
    { "engine signs a test result", SIGNER_ROLE_ENGINE, FOREIGN, PREDICATE_NONE, PREDICATE_TYPE_TEST_RESULT, true },
    { "engine signs an SBOM", SIGNER_ROLE_ENGINE, FOREIGN, PREDICATE_NONE, PREDICATE_TYPE_SPDX, true },
    { "engine signs no provenance", SIGNER_ROLE_ENGINE, PROVENANCE_SANDBOX, PREDICATE_NONE, NULL, false },
    { "engine signs no unknown type", SIGNER_ROLE_ENGINE, FOREIGN, PREDICATE_NONE, "https://evil.example/v1", false },
    { "engine signs no unknown type of ours", SIGNER_ROLE_ENGINE, FOREIGN, PREDICATE_NONE, "urn:slipway:seal:v2", false },
    { "engine signs no malformed seal", SIGNER_ROLE_ENGINE, FOREIGN, PREDICATE_NONE, "urn:slipway:seal:v1", false },
    { "sandbox builder signs its provenance", SIGNER_ROLE_BUILDER_SANDBOX, PROVENANCE_SANDBOX, PREDICATE_NONE, NULL, true },
    { "sandbox builder signs no host provenance", SIGNER_ROLE_BUILDER_SANDBOX, PROVENANCE_HOST, PREDICATE_NONE, NULL, false },
    { "host builder signs its provenance", SIGNER_ROLE_BUILDER_HOST, PROVENANCE_HOST, PREDICATE_NONE, NULL, true },
    { "host builder signs no sandbox provenance", SIGNER_ROLE_BUILDER_HOST, PROVENANCE_SANDBOX, PREDICATE_NONE, NULL, false },
    { "builder signs no seal", SIGNER_ROLE_BUILDER_SANDBOX, OWN, PREDICATE_SEAL, "release:p/s@1.0.0", false },
    { "builder signs no test result", SIGNER_ROLE_BUILDER_SANDBOX, FOREIGN, PREDICATE_NONE, PREDICATE_TYPE_TEST_RESULT, false },
    { "status key signs no claim", SIGNER_ROLE_STATUS, OWN, PREDICATE_CLAIM, "release:p/s@1.0.0", false },
    { "log key signs no claim", SIGNER_ROLE_LOG, OWN, PREDICATE_CLAIM, "release:p/s@1.0.0", false },
};
/* clang-format on */

static GBytes *
payload_of(const Row *row)
{
    switch (row->sort) {
    case OWN:
        return signer_fixture_statement(row->kind, row->subject, FIXTURE_ORIGIN);
    case FOREIGN:
        return signer_fixture_foreign(row->subject);
    case PROVENANCE_SANDBOX:
        return signer_fixture_provenance(FIXTURE_ORIGIN, "sandbox", "isolated");
    case PROVENANCE_HOST:
        return signer_fixture_provenance(FIXTURE_ORIGIN, "host", "none");
    }
    return NULL;
}

static void
each_key_signs_its_own_types_only(void **state)
{
    SignerFixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        test_case("%s\n", table[i].label);
        g_clear_pointer(&f->bytes, g_bytes_unref);
        g_clear_error(&f->error);
        f->bytes = payload_of(&table[i]);
        bool ok = rules_check_statement(table[i].role, FIXTURE_ORIGIN, span_of_bytes(f->bytes),
                                        &f->error);
        if (table[i].allowed)
            assert_no_gerror(f->error);
        else
            assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_DENIED);
        assert_int_equal(ok, table[i].allowed);
    }
}

static void
a_statement_for_another_log_is_refused(void **state)
{
    SignerFixture *f = *state;

    f->bytes = signer_fixture_statement(PREDICATE_CLAIM, "release:p/s@1.0.0", "log.example/other");
    assert_false(rules_check_statement(SIGNER_ROLE_ENGINE, FIXTURE_ORIGIN, span_of_bytes(f->bytes),
                                       &f->error));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_DENIED);
}

static void
provenance_of_another_origins_builder_is_refused(void **state)
{
    SignerFixture *f = *state;

    f->bytes = signer_fixture_provenance("log.example/other", "sandbox", "isolated");
    assert_false(rules_check_statement(SIGNER_ROLE_BUILDER_SANDBOX, FIXTURE_ORIGIN,
                                       span_of_bytes(f->bytes), &f->error));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_DENIED);
}

static GBytes *
summary_by(const char *verifier, const char *result)
{
    g_autoptr(Statement) statement = statement_new(
        PREDICATE_TYPE_VSA,
        json_pack("{s:{s:s}, s:s, s:s, s:[s]}", "verifier", "id", verifier, "resourceUri", "r",
                  "verificationResult", result, "verifiedLevels", "SLSA_BUILD_LEVEL_3"));
    Digest digest = { 0 };

    statement_add_subject_sha256(statement, "x", &digest);
    return statement_payload(statement, NULL);
}

/* As itself, and only that all was well. */
static void
engine_summarizes_what_it_verified(void **state)
{
    static const struct {
        const char *verifier, *result;
        bool allowed;
    } cases[] = {
        { FIXTURE_ORIGIN "/engine", "PASSED", true },
        { FIXTURE_ORIGIN "/engine", "FAILED", false },
        { "log.example/other/engine", "PASSED", false },
        { FIXTURE_ORIGIN "/engine", "perhaps", false },
    };
    SignerFixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        test_case("case %zu", i);
        g_clear_pointer(&f->bytes, g_bytes_unref);
        g_clear_error(&f->error);
        f->bytes = summary_by(cases[i].verifier, cases[i].result);
        assert_int_equal(rules_check_statement(SIGNER_ROLE_ENGINE, FIXTURE_ORIGIN,
                                               span_of_bytes(f->bytes), &f->error),
                         cases[i].allowed);
        assert_false(rules_check_statement(SIGNER_ROLE_BUILDER_SANDBOX, FIXTURE_ORIGIN,
                                           span_of_bytes(f->bytes), NULL));
    }
}

static void
a_statement_that_is_not_canonical_is_refused(void **state)
{
    SignerFixture *f = *state;
    g_autoptr(GBytes) good = signer_fixture_foreign(PREDICATE_TYPE_SPDX);
    g_autofree char *text = g_strndup(g_bytes_get_data(good, NULL), g_bytes_get_size(good));
    g_autofree char *spaced = g_strconcat(text, " ", NULL);

    assert_false(
        rules_check_statement(SIGNER_ROLE_ENGINE, FIXTURE_ORIGIN, span_of_text(spaced), &f->error));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_DENIED);
}

static void
bytes_that_are_no_statement_are_refused(void **state)
{
    SignerFixture *f = *state;

    assert_false(rules_check_statement(SIGNER_ROLE_ENGINE, FIXTURE_ORIGIN,
                                       span_of_text("{\"any\":\"thing\"}"), &f->error));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_DENIED);
}

static void
a_status_of_this_log_is_allowed(void **state)
{
    SignerFixture *f = *state;

    f->bytes = signer_fixture_status(FIXTURE_ORIGIN);
    bool ok = rules_check_status(FIXTURE_ORIGIN, span_of_bytes(f->bytes), &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
}

static void
a_status_of_another_log_is_refused(void **state)
{
    SignerFixture *f = *state;

    f->bytes = signer_fixture_status("log.example/other");
    assert_false(rules_check_status(FIXTURE_ORIGIN, span_of_bytes(f->bytes), &f->error));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_DENIED);
}

static void
the_status_key_signs_no_tuf_targets(void **state)
{
    SignerFixture *f = *state;
    Span targets = span_of_text("{\"_type\":\"targets\",\"expires\":\"2026-11-20T12:34:56Z\","
                                "\"spec_version\":\"1.0.31\",\"targets\":{},\"version\":1}");

    assert_false(rules_check_tuf(targets, &f->error));

    assert_gerror(f->error, SIGNER_ERROR, SIGNER_ERROR_DENIED);
}

static void
the_status_key_signs_a_tuf_timestamp(void **state)
{
    SignerFixture *f = *state;
    Span timestamp = span_of_text("{\"_type\":\"timestamp\",\"expires\":\"2026-11-20T12:34:56Z\","
                                  "\"meta\":{\"snapshot.json\":{\"version\":1}},"
                                  "\"spec_version\":\"1.0.31\",\"version\":1}");
    bool ok = rules_check_tuf(timestamp, &f->error);

    assert_no_gerror(f->error);
    assert_true(ok);
}

#define SIGNER_TEST(name)                                                                          \
    cmocka_unit_test_setup_teardown(name, signer_fixture_setup, signer_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SIGNER_TEST(each_key_signs_its_own_types_only),
        SIGNER_TEST(a_statement_for_another_log_is_refused),
        SIGNER_TEST(provenance_of_another_origins_builder_is_refused),
        SIGNER_TEST(engine_summarizes_what_it_verified),
        SIGNER_TEST(a_statement_that_is_not_canonical_is_refused),
        SIGNER_TEST(bytes_that_are_no_statement_are_refused),
        SIGNER_TEST(a_status_of_this_log_is_allowed),
        SIGNER_TEST(a_status_of_another_log_is_refused),
        SIGNER_TEST(the_status_key_signs_no_tuf_targets),
        SIGNER_TEST(the_status_key_signs_a_tuf_timestamp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
