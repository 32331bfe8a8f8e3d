/* SPDX-License-Identifier: Apache-2.0
 * test_cancel: Cancel and Wake, and the one wait both are used with. */
#include "testing.h"
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include "base/files.h"
#include "sys/cancel.h"
#include "sys/thread.h"
#include "sys/wake.h"
#include "base/banned.h"

typedef struct Fixture {
    Cancel *cancel;
    Wake *wake;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->cancel = cancel_new();
    f->wake = wake_new();
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    cancel_unref(f->cancel);
    wake_free(f->wake);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static void
check_refuses_once_triggered(void **state)
{
    Fixture *f = *state;

    assert_true(cancel_check(f->cancel, &f->error));
    cancel_trigger(f->cancel);
    assert_false(cancel_check(f->cancel, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_CANCELLED);
}

static void
null_cannot_be_cancelled(void **state)
{
    Fixture *f = *state;

    cancel_trigger(NULL);
    assert_true(cancel_check(NULL, &f->error));
    assert_int_equal(cancel_fd(NULL), -1);
}

static void
fd_stays_readable_for_every_waiter(void **state)
{
    Fixture *f = *state;
    struct pollfd wait = { .fd = cancel_fd(f->cancel), .events = POLLIN };

    assert_int_equal(poll(&wait, 1, 0), 0);
    cancel_trigger(f->cancel);
    cancel_trigger(f->cancel);
    assert_int_equal(poll(&wait, 1, 0), 1);
    assert_int_equal(poll(&wait, 1, 0), 1);
}

static void
trigger_soon(void *data)
{
    cancel_trigger(data);
}

static void
poll_ends_when_another_thread_cancels(void **state)
{
    Fixture *f = *state;
    Thread *thread = thread_start("trigger", trigger_soon, f->cancel, &f->error);
    bool ready = cancel_poll(f->cancel, wake_fd(f->wake), POLLIN, -1, &f->error);

    thread_join(thread);
    assert_false(ready);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_CANCELLED);
}

static void
wake_before_the_wait_is_not_lost(void **state)
{
    Fixture *f = *state;

    wake_send(f->wake);
    assert_true(wake_wait(f->wake, -1, f->cancel, &f->error));
}

static void
many_wakes_are_one(void **state)
{
    Fixture *f = *state;

    wake_send(f->wake);
    wake_send(f->wake);
    assert_true(wake_wait(f->wake, 0, NULL, &f->error));
    assert_false(wake_wait(f->wake, 0, NULL, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_TIMEOUT);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(check_refuses_once_triggered),       TEST(null_cannot_be_cancelled),
        TEST(fd_stays_readable_for_every_waiter), TEST(poll_ends_when_another_thread_cancels),
        TEST(wake_before_the_wait_is_not_lost),   TEST(many_wakes_are_one),
    };

    return cmocka_run_group_tests_name("cancel", tests, NULL, NULL);
}
