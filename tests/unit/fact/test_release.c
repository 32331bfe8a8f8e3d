/* SPDX-License-Identifier: Apache-2.0
 * Releases through the builders, the admission rule and the fold in memory. */
#include "testing.h"
#include "log_fixture.h"

static int
setup(void **state)
{
    *state = log_fixture_new_with_people(2);
    return 0;
}

static int
teardown(void **state)
{
    log_fixture_free(*state);
    return 0;
}

static void
two_approvals_publish(void **state)
{
    LogFixture *f = *state;

    assert_true(log_fixture_to_intent(f, FIXTURE_RELEASE, 2));
    assert_int_equal(log_fixture_state(f, FIXTURE_RELEASE), RELEASE_PUBLISHING);
    assert_true(log_fixture_publication(f, FIXTURE_RELEASE, "site", PUBLICATION_CONFIRMED));
    assert_int_equal(log_fixture_state(f, FIXTURE_RELEASE), RELEASE_PUBLISHED);
}

static void
one_approval_of_two_is_refused(void **state)
{
    LogFixture *f = *state;

    assert_false(log_fixture_to_intent(f, FIXTURE_RELEASE, 1));
    assert_int_equal(f->verdict->rule, FACT_RULE_APPROVALS);
    assert_string_equal(f->verdict->missing, "1 approvals");
    assert_string_equal(f->verdict->who, "alice, bob, carol");
}

static void
same_person_twice_is_refused(void **state)
{
    LogFixture *f = *state;

    assert_false(log_fixture_to_intent(f, FIXTURE_RELEASE, 1));
    assert_false(log_fixture_approve(f, FIXTURE_RELEASE, FIXTURE_ALICE));
    assert_int_equal(f->verdict->rule, FACT_RULE_APPROVALS);
}

static void
approvals_after_expiry_do_not_publish(void **state)
{
    LogFixture *f = *state;

    assert_false(log_fixture_to_intent(f, FIXTURE_RELEASE, 1));
    assert_true(log_fixture_approve(f, FIXTURE_RELEASE, FIXTURE_BOB));
    f->clock_us += 2 * FIXTURE_HOUR;
    assert_false(log_fixture_intent(f, FIXTURE_RELEASE));
    assert_int_equal(f->verdict->rule, FACT_RULE_EXPIRED);
}

static void
failed_self_verification_needs_new_request(void **state)
{
    LogFixture *f = *state;

    assert_true(log_fixture_to_intent(f, FIXTURE_RELEASE, 2));
    assert_true(log_fixture_publication(f, FIXTURE_RELEASE, NULL, PUBLICATION_FAILED));
    assert_int_equal(log_fixture_state(f, FIXTURE_RELEASE), RELEASE_SEALED);
    assert_false(log_fixture_intent(f, FIXTURE_RELEASE));
    assert_int_equal(f->verdict->rule, FACT_RULE_STATE);
    assert_true(log_fixture_request(f, FIXTURE_RELEASE));
}

static void
second_claim_names_the_winner(void **state)
{
    LogFixture *f = *state;

    assert_true(log_fixture_claim(f, FIXTURE_RELEASE));
    assert_false(log_fixture_claim(f, FIXTURE_RELEASE));
    assert_int_equal(f->verdict->rule, FACT_RULE_STATE);
    assert_non_null(f->verdict->winner);
}

static void
name_in_other_case_is_taken(void **state)
{
    LogFixture *f = *state;

    assert_true(log_fixture_claim(f, "release:acme/cli@1.0.0-RC1"));
    assert_false(log_fixture_claim(f, "release:acme/cli@1.0.0-rc1"));
    assert_int_equal(f->verdict->rule, FACT_RULE_OBJECT);
}

static void
unisolated_build_is_refused_at_the_seal(void **state)
{
    LogFixture *f = *state;

    assert_true(log_fixture_claim(f, FIXTURE_RELEASE));
    assert_true(log_fixture_provenance(f, FIXTURE_RELEASE, f->host_builder));
    assert_false(log_fixture_seal(f, FIXTURE_RELEASE));
    assert_int_equal(f->verdict->rule, FACT_RULE_ISOLATION);
}

static void
unisolated_build_is_sealed_where_the_roster_allows(void **state)
{
    LogFixture *f = *state;

    assert_true(log_fixture_roster(f, 1, true));
    assert_true(log_fixture_claim(f, FIXTURE_RELEASE));
    assert_true(log_fixture_provenance(f, FIXTURE_RELEASE, f->host_builder));
    assert_true(log_fixture_seal(f, FIXTURE_RELEASE));
}

static void
missing_provenance_is_refused_at_the_seal(void **state)
{
    LogFixture *f = *state;

    assert_true(log_fixture_claim(f, FIXTURE_RELEASE));
    assert_false(log_fixture_seal(f, FIXTURE_RELEASE));
    assert_int_equal(f->verdict->rule, FACT_RULE_EVIDENCE);
}

static void
rejection_needs_the_threshold(void **state)
{
    LogFixture *f = *state;

    assert_true(log_fixture_claim(f, FIXTURE_RELEASE));
    assert_false(log_fixture_reject(f, FIXTURE_RELEASE, 1));
    assert_int_equal(f->verdict->rule, FACT_RULE_PROOFS);
    assert_true(log_fixture_reject(f, FIXTURE_RELEASE, 2));
    assert_int_equal(log_fixture_state(f, FIXTURE_RELEASE), RELEASE_REJECTED);
}

static void
retag_rejects_without_proofs_before_the_seal_only(void **state)
{
    LogFixture *f = *state;
    FactCommand command = { 0 };

    assert_true(log_fixture_claim(f, FIXTURE_RELEASE));
    assert_true(log_fixture_provenance(f, FIXTURE_RELEASE, f->builder));
    assert_true(log_fixture_seal(f, FIXTURE_RELEASE));
    command = log_fixture_command(f, FIXTURE_RELEASE);
    assert_false(log_fixture_append(
        f, fact_decide_rejection(log_fixture_view(f), &command, "retag", &f->error), NULL));
    assert_int_equal(f->verdict->rule, FACT_RULE_STATE);
    assert_true(log_fixture_claim(f, "release:acme/cli@2.0.0"));
    command = log_fixture_command(f, "release:acme/cli@2.0.0");
    assert_true(log_fixture_append(
        f, fact_decide_rejection(log_fixture_view(f), &command, "retag", &f->error), NULL));
}

static void
asking_again_gets_the_first_answer(void **state)
{
    LogFixture *f = *state;
    FactCommand command = log_fixture_command(f, FIXTURE_RELEASE);
    Digest first = { 0 };

    assert_true(log_fixture_append(
        f, fact_decide_claim(log_fixture_view(f), &command, NULL, FIXTURE_COMMIT, NULL, &f->error),
        &first));
    g_autoptr(FactDecision) again =
        fact_decide_claim(log_fixture_view(f), &command, NULL, FIXTURE_COMMIT, NULL, &f->error);
    assert_no_gerror(f->error);
    g_autofree char *s = digest_dup_string(&first);
    assert_string_equal(again->answered, s);
}

static void
clock_going_back_still_rises(void **state)
{
    LogFixture *f = *state;
    FactLogState log = { 0 };

    assert_true(log_fixture_claim(f, FIXTURE_RELEASE));
    f->clock_us -= 24 * FIXTURE_HOUR;
    assert_true(log_fixture_claim(f, "release:acme/cli@2.0.0"));
    assert_true(fact_view_log(log_fixture_view(f), &log, &f->error));
    assert_true(log.last_at > FIXTURE_START);
}

static void
evidence_twice_is_ignored(void **state)
{
    LogFixture *f = *state;
    g_autoptr(GBytes) payload =
        log_fixture_provenance_payload(FIXTURE_RELEASE, "sandbox", "isolated");

    assert_int_equal(log_fixture_force(f, span_of_bytes(payload), f->builder), FACT_ADMITTED);
    assert_int_equal(log_fixture_force(f, span_of_bytes(payload), f->builder), FACT_DUPLICATE);
}

static void
builder_speaks_under_its_own_name_only(void **state)
{
    LogFixture *f = *state;
    g_autoptr(GBytes) payload =
        log_fixture_provenance_payload(FIXTURE_RELEASE, "sandbox", "isolated");

    assert_int_equal(log_fixture_force(f, span_of_bytes(payload), f->host_builder), FACT_VOID);
    assert_int_equal(f->verdict->rule, FACT_RULE_ROLE);
}

static void
provenance_by_the_engine_is_void(void **state)
{
    LogFixture *f = *state;
    g_autoptr(GBytes) payload =
        log_fixture_provenance_payload(FIXTURE_RELEASE, "sandbox", "isolated");

    assert_int_equal(log_fixture_force(f, span_of_bytes(payload), f->engine), FACT_VOID);
    assert_int_equal(f->verdict->rule, FACT_RULE_ROLE);
}

static void
unknown_type_of_ours_halts(void **state)
{
    LogFixture *f = *state;
    const char *text =
        "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{},"
        "\"predicateType\":\"urn:slipway:teleport:v9\",\"subject\":[{\"digest\":"
        "{\"sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\"},"
        "\"name\":\"x\"}]}";

    assert_int_equal(log_fixture_force(f, span_of_text(text), f->engine), FACT_HALT);
}

static void
void_entry_changes_nothing(void **state)
{
    LogFixture *f = *state;
    g_autoptr(GPtrArray) voids = NULL;

    assert_true(log_fixture_claim(f, FIXTURE_RELEASE));
    g_autoptr(Fact) claim =
        fact_parse(2, span_of_bytes(g_ptr_array_index(f->leaves, 2)),
                   span_of_bytes(g_ptr_array_index(f->paes, 2)), FACT_PARSE_CHECKED, &f->error);
    assert_no_gerror(f->error);
    /* The same claim by a key without the role: another leaf, the same S: ignored, not void. */
    assert_int_equal(log_fixture_force(f, span_of_bytes(claim->payload), f->engine),
                     FACT_DUPLICATE);
    assert_int_equal(log_fixture_force(f, span_of_text("{}"), f->engine), FACT_VOID);
    assert_int_equal(log_fixture_state(f, FIXTURE_RELEASE), RELEASE_DRAFT);
    assert_true(fact_view_scan(log_fixture_view(f), FACT_TABLE_VOID, NULL, &voids, &f->error));
    assert_int_equal(voids->len, 1);
    assert_true(log_fixture_to_intent(f, "release:acme/cli@3.0.0", 2));
}

static void
nothing_counts_before_a_root(void **state)
{
    LogFixture *f = *state;
    g_autoptr(LogFixture) empty = log_fixture_new();

    (void)f;
    assert_int_equal(log_fixture_force(empty, span_of_text("{}"), empty->engine), FACT_VOID);
    assert_false(log_fixture_root(empty));
    assert_int_equal(empty->verdict->rule, FACT_RULE_FIRST);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_approvals_publish, setup, teardown),
        cmocka_unit_test_setup_teardown(one_approval_of_two_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(same_person_twice_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(approvals_after_expiry_do_not_publish, setup, teardown),
        cmocka_unit_test_setup_teardown(failed_self_verification_needs_new_request, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(second_claim_names_the_winner, setup, teardown),
        cmocka_unit_test_setup_teardown(name_in_other_case_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(unisolated_build_is_refused_at_the_seal, setup, teardown),
        cmocka_unit_test_setup_teardown(unisolated_build_is_sealed_where_the_roster_allows, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(missing_provenance_is_refused_at_the_seal, setup, teardown),
        cmocka_unit_test_setup_teardown(rejection_needs_the_threshold, setup, teardown),
        cmocka_unit_test_setup_teardown(retag_rejects_without_proofs_before_the_seal_only, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(asking_again_gets_the_first_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(clock_going_back_still_rises, setup, teardown),
        cmocka_unit_test_setup_teardown(evidence_twice_is_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(builder_speaks_under_its_own_name_only, setup, teardown),
        cmocka_unit_test_setup_teardown(provenance_by_the_engine_is_void, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_type_of_ours_halts, setup, teardown),
        cmocka_unit_test_setup_teardown(void_entry_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_counts_before_a_root, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
