/* SPDX-License-Identifier: Apache-2.0
 * Which decisions count (facts.md section 4): each row changes one thing about a good one. */
#include "testing.h"
#include "fact/gate.h"
#include "log_fixture.h"

#define DAY (24 * FIXTURE_HOUR)

typedef struct {
    LogFixture *log;
    Digest request;
    Decision *decision; /* alice's, good until changed */
    json_t *pair;
    FactCount *count;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    g_auto(FactRelease) release = { 0 };

    f->log = log_fixture_new_with_people(1);
    if (!log_fixture_claim(f->log, FIXTURE_RELEASE) ||
        !log_fixture_provenance(f->log, FIXTURE_RELEASE, f->log->builder) ||
        !log_fixture_seal(f->log, FIXTURE_RELEASE) ||
        !log_fixture_request(f->log, FIXTURE_RELEASE) ||
        !fact_view_release(log_fixture_view(f->log), FIXTURE_RELEASE, &release, &f->error))
        return -1;
    f->request = release.request;
    f->decision = fact_decision_template(log_fixture_view(f->log), FIXTURE_RELEASE, "alice",
                                         f->log->clock_us, &f->error);
    *state = f;
    return f->decision != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    decision_free(f->decision);
    json_decref(f->pair);
    fact_count_free(f->count);
    log_fixture_free(f->log);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static bool
counts(Fixture *f, Signer *signer, int64_t at_us)
{
    g_clear_pointer(&f->pair, json_decref);
    g_clear_pointer(&f->count, fact_count_free);
    f->pair = log_fixture_sign(f->log, f->decision, signer);
    bool ok = fact_judge_decision(log_fixture_view(f->log), &f->request, f->pair, at_us, &f->count,
                                  &f->error);
    assert_no_gerror(f->error);
    assert_true(ok);
    return f->count->counted == 1;
}

static void
refused_because(Fixture *f, Signer *signer, int64_t at_us, const char *why)
{
    assert_false(counts(f, signer, at_us));
    const char *text = g_ptr_array_index(f->count->rejected, 0);
    if (strstr(text, why) == NULL)
        fail_msg("wanted '%s', got '%s'", why, text);
}

static void
good_decision_counts(void **state)
{
    Fixture *f = *state;

    assert_true(counts(f, f->log->people[FIXTURE_ALICE], f->log->clock_us));
}

static void
key_of_another_person_does_not(void **state)
{
    Fixture *f = *state;

    refused_because(f, f->log->people[FIXTURE_BOB], f->log->clock_us, "not in the roster");
}

static void
person_outside_the_roster_does_not(void **state)
{
    Fixture *f = *state;

    g_free(f->decision->person);
    f->decision->person = g_strdup("mallory");
    refused_because(f, f->log->people[FIXTURE_ALICE], f->log->clock_us, "not among those");
}

static void
decision_after_its_expiry_does_not(void **state)
{
    Fixture *f = *state;

    f->decision->expires_us = f->log->clock_us;
    assert_true(counts(f, f->log->people[FIXTURE_ALICE], f->log->clock_us));
    refused_because(f, f->log->people[FIXTURE_ALICE], f->log->clock_us + 1, "expired");
}

static void
another_manifest_does_not(void **state)
{
    Fixture *f = *state;

    f->decision->manifest.bytes[0] ^= 1;
    refused_because(f, f->log->people[FIXTURE_ALICE], f->log->clock_us, "manifest");
}

static void
another_request_does_not(void **state)
{
    Fixture *f = *state;

    f->decision->request.bytes[0] ^= 1;
    refused_because(f, f->log->people[FIXTURE_ALICE], f->log->clock_us, "request");
}

static void
another_roster_does_not(void **state)
{
    Fixture *f = *state;

    f->decision->policy.bytes[0] ^= 1;
    refused_because(f, f->log->people[FIXTURE_ALICE], f->log->clock_us, "roster");
}

static void
another_verb_does_not(void **state)
{
    Fixture *f = *state;

    f->decision->verb = DECISION_REJECT;
    refused_because(f, f->log->people[FIXTURE_ALICE], f->log->clock_us, "another action");
}

static void
another_environment_does_not(void **state)
{
    Fixture *f = *state;

    f->decision->environment = g_strdup("prod");
    refused_because(f, f->log->people[FIXTURE_ALICE], f->log->clock_us, "environment");
}

static void
another_log_does_not(void **state)
{
    Fixture *f = *state;

    g_free(f->decision->log);
    f->decision->log = g_strdup("log.example/other");
    refused_because(f, f->log->people[FIXTURE_ALICE], f->log->clock_us, "another log");
}

static void
key_taken_out_of_the_roster_does_not(void **state)
{
    Fixture *f = *state;

    assert_true(log_fixture_approve(f->log, FIXTURE_RELEASE, FIXTURE_ALICE));
    Signer *old = f->log->people[FIXTURE_ALICE];
    f->log->people[FIXTURE_ALICE] = f->log->people[FIXTURE_BOB];
    f->log->people[FIXTURE_BOB] = old;
    assert_true(log_fixture_roster(f->log, 1, false)); /* alice's key is bob's now */
    assert_false(log_fixture_intent(f->log, FIXTURE_RELEASE));
    assert_int_equal(f->log->verdict->rule, FACT_RULE_APPROVALS);
}

/* A roster in which alice and carol approve, but not those who set it going. */
static void
exclude_initiators(Fixture *f)
{
    FactCommand command = log_fixture_command(f->log, "roster:" FIXTURE_PROJECT);
    g_autoptr(json_t) old = NULL;
    Digest s = { 0 };
    bool found = false;
    size_t i = 0;
    json_t *rule = NULL;

    assert_true(fact_view_head(log_fixture_view(f->log), command.object, &found, &s, &f->error));
    assert_true(
        fact_view_predicate(log_fixture_view(f->log), &s, FACT_ROSTER, &old, NULL, &f->error));
    json_t *body = json_object_get(old, "body");
    json_array_foreach (json_object_get(body, "rules"), i, rule)
        json_object_set_new(rule, "excludeInitiators", json_true());
    g_autoptr(json_t) proofs = log_fixture_people_proofs(f->log, FACT_ROSTER, &command, body, 1);
    command.proofs = proofs;
    assert_true(log_fixture_append(
        f->log, fact_decide(log_fixture_view(f->log), FACT_ROSTER, &command, body, &f->error),
        NULL));
}

static void
initiator_is_excluded_where_the_roster_says_so(void **state)
{
    Fixture *f = *state;

    exclude_initiators(f);
    assert_true(log_fixture_request(f->log, FIXTURE_RELEASE)); /* under the new roster */
    assert_false(log_fixture_approve(f->log, FIXTURE_RELEASE, FIXTURE_CAROL));
    assert_non_null(strstr(f->log->verdict->text, "excludes initiators"));
    assert_true(log_fixture_approve(f->log, FIXTURE_RELEASE, FIXTURE_ALICE));
    assert_true(log_fixture_intent(f->log, FIXTURE_RELEASE));
}

static void
unresolved_initiator_excludes_everyone(void **state)
{
    static const char *const targets[] = { "site", NULL };
    static const char *const initiators[] = { "unresolved", NULL };
    Fixture *f = *state;

    exclude_initiators(f);
    FactCommand command = log_fixture_command(f->log, FIXTURE_RELEASE);
    assert_true(log_fixture_append(f->log,
                                   fact_decide_request(log_fixture_view(f->log), &command, targets,
                                                       initiators, f->log->clock_us + FIXTURE_HOUR,
                                                       &f->error),
                                   NULL));
    assert_false(log_fixture_approve(f->log, FIXTURE_RELEASE, FIXTURE_ALICE));
    assert_non_null(strstr(f->log->verdict->text, "unresolved"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(good_decision_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(key_of_another_person_does_not, setup, teardown),
        cmocka_unit_test_setup_teardown(person_outside_the_roster_does_not, setup, teardown),
        cmocka_unit_test_setup_teardown(decision_after_its_expiry_does_not, setup, teardown),
        cmocka_unit_test_setup_teardown(another_manifest_does_not, setup, teardown),
        cmocka_unit_test_setup_teardown(another_request_does_not, setup, teardown),
        cmocka_unit_test_setup_teardown(another_roster_does_not, setup, teardown),
        cmocka_unit_test_setup_teardown(another_verb_does_not, setup, teardown),
        cmocka_unit_test_setup_teardown(another_environment_does_not, setup, teardown),
        cmocka_unit_test_setup_teardown(another_log_does_not, setup, teardown),
        cmocka_unit_test_setup_teardown(key_taken_out_of_the_roster_does_not, setup, teardown),
        cmocka_unit_test_setup_teardown(initiator_is_excluded_where_the_roster_says_so, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(unresolved_initiator_excludes_everyone, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
