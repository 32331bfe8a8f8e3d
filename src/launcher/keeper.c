/* SPDX-License-Identifier: Apache-2.0
 * keeper: starts one job, reports its end, and kills whatever it leaves behind.
 *
 *   running ──main ended, engine or launcher gone, grace over──► killing ──no child left──► ended
 *
 * The job's process shares our memory until it has called exec (as vfork does), so that starting
 * costs no copy and the reason of a failure can be handed over in the request. */
#include "launcher/keeper.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "launcher/tree.h"

#define CHILD_STACK_BYTES (64u << 10)
#define SWEEP_MS          10    /* between two looks at what is left */
#define KILL_LIMIT_MS     30000 /* then the end is reported, with what could not be killed */

typedef struct Job {
    const LauncherStart *start;
    int socket;      /* the engine */
    int *streams;    /* stdin, stdout, stderr */
    int *passed;     /* start->n_fds */
    int *cgroups;    /* start->n_cgroups */
    int cgroup_kill; /* -1 = none */
    char *cwd;
    char **argv;
    char **env;
    char **binds;          /* from, to, … */
    uint32_t failed_stage; /* written by the child */
    int failed_errno;      /* written by the child */
} Job;

typedef struct Keeper {
    int socket;
    int signal_fd;
    int cgroup_kill;
    pid_t main_pid;
    bool main_ended;
    int64_t started_us;
    int64_t kill_at_us; /* when the grace is over; 0 = no end was asked for */
    KeeperMessage end;
} Keeper;

static int64_t
now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
tell(int socket, const KeeperMessage *message)
{
    while (send(socket, message, sizeof *message, MSG_NOSIGNAL) < 0 && errno == EINTR)
        continue; /* an engine that is gone needs no answer */
}

static _Noreturn void
give_up(int socket, uint32_t stage, int code)
{
    KeeperMessage message = { .type = KEEPER_FAILED, .code = code, .stage = stage };

    tell(socket, &message);
    _exit(1);
}

/* Splits the text into cwd, argv, env and binds. Returns false if it is not what the request says.
 */
static bool
read_text(Job *job, int fd)
{
    const LauncherStart *start = job->start;
    size_t n_both = (size_t)start->n_argv + start->n_env;
    size_t n = n_both + 2 * (size_t)start->n_binds;
    char *text, *end;
    char **strings;

    if (start->text_bytes == 0 || start->text_bytes > LAUNCHER_TEXT_BYTES || start->n_argv == 0 ||
        n_both > LAUNCHER_STRINGS_MAX)
        return false;
    text = mmap(NULL, start->text_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    strings = calloc(n + 2, sizeof *strings);
    if (text == MAP_FAILED || strings == NULL || text[start->text_bytes - 1] != '\0')
        return false;
    end = text + start->text_bytes;
    job->cwd = text;
    job->argv = strings;
    job->env = strings + start->n_argv + 1;
    job->binds = strings + n_both + 2;
    text += strlen(text) + 1;
    for (size_t i = 0; i < n; i++) {
        if (text >= end)
            return false;
        strings[i < start->n_argv ? i : i < n_both ? i + 1 : i + 2] = text;
        text += strlen(text) + 1;
    }
    return text == end;
}

/* Puts @fds in their places; -1 entries of @n_fds were checked before. */
static bool
prepare(Job *job, int *fds, size_t n_fds)
{
    const LauncherStart *start = job->start;
    bool kill_fd = (start->flags & LAUNCHER_CGROUP_KILL) != 0;

    if (start->n_fds > LAUNCHER_FDS_MAX || start->n_cgroups > LAUNCHER_CGROUPS_MAX ||
        start->n_rlimits > LAUNCHER_RLIMITS_MAX || start->n_binds > LAUNCHER_BINDS_MAX ||
        n_fds != 5 + (size_t)start->n_fds + start->n_cgroups + (kill_fd ? 1 : 0))
        return false;
    /* Above every number the job can get, so that no source is overwritten by another's target. */
    for (size_t i = 2; i < n_fds; i++) {
        int high = fcntl(fds[i], F_DUPFD_CLOEXEC, LAUNCHER_FD_HIGHEST + 1);

        if (high < 0)
            return false;
        close(fds[i]);
        fds[i] = high;
    }
    job->streams = fds + 2;
    job->passed = fds + 5;
    job->cgroups = job->passed + start->n_fds;
    job->cgroup_kill = kill_fd ? fds[n_fds - 1] : -1;
    return read_text(job, fds[1]);
}

static bool
place_fds(const Job *job)
{
    for (int i = 0; i < 3; i++)
        if (dup2(job->streams[i], i) < 0)
            return false;
    for (uint32_t i = 0; i < job->start->n_fds; i++) {
        int to = job->start->to[i];

        if (to < 3 || to > LAUNCHER_FD_HIGHEST) {
            errno = EBADF;
            return false;
        }
        if (dup2(job->passed[i], to) < 0)
            return false;
    }
    return true;
}

static bool
join_cgroups(const Job *job)
{
    for (uint32_t i = 0; i < job->start->n_cgroups; i++)
        if (write(job->cgroups[i], "0", 1) != 1)
            return false;
    return true;
}

static bool
set_limits(const Job *job)
{
    for (uint32_t i = 0; i < job->start->n_rlimits; i++) {
        const LauncherRlimit *limit = &job->start->rlimits[i];
        struct rlimit value = { .rlim_cur = limit->soft, .rlim_max = limit->hard };

        if (setrlimit(limit->resource, &value) < 0)
            return false;
    }
    return true;
}

/* In a mount namespace of the job's own, which nobody else sees and which ends with it. */
static bool
show_folders(const Job *job)
{
    if (job->start->n_binds == 0)
        return true;
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return false;
    for (uint32_t i = 0; i < job->start->n_binds; i++)
        if (mount(job->binds[2 * i], job->binds[2 * i + 1], NULL, MS_BIND | MS_REC, NULL) < 0)
            return false;
    return true;
}

/* By plain system calls: those of the C library would also look after threads, which are not ours.
 * The kernel forgets the parent-death signal when the user changes. */
static bool
become_user(const Job *job)
{
    uint32_t uid = job->start->uid;
    uint32_t gid = job->start->gid;

    return uid == 0 ||
           (syscall(SYS_setgroups, 0, NULL) == 0 && syscall(SYS_setresgid, gid, gid, gid) == 0 &&
            syscall(SYS_setresuid, uid, uid, uid) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
}

/* Runs in the job's process, on our memory: system calls only. Returns the stage that failed. */
static uint32_t
become_job(const Job *job)
{
    sigset_t none;

    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!join_cgroups(job))
        return KEEPER_STAGE_CGROUP;
    if (!show_folders(job))
        return KEEPER_STAGE_MOUNT;
    /* The working folder before the limits: they may be too low for our own last steps. */
    if (chdir(job->cwd) < 0)
        return KEEPER_STAGE_CWD;
    if (!place_fds(job))
        return KEEPER_STAGE_FDS;
    if ((job->start->flags & LAUNCHER_NEW_PRIVILEGES) == 0 &&
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return KEEPER_STAGE_LIMITS;
    if (!set_limits(job))
        return KEEPER_STAGE_LIMITS;
    if (!become_user(job))
        return KEEPER_STAGE_USER;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(job->argv[0], job->argv, job->env);
    return KEEPER_STAGE_EXEC;
}

static int
child_main(void *data)
{
    Job *job = data;

    job->failed_stage = become_job(job);
    job->failed_errno = errno;
    _exit(127);
}

/* Returns the job's process once it runs its program. */
static pid_t
start_job(Job *job)
{
    char *stack = mmap(NULL, CHILD_STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    pid_t pid;
    int saved;

    if (stack == MAP_FAILED)
        give_up(job->socket, KEEPER_STAGE_PREPARE, errno);
    job->failed_stage = KEEPER_STAGE_NONE;
    pid = clone(child_main, stack + CHILD_STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, job);
    saved = errno;
    munmap(stack, CHILD_STACK_BYTES);
    if (pid < 0)
        give_up(job->socket, KEEPER_STAGE_PREPARE, saved);
    if (job->failed_stage != KEEPER_STAGE_NONE)
        give_up(job->socket, job->failed_stage, job->failed_errno);
    return pid;
}

/* What all of the job has used: a sandbox's processes are not its main process's children. */
static void
tell_end(Keeper *keeper)
{
    keeper->end.type = KEEPER_ENDED;
    getrusage(RUSAGE_CHILDREN, &keeper->end.rusage);
    tell(keeper->socket, &keeper->end);
}

/* Returns false when no child is left. */
static bool
reap(Keeper *keeper)
{
    struct signalfd_siginfo info;
    pid_t pid;
    int status;

    /* Emptied first: a child that ends after waitpid leaves a notice for the next poll. */
    while (read(keeper->signal_fd, &info, sizeof info) > 0)
        if (info.ssi_signo == KEEPER_END_SIGNAL)
            keeper->kill_at_us = 1;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != keeper->main_pid)
            continue;
        keeper->main_ended = true;
        keeper->end.code = status;
        keeper->end.wall_us = now_us() - keeper->started_us;
    }
    return pid == 0;
}

/* Children of children become ours when their parent dies: one generation a round, until none is
 * left. */
static void
kill_all(Keeper *keeper)
{
    int64_t limit_us = now_us() + (int64_t)KILL_LIMIT_MS * 1000;
    struct pollfd wait = { .fd = keeper->signal_fd, .events = POLLIN };

    while (reap(keeper)) {
        pid_t *children;
        size_t n = tree_children(&children);
        ssize_t written = keeper->cgroup_kill >= 0 ? write(keeper->cgroup_kill, "1", 1) : 0;

        (void)written; /* the children are killed one by one anyway */
        for (size_t i = 0; i < n; i++)
            kill(children[i], SIGKILL);
        free(children);
        if (keeper->end.type == KEEPER_NONE && now_us() > limit_us) {
            keeper->end.leftover = (uint32_t)n;
            if (!keeper->main_ended)
                keeper->end.code = SIGKILL; /* as a wait status */
            tell_end(keeper);
        }
        poll(&wait, 1, SWEEP_MS);
    }
}

/* Returns false when the engine is gone. */
static bool
obey(Keeper *keeper)
{
    KeeperMessage message;
    ssize_t got = recv(keeper->socket, &message, sizeof message, MSG_DONTWAIT);

    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got != (ssize_t)sizeof message)
        return false;
    if (message.type == KEEPER_SIGNAL) {
        tree_signal(message.code);
    } else if (message.type == KEEPER_KILL) {
        int64_t kill_at_us = now_us() + (int64_t)message.code * 1000;

        if (message.code > 0)
            tree_signal(SIGTERM);
        if (keeper->kill_at_us == 0 || kill_at_us < keeper->kill_at_us)
            keeper->kill_at_us = kill_at_us;
    }
    return true;
}

/* Until the job has to be, or is, at its end. */
static void
keep(Keeper *keeper)
{
    while (reap(keeper) && !keeper->main_ended) {
        struct pollfd fds[2] = {
            { .fd = keeper->socket, .events = POLLIN },
            { .fd = keeper->signal_fd, .events = POLLIN },
        };
        int timeout_ms = -1;

        if (keeper->kill_at_us != 0) {
            int64_t left_us = keeper->kill_at_us - now_us();

            if (left_us <= 0)
                return;
            timeout_ms = (int)((left_us + 999) / 1000);
        }
        if (poll(fds, 2, timeout_ms) > 0 && fds[0].revents != 0 && !obey(keeper))
            return;
    }
}

_Noreturn void
keeper_main(const LauncherStart *start, int *fds, size_t n_fds)
{
    Job job = { .start = start };
    Keeper keeper = { 0 };
    KeeperMessage started = { .type = KEEPER_STARTED };
    sigset_t set;

    if (n_fds == 0)
        _exit(1);
    job.socket = keeper.socket = fds[0];
    prctl(PR_SET_NAME, "slipway-keeper");
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, KEEPER_END_SIGNAL);
    sigprocmask(SIG_BLOCK, &set, NULL);
    keeper.signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (keeper.signal_fd < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
        give_up(job.socket, KEEPER_STAGE_PREPARE, errno);
    if (!prepare(&job, fds, n_fds))
        give_up(job.socket, KEEPER_STAGE_PREPARE, EINVAL);
    keeper.cgroup_kill = job.cgroup_kill;
    keeper.started_us = now_us();
    keeper.main_pid = start_job(&job);
    for (size_t i = 1; i < n_fds; i++) /* else the job's pipes would stay open through us */
        if (fds[i] != keeper.cgroup_kill)
            close(fds[i]);
    started.pid = keeper.main_pid;
    tell(keeper.socket, &started);
    keep(&keeper);
    kill_all(&keeper);
    if (keeper.end.type == KEEPER_NONE)
        tell_end(&keeper);
    _exit(0);
}
