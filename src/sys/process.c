/* SPDX-License-Identifier: Apache-2.0
 * process: posix_spawn and pidfd.
 *
 * 1. Descriptors given to the child are first duplicated above PROCESS_FD_HIGHEST, so that no
 * source is overwritten by another one's target.
 * 2. A child is reaped exactly once, through its pidfd; its pid is used for nothing after that. */
#include "sys/process.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/error.h"
#include "base/files.h"
#include "base/banned.h"

struct Process {
    pid_t pid;
    int pidfd; /* owned */
    bool reaped;
    ProcessExit exit;
};

typedef struct SpawnPlan { /* what posix_spawn needs, and the duplicates it refers to */
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    GArray *duplicates; /* owned: descriptors above PROCESS_FD_HIGHEST */
} SpawnPlan;

static void
spawn_plan_init(SpawnPlan *plan)
{
    posix_spawn_file_actions_init(&plan->actions);
    posix_spawnattr_init(&plan->attributes);
    plan->duplicates = g_array_new(FALSE, FALSE, sizeof(int));
}

static void
spawn_plan_clear(SpawnPlan *plan)
{
    for (guint i = 0; i < plan->duplicates->len; i++)
        close(g_array_index(plan->duplicates, int, i));
    g_array_unref(plan->duplicates);
    posix_spawnattr_destroy(&plan->attributes);
    posix_spawn_file_actions_destroy(&plan->actions);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SpawnPlan, spawn_plan_clear)

/* @from: -1 = /dev/null. */
static bool
plan_fd(SpawnPlan *plan, int from, int to, GError **error)
{
    int high;

    if (from < 0) {
        posix_spawn_file_actions_addopen(&plan->actions, to, "/dev/null", O_RDWR, 0);
        return true;
    }
    high = fcntl(from, F_DUPFD_CLOEXEC, PROCESS_FD_HIGHEST + 1);
    if (high < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot pass descriptor %d", from);
        return false;
    }
    g_array_append_val(plan->duplicates, high);
    posix_spawn_file_actions_adddup2(&plan->actions, high, to);
    return true;
}

static bool
plan_fds(SpawnPlan *plan, const ProcessSpec *spec, GError **error)
{
    bool wanted[PROCESS_FD_HIGHEST + 1] = { false };

    assert(spec->n_fds <= PROCESS_FDS_MAX);
    if (!plan_fd(plan, spec->stdin_fd, STDIN_FILENO, error) ||
        !plan_fd(plan, spec->stdout_fd, STDOUT_FILENO, error) ||
        !plan_fd(plan, spec->stderr_fd, STDERR_FILENO, error))
        return false;
    for (size_t i = 0; i < spec->n_fds; i++) {
        assert(spec->fds[i].to > STDERR_FILENO && spec->fds[i].to <= PROCESS_FD_HIGHEST);
        wanted[spec->fds[i].to] = true;
        if (!plan_fd(plan, spec->fds[i].from, spec->fds[i].to, error))
            return false;
    }
    for (int fd = STDERR_FILENO + 1; fd <= PROCESS_FD_HIGHEST && spec->n_fds > 0; fd++)
        if (!wanted[fd])
            posix_spawn_file_actions_addclose(&plan->actions, fd);
    posix_spawn_file_actions_addclosefrom_np(
        &plan->actions, spec->n_fds > 0 ? PROCESS_FD_HIGHEST + 1 : STDERR_FILENO + 1);
    if (spec->cwd != NULL)
        posix_spawn_file_actions_addchdir_np(&plan->actions, spec->cwd);
    return true;
}

static void
plan_attributes(SpawnPlan *plan)
{
    sigset_t none, all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setflags(&plan->attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&plan->attributes, 0);
    posix_spawnattr_setsigmask(&plan->attributes, &none);
    posix_spawnattr_setsigdefault(&plan->attributes, &all);
}

/* Looks a bare program name up in PATH of the child's own environment. Owned. */
static char *
find_program(const ProcessSpec *spec, GError **error)
{
    const char *name = spec->argv[0];
    const char *path = "/usr/local/bin:/usr/bin:/bin";
    g_auto(GStrv) folders = NULL;

    if (strchr(name, '/') != NULL)
        return g_strdup(name);
    for (const char *const *entry = spec->env; entry != NULL && *entry != NULL; entry++)
        if (g_str_has_prefix(*entry, "PATH="))
            path = *entry + strlen("PATH=");
    folders = g_strsplit(path, ":", -1);
    for (char **folder = folders; *folder != NULL; folder++) {
        g_autofree char *full = g_strdup_printf("%s/%s", *folder, name);

        if (**folder == '/' && access(full, X_OK) == 0)
            return g_steal_pointer(&full);
    }
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "cannot find program '%s'", name);
    return NULL;
}

static void
set_spawn_error(int status, const char *program, GError **error)
{
    BaseError code = status == ENOENT || status == ENOTDIR ? BASE_ERROR_NOT_FOUND
                     : status == EACCES || status == EPERM ? BASE_ERROR_DENIED
                                                           : BASE_ERROR_IO;

    error_set(error, BASE_ERROR, code, "cannot start '%s': %s", program, g_strerror(status));
}

Process *
process_spawn(const ProcessSpec *spec, GError **error)
{
    static const char *const no_environment[] = { NULL };
    const char *const *env = spec->env != NULL ? spec->env : no_environment;
    g_autofree char *program = find_program(spec, error);
    g_autoptr(Process) process = NULL;
    g_auto(SpawnPlan) plan = { 0 };
    pid_t pid;
    int status;

    spawn_plan_init(&plan);
    if (program == NULL || !plan_fds(&plan, spec, error))
        return NULL;
    plan_attributes(&plan);
    status = posix_spawn(&pid, program, &plan.actions, &plan.attributes, (char *const *)spec->argv,
                         (char *const *)env);
    if (status != 0) {
        set_spawn_error(status, program, error);
        return NULL;
    }
    process = g_new0(Process, 1);
    process->pid = pid;
    process->pidfd = pidfd_open(pid, 0);
    if (process->pidfd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot watch '%s'", program);
        return NULL;
    }
    return g_steal_pointer(&process);
}

static void
note_exit(Process *process, const siginfo_t *info)
{
    process->reaped = true;
    if (info->si_code == CLD_EXITED)
        process->exit = (ProcessExit){ .exit_code = info->si_status };
    else
        process->exit = (ProcessExit){ .exit_code = -1, .signal = info->si_status };
}

/* Blocks until it is gone; the caller has killed it or seen its pidfd readable. */
static bool
reap(Process *process)
{
    siginfo_t info = { 0 };
    int status;

    do {
        status = waitid(P_PID, (id_t)process->pid, &info, WEXITED);
    } while (status < 0 && errno == EINTR);
    if (status < 0)
        return false;
    note_exit(process, &info);
    return true;
}

void
process_free(Process *process)
{
    if (process == NULL)
        return;
    if (!process->reaped) {
        process_kill(process, SIGKILL);
        (void)reap(process); /* fails only if somebody else reaped it: then it is gone */
    }
    if (process->pidfd >= 0)
        close(process->pidfd);
    g_free(process);
}

pid_t
process_pid(const Process *process)
{
    return process->pid;
}

int
process_fd(const Process *process)
{
    return process->pidfd;
}

bool
process_wait(Process *process, int timeout_ms, Cancel *cancel, ProcessExit *exit_out,
             GError **error)
{
    if (!process->reaped) {
        if (!cancel_poll(cancel, process->pidfd, POLLIN, timeout_ms, error))
            return false;
        if (!reap(process)) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot wait for process %d",
                            (int)process->pid);
            return false;
        }
    }
    if (exit_out != NULL)
        *exit_out = process->exit;
    return true;
}

void
process_kill(Process *process, int signal)
{
    if (!process->reaped)
        kill(-process->pid, signal); /* not reaped, so the group's number is still its own */
}

char *
process_exit_text(const ProcessExit *end)
{
    if (end->signal != 0)
        return g_strdup_printf("was ended by signal %d (%s)", end->signal,
                               g_strsignal(end->signal));
    return g_strdup_printf("exited with %d", end->exit_code);
}
