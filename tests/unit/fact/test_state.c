/* SPDX-License-Identifier: Apache-2.0
 * The states of a release, and the fold laid over another view. */
#include "testing.h"
#include "fact/state.h"
#include "log_fixture.h"

static void
names_read_back(void **state)
{
    (void)state;
    for (int i = 0; i < RELEASE_N_STATES; i++) {
        ReleaseState read = RELEASE_NONE;
        g_autoptr(GError) error = NULL;
        assert_true(release_state_from_string(release_state_name((ReleaseState)i), &read, &error));
        assert_int_equal(read, i);
    }
}

static void
ends_have_no_way_back(void **state)
{
    (void)state;
    for (int event = 0; event < RELEASE_N_EVENTS; event++) {
        assert_int_equal(release_state_next(RELEASE_REJECTED, (ReleaseEvent)event), RELEASE_NONE);
        ReleaseState after = release_state_next(RELEASE_REVOKED, (ReleaseEvent)event);
        assert_true(after == RELEASE_NONE || after == RELEASE_REVOKED);
    }
}

static void
sealed_twice_is_refused(void **state)
{
    (void)state;
    assert_int_equal(release_state_next(RELEASE_SEALED, RELEASE_EVENT_SEAL), RELEASE_NONE);
    assert_int_equal(release_state_next(RELEASE_PUBLISHED, RELEASE_EVENT_REJECT), RELEASE_NONE);
    assert_int_equal(release_state_next(RELEASE_DRAFT, RELEASE_EVENT_REVOKE), RELEASE_NONE);
}

static void
batch_lies_over_its_base(void **state)
{
    g_autoptr(LogFixture) log = log_fixture_new_with_people(1);
    g_autoptr(FactFold) batch = fact_fold_new_over(log_fixture_view(log));
    g_autoptr(FactVerdict) verdict = NULL;
    g_autoptr(GPtrArray) below = NULL;
    g_autoptr(GPtrArray) above = NULL;
    g_autoptr(GError) error = NULL;
    g_auto(FactRelease) release = { 0 };

    (void)state;
    FactCommand command = log_fixture_command(log, FIXTURE_RELEASE);
    g_autoptr(FactDecision) decision =
        fact_decide_claim(fact_fold_view(batch), &command, NULL, FIXTURE_COMMIT, NULL, &error);
    assert_no_gerror(error);
    assert_true(fact_fold_apply(batch, decision->fact, &verdict, &error));
    assert_int_equal(verdict->outcome, FACT_ADMITTED);
    assert_int_equal(log_fixture_state(log, FIXTURE_RELEASE), RELEASE_NONE);
    assert_true(fact_view_release(fact_fold_view(batch), FIXTURE_RELEASE, &release, &error));
    assert_int_equal(release.state, RELEASE_DRAFT);
    assert_true(fact_view_scan(log_fixture_view(log), FACT_TABLE_STATEMENT, NULL, &below, &error));
    assert_true(fact_view_scan(fact_fold_view(batch), FACT_TABLE_STATEMENT, NULL, &above, &error));
    assert_int_equal(above->len, below->len + 1);
    fact_fold_reset(batch);
    fact_release_clear(&release);
    assert_true(fact_view_release(fact_fold_view(batch), FIXTURE_RELEASE, &release, &error));
    assert_int_equal(release.state, RELEASE_NONE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_read_back),
        cmocka_unit_test(ends_have_no_way_back),
        cmocka_unit_test(sealed_twice_is_refused),
        cmocka_unit_test(batch_lies_over_its_base),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
