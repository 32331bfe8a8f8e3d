/* SPDX-License-Identifier: Apache-2.0
 * The monitor: the whole log folded, and what it says of checkpoint and status. */
#include "testing.h"
#include "release_fixture.h"
#include "verify/monitor.h"

typedef struct {
    LogFixture *log;
    ReleaseFixture *release;
    Monitor *monitor;
    VerifyReport *report;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->log = log_fixture_new_with_people(1);
    if (!log_fixture_to_intent(f->log, FIXTURE_RELEASE, 1))
        return -1;
    f->release = release_fixture_new(f->log, FIXTURE_RELEASE);
    f->monitor = monitor_new(f->release->trust);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    verify_report_free(f->report);
    monitor_free(f->monitor);
    release_fixture_free(f->release);
    log_fixture_free(f->log);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static bool
feed(Fixture *f, unsigned i)
{
    return monitor_feed(f->monitor, span_of_bytes(g_ptr_array_index(f->log->leaves, i)),
                        span_of_bytes(g_ptr_array_index(f->log->paes, i)), &f->error);
}

static VerifyResult
finish(Fixture *f)
{
    GBytes *status = g_hash_table_lookup(f->release->files, ".slipway/status.json");
    GBytes *note = g_hash_table_lookup(f->release->files, ".slipway/checkpoint");

    f->report =
        monitor_finish(f->monitor, span_of_bytes(status), span_of_bytes(note), f->log->clock_us);
    return verify_report_result(f->report);
}

static void
whole_log_is_good(void **state)
{
    Fixture *f = *state;

    for (unsigned i = 0; i < f->log->leaves->len; i++)
        assert_true(feed(f, i));
    assert_int_equal(finish(f), VERIFY_OK);
}

static void
left_out_entry_is_found(void **state)
{
    Fixture *f = *state;

    for (unsigned i = 0; i < f->log->leaves->len - 1; i++)
        assert_true(feed(f, i));
    assert_int_equal(finish(f), VERIFY_NOT_AUTHENTIC);
}

static void
void_entry_is_an_alarm(void **state)
{
    Fixture *f = *state;

    assert_int_equal(log_fixture_force(f->log, span_of_text("{}"), f->log->engine), FACT_VOID);
    release_fixture_refresh(f->release, f->log, FIXTURE_RELEASE);
    for (unsigned i = 0; i < f->log->leaves->len; i++)
        assert_true(feed(f, i));
    assert_int_equal(finish(f), VERIFY_NOT_AUTHENTIC);
}

static void
status_that_hides_a_rejection_is_found(void **state)
{
    Fixture *f = *state;
    g_autoptr(GBytes) old =
        g_bytes_ref(g_hash_table_lookup(f->release->files, ".slipway/status.json"));

    assert_true(log_fixture_reject(f->log, FIXTURE_RELEASE, 1));
    release_fixture_refresh(f->release, f->log, FIXTURE_RELEASE);
    release_fixture_put(f->release, ".slipway/status.json", span_of_bytes(old));
    for (unsigned i = 0; i < f->log->leaves->len; i++)
        assert_true(feed(f, i));
    assert_int_equal(finish(f), VERIFY_NOT_AUTHENTIC);
}

static void
torn_entry_stops_the_fold(void **state)
{
    Fixture *f = *state;

    assert_false(monitor_feed(f->monitor, span_of_bytes(g_ptr_array_index(f->log->leaves, 0)),
                              span_of_bytes(g_ptr_array_index(f->log->paes, 1)), &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNTRUSTED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole_log_is_good, setup, teardown),
        cmocka_unit_test_setup_teardown(left_out_entry_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(void_entry_is_an_alarm, setup, teardown),
        cmocka_unit_test_setup_teardown(status_that_hides_a_rejection_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(torn_entry_stops_the_fold, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
