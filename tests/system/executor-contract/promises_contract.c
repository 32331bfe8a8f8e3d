/* SPDX-License-Identifier: Apache-2.0
 * promises_contract: what a well-behaved step and its caller rely on. */
#include <fcntl.h>
#include <sys/stat.h>
#include "contract.h"
#include "executor/job_output.h"
#include "sys/thread.h"
#include "base/banned.h"

static void
exit_code_is_the_steps(void **state)
{
    Fixture *f = *state;

    run(f, "exit 7");
    assert_int_equal(f->result.exit_code, 7);
    assert_false(f->result.timed_out);
    assert_false(f->result.oom_killed);
}

static void
a_signal_is_128_and_its_number(void **state)
{
    Fixture *f = *state;

    run(f, "kill -9 $$");
    assert_int_equal(f->result.exit_code, 137);
}

static void
the_first_failing_line_ends_the_step(void **state)
{
    Fixture *f = *state;

    run(f, "echo one\nfalse\necho two");
    assert_int_equal(f->result.exit_code, 1);
    assert_string_equal(f->output, "one\n");
}

static void
argv_is_not_seen_by_a_shell(void **state)
{
    Fixture *f = *state;
    const char *const argv[] = { "printf", "%s|", "a b", "$HOME", "`id`", NULL };
    const StepSpec step = { .argv = argv };
    AUTO_FD int fd = open(f->dir.path, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    char text[64] = { 0 };

    acquire(f);
    bool ok = machine_exec(f->machine, &step, fd, NULL, &f->result, &f->error);
    assert_no_gerror(f->error);
    assert_true(ok);
    assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
    assert_string_equal(text, "a b|$HOME|`id`|");
}

static void
stdout_and_stderr_come_in_order(void **state)
{
    Fixture *f = *state;

    run_good(f, "echo one; echo two >&2; echo three");
    assert_string_equal(f->output, "one\ntwo\nthree\n");
}

static void
stdin_is_at_its_end(void **state)
{
    Fixture *f = *state;

    run_good(f, "test \"$(cat)\" = ''");
}

static void
source_is_there_and_writable(void **state)
{
    Fixture *f = *state;
    AUTO_FD int fd = dir_open(AT_FDCWD, f->source, NULL);

    assert_true(file_write_new(fd, "README", span_of_text("hello\n"), 0644, &f->error));
    run_good(f, "test \"$PWD\" = \"$SLIPWAY_SRC\"; cat README; echo more >> README; "
                "mkdir -p sub/folder; touch sub/folder/file; rm README");
    assert_string_equal(f->output, "hello\n");
}

static void
steps_of_a_machine_share_its_folders(void **state)
{
    Fixture *f = *state;

    run_good(f, "echo a > $SLIPWAY_SRC/one; echo b > $SLIPWAY_OUT/two; echo c > $TMPDIR/three; "
                "echo d > $HOME/four");
    run_good(f, "cat $SLIPWAY_SRC/one $SLIPWAY_OUT/two $TMPDIR/three $HOME/four");
    assert_string_equal(f->output, "a\nb\nc\nd\n");
}

static void
a_step_runs_in_its_own_folder(void **state)
{
    Fixture *f = *state;
    const StepSpec step = { .shell = "pwd > where", .cwd = "deep/down" };
    AUTO_FD int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

    run_good(f, "mkdir -p deep/down");
    bool ok = machine_exec(f->machine, &step, fd, NULL, &f->result, &f->error);
    assert_no_gerror(f->error);
    assert_true(ok);
    run_good(f, "test \"$(cat deep/down/where)\" = \"$SLIPWAY_SRC/deep/down\"");
}

static void
inputs_are_there(void **state)
{
    Fixture *f = *state;
    AUTO_FD int fd = dir_open(AT_FDCWD, f->dir.path, NULL);
    g_autofree char *path = g_strconcat(f->dir.path, "/artifact", NULL);

    assert_true(
        file_write_new(fd, "artifact", span_of_text("#!/bin/sh\necho ran\n"), 0600, &f->error));
    AUTO_FD int artifact = open(path, O_RDONLY | O_CLOEXEC);
    const MachineInput inputs[] = { { .path = "tools/go", .fd = artifact, .executable = true },
                                    { .path = "text", .fd = -1, .file = path } };
    f->spec.inputs = inputs;
    f->spec.n_inputs = G_N_ELEMENTS(inputs);
    run_good(f, "$SLIPWAY_IN/tools/go; tail -n 1 $SLIPWAY_IN/text");
    assert_string_equal(f->output, "ran\necho ran\n");
}

static void
environment_is_the_documented_one(void **state)
{
    Fixture *f = *state;

    run_good(f, "env");
    assert_silent_about(f, "CONTRACT_ENGINE_SECRET");
    assert_silent_about(f, SECRET);
    assert_says(f, "SLIPWAY_SRC=");
    assert_says(f, "GITHUB_OUTPUT=");
    assert_says(f, "TZ=UTC\n");
    assert_says(f, "LC_ALL=C.UTF-8\n");
    run_good(f, "test -d \"$HOME\" && test -w \"$HOME\" && test -f \"$OUTPUT\" && "
                "test \"$GITHUB_WORKSPACE\" = \"$SLIPWAY_SRC\"");
}

static void
outputs_are_read_back(void **state)
{
    Fixture *f = *state;
    const char *const declared[] = { "version", "notes", NULL };

    run_good(f, "echo version=1.2.3 >> $OUTPUT");
    run_good(f, "printf 'notes<<END\\ntwo\\nlines\\nEND\\n' >> $OUTPUT");
    f->bytes = machine_read_output(f->machine, &f->error);
    assert_no_gerror(f->error);
    f->table = job_output_parse(span_of_bytes(f->bytes), declared, &f->error);
    assert_no_gerror(f->error);
    assert_string_equal(g_hash_table_lookup(f->table, "version"), "1.2.3");
    assert_string_equal(g_hash_table_lookup(f->table, "notes"), "two\nlines");
}

static void
collect(Fixture *f, const char *glob)
{
    const char *const globs[] = { glob, NULL };

    f->files = machine_collect(f->machine, globs, NULL, &f->error);
}

static void
artifacts_are_collected_sorted(void **state)
{
    Fixture *f = *state;
    char text[8] = { 0 };

    run_good(f, "cd $SLIPWAY_OUT; mkdir -p b/c; echo 1 > b/c/x; echo 22 > a; chmod +x a; "
                "echo 3 > b/ignored.log");
    const char *const globs[] = { "**/x", "a", "?", NULL };
    f->files = machine_collect(f->machine, globs, NULL, &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(f->files->len, 2);
    const MachineFile *first = f->files->pdata[0];
    const MachineFile *second = f->files->pdata[1];
    assert_string_equal(first->path, "a");
    assert_int_equal(first->size_bytes, 3);
    assert_true(first->executable);
    assert_string_equal(second->path, "b/c/x");
    assert_false(second->executable);
    AUTO_FD int fd = machine_open_output(f->machine, second->path, &f->error);
    assert_no_gerror(f->error);
    assert_int_equal(read(fd, text, sizeof text), 2);
    assert_string_equal(text, "1\n");
}

static void
a_glob_without_a_match_is_an_error(void **state)
{
    Fixture *f = *state;

    run_good(f, "echo 1 > $SLIPWAY_OUT/a");
    collect(f, "*.tar.gz");
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    assert_non_null(strstr(f->error->message, "*.tar.gz"));
}

static void
a_step_out_of_time_is_killed(void **state)
{
    Fixture *f = *state;
    bool ok = run_for(f, "trap '' TERM; while :; do sleep 1; done", 200);

    assert_no_gerror(f->error);
    assert_true(ok);
    assert_true(f->result.timed_out);
    assert_true(f->result.wall_us >= 200000);
}

static void
trigger(void *data)
{
    Fixture *f = data;

    g_usleep(100000); /* time for the step to start; earlier would be cancelled just the same */
    cancel_trigger(f->cancel);
}

static void
cancelling_kills_the_step(void **state)
{
    Fixture *f = *state;

    acquire(f);
    Thread *thread = thread_start("trigger", trigger, f, &f->error);
    assert_no_gerror(f->error);
    g_autofree char *script = g_strdup_printf("sh -c 'sleep 600' %s", f->marker);
    bool ok = run_for(f, script, 0);
    thread_join(thread);
    assert_false(ok);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_CANCELLED);
    assert_int_equal(count_marked_processes(f), 0);
}

static void
used_time_is_counted(void **state)
{
    Fixture *f = *state;

    run_good(f, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done");
    assert_true(f->result.user_us > 20000);
    assert_true(f->result.wall_us >= f->result.user_us / 2);
    assert_true(f->result.max_rss_bytes > 100000);
}

static void
release_removes_everything(void **state)
{
    Fixture *f = *state;
    struct stat st = { 0 };

    run_good(f, "mkdir -p a/b $TMPDIR/c; touch a/b/file; chmod 0 a/b; chmod 0500 a; "
                "chmod 0 $TMPDIR/c");
    assert_true(machine_release(f->machine, &f->error));
    assert_no_gerror(f->error);
    assert_int_equal(stat(f->scratch, &st), -1);
    assert_int_equal(stat(f->source, &st), -1);
    assert_true(machine_release(f->machine, &f->error)); /* idempotent */
}

typedef struct {
    Fixture *f;
    int number;
    int exit_code;
    Thread *thread;
} Parallel;

static void
run_parallel(void *data)
{
    Parallel *p = data;
    g_autofree char *scratch = g_strdup_printf("%s/scratch-%d", p->f->dir.path, p->number);
    g_autofree char *script =
        g_strdup_printf("echo %d > who; sleep 0.1; exit $(cat who)", p->number);
    g_autofree char *slot = fixture_slot(p->f, p->number);
    const MachineSpec spec = {
        .label = "parallel", .scratch_dir = scratch, .slot = slot, .settings = p->f->settings
    };
    const StepSpec step = { .shell = script };
    g_autoptr(Machine) machine = executor_acquire(p->f->suite->executor, &spec, NULL, NULL);
    StepResult result = { .exit_code = -1 };
    AUTO_FD int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (machine != NULL && machine_exec(machine, &step, fd, NULL, &result, NULL))
        p->exit_code = result.exit_code;
}

static void
machines_run_side_by_side(void **state)
{
    Fixture *f = *state;
    Parallel parallel[2];

    for (int i = 0; i < 2; i++) {
        parallel[i] = (Parallel){ .f = f, .number = i, .exit_code = -1 };
        parallel[i].thread = thread_start("machine", run_parallel, &parallel[i], &f->error);
        assert_no_gerror(f->error);
    }
    for (int i = 0; i < 2; i++)
        thread_join(parallel[i].thread);
    for (int i = 0; i < 2; i++)
        assert_int_equal(parallel[i].exit_code, i);
}

static void
a_scratch_folder_in_use_is_refused(void **state)
{
    Fixture *f = *state;
    g_autofree char *inside = g_strconcat(f->scratch, "/somebody", NULL);

    assert_true(dir_create_all(AT_FDCWD, inside, 0700, &f->error));
    f->machine = executor_acquire(f->suite->executor, &f->spec, NULL, &f->error);
    assert_null(f->machine);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
    assert_int_equal(access(inside, F_OK), 0); /* it is not ours to remove */
}

/* Copies a shell and what it is linked with into a new root folder, by a step of another machine.
 */
#define MAKE_ROOT                                                                                  \
    "mkdir -p $SLIPWAY_OUT/root/etc; cd $SLIPWAY_OUT/root; echo mine > etc/os-release; "           \
    "for f in /bin/sh /bin/cat $(ldd /bin/sh /bin/cat | grep -o '/[^ ]*' | grep -v ':$'); do "     \
    "mkdir -p .$(dirname $f); cp -L $f .$f; done"

static void
a_root_file_system_is_the_whole_system(void **state)
{
    Fixture *f = *state;
    g_autofree char *root = g_strconcat(f->scratch, "/out/root", NULL);
    g_autofree char *scratch = g_strconcat(f->dir.path, "/second", NULL);
    const MachineSpec spec = { .label = "root", .scratch_dir = scratch, .root_dir = root };

    run_good(f, MAKE_ROOT);
    Machine *first = f->machine;
    f->machine = executor_acquire(f->suite->executor, &spec, NULL, &f->error);
    assert_no_gerror(f->error);
    run(f, "cat /etc/os-release; for f in /*; do echo $f; done; : > /etc/planted");
    Machine *second = f->machine;
    f->machine = first;
    machine_free(second);
    assert_int_not_equal(f->result.exit_code, 0); /* read-only */
    assert_says(f, "mine\n");
    assert_says(f, "/src\n");
    assert_silent_about(f, "/home\n");
    g_autofree char *planted = g_strconcat(root, "/etc/planted", NULL);
    assert_int_equal(access(planted, F_OK), -1);
}

/* A program that says something and runs nothing stands for a bwrap that cannot do its work. */
static void
a_trial_tells_why_it_failed(void **state)
{
    Fixture *f = *state;
    const ExecutorConfig config = { .launcher = f->suite->launcher,
                                    .flags = EXECUTOR_TRIAL,
                                    .sandbox_program = "/bin/echo" };
    Executor *executor = executor_open("sandbox", &config, &f->error);

    assert_null(executor);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_UNAVAILABLE);
    assert_non_null(strstr(f->error->message, "a trial of the sandbox failed: --unshare-user"));
}

static void
a_reclaimed_machine_is_clean(void **state)
{
    Fixture *f = *state;
    const MachineSpec *spec = &f->spec;
    Executor *executor = f->suite->executor;

    run_good(f, "echo left > $TMPDIR/behind");
    for (int i = 0; i < 2; i++) { /* idempotent */
        bool ok = executor_reclaim(executor, spec->slot, spec->settings, NULL, &f->error);
        assert_no_gerror(f->error);
        assert_true(ok);
    }
    machine_free(f->machine);
    f->machine = NULL;
    assert_true(dir_create_all(AT_FDCWD, f->source, 0755, &f->error));
    run_good(f, "test ! -e $TMPDIR/behind");
}

const Promise promises_contract[] = {
    { "a_reclaimed_machine_is_clean", a_reclaimed_machine_is_clean, NULL },
    { "exit_code_is_the_steps", exit_code_is_the_steps, NULL },
    { "a_signal_is_128_and_its_number", a_signal_is_128_and_its_number, NULL },
    { "the_first_failing_line_ends_the_step", the_first_failing_line_ends_the_step, NULL },
    { "argv_is_not_seen_by_a_shell", argv_is_not_seen_by_a_shell, NULL },
    { "stdout_and_stderr_come_in_order", stdout_and_stderr_come_in_order, NULL },
    { "stdin_is_at_its_end", stdin_is_at_its_end, NULL },
    { "source_is_there_and_writable", source_is_there_and_writable, NULL },
    { "steps_of_a_machine_share_its_folders", steps_of_a_machine_share_its_folders, NULL },
    { "a_step_runs_in_its_own_folder", a_step_runs_in_its_own_folder, NULL },
    { "inputs_are_there", inputs_are_there, NULL },
    { "environment_is_the_documented_one", environment_is_the_documented_one, NULL },
    { "outputs_are_read_back", outputs_are_read_back, NULL },
    { "artifacts_are_collected_sorted", artifacts_are_collected_sorted, NULL },
    { "a_glob_without_a_match_is_an_error", a_glob_without_a_match_is_an_error, NULL },
    { "a_step_out_of_time_is_killed", a_step_out_of_time_is_killed, NULL },
    { "cancelling_kills_the_step", cancelling_kills_the_step, NULL },
    { "used_time_is_counted", used_time_is_counted, NULL },
    { "release_removes_everything", release_removes_everything, NULL },
    { "machines_run_side_by_side", machines_run_side_by_side, NULL },
    { "a_root_file_system_is_the_whole_system", a_root_file_system_is_the_whole_system,
      "it has the host's own" },
    { "a_trial_tells_why_it_failed", a_trial_tells_why_it_failed, "it needs no trial" },
    { "a_scratch_folder_in_use_is_refused", a_scratch_folder_in_use_is_refused, NULL },
    { 0 },
};
