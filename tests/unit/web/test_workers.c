/* SPDX-License-Identifier: Apache-2.0
 * Threads that come and go with the work. */
#include "testing.h"
#include "sys/thread.h"
#include "web/workers.h"
#include "base/banned.h"

typedef struct {
    Workers *workers; /* owned */
    Mutex lock;
    Cond changed;
    unsigned done, running; /* guarded by lock */
    bool open;              /* guarded by lock: items may end */
} Fixture;

static void
work(void *data, void *item)
{
    Fixture *f = data;

    (void)item;
    MUTEX_GUARD(&f->lock);
    f->running++;
    cond_broadcast(&f->changed);
    while (!f->open)
        cond_wait(&f->changed, &f->lock);
    f->running--;
    f->done++;
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    mutex_init(&f->lock);
    cond_init(&f->changed);
    f->workers = workers_new("test", 2, 3, work, f);
    *state = f;
    return 0;
}

static void
open_gate(Fixture *f)
{
    MUTEX_GUARD(&f->lock);
    f->open = true;
    cond_broadcast(&f->changed);
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    open_gate(f);
    workers_free(f->workers);
    cond_clear(&f->changed);
    mutex_clear(&f->lock);
    g_free(f);
    return 0;
}

static void
wait_running(Fixture *f, unsigned n)
{
    MUTEX_GUARD(&f->lock);
    while (f->running < n)
        cond_wait(&f->changed, &f->lock);
}

static void
what_is_over_the_limits_is_refused(void **state)
{
    Fixture *f = *state;
    int item = 0;

    assert_true(workers_push(f->workers, &item));
    assert_true(workers_push(f->workers, &item));
    wait_running(f, 2);
    for (int i = 0; i < 3; i++)
        assert_true(workers_push(f->workers, &item));
    assert_false(workers_push(f->workers, &item));
    assert_int_equal(workers_count(f->workers), 5);
}

static void
stop_finishes_what_waits_and_takes_no_more(void **state)
{
    Fixture *f = *state;
    int item = 0;

    for (int i = 0; i < 3; i++)
        assert_true(workers_push(f->workers, &item));
    open_gate(f);
    workers_stop(f->workers);
    assert_int_equal(f->done, 3);
    assert_false(workers_push(f->workers, &item));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_over_the_limits_is_refused),
        TEST(stop_finishes_what_waits_and_takes_no_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
