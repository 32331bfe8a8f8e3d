/* SPDX-License-Identifier: Apache-2.0
 * promises_limits: one job must not take the machine from the others. */
#include <sys/stat.h>
#include "contract.h"
#include "base/banned.h"

#define MIB (1u << 20)

static void
skip_where_not_enforced(Fixture *f, const char *limit)
{
    acquire(f);
    g_autofree char *text = machine_limits_text(f->machine);
    const char *at = strstr(text, limit);
    bool enforced = at != NULL && strncmp(strchr(at, '('), "(NOT", 4) != 0;

    print_message("# %s\n", text);
    test_needs("cgroup", enforced);
}

static void
a_fork_bomb_stays_under_its_limit(void **state)
{
    Fixture *f = *state;

    f->spec.limits.pids = 24;
    skip_where_not_enforced(f, "processes");
    g_autofree char *script = g_strdup_printf(
        "for i in $(seq 200); do sleep 60 & done 2>/dev/null; : %s; jobs -p | wc -l", f->marker);
    run(f, script);
    assert_int_not_equal(f->result.exit_code, 0); /* the shell gives up at the refused fork */
    assert_int_equal(count_marked_processes(f), 0);
}

static void
a_bomb_of_all_depths_ends_with_its_time(void **state)
{
    Fixture *f = *state;

    f->spec.limits.pids = 24;
    skip_where_not_enforced(f, "processes");
    g_autofree char *script = g_strdup_printf(
        "echo 'sh $SLIPWAY_SRC/bomb %s & sh $SLIPWAY_SRC/bomb %s & wait; sh $SLIPWAY_SRC/bomb %s' "
        "> bomb; sh bomb %s; while :; do sleep 1; done",
        f->marker, f->marker, f->marker, f->marker);
    bool ok = run_for(f, script, 500);
    assert_no_gerror(f->error);
    assert_true(ok);
    assert_int_equal(count_marked_processes(f), 0);
}

static void
a_memory_hog_is_stopped(void **state)
{
    Fixture *f = *state;

    f->spec.limits.memory_bytes = 96 * MIB;
    skip_where_not_enforced(f, "memory");
    run(f, "perl -e '$x = \"a\" x (600 << 20); print \"HAD IT\"'");
    assert_int_not_equal(f->result.exit_code, 0);
    assert_silent_about(f, "HAD IT");
}

static void
the_memory_limit_is_named_as_the_reason(void **state)
{
    Fixture *f = *state;

    f->spec.limits.memory_bytes = 96 * MIB;
    acquire(f);
    g_autofree char *text = machine_limits_text(f->machine);
    test_needs("cgroup", strstr(text, "cgroup") != NULL);
    run(f, "perl -e '$x = \"a\" x (600 << 20)'");
    assert_true(f->result.oom_killed);
    run_good(f, "true"); /* the count is of the step, not of the machine */
    assert_false(f->result.oom_killed);
}

static void
a_huge_file_is_cut_off(void **state)
{
    Fixture *f = *state;
    const char *const globs[] = { "huge", NULL };

    f->spec.limits.file_size_bytes = MIB;
    run(f, "dd if=/dev/zero of=$SLIPWAY_OUT/huge bs=65536 count=64 2>/dev/null");
    assert_int_not_equal(f->result.exit_code, 0);
    f->files = machine_collect(f->machine, globs, NULL, &f->error);
    assert_no_gerror(f->error);
    const MachineFile *file = f->files->pdata[0];
    assert_int_equal(file->size_bytes, MIB);
}

static void
collecting_stops_at_the_limit_of_bytes(void **state)
{
    Fixture *f = *state;
    const char *const globs[] = { "*", NULL };
    const MachineCollectLimits limits = { .max_total_bytes = 100 };

    run_good(f, "head -c 60 /dev/zero > $SLIPWAY_OUT/a; head -c 60 /dev/zero > $SLIPWAY_OUT/b");
    f->files = machine_collect(f->machine, globs, &limits, &f->error);
    assert_null(f->files);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void
collecting_stops_at_the_limit_of_files(void **state)
{
    Fixture *f = *state;
    const char *const globs[] = { "*", NULL };
    const MachineCollectLimits limits = { .max_files = 2 };

    run_good(f, "touch $SLIPWAY_OUT/a $SLIPWAY_OUT/b $SLIPWAY_OUT/c");
    f->files = machine_collect(f->machine, globs, &limits, &f->error);
    assert_null(f->files);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void
a_processor_limit_slows_the_step(void **state)
{
    Fixture *f = *state;

    f->spec.limits.cpu_percent = 20;
    skip_where_not_enforced(f, "cpu");
    run_good(f, "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done");
    /* a fifth of a processor: at least 3 times the time used, the first period being free */
    assert_true(f->result.wall_us > 3 * (f->result.user_us + f->result.system_us) - 200000);
}

static void
a_command_line_over_the_kernels_limit_is_refused(void **state)
{
    Fixture *f = *state;
    g_autofree char *script = g_strnfill(200000, ' ');
    bool ok = run_for(f, script, 0);

    assert_false(ok);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

const Promise promises_limits[] = {
    { "a_fork_bomb_stays_under_its_limit", a_fork_bomb_stays_under_its_limit, NULL },
    { "a_bomb_of_all_depths_ends_with_its_time", a_bomb_of_all_depths_ends_with_its_time, NULL },
    { "a_memory_hog_is_stopped", a_memory_hog_is_stopped, NULL },
    { "the_memory_limit_is_named_as_the_reason", the_memory_limit_is_named_as_the_reason, NULL },
    { "a_huge_file_is_cut_off", a_huge_file_is_cut_off, NULL },
    { "collecting_stops_at_the_limit_of_bytes", collecting_stops_at_the_limit_of_bytes, NULL },
    { "collecting_stops_at_the_limit_of_files", collecting_stops_at_the_limit_of_files, NULL },
    { "a_processor_limit_slows_the_step", a_processor_limit_slows_the_step, NULL },
    { "a_command_line_over_the_kernels_limit_is_refused",
      a_command_line_over_the_kernels_limit_is_refused, NULL },
    { 0 },
};
