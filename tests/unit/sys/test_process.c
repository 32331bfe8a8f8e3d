/* SPDX-License-Identifier: Apache-2.0
 * test_process: what a child gets, how its end is told, and that none is left. */
#include "testing.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/files.h"
#include "sys/process.h"
#include "base/banned.h"

typedef struct Fixture {
    ProcessResult result;
    Process *process;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    *state = g_new0(Fixture, 1);
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    process_free(f->process);
    process_result_clear(&f->result);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static const char *const path_only[] = { "PATH=/usr/bin:/bin", NULL };

static bool
run_script(Fixture *f, const char *script, const char *input, size_t limit, int timeout_ms,
           Cancel *cancel)
{
    const char *argv[] = { "sh", "-c", script, NULL };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .env = path_only, .cwd = "/" };

    return process_run(&spec, span_of_text(input), limit, timeout_ms, cancel, &f->result,
                       &f->error);
}

static void
assert_output(Fixture *f, const char *wanted)
{
    g_autofree char *got = NULL;
    Span span;

    assert_no_gerror(f->error);
    span = span_of_bytes(f->result.output);
    got = g_strndup((const char *)span.data, span.len);
    assert_string_equal(got, wanted);
}

static void
run_gives_output_errors_and_exit_code(void **state)
{
    Fixture *f = *state;

    run_script(f, "cat; echo oops >&2; exit 3", "input\n", 100, -1, NULL);
    assert_output(f, "input\n");
    assert_string_equal(f->result.errors, "oops\n");
    assert_int_equal(f->result.exit.exit_code, 3);
}

static void
child_inherits_neither_environment_nor_descriptors(void **state)
{
    Fixture *f = *state;
    AUTO_FD int leak = open("/dev/null", O_RDONLY); /* not close-on-exec, on purpose */
    g_autofree char *script = g_strdup_printf(
        "env; test -e /proc/$$/fd/2 && test ! -e /proc/$$/fd/%d && echo none", leak);

    assert_true(leak >= 0);
    run_script(f, script, "", 1000, -1, NULL);
    assert_output(f, "PATH=/usr/bin:/bin\nPWD=/\nnone\n");
}

static void
child_has_an_empty_signal_mask_and_default_handlers(void **state)
{
    Fixture *f = *state;
    sigset_t block, old;

    sigfillset(&block);
    sigprocmask(SIG_SETMASK, &block, &old);
    signal(SIGPIPE, SIG_IGN);
    run_script(f, "kill -PIPE $$; kill -TERM $$; exit 1", "", 1000, -1, NULL);
    sigprocmask(SIG_SETMASK, &old, NULL);
    signal(SIGPIPE, SIG_DFL);
    assert_no_gerror(f->error);
    assert_int_equal(f->result.exit.signal, SIGPIPE);
}

static void
passed_descriptors_keep_their_numbers_when_crossed(void **state)
{
    Fixture *f = *state;
    const char *argv[] = { "/bin/sh", "-c", "cat <&8; cat <&9", NULL };
    AUTO_FD int out = memfd_create("out", MFD_CLOEXEC);
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .env = path_only };
    char got[8] = { 0 };
    int a = memfd_create("a", MFD_CLOEXEC), b = memfd_create("b", MFD_CLOEXEC);

    assert_int_equal(pwrite(a, "A", 1, 0) + pwrite(b, "B", 1, 0), 2);
    assert_true(dup2(a, 9) == 9 && dup2(b, 8) == 8);
    ProcessFd fds[] = { { .from = 9, .to = 8 }, { .from = 8, .to = 9 } };
    spec.stdout_fd = out;
    spec.fds = fds;
    spec.n_fds = 2;
    f->process = process_spawn(&spec, &f->error);
    close(a), close(b), close(8), close(9);
    assert_no_gerror(f->error);
    assert_true(process_wait(f->process, -1, NULL, NULL, &f->error));
    assert_int_equal(pread(out, got, sizeof got, 0), 2);
    assert_string_equal(got, "AB");
}

static void
run_stops_at_the_output_limit(void **state)
{
    Fixture *f = *state;

    assert_false(run_script(f, "yes", "", 1000, -1, NULL));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void
run_stops_at_the_timeout(void **state)
{
    Fixture *f = *state;

    assert_false(run_script(f, "sleep 1000", "", 1000, 10, NULL));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_TIMEOUT);
}

static void
run_stops_when_cancelled(void **state)
{
    Fixture *f = *state;
    g_autoptr(Cancel) cancel = cancel_new();

    cancel_trigger(cancel);
    assert_false(run_script(f, "sleep 1000", "", 1000, -1, cancel));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_CANCELLED);
}

static void
run_keeps_the_head_of_endless_stderr(void **state)
{
    Fixture *f = *state;

    assert_true(run_script(f, "head -c 200000 /dev/zero | tr '\\0' x >&2", "", 10, -1, NULL));
    assert_int_equal(strlen(f->result.errors), PROCESS_STDERR_BYTES);
}

static void
run_does_not_wait_for_a_daemon_that_holds_its_output(void **state)
{
    Fixture *f = *state;

    run_script(f, "sleep 5 & echo done", "", 100, 4000, NULL);
    assert_output(f, "done\n");
}

static void
unknown_program_is_not_found(void **state)
{
    Fixture *f = *state;
    const char *argv[] = { "no-such-program-here", NULL };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .env = path_only };

    f->process = process_spawn(&spec, &f->error);
    assert_null(f->process);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
}

static void
free_kills_the_whole_group(void **state)
{
    Fixture *f = *state;
    const char *argv[] = { "/bin/sh", "-c", "sleep 1000 & wait", NULL };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .env = path_only };
    pid_t pid;

    f->process = process_spawn(&spec, &f->error);
    assert_no_gerror(f->error);
    pid = process_pid(f->process);
    process_free(g_steal_pointer(&f->process));
    assert_int_equal(kill(pid, 0), -1);
}

static void
wait_tells_the_signal_twice(void **state)
{
    Fixture *f = *state;
    const char *argv[] = { "/bin/sleep", "1000", NULL };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv };
    ProcessExit end = { 0 };

    f->process = process_spawn(&spec, &f->error);
    process_kill(f->process, SIGTERM);
    assert_true(process_wait(f->process, -1, NULL, NULL, &f->error));
    assert_true(process_wait(f->process, 0, NULL, &end, &f->error));
    assert_int_equal(end.signal, SIGTERM);
    assert_int_equal(end.exit_code, -1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(run_gives_output_errors_and_exit_code),
        TEST(child_inherits_neither_environment_nor_descriptors),
        TEST(child_has_an_empty_signal_mask_and_default_handlers),
        TEST(passed_descriptors_keep_their_numbers_when_crossed),
        TEST(run_stops_at_the_output_limit),
        TEST(run_stops_at_the_timeout),
        TEST(run_stops_when_cancelled),
        TEST(run_keeps_the_head_of_endless_stderr),
        TEST(run_does_not_wait_for_a_daemon_that_holds_its_output),
        TEST(unknown_program_is_not_found),
        TEST(free_kills_the_whole_group),
        TEST(wait_tells_the_signal_twice),
    };

    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
