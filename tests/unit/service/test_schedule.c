/* SPDX-License-Identifier: Apache-2.0
 * test_schedule: when runs are queued by the clock: once, made up for once, never on top of each
 * other, and as the default branch says. */
#include "testing.h"
#include <string.h>
#include "base/json.h"
#include "engine_fixture.h"
#include "pipeline/pipeline.h"
#include "service/schedule.h"
#include "base/banned.h"

#define HOUR_US (3600ll * 1000000)
#define START   (1767225600ll * 1000000) /* 2026-01-01T00:00 */

typedef struct Take {
    const char *ref;
    const Pipeline *pipeline;
    int64_t now_us;
} Take;

static bool
add_project(DbConn *conn, void *input, GError **error)
{
    (void)input;
    return db_exec(conn, QUERY_PROJECT_UPSERT,
                   DB_PARAMS(DB_TEXT("timed"), DB_TEXT("/repo"), DB_INT(1)), error);
}

static int
setup(void **state)
{
    EngineFixture *f = engine_fixture_new(1, 1);

    *state = f;
    return db_write(f->engine->db, DB_LANE_ACKNOWLEDGED, add_project, NULL, &f->error) ? 0 : 1;
}

static int
teardown(void **state)
{
    engine_fixture_free(*state);
    return 0;
}

static bool
write_take(DbConn *conn, void *input, GError **error)
{
    const Take *take = input;

    return schedule_take(conn, take->ref, take->pipeline, take->now_us, error);
}

static bool
take(EngineFixture *f, const char *ref, const char *schedules, int64_t now_us)
{
    g_autofree char *text = g_strdup_printf(
        "slipway: 1\nproject: timed\n%sjobs: { a: { steps: [ { run: x } ] } }\n", schedules);
    g_autoptr(Diagnostics) diagnostics = diagnostics_new("slipway.yaml", span_of_text(text));
    g_autoptr(Pipeline) pipeline = pipeline_parse(span_of_text(text), diagnostics);
    Take input = { .ref = ref, .pipeline = pipeline, .now_us = now_us };

    return pipeline != NULL &&
           db_write(f->engine->db, DB_LANE_ACKNOWLEDGED, write_take, &input, &f->error);
}

/* A member of the only schedule; -1: null or no such schedule. */
static int64_t
number_of(EngineFixture *f, const char *key)
{
    g_autoptr(json_t) list = schedule_list(f->engine, "timed", &f->error);
    const json_t *value = json_object_get(json_array_get(list, 0), key);

    return json_is_integer(value) ? json_integer_value(value) : -1;
}

static int64_t
due(EngineFixture *f, int64_t now_us)
{
    int64_t next_us = -1;

    return schedule_due(f->engine, now_us, &next_us, &f->error) ? next_us : -1;
}

#define NIGHTLY "schedules: [ { cron: \"0 2 * * *\", reason: nightly } ]\n"

static void
a_run_is_queued_at_its_time_and_not_before(void **state)
{
    EngineFixture *f = *state;

    assert_true(take(f, "refs/heads/main", NIGHTLY, START));
    assert_int_equal(due(f, START + HOUR_US), START + 2 * HOUR_US);
    assert_int_equal(number_of(f, "lastRun"), -1);
    assert_int_equal(due(f, START + 2 * HOUR_US), START + 26 * HOUR_US);
    assert_int_equal(number_of(f, "lastRun"), 1);
}

static void
missed_times_are_made_up_for_once(void **state)
{
    EngineFixture *f = *state;

    assert_true(take(f, "refs/heads/main", NIGHTLY, START));
    assert_int_equal(due(f, START + 80 * HOUR_US), START + 98 * HOUR_US);
    assert_int_equal(number_of(f, "lastRun"), 1);
    assert_int_equal(due(f, START + 81 * HOUR_US), START + 98 * HOUR_US);
    assert_int_equal(number_of(f, "lastRun"), 1);
}

static void
a_time_that_comes_while_the_last_run_is_open_is_left_out(void **state)
{
    EngineFixture *f = *state;

    assert_true(take(f, "refs/heads/main", NIGHTLY, START));
    assert_true(due(f, START + 2 * HOUR_US) > 0);
    assert_int_equal(due(f, START + 26 * HOUR_US), START + 50 * HOUR_US);
    assert_int_equal(number_of(f, "lastRun"), 1);
}

static void
only_the_default_branch_changes_schedules(void **state)
{
    EngineFixture *f = *state;

    assert_true(take(f, "refs/heads/main", NIGHTLY, START));
    assert_true(take(f, "refs/heads/other", "", START));
    assert_true(take(f, "refs/pull/1/head", "", START));
    assert_int_equal(number_of(f, "nextAt"), START + 2 * HOUR_US);
    assert_true(take(f, "refs/heads/main", "", START));
    assert_int_equal(number_of(f, "nextAt"), -1);
    assert_int_equal(due(f, START + 2 * HOUR_US), INT64_MAX);
}

static void
the_same_file_again_moves_no_time(void **state)
{
    EngineFixture *f = *state;

    assert_true(take(f, "refs/heads/main", NIGHTLY, START));
    assert_true(take(f, "refs/heads/main", NIGHTLY, START + 3 * HOUR_US));
    assert_int_equal(number_of(f, "nextAt"), START + 2 * HOUR_US);
}

static void
by_hand_a_schedule_runs_at_any_time(void **state)
{
    EngineFixture *f = *state;
    RunId run = { 0 };

    assert_true(take(f, "refs/heads/main", NIGHTLY, START));
    assert_true(schedule_run(f->engine, "timed", 0, "alice", &run, &f->error));
    assert_true(run.v > 0);
    assert_false(schedule_run(f->engine, "timed", 1, "alice", &run, &f->error));
    assert_int_equal(error_kind(f->error), ERROR_KIND_NOT_FOUND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_is_queued_at_its_time_and_not_before, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(missed_times_are_made_up_for_once, setup, teardown),
        cmocka_unit_test_setup_teardown(a_time_that_comes_while_the_last_run_is_open_is_left_out,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_default_branch_changes_schedules, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_file_again_moves_no_time, setup, teardown),
        cmocka_unit_test_setup_teardown(by_hand_a_schedule_runs_at_any_time, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
