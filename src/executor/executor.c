/* SPDX-License-Identifier: Apache-2.0
 * executor: the facade over the drivers; checks once what every driver may rely on. */
#include "executor/executor.h"
#include <string.h>
#include "base/limits.h"
#include "executor/driver.h"
#include "format/glob.h"
#include "base/banned.h"

#define LABEL_MAX_BYTES 64

static const ExecutorDriver *const drivers[] = { &executor_sandbox, &executor_host,
                                                 &executor_command, &executor_vm };

bool
executor_check_settings(const char *driver, const json_t *settings, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (strcmp(drivers[i]->name, driver) == 0 && drivers[i]->check_settings != NULL)
            return drivers[i]->check_settings(settings, error);
    }
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "'%s' has no pools: expected 'vm' or 'command'", driver);
    return false;
}

Executor *
executor_open(const char *driver, const ExecutorConfig *config, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
        if (strcmp(drivers[i]->name, driver) != 0)
            continue;
        Executor *executor = drivers[i]->open(config, error);
        if (executor == NULL)
            error_prefix(error, "cannot use executor '%s'", driver);
        return executor;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
              "cannot use executor '%s': there are 'sandbox', 'host', 'command' and 'vm'", driver);
    return NULL;
}

void
executor_free(Executor *executor)
{
    if (executor != NULL)
        executor->driver->free(executor);
}

const char *
executor_get_name(const Executor *executor)
{
    return executor->driver->name;
}

ExecutorIsolation
executor_get_isolation(const Executor *executor)
{
    return executor->driver->isolation;
}

const char *
executor_isolation_name(ExecutorIsolation isolation)
{
    switch (isolation) {
    case EXECUTOR_ISOLATION_ISOLATED:
        return "isolated";
    case EXECUTOR_ISOLATION_NONE:
        return "none";
    case EXECUTOR_ISOLATION_UNKNOWN:
        break;
    }
    return "unknown";
}

json_t *
executor_describe(const Executor *executor)
{
    const char *isolation = executor_isolation_name(executor->driver->isolation);
    json_t *object =
        json_pack("{s:s, s:s}", "driver", executor->driver->name, "isolation", isolation);

    executor->driver->describe(executor, object);
    return object;
}

static bool
refuse(GError **error, const char *label, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot prepare a machine for '%s': %s", label,
              why);
    return false;
}

static bool
label_is_valid(const char *label)
{
    size_t len = label == NULL ? 0 : strnlen(label, LABEL_MAX_BYTES + 1);

    for (size_t i = 0; i < len; i++)
        if (!g_ascii_isalnum(label[i]) && strchr("._-", label[i]) == NULL)
            return false;
    return len >= 1 && len <= LABEL_MAX_BYTES;
}

/* Relative, without empty, "." or ".." parts. */
static bool
path_stays_below(const char *path)
{
    for (const char *part = path; part != NULL;) {
        size_t len = strcspn(part, "/");
        if (len == 0 || (len == 1 && part[0] == '.') || (len == 2 && memcmp(part, "..", 2) == 0))
            return false;
        part = part[len] == '/' ? part + len + 1 : NULL;
    }
    return true;
}

static bool
check_machine_spec(const Executor *executor, const MachineSpec *spec, GError **error)
{
    const ExecutorDriver *driver = executor->driver;

    if (!label_is_valid(spec->label))
        return refuse(error, "?", "its label is not 1 to 64 of A-Z a-z 0-9 . _ -");
    if (spec->slot != NULL && !label_is_valid(spec->slot))
        return refuse(error, spec->label, "its slot's name is not 1 to 64 of A-Z a-z 0-9 . _ -");
    if (spec->scratch_dir == NULL || spec->scratch_dir[0] != '/' ||
        (spec->source_dir != NULL && spec->source_dir[0] != '/') ||
        (spec->root_dir != NULL && spec->root_dir[0] != '/'))
        return refuse(error, spec->label, "folders must be absolute");
    if (spec->root_dir != NULL && (driver->caps & EXECUTOR_CAP_ROOT) == 0)
        return refuse(error, spec->label, "this executor has no root file systems");
    if (spec->network == MACHINE_NETWORK_ALLOW && (driver->caps & EXECUTOR_CAP_NETWORK) == 0)
        return refuse(error, spec->label, "this executor cannot limit the network to hosts");
    for (size_t i = 0; i < spec->n_inputs; i++)
        if (!path_stays_below(spec->inputs[i].path))
            return refuse(error, spec->label, "an input's path does not stay below its folder");
    return true;
}

Machine *
executor_acquire(Executor *executor, const MachineSpec *spec, Cancel *cancel, GError **error)
{
    if (!check_machine_spec(executor, spec, error))
        return NULL;
    Machine *machine = executor->driver->acquire(executor, spec, cancel, error);

    if (machine == NULL)
        error_prefix(error, "cannot prepare a machine for '%s'", spec->label);
    return machine;
}

bool
executor_reclaim(Executor *executor, const char *slot, const json_t *settings, Cancel *cancel,
                 GError **error)
{
    if (executor->driver->reclaim == NULL)
        return true;
    if (!label_is_valid(slot)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot reclaim a machine: its name is not 1 to 64 of A-Z a-z 0-9 . _ -");
        return false;
    }
    if (executor->driver->reclaim(executor, slot, settings, cancel, error))
        return true;
    error_prefix(error, "cannot reclaim machine '%s'", slot);
    return false;
}

bool
executor_refresh(Executor *executor, const char *slot, const json_t *settings, int output_fd,
                 Cancel *cancel, char **snapshot_out, GError **error)
{
    if (executor->driver->refresh == NULL || !label_is_valid(slot)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot refresh machine '%s': machines of executor '%s' are not refreshed here",
                  label_is_valid(slot) ? slot : "?", executor->driver->name);
        return false;
    }
    if (executor->driver->refresh(executor, slot, settings, output_fd, cancel, snapshot_out, error))
        return true;
    error_prefix(error, "cannot refresh machine '%s'", slot);
    return false;
}

bool
machine_exec(Machine *machine, const StepSpec *step, int output_fd, Cancel *cancel,
             StepResult *result_out, GError **error)
{
    bool empty = step->shell == NULL && (step->argv == NULL || step->argv[0] == NULL);

    if (empty || (step->cwd != NULL && !path_stays_below(step->cwd))) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot run the step: %s",
                  empty ? "it has no command" : "its folder is not below the source");
        return false;
    }
    return machine->driver->exec(machine, step, output_fd, cancel, result_out, error);
}

GBytes *
machine_read_output(Machine *machine, GError **error)
{
    return machine->driver->read_output(machine, error);
}

void
machine_file_free(MachineFile *file)
{
    if (file == NULL)
        return;
    g_free(file->path);
    g_free(file);
}

GPtrArray *
machine_collect(Machine *machine, const char *const *globs, const MachineCollectLimits *limits,
                GError **error)
{
    MachineCollectLimits used = { 0 };

    for (const char *const *glob = globs; *glob != NULL; glob++)
        if (!glob_check(*glob, error))
            return NULL;
    if (limits != NULL)
        used = *limits;
    if (used.max_files == 0 || used.max_files > LIMIT_ARTIFACTS_PER_JOB)
        used.max_files = LIMIT_ARTIFACTS_PER_JOB;
    if (used.max_total_bytes == 0 || used.max_total_bytes > LIMIT_ARTIFACT_BYTES)
        used.max_total_bytes = LIMIT_ARTIFACT_BYTES;
    return machine->driver->collect(machine, globs, &used, error);
}

int
machine_open_output(Machine *machine, const char *path, GError **error)
{
    return machine->driver->open_output(machine, path, error);
}

char *
machine_limits_text(const Machine *machine)
{
    return machine->driver->limits_text(machine);
}

json_t *
machine_describe(const Machine *machine)
{
    return machine->driver->describe_machine(machine);
}

bool
machine_release(Machine *machine, GError **error)
{
    return machine->driver->release(machine, error);
}

void
machine_free(Machine *machine)
{
    g_autoptr(GError) local = NULL;

    if (machine == NULL)
        return;
    error_ignore(machine->driver->release(machine, &local), &local,
                 "a caller that wants to know calls machine_release itself");
    machine->driver->free_machine(machine);
}
