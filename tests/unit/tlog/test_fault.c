/* SPDX-License-Identifier: Apache-2.0
 * test_fault: each call to the operating system failing in turn, as on a full disk: an append is
 * either whole or as if it never was, and only a failed sync of the journal ends the process. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "log_fixture.h"
#include "os_fault.h"
#include "base/banned.h"

#define N_BEFORE 30
#define N_NEW    40 /* enough to make a mark due and to write zeros ahead */

typedef enum {
    CHILD_APPENDED = 10,   /* with the fault hit on the way */
    CHILD_REFUSED,         /* and the next append went well */
    CHILD_REACHED_THE_END, /* no call was left to fail */
    CHILD_WRONG,
} ChildOutcome;

typedef struct {
    const char *label;
    OsFaultMode mode;
    int error_number;
} FaultRow;

static const FaultRow table[] = {
    { "no space", OS_FAULT_ONE, ENOSPC },
    { "short write, then no space", OS_FAULT_SHORT, ENOSPC },
    { "I/O error", OS_FAULT_ONE, EIO },
};

/* The append under test, in a process of its own: a failed sync ends it. */
static ChildOutcome
append_with_fault(LogFixture *f, const FaultRow *row, uint64_t nth)
{
    g_autoptr(Tlog) tlog = tlog_open(f->path, FIXTURE_ORIGIN, NULL, 0, &f->error);
    TlogEntry entries[N_NEW];
    TlogEntry next = { .leaf = span_of_text("after") };

    for (size_t i = 0; i < N_NEW; i++)
        entries[i] = (TlogEntry){ .leaf = span_of_text("under test") };
    os_fault_fail_at(nth, row->mode, row->error_number);
    bool ok = tlog != NULL && tlog_append(tlog, entries, N_NEW, NULL, &f->error);
    bool hit = os_fault_hit();
    os_fault_reset();
    if (ok)
        return hit ? CHILD_APPENDED : CHILD_REACHED_THE_END;
    if (tlog == NULL || tlog_get_size(tlog) != N_BEFORE)
        return CHILD_WRONG;
    return tlog_append(tlog, &next, 1, NULL, NULL) ? CHILD_REFUSED : CHILD_WRONG;
}

static int
run_child(LogFixture *f, const FaultRow *row, uint64_t nth)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        struct rlimit none = { 0 };

        setrlimit(RLIMIT_CORE, &none);
        signal(SIGABRT, SIG_DFL); /* not the test framework's */
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        _exit((int)append_with_fault(f, row, nth));
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void
assert_whole(LogFixture *f, uint64_t at_least, uint64_t at_most)
{
    TlogCheckReport report;
    bool opened = log_fixture_reopen(f);

    assert_no_gerror(f->error);
    assert_true(opened);
    bool ok = tlog_check(f->tlog, &report, &f->error);
    assert_no_gerror(f->error);
    assert_true(ok);
    assert_in_range(tlog_get_size(f->tlog), at_least, at_most);
    log_fixture_close(f);
}

/* Returns: whether there may be a call after the @nth. */
static bool
try_fault(LogFixture *f, const FaultRow *row, uint64_t nth)
{
    test_case("%s at call %" PRIu64 "\n", row->label, nth);
    log_fixture_create(f);
    log_fixture_append(f, N_BEFORE, N_BEFORE);
    log_fixture_close(f);
    int status = run_child(f, row, nth);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGABRT);
        assert_whole(f, N_BEFORE, N_BEFORE + N_NEW);
    } else {
        int outcome = WEXITSTATUS(status);

        assert_int_not_equal(outcome, CHILD_WRONG);
        uint64_t size = outcome == CHILD_REFUSED ? N_BEFORE + 1 : N_BEFORE + N_NEW;
        assert_whole(f, size, size);
    }
    bool removed = dir_remove_all(AT_FDCWD, f->path, &f->error);
    assert_no_gerror(f->error);
    assert_true(removed);
    return WIFSIGNALED(status) || WEXITSTATUS(status) != CHILD_REACHED_THE_END;
}

static void
an_append_is_whole_or_never_was(void **state)
{
    LogFixture *f = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        uint64_t nth = 1;

        while (try_fault(f, &table[i], nth))
            nth++;
        assert_true(nth > 5); /* offsets, tiles, journal, zeros ahead, its sync */
    }
}

#define LOG_TEST(name)                                                                             \
    cmocka_unit_test_setup_teardown(name, log_fixture_setup, log_fixture_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(an_append_is_whole_or_never_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
