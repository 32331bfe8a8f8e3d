/* SPDX-License-Identifier: Apache-2.0
 * host: the driver without isolation, for machines whose kernel forbids namespaces and only when
 * asked for by name. A step runs as the engine's user, in the host's file system and network; only
 * the contract of a step (folders, variables, limits, nothing survives) is the sandbox's. */
#include "executor/driver.h"
#include "executor/step.h"
#include "executor/workspace.h"
#include "base/banned.h"

#define GRACE_MS 2000 /* for a step to clean up after TERM */

typedef struct {
    Executor base;
    Launcher *launcher;  /* borrowed */
    CgroupHost *cgroups; /* owned */
} Host;

typedef struct {
    Machine base;
    Workspace workspace;
    StepLimits limits;
    MachineNetwork network;
} HostMachine;

static Executor *
host_open(const ExecutorConfig *config, GError **error)
{
    Host *host = g_new0(Host, 1);

    (void)error; /* nothing is needed that could be missing */
    host->base.driver = &executor_host;
    host->launcher = config->launcher;
    host->cgroups = cgroup_host_find();
    return &host->base;
}

static void
host_describe(const Executor *self, json_t *object)
{
    const Host *host = (const Host *)self;

    json_object_set_new(object, "limits", step_limits_describe_host(host->cgroups));
}

static void
host_free(Executor *self)
{
    Host *host = (Host *)self;

    cgroup_host_free(host->cgroups);
    g_free(host);
}

static bool
host_release(Machine *self, GError **error)
{
    HostMachine *machine = (HostMachine *)self;

    step_limits_clear(&machine->limits);
    return workspace_remove(&machine->workspace, error);
}

static void
host_free_machine(Machine *self)
{
    HostMachine *machine = (HostMachine *)self;

    workspace_clear(&machine->workspace);
    g_free(machine);
}

static Machine *
host_acquire(Executor *self, const MachineSpec *spec, Cancel *cancel, GError **error)
{
    Host *host = (Host *)self;
    HostMachine *machine = g_new0(HostMachine, 1);
    bool ok = workspace_make(&machine->workspace, spec, cancel, error);

    machine->base = (Machine){ .driver = &executor_host, .executor = self };
    machine->network = spec->network;
    if (!ok) {
        machine_free(&machine->base);
        return NULL;
    }
    step_limits_init(&machine->limits, host->cgroups, spec->label, &spec->limits);
    return &machine->base;
}

static bool
host_exec(Machine *self, const StepSpec *step, int output_fd, Cancel *cancel,
          StepResult *result_out, GError **error)
{
    HostMachine *machine = (HostMachine *)self;
    const Workspace *ws = &machine->workspace;
    StepFolders folders = { .source = ws->source, .out = ws->out, .in = ws->in, .tmp = ws->tmp };
    g_auto(GStrv) env = step_env(&folders, step->env);
    g_autoptr(GPtrArray) argv = step_argv(step, NULL, error);
    g_autofree char *cwd =
        step->cwd == NULL ? g_strdup(ws->source) : g_strconcat(ws->source, "/", step->cwd, NULL);

    if (argv == NULL)
        return false;
    g_ptr_array_add(argv, NULL);
    StepRun run = {
        .launcher = ((Host *)self->executor)->launcher,
        .spec = { .argv = (const char *const *)argv->pdata,
                  .env = (const char *const *)env,
                  .cwd = cwd,
                  .stdin_fd = -1,
                  .stdout_fd = output_fd,
                  .stderr_fd = output_fd },
        .limits = &machine->limits,
        .timeout_ms = step->timeout_ms,
        .grace_ms = GRACE_MS,
    };
    return step_run(&run, cancel, result_out, error);
}

static GBytes *
host_read_output(Machine *self, GError **error)
{
    return workspace_read_output(&((HostMachine *)self)->workspace, error);
}

static GPtrArray *
host_collect(Machine *self, const char *const *globs, const MachineCollectLimits *limits,
             GError **error)
{
    return workspace_collect(&((HostMachine *)self)->workspace, globs, limits, error);
}

static int
host_open_output(Machine *self, const char *path, GError **error)
{
    return workspace_open_output(&((HostMachine *)self)->workspace, path, error);
}

static char *
host_limits_text(const Machine *self)
{
    return step_limits_text(&((const HostMachine *)self)->limits, false);
}

static json_t *
host_describe_machine(const Machine *self)
{
    json_t *limits = step_limits_describe(&((const HostMachine *)self)->limits);

    return json_pack("{s:s, s:n, s:o}", "network", "host", "root", "limits", limits);
}

const ExecutorDriver executor_host = {
    .name = "host",
    .caps = 0,
    .isolation = EXECUTOR_ISOLATION_NONE,
    .open = host_open,
    .describe = host_describe,
    .free = host_free,
    .acquire = host_acquire,
    .exec = host_exec,
    .read_output = host_read_output,
    .collect = host_collect,
    .open_output = host_open_output,
    .limits_text = host_limits_text,
    .describe_machine = host_describe_machine,
    .release = host_release,
    .free_machine = host_free_machine,
};
