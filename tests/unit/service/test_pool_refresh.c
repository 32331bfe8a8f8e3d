/* SPDX-License-Identifier: Apache-2.0
 * test_pool_refresh: when machines of pools are renewed: by the schedule of their settings, once a time, and what came of it is told. */
#include "testing.h"
#include <string.h>
#include "base/json.h"
#include "engine_fixture.h"
#include "service/engine_thread.h"
#include "service/pool.h"
#include "service/pool_refresh.h"
#include "sys/cancel.h"
#include "base/banned.h"

#define HOUR_US (3600ll * 1000000)

static int
setup(void **state)
{
    *state = engine_fixture_new(1, 1);
    return 0;
}

static int
teardown(void **state)
{
    engine_fixture_free(*state);
    return 0;
}

/* A pool of one machine, of an executor that cannot renew it. */
static bool
set_pool(EngineFixture *f, const char *schedule)
{
    static const char *const slots[] = { "one", NULL };
    g_autoptr(json_t) settings = json_pack("{s:s}", "program", "/bin/true");
    g_autoptr(json_t) labels = json_object();

    if (schedule != NULL)
        json_object_set_new(settings, "refresh-schedule", json_string(schedule));
    return pool_set(f->engine, "machines", "command", settings, labels, slots, &f->error);
}

/* A member of the only pool. Owned; NULL: it has none. */
static json_t *
member(EngineFixture *f, const char *name)
{
    g_autoptr(json_t) list = pool_list(f->engine, &f->error);
    json_t *value = json_object_get(json_array_get(list, 0), name);

    return value == NULL ? NULL : json_incref(value);
}

static void
look(EngineFixture *f)
{
    Cancel *cancel = cancel_new();

    (void)pool_refresh_due(f->engine, cancel);
    engine_threads_join(f->engine);
    cancel_unref(cancel);
}

static void
a_schedule_that_cannot_be_read_is_refused(void **state)
{
    EngineFixture *f = *state;

    assert_false(set_pool(f, "every night"));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    assert_non_null(strstr(f->error->message, "refresh-schedule"));
}

static void
nothing_happens_before_its_time(void **state)
{
    EngineFixture *f = *state;

    assert_true(set_pool(f, "@hourly"));
    look(f);
    g_autoptr(json_t) next = member(f, "nextRefresh");
    g_autoptr(json_t) last = member(f, "lastRefresh");

    assert_non_null(next);
    assert_null(last);
}

static void
what_is_due_is_tried_once_and_told(void **state)
{
    EngineFixture *f = *state;

    assert_true(set_pool(f, "@hourly"));
    look(f);
    f->clock_offset_us += HOUR_US;
    look(f);
    g_autoptr(json_t) first = member(f, "lastRefresh");
    g_autoptr(json_t) result = member(f, "refreshed");

    assert_non_null(first);
    assert_non_null(json_object_get(json_array_get(result, 0), "error"));
    f->clock_offset_us += 1000;
    look(f);
    g_autoptr(json_t) second = member(f, "lastRefresh");
    assert_true(json_equal(first, second));
}

static void
without_a_schedule_it_is_by_hand(void **state)
{
    EngineFixture *f = *state;

    assert_true(set_pool(f, "@hourly"));
    look(f);
    assert_true(set_pool(f, NULL));
    look(f);
    f->clock_offset_us += 2 * HOUR_US;
    look(f);
    g_autoptr(json_t) next = member(f, "nextRefresh");
    g_autoptr(json_t) last = member(f, "lastRefresh");

    assert_null(next);
    assert_null(last);
}

static void
a_machine_that_failed_is_free_again(void **state)
{
    EngineFixture *f = *state;
    g_autoptr(json_t) result = NULL;

    assert_true(set_pool(f, NULL));
    assert_false(pool_refresh(f->engine, "machines", NULL, &result, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    g_clear_error(&f->error);
    g_autoptr(json_t) slots = member(f, "slots");

    assert_string_equal(json_string_value(json_object_get(json_array_get(slots, 0), "state")),
                        "free");
    assert_true(pool_remove(f->engine, "machines", &f->error));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_schedule_that_cannot_be_read_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_happens_before_its_time, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_due_is_tried_once_and_told, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_schedule_it_is_by_hand, setup, teardown),
        cmocka_unit_test_setup_teardown(a_machine_that_failed_is_free_again, setup, teardown),
    };

    return cmocka_run_group_tests_name("service-pool-refresh", tests, NULL, NULL);
}
