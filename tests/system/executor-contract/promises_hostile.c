/* SPDX-License-Identifier: Apache-2.0
 * promises_hostile: a job that wants the engine's keys, its sockets, its neighbours and its future.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include "contract.h"
#include "executor/job_output.h"
#include "base/banned.h"

#define PERL_CONNECT_UNIX                                                                          \
    "perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) or die; "                                \
    "connect(S, pack_sockaddr_un($ENV{T_DATA} . \"/slipway.sock\")) and print \"CONNECTED\"'"
#define PERL_CONNECT_ABSTRACT                                                                      \
    "perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) or die; "                                \
    "connect(S, pack(\"S a*\", AF_UNIX, \"\\0\" . $ENV{T_MARK})) and print \"CONNECTED\"'"
#define PERL_CONNECT_TCP(host, port)                                                               \
    "perl -MSocket -e 'alarm 3; socket(S, AF_INET, SOCK_STREAM, 0) or die; "                       \
    "connect(S, pack_sockaddr_in(" port ", inet_aton(\"" host "\"))) and print \"CONNECTED\"; "    \
    "print \"DONE $!\"'"

static void
reads_no_key(void **state)
{
    Fixture *f = *state;

    run(f,
        "cat $T_DATA/keys/engine.key; ls -a $T_DATA/..; find / -name engine.key 2>/dev/null; true");
    assert_silent_about(f, SECRET);
    assert_silent_about(f, "keys/engine.key\n");
}

static void
writes_nothing_into_the_data_folder(void **state)
{
    Fixture *f = *state;
    g_autofree char *path = g_strconcat(f->data, "/planted", NULL);
    struct stat st = { 0 };

    run(f, "mkdir -p $T_DATA; echo x > $T_DATA/planted"); /* into its own /tmp, if anywhere */
    assert_int_equal(stat(path, &st), -1);
}

static void
reaches_no_unix_socket(void **state)
{
    Fixture *f = *state;

    run(f, PERL_CONNECT_UNIX);
    assert_silent_about(f, "CONNECTED");
}

static void
reaches_no_abstract_socket(void **state)
{
    Fixture *f = *state;

    run(f, PERL_CONNECT_ABSTRACT);
    assert_silent_about(f, "CONNECTED");
}

static void
reaches_no_loopback_of_the_host(void **state)
{
    Fixture *f = *state;

    run_good(f, PERL_CONNECT_TCP("127.0.0.1", "$ENV{T_PORT}"));
    assert_says(f, "DONE");
    assert_silent_about(f, "CONNECTED");
}

static void
reaches_no_metadata_address(void **state)
{
    Fixture *f = *state;

    run_good(f, PERL_CONNECT_TCP("169.254.169.254", "80"));
    assert_says(f, "DONE Network is unreachable");
}

static void
sees_no_other_process(void **state)
{
    Fixture *f = *state;

    run_good(f, "ls -d /proc/[0-9]* | wc -l");
    assert_true(g_ascii_strtoll(f->output, NULL, 10) <= 4);
}

static void
writes_nothing_into_the_system(void **state)
{
    Fixture *f = *state;

    run_good(f, "for d in / /usr /usr/bin /etc /bin /lib /run /proc/sys/kernel; do "
                "if (: > $d/planted) 2>/dev/null; then echo WROTE $d; fi; done");
    assert_silent_about(f, "WROTE");
}

static void
changes_no_kernel_setting(void **state)
{
    Fixture *f = *state;

    run_good(f, "if (echo 1 > /proc/sys/vm/drop_caches) 2>/dev/null; then echo WROTE; fi; "
                "if (echo h > /proc/sysrq-trigger) 2>/dev/null; then echo WROTE; fi");
    assert_silent_about(f, "WROTE");
}

/* /dev/full: if it goes wrong nobody else needs it; put right again whatever happens. */
static void
changes_no_device(void **state)
{
    Fixture *f = *state;
    struct stat before = { 0 };
    struct stat after = { 0 };

    assert_int_equal(stat("/dev/full", &before), 0);
    run(f, "chmod 600 /dev/full; chmod 600 /dev/null");
    assert_int_equal(stat("/dev/full", &after), 0);
    if (before.st_mode != after.st_mode) {
        (void)chmod("/dev/full", 0666);
        (void)chmod("/dev/null", 0666);
    }
    assert_int_equal(before.st_mode, after.st_mode);
}

/* Not so in a container whose root is a plain user of the machine. */
static bool
we_are_root_of_the_machine(void)
{
    FILE *map = fopen("/proc/self/uid_map", "re");
    unsigned inside = 1;
    unsigned outside = 1;
    int n = map == NULL ? 0 : fscanf(map, "%u %u", &inside, &outside);

    if (map != NULL)
        fclose(map);
    return geteuid() == 0 && n == 2 && inside == 0 && outside == 0;
}

static void
leaves_no_setuid_file_of_the_engines(void **state)
{
    Fixture *f = *state;
    bool is_command = strcmp(f->suite->driver, "command") == 0;
    g_autofree char *folder =
        is_command ? g_strconcat(f->machines, "/slot-1/src", NULL) : g_strdup(f->source);
    g_autofree char *path = g_strconcat(folder, "/sh", NULL);
    struct stat st = { 0 };

    run_good(f, "cp /bin/sh sh; chmod 6755 sh");
    assert_int_equal(stat(path, &st), 0);
    assert_true(!we_are_root_of_the_machine() || st.st_uid != 0);
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 077, 0); /* and nobody else can get at it */
}

static void
reads_no_shadow_file(void **state)
{
    Fixture *f = *state;

    run(f, "cat /etc/shadow /etc/ssl/private/* /root/.* /home/*/.ssh/*");
    assert_int_not_equal(f->result.exit_code, 0);
    assert_silent_about(f, "root:");
}

static void
gains_no_privilege_from_setuid(void **state)
{
    Fixture *f = *state;

    run_good(f, "grep '^NoNewPrivs:.1$' /proc/self/status");
}

static void
is_a_plain_user(void **state)
{
    Fixture *f = *state;

    run_good(f, "id -u; grep -c '^Cap[A-Z][a-z]*:.0000000000000000$' /proc/self/status");
    assert_string_equal(f->output, "1000\n5\n");
}

static void
enters_no_namespace(void **state)
{
    Fixture *f = *state;

    run(f, "unshare --user true && echo NESTED; unshare --mount true && echo NESTED; "
           "nsenter --net=/proc/1/ns/net true && echo NESTED");
    assert_silent_about(f, "NESTED");
}

static void
makes_no_refused_call(void **state)
{
    Fixture *f = *state;

    /* 40: AF_VSOCK reaches the hypervisor past every namespace. 101: ptrace; 250: keyctl (x86-64)
     */
    run_good(f, "perl -e 'socket(S, 40, 1, 0) and print \"VSOCK \"; print $!, \"\\n\"'");
    assert_says(f, "Address family not supported");
    run_good(f,
             "if [ $(uname -m) = x86_64 ]; then perl -e '"
             "syscall(101, 0, 0, 0, 0) == -1 and print \"ptrace $!\\n\"; "
             "syscall(250, 0, -3, 0) == -1 and print \"keyctl $!\\n\"'; "
             "else echo ptrace Operation not permitted; echo keyctl Operation not permitted; fi");
    assert_string_equal(f->output,
                        "ptrace Operation not permitted\nkeyctl Operation not permitted\n");
}

static void
leaves_no_daemon(void **state)
{
    Fixture *f = *state;
    g_autofree char *script = g_strdup_printf(
        "setsid sh -c '(trap \"\" TERM HUP; sleep 600; echo %s) & (setsid sleep 600 "
        "%s) &' & sleep 0.1; echo started",
        f->marker, "");

    run_good(f, script);
    assert_says(f, "started");
    assert_int_equal(count_marked_processes(f), 0);
}

static void
finds_nothing_of_the_job_before(void **state)
{
    Fixture *f = *state;

    run_good(f, "echo x > $T_MARK; echo x > $TMPDIR/$T_MARK; echo x > $HOME/$T_MARK; "
                "echo x > $SLIPWAY_OUT/$T_MARK");
    assert_true(machine_release(f->machine, &f->error));
    machine_free(f->machine);
    f->machine = NULL;
    run(f, "find / -name \"$T_MARK\" 2>/dev/null | grep -v '^/proc'; true");
    assert_silent_about(f, f->marker);
}

static void
finds_nothing_of_the_job_beside(void **state)
{
    Fixture *f = *state;
    g_autofree char *scratch = g_strconcat(f->dir.path, "/other", NULL);
    g_autofree char *slot = fixture_slot(f, 1);
    const MachineSpec spec = {
        .label = "other", .scratch_dir = scratch, .slot = slot, .settings = f->settings
    };
    g_autoptr(Machine) other = executor_acquire(f->suite->executor, &spec, NULL, &f->error);

    assert_no_gerror(f->error);
    assert_non_null(other);
    run(f, "ls -a $T_OTHER; cat $T_OTHER/src/*; echo x > $T_OTHER/src/planted");
    assert_int_not_equal(f->result.exit_code, 0);
    g_autofree char *planted = g_strconcat(scratch, "/src/planted", NULL);
    assert_int_equal(access(planted, F_OK), -1);
}

static void
assert_collect_denied(Fixture *f, const char *script, const char *glob)
{
    const char *const globs[] = { glob, NULL };

    run_good(f, script);
    f->files = machine_collect(f->machine, globs, NULL, &f->error);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
}

static void
hands_over_no_link(void **state)
{
    assert_collect_denied(*state, "ln -s /etc/passwd $SLIPWAY_OUT/leak", "*");
}

static void
hands_over_no_pipe(void **state)
{
    assert_collect_denied(*state, "mkfifo $SLIPWAY_OUT/pipe", "*");
}

static void
hands_over_no_folder_link(void **state)
{
    Fixture *f = *state;
    const char *const globs[] = { "dir/passwd", NULL };

    run_good(f, "ln -s /etc $SLIPWAY_OUT/dir");
    f->files = machine_collect(f->machine, globs, NULL, &f->error);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_NOT_FOUND);
    g_clear_error(&f->error);
    int fd = machine_open_output(f->machine, "dir/passwd", &f->error);
    assert_int_equal(fd, -1);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
}

static void
hands_over_no_output_link(void **state)
{
    Fixture *f = *state;

    run_good(f, "rm $OUTPUT; ln -s $T_DATA/keys/engine.key $OUTPUT");
    f->bytes = machine_read_output(f->machine, &f->error);
    assert_null(f->bytes);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
}

static void
injects_no_output(void **state)
{
    Fixture *f = *state;
    const char *const declared[] = { "version", NULL };

    run_good(f, "printf 'version=1.0\\nadmin=yes\\n' >> $OUTPUT");
    f->bytes = machine_read_output(f->machine, &f->error);
    assert_no_gerror(f->error);
    f->table = job_output_parse(span_of_bytes(f->bytes), declared, &f->error);
    assert_null(f->table);
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void
changes_no_input(void **state)
{
    Fixture *f = *state;
    g_autofree char *path = g_strconcat(f->data, "/keys/engine.key", NULL);
    const MachineInput inputs[] = { { .path = "x", .fd = -1, .file = path } };

    f->spec.inputs = inputs;
    f->spec.n_inputs = 1;
    run(f, "chmod u+w $SLIPWAY_IN/x && echo changed > $SLIPWAY_IN/x && echo CHANGED");
    assert_silent_about(f, "CHANGED");
}

static void
types_into_no_terminal(void **state)
{
    Fixture *f = *state;

    /* 0x5412: TIOCSTI. A filter says EPERM before the terminal is even looked at. */
    run_good(f, "perl -e 'ioctl(STDIN, 0x5412, my $x = \"x\") or print $!'");
    assert_says(f, "Operation not permitted");
}

#define HAS_NO_ISOLATION "a step is a process of the engine's user"

const Promise promises_hostile[] = {
    { "reads_no_key", reads_no_key, HAS_NO_ISOLATION },
    { "writes_nothing_into_the_data_folder", writes_nothing_into_the_data_folder,
      HAS_NO_ISOLATION },
    { "reaches_no_unix_socket", reaches_no_unix_socket, HAS_NO_ISOLATION },
    { "reaches_no_abstract_socket", reaches_no_abstract_socket, HAS_NO_ISOLATION },
    { "reaches_no_loopback_of_the_host", reaches_no_loopback_of_the_host, HAS_NO_ISOLATION },
    { "reaches_no_metadata_address", reaches_no_metadata_address, HAS_NO_ISOLATION },
    { "sees_no_other_process", sees_no_other_process, HAS_NO_ISOLATION },
    { "writes_nothing_into_the_system", writes_nothing_into_the_system, HAS_NO_ISOLATION },
    { "changes_no_kernel_setting", changes_no_kernel_setting, HAS_NO_ISOLATION },
    { "changes_no_device", changes_no_device, HAS_NO_ISOLATION },
    { "leaves_no_setuid_file_of_the_engines", leaves_no_setuid_file_of_the_engines,
      HAS_NO_ISOLATION },
    { "reads_no_shadow_file", reads_no_shadow_file, HAS_NO_ISOLATION },
    { "is_a_plain_user", is_a_plain_user, HAS_NO_ISOLATION },
    { "enters_no_namespace", enters_no_namespace, HAS_NO_ISOLATION },
    { "makes_no_refused_call", makes_no_refused_call, HAS_NO_ISOLATION },
    { "finds_nothing_of_the_job_beside", finds_nothing_of_the_job_beside, HAS_NO_ISOLATION },
    { "changes_no_input", changes_no_input, HAS_NO_ISOLATION },
    { "types_into_no_terminal", types_into_no_terminal, HAS_NO_ISOLATION },
    { "gains_no_privilege_from_setuid", gains_no_privilege_from_setuid, NULL },
    { "leaves_no_daemon", leaves_no_daemon, NULL },
    { "finds_nothing_of_the_job_before", finds_nothing_of_the_job_before,
      "it may look anywhere; its own folders are gone all the same" },
    { "hands_over_no_link", hands_over_no_link, NULL },
    { "hands_over_no_pipe", hands_over_no_pipe, NULL },
    { "hands_over_no_folder_link", hands_over_no_folder_link, NULL },
    { "hands_over_no_output_link", hands_over_no_output_link, NULL },
    { "injects_no_output", injects_no_output, NULL },
    { 0 },
};
