/* SPDX-License-Identifier: Apache-2.0
 * vm: the driver over virtual machines of any hypervisor libvirt knows. The slot is the domain; before a job it is reverted to a
 * snapshot, started and waited for, after it its power is cut: by the helper if the engine dies (vm/client.h), by reclaim if both do,
 * by a timer in the machine if nobody is left.
 *
 * What a step is, what is taken from the machine and within which limits stays here; executor/guest/guest.sh is the machine's end. The
 * archive is unpacked here, so a hostile machine can hand over nothing but files (untar.h). */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "base/random.h"
#include "executor/driver.h"
#include "executor/guest_files.h"
#include "executor/remote.h"
#include "executor/step.h"
#include "executor/vm_place_priv.h"
#include "executor/vm_refresh_priv.h"
#include "sys/process.h"
#include "vm/client.h"
#include "base/banned.h"

#define DEAD_MAN_MORE_S 120   /* after a step's own time */
#define BOOT_MORE_MS    60000 /* for the hypervisor, on top of the wait for the machine */
#define VERB_MS         600000
#define STOP_MS         60000
#define ENTROPY_BYTES   512
#define SAID_BYTES      4096
#define ERRORS_BYTES    600 /* of stderr that go into our message */
#define USAGE_NUMBERS   4
#define GUEST_SCRIPT    "guest.sh"
#define GUEST_ENTROPY   "entropy"
#define PATH_OF_TAR     "PATH=/usr/bin:/bin"

typedef struct {
    Executor base;
} Vm;

typedef struct {
    Machine base;
    Workspace workspace;
    VmPlace place;
    VmHelper *helper; /* owned; NULL before and when the machine is lost */
    MachineLimits limits;
    char *snapshot;  /* owned: the one that was reverted to; NULL: fresh disks */
    bool on;         /* its power must be cut */
    bool has_groups; /* the machine ends and limits what a step starts */
} VmMachine;

/* ---- commands in the machine ------------------------------------------------------------------- */

typedef struct {
    const char *command;
    int stdin_fd;  /* borrowed; -1: none */
    int stdout_fd; /* borrowed; -1: none */
    uint64_t max_bytes;
    int timeout_ms;
} Call;

typedef struct {
    int exit_code;
    char *errors; /* owned: the end of its stderr */
} CallEnd;

static void
call_end_clear(CallEnd *end)
{
    g_free(end->errors);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CallEnd, call_end_clear)

/* On error the machine has no helper any more, unless the machine's answer was the error. */
static bool
call_machine(VmMachine *machine, const Call *call, Cancel *cancel, CallEnd *end_out, GError **error)
{
    AUTO_FD int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    const int fds[] = { call->stdin_fd >= 0 ? call->stdin_fd : nothing,
                        call->stdout_fd >= 0 ? call->stdout_fd : nothing };
    g_autoptr(json_t) answer = NULL;

    if (machine->helper == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "the machine is lost");
        return false;
    }
    if (!vm_helper_ask(machine->helper,
                       json_pack("{s:s, s:s, s:I}", "do", "run", "command", call->command,
                                 "maxBytes", (json_int_t)call->max_bytes),
                       fds, G_N_ELEMENTS(fds), call->timeout_ms, cancel, &answer, error)) {
        g_clear_pointer(&machine->helper, vm_helper_free);
        return false;
    }
    end_out->exit_code = (int)json_integer_value(json_object_get(answer, "exit"));
    end_out->errors = g_strdup(json_string_value(json_object_get(answer, "errors")));
    return true;
}

static bool
call_must(VmMachine *machine, const Call *call, Cancel *cancel, const char *what, GError **error)
{
    g_auto(CallEnd) end = { 0 };

    if (!call_machine(machine, call, cancel, &end, error)) {
        error_prefix(error, "machine '%s', %s", machine->place.domain, what);
        return false;
    }
    if (end.exit_code == 0)
        return true;
    size_t len = strlen(end.errors);
    g_autofree char *valid =
        g_utf8_make_valid(end.errors + (len > ERRORS_BYTES ? len - ERRORS_BYTES : 0), -1);
    g_autofree char *words = error_printable(g_strdelimit(g_strstrip(valid), "\n", ' '));

    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "machine '%s', %s: exit code %d: %s",
              machine->place.domain, what, end.exit_code, words);
    return false;
}

/* "sh /slipway/guest.sh VERB ROOT WORD…". Owned. */
static char *guest_command(const VmMachine *machine, const char *verb, ...) G_GNUC_NULL_TERMINATED;
static char *
guest_command(const VmMachine *machine, const char *verb, ...)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const char *word = NULL;
    va_list words;

    g_string_printf(text, "/bin/sh %s/" GUEST_SCRIPT " %s %s", machine->place.root, verb,
                    machine->place.root);
    va_start(words, verb);
    while ((word = va_arg(words, const char *)) != NULL) {
        g_autofree char *quoted = g_shell_quote(word);

        g_string_append_printf(text, " %s", quoted);
    }
    va_end(words);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* ---- a machine --------------------------------------------------------------------------------- */

/* What lies in the scratch folder for the machine's end: its script, and random bytes of ours, as after a revert the machine would make
 * the same ones again. */
static bool
write_guest(const Workspace *ws, GError **error)
{
    uint8_t random[ENTROPY_BYTES];
    g_autofree char *hex = NULL;

    random_fill(random, sizeof random);
    hex = hex_encode(span_of(random, sizeof random));
    return workspace_write_file(ws->scratch_fd, GUEST_SCRIPT, (const char *)guest_files[0].data,
                                error) &&
           workspace_write_file(ws->scratch_fd, GUEST_ENTROPY, hex, error);
}

/* Packs script, src, out, tmp and in into @to while they are sent. */
static Process *
start_tar(const Workspace *ws, int to, GError **error)
{
    const char *argv[] = { "tar",
                           "--create",
                           "--file=-",
                           "--format=gnu",
                           "--owner=0",
                           "--group=0",
                           "--numeric-owner",
                           "--transform=flags=rhS;s,^\\./*,src/,",
                           "--directory",
                           ws->scratch,
                           GUEST_SCRIPT,
                           GUEST_ENTROPY,
                           "out",
                           "tmp",
                           ws->has_inputs ? "in" : "out",
                           "--directory",
                           ws->source,
                           ".",
                           NULL };
    const char *env[] = { PATH_OF_TAR, "LC_ALL=C.UTF-8", NULL };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .env = env };

    spec.stdout_fd = to;
    return process_spawn(&spec, error);
}

/* One command and one archive make the machine ready: under emulation each costs. */
static bool
send_folders(VmMachine *machine, Cancel *cancel, GError **error)
{
    const char *root = machine->place.root;
    g_autofree char *epoch = g_strdup_printf("%" PRId64, clock_now_us(&clock_system) / 1000000);
    g_autofree char *dead_man = g_strdup_printf("%" PRIu64, machine->place.dead_man_s);
    g_autofree char *ready =
        guest_command(machine, "ready", epoch, dead_man, machine->place.job_user, NULL);
    g_autofree char *command = g_strdup_printf(
        "umask 022 && mkdir -p %s && tar -C %s -xf - && exec %s", root, root, ready);
    AUTO_FD int said_fd = memfd_create("said", MFD_CLOEXEC);
    char said[SAID_BYTES + 1] = { 0 };
    int ends[2] = { -1, -1 };
    ProcessExit end = { 0 };

    if (said_fd < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make a pipe");
        return false;
    }
    AUTO_FD int from = ends[0];
    AUTO_FD int to = ends[1];
    g_autoptr(Process) tar = start_tar(&machine->workspace, to, error);
    Call call = { .command = command,
                  .stdin_fd = from,
                  .stdout_fd = said_fd,
                  .max_bytes = SAID_BYTES,
                  .timeout_ms = VERB_MS };

    fd_clear(&to);
    if (tar == NULL || !call_must(machine, &call, cancel, "getting ready", error) ||
        !process_wait(tar, VERB_MS, cancel, &end, error))
        return false;
    if (end.exit_code != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_IO, "cannot pack the source: tar ended with %d",
                  end.exit_code);
        return false;
    }
    ssize_t n = pread(said_fd, said, SAID_BYTES, 0);

    said[MAX(n, 0)] = '\0';
    machine->has_groups = strcmp(g_strstrip(said), "groups") == 0;
    return true;
}

static bool
boot(VmMachine *machine, Cancel *cancel, GError **error)
{
    g_autoptr(json_t) answer = NULL;
    int timeout_ms = (int)machine->place.ready_s * 1000 + BOOT_MORE_MS;

    machine->helper = vm_helper_start(error);
    if (machine->helper == NULL)
        return false;
    machine->on = true; /* also when it fails half-way */
    if (!vm_helper_ask(machine->helper, vm_place_request(&machine->place, "boot"), NULL, 0,
                       timeout_ms, cancel, &answer, error)) {
        g_clear_pointer(&machine->helper, vm_helper_free);
        error_prefix(error, "machine '%s'", machine->place.domain);
        return false;
    }
    machine->snapshot = g_strdup(json_string_value(json_object_get(answer, "snapshot")));
    return true;
}

static bool
prepare(VmMachine *machine, const MachineSpec *spec, Cancel *cancel, GError **error)
{
    return workspace_make(&machine->workspace, spec, cancel, error) &&
           vm_place_init(&machine->place, spec->slot, spec->settings, error) &&
           boot(machine, cancel, error) && write_guest(&machine->workspace, error) &&
           send_folders(machine, cancel, error);
}

static Machine *
vm_acquire(Executor *self, const MachineSpec *spec, Cancel *cancel, GError **error)
{
    VmMachine *machine = g_new0(VmMachine, 1);

    machine->base = (Machine){ .driver = &executor_vm, .executor = self };
    machine->limits = spec->limits;
    if (prepare(machine, spec, cancel, error))
        return &machine->base;
    machine_free(&machine->base);
    return NULL;
}

static bool
vm_release(Machine *self, GError **error)
{
    VmMachine *machine = (VmMachine *)self;
    g_autoptr(GError) second = NULL;
    bool ok = true;

    g_clear_pointer(&machine->helper, vm_helper_free);
    if (machine->on)
        ok = vm_place_power_off(&machine->place, NULL, error);
    machine->on = machine->on && !ok;
    bool removed = workspace_remove(&machine->workspace, ok ? error : &second);

    return ok && removed;
}

static void
vm_free_machine(Machine *self)
{
    VmMachine *machine = (VmMachine *)self;

    workspace_clear(&machine->workspace);
    vm_place_clear(&machine->place);
    g_free(machine->snapshot);
    g_free(machine);
}

/* ---- steps ------------------------------------------------------------------------------------- */

/* A step that was cut short may go on in the machine: it must not. By a helper of its own, as the first one was killed. */
static void
stop_step(VmMachine *machine)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *command = guest_command(machine, "stop", NULL);
    Call call = { .command = command, .stdin_fd = -1, .stdout_fd = -1, .timeout_ms = STOP_MS };

    machine->helper = vm_helper_start(&local);
    bool ok = machine->helper != NULL &&
              vm_helper_ask(machine->helper, vm_place_request(&machine->place, "attach"), NULL, 0,
                            STOP_MS, NULL, NULL, &local) &&
              call_must(machine, &call, NULL, "stopping a step", &local);

    if (!ok)
        g_clear_pointer(&machine->helper, vm_helper_free);
    if (!ok && machine->on) {
        g_autoptr(GError) second = NULL;
        bool off = vm_place_power_off(&machine->place, NULL, &second);

        machine->on = !off;
        error_ignore(off, &second, "releasing it tries again");
    }
    error_ignore(ok, &local, "the machine is off: no further step runs in it");
}

/* "usage USER SYSTEM PEAK OOM" at the end of what the machine's end says. */
static void
take_usage(const char *errors, StepResult *result)
{
    const char *at = g_strrstr(errors, "usage ");
    g_auto(GStrv) words =
        at == NULL ? NULL : g_strsplit_set(at + strlen("usage "), " \n", USAGE_NUMBERS + 1);

    if (words == NULL || g_strv_length(words) < USAGE_NUMBERS)
        return;
    result->user_us = g_ascii_strtoll(words[0], NULL, 10);
    result->system_us = g_ascii_strtoll(words[1], NULL, 10);
    result->max_rss_bytes = g_ascii_strtoll(words[2], NULL, 10);
    result->oom_killed = g_ascii_strtoll(words[3], NULL, 10) > 0;
}

static char *
exec_command(const VmMachine *machine, uint64_t timeout_ms)
{
    const MachineLimits *limits = &machine->limits;
    uint64_t dead_man_s =
        timeout_ms == 0 ? machine->place.dead_man_s : timeout_ms / 1000 + DEAD_MAN_MORE_S;
    g_autofree char *dead_man = g_strdup_printf("%" PRIu64, dead_man_s);
    g_autofree char *memory = g_strdup_printf("%" PRIu64, limits->memory_bytes);
    g_autofree char *pids = g_strdup_printf("%" PRIu32, limits->pids);
    g_autofree char *cpu = g_strdup_printf("%" PRIu32, limits->cpu_percent);
    g_autofree char *file = g_strdup_printf("%" PRIu64, limits->file_size_bytes);

    return guest_command(machine, "exec", dead_man, machine->place.job_user, memory, pids, cpu,
                         file, NULL);
}

static bool
vm_exec(Machine *self, const StepSpec *step, int output_fd, Cancel *cancel, StepResult *result_out,
        GError **error)
{
    VmMachine *machine = (VmMachine *)self;
    AUTO_FD int script = remote_script(machine->place.root, step, error);
    g_autofree char *command = exec_command(machine, step->timeout_ms);
    g_autoptr(GError) local = NULL;
    g_auto(CallEnd) end = { 0 };
    StepResult result = { 0 };
    int64_t begin_us = clock_monotonic_us();
    Call call = { .command = command,
                  .stdin_fd = script,
                  .stdout_fd = output_fd,
                  .timeout_ms =
                      step->timeout_ms == 0 ? -1 : (int)MIN(step->timeout_ms, INT32_MAX) };

    if (script < 0)
        return false;
    if (call_machine(machine, &call, cancel, &end, &local)) {
        result.exit_code = end.exit_code;
        take_usage(end.errors, &result);
    } else {
        result.timed_out = error_kind(local) == ERROR_KIND_TIMEOUT;
        if (machine->on)
            stop_step(machine);
        if (!result.timed_out) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
    }
    result.wall_us = clock_monotonic_us() - begin_us;
    *result_out = result;
    return true;
}

/* ---- what is taken out ------------------------------------------------------------------------- */

static bool
get(Machine *self, const char *path, int tar_fd, uint64_t max_bytes, GError **error)
{
    VmMachine *machine = (VmMachine *)self;
    g_autofree char *command = guest_command(machine, "get", path, NULL);
    Call call = { .command = command,
                  .stdin_fd = -1,
                  .stdout_fd = tar_fd,
                  .max_bytes = max_bytes,
                  .timeout_ms = VERB_MS };

    return call_must(machine, &call, NULL, "fetching", error);
}

static GBytes *
vm_read_output(Machine *self, GError **error)
{
    return remote_read_output(self, get, &((VmMachine *)self)->workspace, error);
}

static GPtrArray *
vm_collect(Machine *self, const char *const *globs, const MachineCollectLimits *limits,
           GError **error)
{
    return remote_collect(self, get, &((VmMachine *)self)->workspace, globs, limits, error);
}

static int
vm_open_output(Machine *self, const char *path, GError **error)
{
    return workspace_open_output(&((VmMachine *)self)->workspace, path, error);
}

/* ---- the driver -------------------------------------------------------------------------------- */

static Executor *
vm_open(const ExecutorConfig *config, GError **error)
{
    Vm *vm = g_new0(Vm, 1);

    (void)config;
    (void)error; /* the hypervisor is a pool's, seen with its settings */
    vm->base.driver = &executor_vm;
    return &vm->base;
}

static void
vm_describe(const Executor *self, json_t *object)
{
    (void)self;
    json_object_set_new(object, "limits", json_string("the machine's"));
}

static void
vm_free(Executor *self)
{
    g_free(self);
}

static bool
vm_reclaim(Executor *self, const char *slot, const json_t *settings, Cancel *cancel, GError **error)
{
    g_auto(VmPlace) place = { 0 };

    (void)self;
    return vm_place_init(&place, slot, settings, error) &&
           vm_place_power_off(&place, cancel, error);
}

static char *
vm_limits_text(const Machine *self)
{
    const VmMachine *machine = (const VmMachine *)self;
    const MachineLimits *limits = &machine->limits;
    const char *means = machine->has_groups ? "cgroup-v2" : "NOT ENFORCED";
    g_autoptr(GString) text = g_string_new("limits: machine '");

    g_string_append_printf(text, "%s'", machine->place.domain);
    if (limits->memory_bytes > 0)
        g_string_append_printf(text, ", memory %" PRIu64 " bytes (%s)", limits->memory_bytes,
                               means);
    if (limits->pids > 0)
        g_string_append_printf(text, ", %" PRIu32 " processes (%s)", limits->pids, means);
    if (limits->cpu_percent > 0)
        g_string_append_printf(text, ", cpu %" PRIu32 "%% (%s)", limits->cpu_percent, means);
    if (limits->file_size_bytes > 0)
        g_string_append_printf(text, ", files of %" PRIu64 " bytes (%s)", limits->file_size_bytes,
                               machine->has_groups ? "rlimit" : "NOT ENFORCED");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static json_t *
vm_describe_machine(const Machine *self)
{
    const VmMachine *machine = (const VmMachine *)self;
    StepLimits limits = { .wanted = machine->limits };

    return json_pack("{s:s, s:s, s:o, s:o}", "network", "the machine's", "slot",
                     machine->place.domain, "snapshot", json_string_or_null(machine->snapshot),
                     "limits", step_limits_describe(&limits));
}

const ExecutorDriver executor_vm = {
    .name = "vm",
    .caps = 0,
    .isolation = EXECUTOR_ISOLATION_ISOLATED,
    .open = vm_open,
    .describe = vm_describe,
    .free = vm_free,
    .acquire = vm_acquire,
    .exec = vm_exec,
    .read_output = vm_read_output,
    .collect = vm_collect,
    .open_output = vm_open_output,
    .limits_text = vm_limits_text,
    .describe_machine = vm_describe_machine,
    .release = vm_release,
    .free_machine = vm_free_machine,
    .check_settings = vm_place_check_settings,
    .reclaim = vm_reclaim,
    .refresh = vm_refresh,
};
