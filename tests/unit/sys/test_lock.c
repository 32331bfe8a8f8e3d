/* SPDX-License-Identifier: Apache-2.0
 * test_lock: the folder lock, the places of helpers and data, and signals as requests. */
#include "testing.h"
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/files.h"
#include "sys/lock.h"
#include "sys/paths.h"
#include "sys/signals.h"
#include "sys/wake.h"
#include "base/banned.h"

typedef struct Fixture {
    TempDir dir;
    int dirfd;
    Lock *lock;
    char *path;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    if (!temp_dir_make(&f->dir, "lock", &f->error))
        return -1;
    f->dirfd = dir_open(AT_FDCWD, f->dir.path, &f->error);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    lock_free(f->lock);
    fd_clear(&f->dirfd);
    temp_dir_clear(&f->dir);
    g_free(f->path);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

/* As after kill -9 of an engine that was starting a helper: the child lets go when it executes. */
static void
child_of_a_dead_holder_is_waited_for(void **state)
{
    Fixture *f = *state;
    int status = 0;

    f->lock = lock_acquire(f->dirfd, "lock", "slipway serve", &f->error);
    assert_no_gerror(f->error);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        usleep(60000);
        _exit(0);
    }
    g_clear_pointer(&f->lock, lock_free); /* the child's copy still holds it */
    f->lock = lock_acquire(f->dirfd, "lock", "slipway run", &f->error);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_no_gerror(f->error);
    assert_non_null(f->lock);
}

static void
second_holder_is_told_who_holds_it(void **state)
{
    Fixture *f = *state;
    g_autofree char *who =
        g_strdup_printf("process %d on '%s' ('slipway serve')", (int)getpid(), g_get_host_name());
    Lock *second;

    f->lock = lock_acquire(f->dirfd, "lock", "slipway serve", &f->error);
    assert_no_gerror(f->error);
    second = lock_acquire(f->dirfd, "lock", "slipway run", &f->error);
    assert_null(second);
    assert_gerror(f->error, LOCK_ERROR, LOCK_ERROR_HELD);
    assert_non_null(strstr(f->error->message, who));
}

static void
lock_can_be_taken_again_after_free(void **state)
{
    Fixture *f = *state;

    f->lock = lock_acquire(f->dirfd, "lock", "one", &f->error);
    lock_free(g_steal_pointer(&f->lock));
    f->lock = lock_acquire(f->dirfd, "lock", "two", &f->error);
    assert_no_gerror(f->error);
}

static void
killed_holder_leaves_nothing_to_clean(void **state)
{
    Fixture *f = *state;
    int ready[2];
    char byte;
    pid_t holder;

    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    holder = fork();
    if (holder == 0) {
        Lock *lock = lock_acquire(f->dirfd, "lock", "victim", NULL);

        if (lock == NULL || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    f->lock = lock_acquire(f->dirfd, "lock", "me", &f->error);
    assert_gerror(f->error, LOCK_ERROR, LOCK_ERROR_HELD);
    g_clear_error(&f->error);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    f->lock = lock_acquire(f->dirfd, "lock", "me", &f->error);
    assert_no_gerror(f->error);
}

static void
lock_file_that_is_a_link_is_refused(void **state)
{
    Fixture *f = *state;

    assert_int_equal(symlinkat("/dev/null", f->dirfd, "lock"), 0);
    f->lock = lock_acquire(f->dirfd, "lock", "me", &f->error);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_IO);
}

static void
helper_is_found_in_the_build_tree(void **state)
{
    Fixture *f = *state;

    unsetenv("SLIPWAY_LIBEXEC");
    f->path = paths_find_helper("slipway-launcher", &f->error);
    assert_no_gerror(f->error);
    assert_true(g_str_has_suffix(f->path, "/src/launcher/slipway-launcher"));
}

static void
absent_helper_is_unavailable(void **state)
{
    Fixture *f = *state;

    f->path = paths_find_helper("slipway-nothing", &f->error);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
}

static void
home_follows_the_environment(void **state)
{
    Fixture *f = *state;

    setenv("SLIPWAY_HOME", "/srv/s", 1);
    f->path = paths_home_default(&f->error);
    assert_string_equal(f->path, "/srv/s");
    unsetenv("SLIPWAY_HOME");
    setenv("XDG_STATE_HOME", "/srv/state", 1);
    g_free(f->path);
    f->path = paths_home_default(&f->error);
    assert_string_equal(f->path, "/srv/state/slipway");
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", "/home/x", 1);
    g_free(f->path);
    f->path = paths_home_default(&f->error);
    assert_string_equal(f->path, "/home/x/.local/state/slipway");
}

static void
relative_home_is_invalid(void **state)
{
    Fixture *f = *state;

    setenv("SLIPWAY_HOME", "here", 1);
    f->path = paths_home_default(&f->error);
    unsetenv("SLIPWAY_HOME");
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
first_signal_drains_and_second_stops(void **state)
{
    Fixture *f = *state;
    g_autoptr(Cancel) drain = cancel_new();
    g_autoptr(Cancel) stop = cancel_new();
    g_autoptr(Wake) never = wake_new();
    Signals *signals;
    bool stopped_early;

    signals_block();
    signals = signals_start(drain, stop, &f->error);
    kill(getpid(), SIGTERM);
    (void)!wake_wait(never, 5000, drain, NULL); /* until drain is triggered */
    stopped_early = cancel_is_set(stop);
    kill(getpid(), SIGINT);
    (void)!wake_wait(never, 5000, stop, NULL);
    signals_free(signals);
    assert_true(cancel_is_set(drain));
    assert_false(stopped_early);
    assert_true(cancel_is_set(stop));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(child_of_a_dead_holder_is_waited_for),
        TEST(second_holder_is_told_who_holds_it),
        TEST(lock_can_be_taken_again_after_free),
        TEST(killed_holder_leaves_nothing_to_clean),
        TEST(lock_file_that_is_a_link_is_refused),
        TEST(helper_is_found_in_the_build_tree),
        TEST(absent_helper_is_unavailable),
        TEST(home_follows_the_environment),
        TEST(relative_home_is_invalid),
        TEST(first_signal_drains_and_second_stops),
    };

    return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
