/* SPDX-License-Identifier: Apache-2.0
 * command: the driver over a program of the server's configuration, for any hypervisor. The program
 * knows how to get at a machine; what a step is, what is taken from the machine and within which
 * limits stays here. docs/executors.md has its side of the contract:
 *
 *   acquire SLOT            a clean machine, ready; says on stdout the folder there is for the job, and
 *                           in a second line how it keeps the limits
 *   put SLOT FOLDER PATH    copies a folder of ours to PATH below it
 *   exec SLOT               runs the shell script on stdin; its exit code as a line to descriptor 3,
 *                           with "oom" behind it if the memory limit ended a process
 *   stop SLOT               no process of a step is left
 *   get SLOT PATH           PATH as a tar archive on stdout
 *   release SLOT            off, clean, free; idempotent, whatever came before
 *
 * Every call runs under the launcher: none outlives the engine. The archive is unpacked here, so a
 * hostile machine can hand over nothing but files (untar.h). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/limits.h"
#include "executor/driver.h"
#include "executor/remote.h"
#include "executor/step.h"
#include "executor/workspace.h"
#include "base/banned.h"

#define PROGRAM_PATH      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define ROOT_DEFAULT      "/slipway"
#define ACQUIRE_MAX_BYTES 600 /* of what it says that we read */
#define ACQUIRE_LINES     3
#define OOM_WORD          " oom"
#define ACQUIRE_S         300 /* unless the settings say ready-timeout */
#define ACQUIRE_MAX_S     86400
#define VERB_MS           600000
#define RELEASE_MS        120000
#define GRACE_MS          2000
#define SAID_BYTES        (64u << 10) /* of what a verb may say on stdout, but for get */
#define ERRORS_BYTES      600         /* of stderr that go into our message */
#define FD_STATUS         3
#define STATUS_BYTES      16
#define ARGS_MAX          4

typedef struct {
    Executor base;
    Launcher *launcher;  /* borrowed */
    CgroupHost *cgroups; /* owned */
} Command;

typedef struct {
    const char *verb;
    const char *args[ARGS_MAX]; /* after the slot; NULL-terminated */
    int stdin_fd;               /* borrowed; -1 none */
    int stdout_fd;              /* borrowed */
    int stderr_fd;              /* borrowed */
    int status_fd;              /* borrowed; -1 none */
    uint64_t timeout_ms;
    uint64_t file_bytes; /* what it may write into a file of ours; 0: not limited */
} Call;

typedef struct {    /* what every call of one machine's program needs */
    char *program;  /* owned */
    char *slot;     /* owned */
    GPtrArray *env; /* owned, NULL-terminated */
    uint64_t ready_ms;
} Caller;

typedef struct {
    Machine base;
    Workspace workspace;
    Caller caller;
    MachineLimits limits;
    MachineNetwork network;
    char *root; /* owned: the job's folder in the machine */
    char *
        limits_said; /* owned: how the program keeps the limits, in its words; NULL: it does not say */
    bool acquired; /* the program was asked for it: release must be said */
    bool broken;   /* a step could not be stopped */
} CommandMachine;

/* ---- calling the program ---------------------------------------------------------------------- */

static void
caller_clear(Caller *caller)
{
    g_free(caller->program);
    g_free(caller->slot);
    g_clear_pointer(&caller->env, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Caller, caller_clear)

/* "ready-timeout": 60 is SLIPWAY_SETTING_READY_TIMEOUT=60; what is neither text, number nor truth
 * value is left out. */
static void
add_setting(GPtrArray *env, const char *key, const json_t *value)
{
    g_autofree char *name = g_ascii_strup(key, -1);

    for (char *c = name; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c))
            *c = '_';
    if (json_is_string(value))
        g_ptr_array_add(env,
                        g_strconcat("SLIPWAY_SETTING_", name, "=", json_string_value(value), NULL));
    else if (json_is_integer(value))
        g_ptr_array_add(env, g_strdup_printf("SLIPWAY_SETTING_%s=%" JSON_INTEGER_FORMAT, name,
                                             json_integer_value(value)));
    else if (json_is_boolean(value))
        g_ptr_array_add(env, g_strdup_printf("SLIPWAY_SETTING_%s=%d", name, json_is_true(value)));
}

static bool
caller_init(Caller *caller, const char *slot, const json_t *settings, GError **error)
{
    const char *program = json_string_value(json_object_get(settings, "program"));
    uint64_t ready_s = 0;
    const char *key = NULL;
    json_t *value = NULL;

    if (program == NULL || program[0] != '/') {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "the pool's settings name no 'program' with an absolute path");
        return false;
    }
    if (!remote_setting_number(settings, "ready-timeout", ACQUIRE_S, ACQUIRE_MAX_S, &ready_s,
                               error))
        return false;
    caller->ready_ms = ready_s * 1000;
    caller->program = g_strdup(program);
    caller->slot = g_strdup(slot);
    caller->env = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(caller->env, g_strdup(PROGRAM_PATH));
    g_ptr_array_add(caller->env, g_strdup("LC_ALL=C.UTF-8"));
    g_ptr_array_add(caller->env, g_strconcat("HOME=", g_get_home_dir(), NULL));
    json_object_foreach ((json_t *)settings, key, value)
        add_setting(caller->env, key, value);
    return true;
}

static void
caller_add_limit(Caller *caller, const char *name, uint64_t value)
{
    if (value > 0)
        g_ptr_array_add(caller->env, g_strdup_printf("SLIPWAY_%s=%" G_GUINT64_FORMAT, name, value));
}

/* What the program may do with: the machine's own limits and network are its work. */
static void
caller_add_wishes(Caller *caller, const MachineSpec *spec)
{
    caller_add_limit(caller, "MEMORY_BYTES", spec->limits.memory_bytes);
    caller_add_limit(caller, "PIDS", spec->limits.pids);
    caller_add_limit(caller, "CPU_PERCENT", spec->limits.cpu_percent);
    caller_add_limit(caller, "FILE_SIZE_BYTES", spec->limits.file_size_bytes);
    g_ptr_array_add(caller->env,
                    g_strdup(spec->network == MACHINE_NETWORK_NONE ? "SLIPWAY_NETWORK=none"
                                                                   : "SLIPWAY_NETWORK=open"));
}

static bool
call_program(const Command *self, Caller *caller, const Call *call, Cancel *cancel,
             StepResult *result_out, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autoptr(GPtrArray) env = g_ptr_array_new();
    const ProcessFd fds[] = { { call->status_fd, FD_STATUS } };
    const MachineLimits wanted = { .file_size_bytes = call->file_bytes };
    StepLimits limits = { 0 };
    StepRun run = {
        .launcher = self->launcher,
        .spec = { .stdin_fd = call->stdin_fd,
                  .stdout_fd = call->stdout_fd,
                  .stderr_fd = call->stderr_fd,
                  .fds = fds,
                  .n_fds = call->status_fd < 0 ? 0 : 1 },
        .limits = &limits,
        .timeout_ms = call->timeout_ms,
        .grace_ms = GRACE_MS,
    };

    g_ptr_array_add(argv, caller->program);
    g_ptr_array_add(argv, (void *)call->verb);
    g_ptr_array_add(argv, caller->slot);
    for (const char *const *arg = call->args; *arg != NULL; arg++)
        g_ptr_array_add(argv, (void *)*arg);
    g_ptr_array_add(argv, NULL);
    g_ptr_array_extend(env, caller->env, NULL, NULL);
    g_ptr_array_add(env, NULL);
    run.spec.argv = (const char *const *)argv->pdata;
    run.spec.env = (const char *const *)env->pdata;
    step_limits_init(&limits, self->cgroups, caller->slot, &wanted);
    bool ok = step_run(&run, cancel, result_out, error);

    step_limits_clear(&limits);
    return ok;
}

/* The end of what it said on stderr, in one line. Owned. */
static char *
last_words(int fd)
{
    char text[ERRORS_BYTES + 1] = { 0 };
    struct stat st = { 0 };
    off_t from = fstat(fd, &st) == 0 && st.st_size > ERRORS_BYTES ? st.st_size - ERRORS_BYTES : 0;
    ssize_t n = pread(fd, text, ERRORS_BYTES, from);

    text[MAX(n, 0)] = '\0';
    g_strdelimit(g_strstrip(text), "\n", ' ');
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    return error_printable(valid);
}

/* Calls it for something it must succeed in. @stdout_fd of the call: as given. */
static bool
call_must(const Command *self, Caller *caller, Call *call, Cancel *cancel, GError **error)
{
    AUTO_FD int errors = memfd_create("stderr", MFD_CLOEXEC);
    StepResult result = { 0 };

    if (errors < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create a file in memory");
        return false;
    }
    call->stderr_fd = errors;
    if (!call_program(self, caller, call, cancel, &result, error)) {
        error_prefix(error, "program '%s', %s", caller->program, call->verb);
        return false;
    }
    if (result.timed_out) {
        error_set(error, BASE_ERROR, BASE_ERROR_TIMEOUT,
                  "program '%s', %s: not done after %" G_GUINT64_FORMAT " s", caller->program,
                  call->verb, call->timeout_ms / 1000);
        return false;
    }
    if (result.exit_code == 0)
        return true;
    g_autofree char *words = last_words(errors);

    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "program '%s', %s: exit code %d: %s",
              caller->program, call->verb, result.exit_code, words);
    return false;
}

static bool
call_release(const Command *self, Caller *caller, Cancel *cancel, GError **error)
{
    Call call = { .verb = "release",
                  .stdin_fd = -1,
                  .stdout_fd = -1,
                  .status_fd = -1,
                  .timeout_ms = RELEASE_MS };

    return call_must(self, caller, &call, cancel, error);
}

/* ---- the driver --------------------------------------------------------------------------------
 */

static Executor *
command_open(const ExecutorConfig *config, GError **error)
{
    Command *command = g_new0(Command, 1);

    (void)error; /* the program is a pool's, seen with its settings */
    command->base.driver = &executor_command;
    command->launcher = config->launcher;
    command->cgroups = cgroup_host_find();
    return &command->base;
}

static void
command_describe(const Executor *self, json_t *object)
{
    (void)self;
    json_object_set_new(object, "limits", json_string("the pool's program"));
}

static void
command_free(Executor *self)
{
    Command *command = (Command *)self;

    cgroup_host_free(command->cgroups);
    g_free(command);
}

static bool
command_reclaim(Executor *self, const char *slot, const json_t *settings, Cancel *cancel,
                GError **error)
{
    g_auto(Caller) caller = { 0 };

    return caller_init(&caller, slot, settings, error) &&
           call_release((Command *)self, &caller, cancel, error);
}

/* ---- a machine ---------------------------------------------------------------------------------
 */

static bool
command_release(Machine *self, GError **error)
{
    CommandMachine *machine = (CommandMachine *)self;
    g_autoptr(GError) second = NULL;
    bool ok = true;

    if (machine->acquired)
        ok = call_release((Command *)self->executor, &machine->caller, NULL, error);
    machine->acquired = machine->acquired && !ok;
    bool removed = workspace_remove(&machine->workspace, ok ? error : &second);

    return ok && removed;
}

static void
command_free_machine(Machine *self)
{
    CommandMachine *machine = (CommandMachine *)self;

    workspace_clear(&machine->workspace);
    caller_clear(&machine->caller);
    g_free(machine->root);
    g_free(machine->limits_said);
    g_free(machine);
}

/* Asks for the machine and hears where its folder is. */
static bool
call_acquire(CommandMachine *machine, Cancel *cancel, GError **error)
{
    AUTO_FD int said = memfd_create("stdout", MFD_CLOEXEC);
    char text[ACQUIRE_MAX_BYTES + 1] = { 0 };
    Call call = { .verb = "acquire",
                  .stdin_fd = -1,
                  .stdout_fd = said,
                  .status_fd = -1,
                  .file_bytes = SAID_BYTES,
                  .timeout_ms = machine->caller.ready_ms };

    machine->acquired = true; /* also when it fails half-way */
    if (!call_must((Command *)machine->base.executor, &machine->caller, &call, cancel, error))
        return false;
    ssize_t n = pread(said, text, ACQUIRE_MAX_BYTES, 0);

    text[MAX(n, 0)] = '\0';
    g_auto(GStrv) lines = g_strsplit(g_strstrip(text), "\n", ACQUIRE_LINES);

    machine->root = g_strdup(lines[0] == NULL || lines[0][0] == '\0' ? ROOT_DEFAULT : lines[0]);
    if (lines[0] != NULL && lines[1] != NULL) {
        g_autofree char *valid = g_utf8_make_valid(lines[1], -1);

        machine->limits_said = error_printable(valid);
    }
    if (remote_root_is_good(machine->root))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "program '%s' names no folder with an absolute path of A-Z a-z 0-9 / . _ -",
              machine->caller.program);
    return false;
}

static bool
put(CommandMachine *machine, const char *folder, const char *path, Cancel *cancel, GError **error)
{
    Call call = { .verb = "put",
                  .args = { folder, path },
                  .stdin_fd = -1,
                  .stdout_fd = -1,
                  .status_fd = -1,
                  .timeout_ms = VERB_MS };

    return call_must((Command *)machine->base.executor, &machine->caller, &call, cancel, error);
}

static bool
prepare(CommandMachine *machine, const MachineSpec *spec, Cancel *cancel, GError **error)
{
    const Workspace *ws = &machine->workspace;
    const char *slot = spec->slot != NULL ? spec->slot : spec->label;

    if (!workspace_make(&machine->workspace, spec, cancel, error) ||
        !caller_init(&machine->caller, slot, spec->settings, error))
        return false;
    caller_add_wishes(&machine->caller, spec);
    if (!call_acquire(machine, cancel, error))
        return false;
    return put(machine, ws->source, "src", cancel, error) &&
           put(machine, ws->out, "out", cancel, error) &&
           put(machine, ws->tmp, "tmp", cancel, error) &&
           (!ws->has_inputs || put(machine, ws->in, "in", cancel, error));
}

static Machine *
command_acquire(Executor *self, const MachineSpec *spec, Cancel *cancel, GError **error)
{
    CommandMachine *machine = g_new0(CommandMachine, 1);

    machine->base = (Machine){ .driver = &executor_command, .executor = self };
    machine->limits = spec->limits;
    machine->network = spec->network;
    if (prepare(machine, spec, cancel, error))
        return &machine->base;
    machine_free(&machine->base);
    return NULL;
}

/* ---- steps -------------------------------------------------------------------------------------
 */

/* A step that was cut short may go on in the machine: it must not. */
static void
stop_step(CommandMachine *machine)
{
    g_autoptr(GError) local = NULL;
    Call call = {
        .verb = "stop", .stdin_fd = -1, .stdout_fd = -1, .status_fd = -1, .timeout_ms = RELEASE_MS
    };
    bool ok = call_must((Command *)machine->base.executor, &machine->caller, &call, NULL, &local);

    machine->broken = !ok;
    error_ignore(ok, &local, "no further step runs in this machine; releasing it ends the step");
}

/* The code the program has heard from the machine. */
static bool
read_status(const CommandMachine *machine, int fd, StepResult *result, GError **error)
{
    char text[STATUS_BYTES + 1] = { 0 };
    ssize_t n = pread(fd, text, STATUS_BYTES, 0);
    guint64 code = 0;

    text[MAX(n, 0)] = '\0';
    g_strstrip(text);
    if (g_str_has_suffix(text, OOM_WORD)) {
        result->oom_killed = true;
        text[strlen(text) - strlen(OOM_WORD)] = '\0';
    }
    if (g_ascii_string_to_unsigned(text, 10, 0, 255, &code, NULL)) {
        result->exit_code = (int)code;
        result->term_signal = 0;
        return true;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
              "program '%s', exec: it lost the machine (exit code %d, no code of the step)",
              machine->caller.program, result->exit_code);
    return false;
}

static bool
command_exec(Machine *self, const StepSpec *step, int output_fd, Cancel *cancel,
             StepResult *result_out, GError **error)
{
    CommandMachine *machine = (CommandMachine *)self;
    AUTO_FD int script = remote_script(machine->root, step, error);
    AUTO_FD int status = script < 0 ? -1 : memfd_create("status", MFD_CLOEXEC);
    Call call = { .verb = "exec",
                  .stdin_fd = script,
                  .stdout_fd = output_fd,
                  .stderr_fd = output_fd,
                  .status_fd = status,
                  .timeout_ms = step->timeout_ms };
    StepResult result = { 0 };

    if (script < 0)
        return false;
    if (status < 0 || machine->broken) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "the machine cannot be used: a step before could not be stopped");
        return false;
    }
    bool ran =
        call_program((Command *)self->executor, &machine->caller, &call, cancel, &result, error);

    if (!ran || result.timed_out)
        stop_step(machine);
    if (!ran || (!result.timed_out && !read_status(machine, status, &result, error)))
        return false;
    *result_out = result;
    return true;
}

/* ---- what is taken out -------------------------------------------------------------------------
 */

static bool
get(Machine *self, const char *path, int tar_fd, uint64_t max_bytes, GError **error)
{
    CommandMachine *machine = (CommandMachine *)self;
    Call call = { .verb = "get",
                  .args = { path },
                  .stdin_fd = -1,
                  .stdout_fd = tar_fd,
                  .status_fd = -1,
                  .file_bytes = max_bytes,
                  .timeout_ms = VERB_MS };

    return call_must((Command *)self->executor, &machine->caller, &call, NULL, error);
}

static GBytes *
command_read_output(Machine *self, GError **error)
{
    return remote_read_output(self, get, &((CommandMachine *)self)->workspace, error);
}

static GPtrArray *
command_collect(Machine *self, const char *const *globs, const MachineCollectLimits *limits,
                GError **error)
{
    return remote_collect(self, get, &((CommandMachine *)self)->workspace, globs, limits, error);
}

static int
command_open_output(Machine *self, const char *path, GError **error)
{
    return workspace_open_output(&((CommandMachine *)self)->workspace, path, error);
}

static char *
command_limits_text(const Machine *self)
{
    const CommandMachine *machine = (const CommandMachine *)self;

    if (machine->limits_said != NULL)
        return g_strdup(machine->limits_said);
    return g_strdup_printf("limits: as '%s' sets them for machine '%s'", machine->caller.program,
                           machine->caller.slot);
}

static json_t *
command_describe_machine(const Machine *self)
{
    const CommandMachine *machine = (const CommandMachine *)self;
    StepLimits limits = { .wanted = machine->limits };

    return json_pack("{s:s, s:s, s:s, s:o}", "network",
                     machine->network == MACHINE_NETWORK_NONE ? "none" : "open", "slot",
                     machine->caller.slot, "program", machine->caller.program, "limits",
                     step_limits_describe(&limits));
}

/* Other names than ours are for the program. */
static bool
command_check_settings(const json_t *settings, GError **error)
{
    g_auto(Caller) caller = { 0 };

    return caller_init(&caller, "machine", settings, error);
}

const ExecutorDriver executor_command = {
    .name = "command",
    .caps = 0,
    .isolation = EXECUTOR_ISOLATION_NONE, /* what the program does is not ours to promise */
    .open = command_open,
    .describe = command_describe,
    .free = command_free,
    .acquire = command_acquire,
    .exec = command_exec,
    .read_output = command_read_output,
    .collect = command_collect,
    .open_output = command_open_output,
    .limits_text = command_limits_text,
    .describe_machine = command_describe_machine,
    .release = command_release,
    .free_machine = command_free_machine,
    .check_settings = command_check_settings,
    .reclaim = command_reclaim,
};
