/* SPDX-License-Identifier: Apache-2.0
 * test_launch: jobs through the real launcher: what they get, how they end, and that nothing
 * survives. */
#include "testing.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/files.h"
#include "sys/launch.h"

#define DIE_MS 5000 /* far more than it takes; only a failing test waits so long */

typedef struct Fixture {
    Launcher *launcher;
    Launched *launched;
    int out[2]; /* a pipe for the job's stdout */
    GError *error;
    GBytes *output;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->launcher = launcher_start(&f->error);
    if (pipe2(f->out, O_CLOEXEC) < 0)
        return -1;
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    launched_free(f->launched);
    launcher_free(f->launcher);
    fd_clear(&f->out[0]);
    fd_clear(&f->out[1]);
    g_clear_error(&f->error);
    g_clear_pointer(&f->output, g_bytes_unref);
    g_free(f);
    return 0;
}

/* Starts sh -c @script with its stdout in the fixture's pipe; our end of writing is closed. */
static void
start_script(Fixture *f, const char *script)
{
    const char *argv[] = { "/bin/sh", "-c", script, NULL };
    const char *env[] = { "PATH=/usr/bin:/bin", NULL };
    LaunchSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .env = env, .cwd = "/" };

    assert_no_gerror(f->error);
    spec.stdout_fd = f->out[1];
    f->launched = launch_job(f->launcher, &spec, &f->error);
    fd_clear(&f->out[1]);
    assert_no_gerror(f->error);
}

static const char *
output(Fixture *f)
{
    f->output = fd_read_all(f->out[0], 65536, &f->error);
    assert_no_gerror(f->error);
    return g_bytes_get_data(f->output, NULL);
}

/* One line from @fd: the number of a process. */
static pid_t
read_pid(int fd)
{
    char line[32] = { 0 };

    for (size_t i = 0; i < sizeof line - 1; i++)
        if (read(fd, &line[i], 1) != 1 || line[i] == '\n')
            break;
    return (pid_t)strtol(line, NULL, 10);
}

static bool
dies(int pidfd)
{
    struct pollfd wait = { .fd = pidfd, .events = POLLIN };

    return poll(&wait, 1, DIE_MS) == 1;
}

static void
job_gets_only_what_the_spec_says(void **state)
{
    Fixture *f = *state;

    /* The listing's own descriptor, and the shell's pipe, are gone by the time ls prints. */
    start_script(f, "env | sort; pwd; ls /proc/self/fd | tr '\\n' ' '; cat");
    assert_true(launched_wait(f->launched, DIE_MS, NULL, NULL, &f->error));
    assert_non_null(strstr(output(f), "PATH=/usr/bin:/bin\nPWD=/\n/\n0 1 2 3 "));
}

static void
wait_reports_exit_code(void **state)
{
    Fixture *f = *state;
    LaunchEnd end = { 0 };

    start_script(f, "exit 7");
    assert_true(launched_wait(f->launched, DIE_MS, NULL, &end, &f->error));
    assert_int_equal(end.exit_code, 7);
    assert_int_equal(end.signal, 0);
    assert_true(end.wall_us > 0);
}

static void
wait_reports_signal(void **state)
{
    Fixture *f = *state;
    LaunchEnd end = { 0 };

    start_script(f, "kill -USR1 $$");
    assert_true(launched_wait(f->launched, DIE_MS, NULL, &end, &f->error));
    assert_int_equal(end.exit_code, -1);
    assert_int_equal(end.signal, SIGUSR1);
}

static void
wait_times_out_and_can_be_asked_again(void **state)
{
    Fixture *f = *state;

    start_script(f, "read x");
    assert_true(launched_wait(f->launched, DIE_MS, NULL, NULL, &f->error)); /* stdin is /dev/null */
    launched_free(g_steal_pointer(&f->launched));

    assert_int_equal(pipe2(f->out, O_CLOEXEC), 0);
    start_script(f, "sleep 100");
    assert_false(launched_wait(f->launched, 1, NULL, NULL, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_TIMEOUT);
    g_clear_error(&f->error);
    assert_true(launched_kill(f->launched, 0, NULL, &f->error));
}

static void
unknown_program_is_not_found(void **state)
{
    Fixture *f = *state;
    const char *argv[] = { "/nonexistent/program", NULL };
    LaunchSpec spec = { PROCESS_SPEC_INIT, .argv = argv };

    f->launched = launch_job(f->launcher, &spec, &f->error);
    assert_null(f->launched);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void
absent_working_folder_is_named_as_the_cause(void **state)
{
    Fixture *f = *state;
    const char *argv[] = { "/bin/true", NULL };
    LaunchSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .cwd = "/nonexistent" };

    f->launched = launch_job(f->launcher, &spec, &f->error);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    assert_non_null(strstr(f->error->message, "working folder"));
}

static void
passed_descriptors_keep_their_numbers_when_crossed(void **state)
{
    Fixture *f = *state;
    const char *argv[] = { "/bin/sh", "-c", "cat <&3; cat <&4", NULL };
    LaunchSpec spec = { PROCESS_SPEC_INIT, .argv = argv };
    int three[2], four[2];

    assert_int_equal(pipe2(three, O_CLOEXEC) | pipe2(four, O_CLOEXEC), 0);
    assert_int_equal(write(three[1], "3", 1) + write(four[1], "4", 1), 2);
    ProcessFd fds[] = { { .from = three[0], .to = 3 }, { .from = four[0], .to = 4 } };
    spec.fds = fds;
    spec.n_fds = 2;
    spec.stdout_fd = f->out[1];
    f->launched = launch_job(f->launcher, &spec, &f->error);
    fd_clear(&f->out[1]);
    close(three[0]), close(three[1]), close(four[0]), close(four[1]);
    assert_no_gerror(f->error);
    assert_int_equal(strncmp(output(f), "34", 2), 0);
}

static void
rlimits_hold_in_the_job(void **state)
{
    Fixture *f = *state;
    const char *argv[] = { "/bin/sh", "-c", "ulimit -n; ulimit -Hn", NULL };
    LaunchRlimit limit = { .resource = RLIMIT_NOFILE, .soft = 40, .hard = 50 };
    LaunchSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .rlimits = &limit, .n_rlimits = 1 };

    spec.stdout_fd = f->out[1];
    f->launched = launch_job(f->launcher, &spec, &f->error);
    fd_clear(&f->out[1]);
    assert_no_gerror(f->error);
    assert_int_equal(strncmp(output(f), "40\n50\n", 6), 0);
}

/* A daemon as people write them: its own session, its parent gone. Says its pid. */
#define DAEMON "setsid sh -c 'sleep 1000 >/dev/null & echo $!'; "

static void
daemon_dies_with_the_job_that_left_it(void **state)
{
    Fixture *f = *state;
    AUTO_FD int pidfd = -1;

    start_script(f, DAEMON "sleep 0.1; exit 0");
    pidfd = pidfd_open(read_pid(f->out[0]), 0);
    assert_true(pidfd >= 0);
    assert_true(launched_wait(f->launched, DIE_MS, NULL, NULL, &f->error));
    assert_int_equal(poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, 0), 1);
}

static void
kill_reaches_a_daemon_that_ignores_term(void **state)
{
    Fixture *f = *state;
    AUTO_FD int pidfd = -1;
    LaunchEnd end = { 0 };

    start_script(f, "trap '' TERM; " DAEMON "while :; do sleep 1; done");
    pidfd = pidfd_open(read_pid(f->out[0]), 0);
    assert_true(pidfd >= 0);
    assert_true(launched_kill(f->launched, 20, &end, &f->error));
    assert_int_equal(end.signal, SIGKILL);
    assert_int_equal(poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, 0), 1);
}

static void
kill_lets_the_job_end_by_itself_within_the_grace(void **state)
{
    Fixture *f = *state;
    LaunchEnd end = { 0 };

    start_script(f, "trap 'exit 5' TERM; echo 1; while :; do sleep 0.01; done");
    read_pid(f->out[0]); /* the trap is set */
    assert_true(launched_kill(f->launched, DIE_MS, &end, &f->error));
    assert_int_equal(end.exit_code, 5);
}

static void
another_job_survives_a_kill(void **state)
{
    Fixture *f = *state;
    const char *argv[] = { "/bin/sleep", "1000", NULL };
    LaunchSpec spec = { PROCESS_SPEC_INIT, .argv = argv };
    Launched *other;

    start_script(f, DAEMON "sleep 1000");
    read_pid(f->out[0]);
    other = launch_job(f->launcher, &spec, &f->error);
    assert_no_gerror(f->error);
    assert_true(launched_kill(f->launched, 0, NULL, &f->error));
    assert_false(launched_wait(other, 0, NULL, NULL, &f->error));
    launched_free(other);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_TIMEOUT);
}

static void
cancel_ends_the_wait_only(void **state)
{
    Fixture *f = *state;
    g_autoptr(Cancel) cancel = cancel_new();

    start_script(f, "sleep 1000");
    cancel_trigger(cancel);
    assert_false(launched_wait(f->launched, -1, cancel, NULL, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_CANCELLED);
    assert_int_equal(kill(launched_pid(f->launched), 0), 0);
}

/* In a process of its own: starts a job with a daemon, tells both pids, and waits to be killed. */
static void
be_engine(int report)
{
    const char *argv[] = { "/bin/sh", "-c", DAEMON "echo $$; sleep 1000", NULL };
    const char *env[] = { "PATH=/usr/bin:/bin", NULL };
    LaunchSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .env = env };
    Launcher *launcher = launcher_start(NULL);

    spec.stdout_fd = report;
    if (launcher == NULL || launch_job(launcher, &spec, NULL) == NULL)
        _exit(1);
    for (;;)
        pause();
}

static void
nothing_survives_a_killed_engine(void **state)
{
    Fixture *f = *state;
    AUTO_FD int daemon = -1;
    AUTO_FD int job = -1;
    pid_t engine = fork();

    if (engine == 0)
        be_engine(f->out[1]);
    fd_clear(&f->out[1]);
    daemon = pidfd_open(read_pid(f->out[0]), 0);
    job = pidfd_open(read_pid(f->out[0]), 0);
    kill(engine, SIGKILL);
    waitpid(engine, NULL, 0);

    assert_true(daemon >= 0 && job >= 0);
    assert_true(dies(daemon));
    assert_true(dies(job));
}

static pid_t
parent_of(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *stat = file_read_text(AT_FDCWD, path, 4096, NULL);

    return stat != NULL ? (pid_t)strtol(strrchr(stat, ')') + 4, NULL, 10) : -1;
}

static void
nothing_survives_a_killed_keeper(void **state)
{
    Fixture *f = *state;
    AUTO_FD int daemon = -1;

    start_script(f, DAEMON "sleep 1000");
    daemon = pidfd_open(read_pid(f->out[0]), 0);
    assert_true(daemon >= 0);
    kill(parent_of(launched_pid(f->launched)), SIGKILL);

    assert_true(dies(daemon));
    assert_false(launched_wait(f->launched, DIE_MS, NULL, NULL, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
}

static void
freeing_the_launcher_leaves_no_process(void **state)
{
    Fixture *f = *state;
    AUTO_FD int daemon = -1;

    start_script(f, DAEMON "sleep 1000");
    daemon = pidfd_open(read_pid(f->out[0]), 0);
    assert_true(daemon >= 0);
    launcher_free(g_steal_pointer(&f->launcher));
    assert_int_equal(poll(&(struct pollfd){ .fd = daemon, .events = POLLIN }, 1, 0), 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(job_gets_only_what_the_spec_says),
        TEST(wait_reports_exit_code),
        TEST(wait_reports_signal),
        TEST(wait_times_out_and_can_be_asked_again),
        TEST(unknown_program_is_not_found),
        TEST(absent_working_folder_is_named_as_the_cause),
        TEST(passed_descriptors_keep_their_numbers_when_crossed),
        TEST(rlimits_hold_in_the_job),
        TEST(daemon_dies_with_the_job_that_left_it),
        TEST(kill_reaches_a_daemon_that_ignores_term),
        TEST(kill_lets_the_job_end_by_itself_within_the_grace),
        TEST(another_job_survives_a_kill),
        TEST(cancel_ends_the_wait_only),
        TEST(nothing_survives_a_killed_engine),
        TEST(nothing_survives_a_killed_keeper),
        TEST(freeing_the_launcher_leaves_no_process),
    };

    return cmocka_run_group_tests_name("launch", tests, NULL, NULL);
}
