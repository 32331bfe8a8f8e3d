/* SPDX-License-Identifier: Apache-2.0
 * sandbox: the driver over bubblewrap 0.8 or newer. Each step is one bwrap with a process namespace
 * of its own, which ends with the step; what steps share are the machine's folders.
 *
 * bwrap reports on a descriptor the job does not get: the sandbox's process id once it exists, and
 * an exit code only if the job's command was reached. So a sandbox that cannot be set up is told
 * from a command that fails. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/json.h"
#include "executor/driver.h"
#include "executor/egress.h"
#include "executor/job_user.h"
#include "executor/program.h"
#include "executor/sandbox_args.h"
#include "executor/sandbox_etc.h"
#include "executor/seccomp.h"
#include "executor/step.h"
#include "executor/workspace.h"
#include "sys/process.h"
#include "base/banned.h"

#define STATUS_BYTES    4096
#define VERSION_BYTES   256
#define TRIAL_BYTES     4096
#define TOOL_TIMEOUT_MS 10000
#define SYSCTL_BYTES    64

typedef struct {
    Executor base;
    Launcher *launcher;  /* borrowed */
    CgroupHost *cgroups; /* owned */
    char *program;       /* owned: bwrap */
    int seccomp_fd;      /* owned */
} Sandbox;

typedef struct {
    Machine base;
    Workspace workspace;
    StepLimits limits;
    GPtrArray *args;     /* owned: sandbox_args_new */
    Egress *egress;      /* owned; NULL: no network */
    char *root_dir;      /* owned; NULL: the host's */
    char *shown_source;  /* owned: mount points of the view; NULL: not needed */
    char *shown_root;    /* owned */
    LaunchBind binds[3]; /* what makes the view */
    size_t n_binds;
} SandboxMachine;

typedef struct {      /* descriptors of one running step */
    int status_fd;    /* owned: what bwrap reports is read here */
    int status_write; /* owned: given to bwrap */
    int seccomp_fd;   /* owned: given to bwrap */
} SandboxStep;

static void
sandbox_free(Executor *self)
{
    Sandbox *sandbox = (Sandbox *)self;

    fd_clear(&sandbox->seccomp_fd);
    cgroup_host_free(sandbox->cgroups);
    g_free(sandbox->program);
    g_free(sandbox);
}

/* Whether a kernel setting is there and 0. */
static bool
sysctl_is_zero(const char *path)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *text = file_read_text(AT_FDCWD, path, SYSCTL_BYTES, &local);

    error_ignore(text != NULL, &local, "kernels without the setting do not forbid");
    return text != NULL && strcmp(g_strstrip(text), "0") == 0;
}

/* The settings that forbid namespaces; other reasons (a container's own filter) show in a trial. */
static bool
kernel_allows(GError **error)
{
    const char *setting = NULL;

    if (sysctl_is_zero("/proc/sys/user/max_user_namespaces"))
        setting = "user.max_user_namespaces";
    else if (sysctl_is_zero("/proc/sys/kernel/unprivileged_userns_clone"))
        setting = "kernel.unprivileged_userns_clone";
    if (setting == NULL)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
              "this kernel forbids user namespaces: sysctl '%s' is 0", setting);
    return false;
}

static bool run_trial(Sandbox *sandbox, GError **error);

static Executor *
sandbox_open(const ExecutorConfig *config, GError **error)
{
    Sandbox *sandbox = g_new0(Sandbox, 1);

    sandbox->base.driver = &executor_sandbox;
    sandbox->launcher = config->launcher;
    sandbox->program = config->sandbox_program != NULL ? g_strdup(config->sandbox_program)
                                                       : program_find("bwrap", "bubblewrap", error);
    sandbox->seccomp_fd = -1;
    sandbox->cgroups = cgroup_host_find();
    bool ok = sandbox->program != NULL && kernel_allows(error) && job_user_check(error);

    if (ok) {
        sandbox->seccomp_fd = seccomp_open(error);
        ok = sandbox->seccomp_fd >= 0;
    }
    if (ok && (config->flags & EXECUTOR_TRIAL) != 0)
        ok = run_trial(sandbox, error);
    if (!ok) {
        sandbox_free(&sandbox->base);
        return NULL;
    }
    return &sandbox->base;
}

/* "0.8.0", or "unknown". Owned. */
static char *
tool_version(const Sandbox *sandbox)
{
    g_autoptr(GError) local = NULL;
    g_auto(ProcessResult) result = { 0 };
    const char *argv[] = { sandbox->program, "--version", NULL };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv };
    bool ok =
        process_run(&spec, span_of(NULL, 0), VERSION_BYTES, TOOL_TIMEOUT_MS, NULL, &result, &local);

    error_ignore(ok, &local, "provenance then says that the version is unknown");
    if (!ok || result.exit.exit_code != 0)
        return g_strdup("unknown");
    Span output = span_of_bytes(result.output);
    g_autofree char *text = g_strndup((const char *)output.data, output.len);
    char *space = strrchr(g_strstrip(text), ' '); /* "bubblewrap 0.8.0" */

    return g_strdup(space == NULL ? text : space + 1);
}

static void
sandbox_describe(const Executor *self, json_t *object)
{
    const Sandbox *sandbox = (const Sandbox *)self;
    g_autofree char *version = tool_version(sandbox);
    Digest filter = seccomp_digest();

    json_object_set_new(object, "tool", json_string("bubblewrap"));
    json_object_set_new(object, "toolVersion", json_string(version));
    json_object_set_new(object, "seccomp", json_digest(&filter));
    json_object_set_new(object, "limits", step_limits_describe_host(sandbox->cgroups));
}

static bool
sandbox_release(Machine *self, GError **error)
{
    SandboxMachine *machine = (SandboxMachine *)self;

    step_limits_clear(&machine->limits);
    return workspace_remove(&machine->workspace, error);
}

static void
sandbox_free_machine(Machine *self)
{
    SandboxMachine *machine = (SandboxMachine *)self;

    workspace_clear(&machine->workspace);
    g_clear_pointer(&machine->args, g_ptr_array_unref);
    egress_free(machine->egress);
    g_free(machine->root_dir);
    g_free(machine->shown_source);
    g_free(machine->shown_root);
    g_free(machine);
}

/* A mount point in the view for a folder that is not in scratch. Owned; NULL on error. */
static char *
add_bind(SandboxMachine *machine, const char *from, const char *name, GError **error)
{
    const Workspace *ws = &machine->workspace;
    g_autofree char *to = g_strconcat(ws->scratch, "/", name, NULL);

    if (mkdirat(ws->scratch_fd, name, 0755) != 0 && errno != EEXIST) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create '%s'", name);
        return NULL;
    }
    machine->binds[machine->n_binds++] = (LaunchBind){ from, to };
    return g_steal_pointer(&to);
}

/* Where the job's user cannot reach scratch, the launcher shows it elsewhere, with the source and
 * the root file system in it. */
static bool
make_view(SandboxMachine *machine, GError **error)
{
    const Workspace *ws = &machine->workspace;

    if (ws->view == NULL)
        return true;
    machine->shown_source = add_bind(machine, ws->source, SANDBOX_VIEW_SOURCE, error);
    if (machine->shown_source == NULL)
        return false;
    if (machine->root_dir != NULL) {
        machine->shown_root = add_bind(machine, machine->root_dir, SANDBOX_VIEW_ROOT, error);
        if (machine->shown_root == NULL)
            return false;
    }
    machine->binds[machine->n_binds++] = (LaunchBind){ ws->scratch, ws->view };
    return true;
}

static bool
prepare(SandboxMachine *machine, const MachineSpec *spec, Cancel *cancel, GError **error)
{
    const Sandbox *sandbox = (const Sandbox *)machine->base.executor;
    Workspace *ws = &machine->workspace;
    bool network = spec->network != MACHINE_NETWORK_NONE;

    if (!workspace_make(ws, spec, cancel, error))
        return false;
    if (network) {
        machine->egress = egress_new(spec->network, spec->allow_hosts, cancel, error);
        if (machine->egress == NULL)
            return false;
    }
    g_autofree char *hosts = egress_hosts_text(machine->egress);
    g_autofree char *resolv = egress_resolv_text(machine->egress);

    if ((spec->root_dir == NULL || network) &&
        !sandbox_etc_make(ws->scratch_fd, hosts, resolv, error))
        return false;
    if (!workspace_hand_over(ws, spec->root_dir, error) || !make_view(machine, error))
        return false;
    machine->args = sandbox_args_new(sandbox->program, ws, spec->root_dir, network, error);
    if (machine->args == NULL)
        return false;
    step_limits_init(&machine->limits, sandbox->cgroups, spec->label, &spec->limits);
    return true;
}

static Machine *
sandbox_acquire(Executor *self, const MachineSpec *spec, Cancel *cancel, GError **error)
{
    SandboxMachine *machine = g_new0(SandboxMachine, 1);

    machine->base = (Machine){ .driver = &executor_sandbox, .executor = self };
    machine->root_dir = g_strdup(spec->root_dir);
    if (prepare(machine, spec, cancel, error))
        return &machine->base;
    machine_free(&machine->base);
    return NULL;
}

static void
step_clear(SandboxStep *step)
{
    fd_clear(&step->status_fd);
    fd_clear(&step->status_write);
    fd_clear(&step->seccomp_fd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SandboxStep, step_clear)

static bool
step_open(SandboxStep *step, const Sandbox *sandbox, GError **error)
{
    int status[2] = { -1, -1 };

    step->seccomp_fd = seccomp_reopen(sandbox->seccomp_fd, error);
    if (step->seccomp_fd < 0)
        return false;
    if (pipe2(status, O_CLOEXEC | O_NONBLOCK) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create a pipe");
        return false;
    }
    step->status_fd = status[0];
    step->status_write = status[1];
    return true;
}

/* Whether the job's command was reached. bwrap is gone: all it had to say is in the pipe. */
static bool
step_was_reached(const SandboxStep *step)
{
    char report[STATUS_BYTES];
    ssize_t n = read(step->status_fd, report, sizeof report);

    return n > 0 && memmem(report, (size_t)n, "\"exit-code\"", strlen("\"exit-code\"")) != NULL;
}

/* Runs sh from within its limit: counted in the sandbox's own user namespace, not for the engine's
 * user, so it cannot be set from outside. */
static char *
pids_prologue(const StepLimits *limits)
{
    if (limits->wanted.pids == 0 || cgroup_get_version(limits->cgroup, CGROUP_PIDS) != 0)
        return NULL;
    return g_strdup_printf("ulimit -p %u 2>/dev/null || ulimit -u %u", limits->wanted.pids,
                           limits->wanted.pids);
}

/* bwrap starts within the machine's network; the shell closes what must not reach the job. */
static void
enter_network(const Egress *egress, GPtrArray *argv)
{
    static const char *const rest[] = { "--user=/proc/self/fd/5",
                                        "--net=/proc/self/fd/6",
                                        "--preserve-credentials",
                                        "--",
                                        "/bin/sh",
                                        "-c",
                                        "exec \"$@\" 5<&- 6<&-",
                                        "sh",
                                        NULL };

    g_ptr_array_add(argv, g_strdup(egress_get_nsenter(egress)));
    for (const char *const *arg = rest; *arg != NULL; arg++)
        g_ptr_array_add(argv, g_strdup(*arg));
}

/* The whole command line of a step: bwrap, what is the step's own, and the step. Owned. */
static GPtrArray *
make_argv(const SandboxMachine *machine, const StepSpec *spec, GError **error)
{
    g_autofree char *prologue = pids_prologue(&machine->limits);
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) command = step_argv(spec, prologue, error);

    if (command == NULL)
        return NULL;
    if (machine->egress != NULL)
        enter_network(machine->egress, argv);
    for (guint i = 0; i < machine->args->len; i++)
        g_ptr_array_add(argv, g_strdup(machine->args->pdata[i]));
    g_ptr_array_add(argv, g_strdup("--chdir"));
    g_ptr_array_add(argv, spec->cwd == NULL ? g_strdup(SANDBOX_SOURCE)
                                            : g_strconcat(SANDBOX_SOURCE "/", spec->cwd, NULL));
    g_ptr_array_add(argv, g_strdup("--"));
    for (guint i = 0; i < command->len; i++)
        g_ptr_array_add(argv, g_strdup(command->pdata[i]));
    g_ptr_array_add(argv, NULL);
    return g_steal_pointer(&argv);
}

static bool
run_in_bwrap(const SandboxMachine *machine, const SandboxStep *step, const StepSpec *spec,
             int output_fd, Cancel *cancel, StepResult *result_out, GError **error)
{
    StepFolders folders = { SANDBOX_SOURCE, SANDBOX_OUT, SANDBOX_IN, SANDBOX_TMP };
    g_auto(GStrv) env = step_env(&folders, spec->env);
    g_autoptr(GPtrArray) argv = make_argv(machine, spec, error);
    const Egress *egress = machine->egress;
    const ProcessFd fds[] = {
        { step->status_write, SANDBOX_FD_STATUS },
        { step->seccomp_fd, SANDBOX_FD_SECCOMP },
        { egress == NULL ? -1 : egress_get_user_fd(egress), SANDBOX_FD_USER_NS },
        { egress == NULL ? -1 : egress_get_net_fd(egress), SANDBOX_FD_NET_NS },
    };
    StepRun run = {
        .launcher = ((const Sandbox *)machine->base.executor)->launcher,
        .spec = { .env = (const char *const *)env,
                  .stdin_fd = -1,
                  .stdout_fd = output_fd,
                  .stderr_fd = output_fd,
                  .fds = fds,
                  .n_fds = egress == NULL ? 2 : 4,
                  .uid = job_user_get(),
                  .gid = job_user_get(),
                  .binds = machine->binds,
                  .n_binds = machine->n_binds },
        .limits = &machine->limits,
        .timeout_ms = spec->timeout_ms,
    };

    if (argv == NULL)
        return false;
    run.spec.argv = (const char *const *)argv->pdata;
    return step_run(&run, cancel, result_out, error);
}

static bool
sandbox_exec(Machine *self, const StepSpec *spec, int output_fd, Cancel *cancel,
             StepResult *result_out, GError **error)
{
    SandboxMachine *machine = (SandboxMachine *)self;
    g_auto(SandboxStep) step = { .status_fd = -1, .status_write = -1, .seccomp_fd = -1 };
    StepResult result = { 0 };

    if (!step_open(&step, (const Sandbox *)self->executor, error) ||
        !run_in_bwrap(machine, &step, spec, output_fd, cancel, &result, error))
        return false;
    bool ended_by_us = result.timed_out || result.oom_killed || result.term_signal != 0;

    if (!ended_by_us && !step_was_reached(&step)) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "cannot set up the sandbox: its words are in the step's output");
        return false;
    }
    *result_out = result;
    return true;
}

/* Runs nothing in a sandbox like every other, and tells bwrap's own words when that fails. */
static bool
run_trial(Sandbox *sandbox, GError **error)
{
    g_auto(TempDir) dir = { 0 };
    AUTO_FD int output = memfd_create("slipway-trial", MFD_CLOEXEC);
    char words[TRIAL_BYTES + 1] = { 0 };
    g_autoptr(GError) local = NULL;
    StepResult result = { 0 };

    if (output < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make a file in memory");
        return false;
    }
    if (!temp_dir_make(&dir, "slipway-trial", error))
        return false;
    g_autofree char *scratch = g_strconcat(dir.path, "/machine", NULL);
    const MachineSpec machine_spec = { .label = "trial", .scratch_dir = scratch };
    const StepSpec step = { .shell = "true", .timeout_ms = TOOL_TIMEOUT_MS };
    g_autoptr(Machine) machine = sandbox_acquire(&sandbox->base, &machine_spec, NULL, error);

    if (machine == NULL)
        return false;
    bool ok = sandbox_exec(machine, &step, output, NULL, &result, &local);
    if (ok && result.exit_code == 0)
        return true;
    ssize_t n = pread(output, words, TRIAL_BYTES, 0);

    words[n < 0 ? 0 : n] = '\0';
    g_autofree char *printable = error_printable(g_strdelimit(g_strstrip(words), "\n", ' '));
    const char *why = printable[0] != '\0' ? printable : ok ? "the command failed" : local->message;
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "a trial of the sandbox failed: %s", why);
    return false;
}

static GBytes *
sandbox_read_output(Machine *self, GError **error)
{
    return workspace_read_output(&((SandboxMachine *)self)->workspace, error);
}

static GPtrArray *
sandbox_collect(Machine *self, const char *const *globs, const MachineCollectLimits *limits,
                GError **error)
{
    return workspace_collect(&((SandboxMachine *)self)->workspace, globs, limits, error);
}

static int
sandbox_open_output(Machine *self, const char *path, GError **error)
{
    return workspace_open_output(&((SandboxMachine *)self)->workspace, path, error);
}

static char *
sandbox_limits_text(const Machine *self)
{
    return step_limits_text(&((const SandboxMachine *)self)->limits, true);
}

static json_t *
sandbox_describe_machine(const Machine *self)
{
    const SandboxMachine *machine = (const SandboxMachine *)self;
    json_t *object = json_object();

    egress_describe(machine->egress, object);
    json_object_set_new(object, "root",
                        json_string(machine->root_dir == NULL ? "host" : "directory"));
    json_object_set_new(object, "limits", step_limits_describe(&machine->limits));
    return object;
}

const ExecutorDriver executor_sandbox = {
    .name = "sandbox",
    .caps = EXECUTOR_CAP_NETWORK | EXECUTOR_CAP_ROOT,
    .isolation = EXECUTOR_ISOLATION_ISOLATED,
    .open = sandbox_open,
    .describe = sandbox_describe,
    .free = sandbox_free,
    .acquire = sandbox_acquire,
    .exec = sandbox_exec,
    .read_output = sandbox_read_output,
    .collect = sandbox_collect,
    .open_output = sandbox_open_output,
    .limits_text = sandbox_limits_text,
    .describe_machine = sandbox_describe_machine,
    .release = sandbox_release,
    .free_machine = sandbox_free_machine,
};
