/* SPDX-License-Identifier: Apache-2.0
 * What stands between a release and its publication. */
#include "testing.h"
#include "log_fixture.h"
#include "policy/answer.h"

typedef struct {
    LogFixture *log;
    PolicyAnswer *answer;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->log = log_fixture_new_with_people(2);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    policy_answer_free(f->answer);
    log_fixture_free(f->log);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static void
ask(Fixture *f, unsigned file_approvals)
{
    g_clear_pointer(&f->answer, policy_answer_free);
    f->answer = policy_ask_publish(log_fixture_view(f->log), FIXTURE_RELEASE, f->log->clock_us,
                                   file_approvals, &f->error);
}

static const PolicyFinding *
finding(Fixture *f, const char *rule)
{
    for (unsigned i = 0; i < f->answer->findings->len; i++) {
        const PolicyFinding *found = g_ptr_array_index(f->answer->findings, i);
        if (strcmp(found->rule, rule) == 0)
            return found;
    }
    fail_msg("no finding for rule '%s'", rule);
    return NULL;
}

static void
unknown_release_is_not_found(void **state)
{
    Fixture *f = *state;

    ask(f, 0);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void
all_that_is_missing_is_said_at_once(void **state)
{
    Fixture *f = *state;

    assert_false(log_fixture_to_intent(f->log, FIXTURE_RELEASE, 1));
    f->log->clock_us += 2 * FIXTURE_HOUR;
    ask(f, 0);
    assert_no_gerror(f->error);
    assert_false(policy_answer_is_met(f->answer));
    assert_int_equal(finding(f, "request")->state, POLICY_MISSING);
    assert_int_equal(finding(f, "approvals")->state, POLICY_MISSING);
    assert_string_equal(finding(f, "approvals")->who, "alice, bob, carol");
    assert_int_equal(finding(f, "evidence")->state, POLICY_MET);
}

static void
file_only_tightens(void **state)
{
    Fixture *f = *state;

    assert_false(log_fixture_to_intent(f->log, FIXTURE_RELEASE, 1));
    assert_true(log_fixture_approve(f->log, FIXTURE_RELEASE, FIXTURE_BOB));
    ask(f, 1);
    assert_true(policy_answer_is_met(f->answer));
    ask(f, 3);
    assert_string_equal(finding(f, "approvals")->missing, "1 approvals");
    FactCommand command = log_fixture_command(f->log, FIXTURE_RELEASE);
    command.approvals = 3;
    assert_false(log_fixture_append(
        f->log, fact_decide_publish_intent(log_fixture_view(f->log), &command, &f->error), NULL));
    assert_int_equal(f->log->verdict->rule, FACT_RULE_FILE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unknown_release_is_not_found, setup, teardown),
        cmocka_unit_test_setup_teardown(all_that_is_missing_is_said_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(file_only_tightens, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
