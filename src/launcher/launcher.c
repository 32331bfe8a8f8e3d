/* SPDX-License-Identifier: Apache-2.0
 * launcher: starts every job, and sees to it that nothing of a job outlives the job or the engine.
 *
 *   engine ── launcher ──┬── keeper ── job, its children, and whatever they leave behind
 *                        └── keeper ── …
 *
 * 1. Launcher and keepers are subreapers: a process whose parent died becomes a child of its
 * keeper, so that killing all children until none is left reaches setsid, double forks and daemons.
 * 2. The engine's death closes the sockets: each keeper kills its job, the launcher waits for them.
 * 3. A keeper that is killed leaves its processes to the launcher: whatever is a child of the
 * launcher and no keeper is killed.
 * 4. A keeper whose launcher is killed still has its socket to the engine. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "launcher/keeper.h"
#include "launcher/protocol.h"
#include "launcher/tree.h"

#define SWEEP_MS 10 /* between two looks at what is left */

typedef struct Launcher {
    int signal_fd;
    pid_t keepers[LAUNCHER_KEEPERS_MAX];
    size_t n_keepers;
} Launcher;

static bool
is_keeper(const Launcher *launcher, pid_t pid)
{
    for (size_t i = 0; i < launcher->n_keepers; i++)
        if (launcher->keepers[i] == pid)
            return true;
    return false;
}

static void
forget_keeper(Launcher *launcher, pid_t pid)
{
    for (size_t i = 0; i < launcher->n_keepers; i++)
        if (launcher->keepers[i] == pid) {
            launcher->keepers[i] = launcher->keepers[--launcher->n_keepers];
            return;
        }
}

/* Kills what a dead keeper left to us. */
static void
kill_strays(const Launcher *launcher)
{
    pid_t *children;
    size_t n = tree_children(&children);

    for (size_t i = 0; i < n; i++)
        if (!is_keeper(launcher, children[i]))
            kill(children[i], SIGKILL);
    free(children);
}

/* Returns false when there is no child at all. */
static bool
reap(Launcher *launcher)
{
    struct signalfd_siginfo info;
    pid_t pid;
    int status;

    while (read(launcher->signal_fd, &info, sizeof info) > 0)
        continue;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        bool keeper = is_keeper(launcher, pid);

        forget_keeper(launcher, pid);
        if (!keeper || WIFSIGNALED(status))
            kill_strays(launcher);
    }
    return pid == 0;
}

/* The received descriptors in order; closed by the caller. Returns -1 when the engine is gone. */
static int
receive_start(LauncherStart *start, int *fds, size_t *n_fds_out)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * LAUNCHER_ALL_FDS_MAX)];
    } control;
    struct iovec part = { start, sizeof *start };
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    struct cmsghdr *header;
    ssize_t got;

    do {
        got = recvmsg(LAUNCHER_FD, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    *n_fds_out = 0;
    header = CMSG_FIRSTHDR(&message);
    if (got > 0 && header != NULL && header->cmsg_type == SCM_RIGHTS) {
        *n_fds_out = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(header), *n_fds_out * sizeof(int));
    }
    if (got <= 0)
        return -1;
    return got == (ssize_t)sizeof *start && (message.msg_flags & MSG_CTRUNC) == 0 ? 1 : 0;
}

/* Takes one request; returns false when the engine is gone. */
static bool
take_request(Launcher *launcher)
{
    LauncherStart start;
    int fds[LAUNCHER_ALL_FDS_MAX];
    size_t n_fds;
    int got = receive_start(&start, fds, &n_fds);
    pid_t pid;

    /* A request we cannot serve is answered by closing its socket. */
    if (got > 0 && launcher->n_keepers < LAUNCHER_KEEPERS_MAX) {
        pid = fork();
        if (pid == 0) {
            close(LAUNCHER_FD);
            close(launcher->signal_fd);
            keeper_main(&start, fds, n_fds);
        }
        if (pid > 0)
            launcher->keepers[launcher->n_keepers++] = pid;
    }
    for (size_t i = 0; i < n_fds; i++)
        close(fds[i]);
    return got >= 0;
}

/* The engine is gone: every keeper kills its job; then nothing is left and we may go. */
static void
end_everything(Launcher *launcher)
{
    struct pollfd wait = { .fd = launcher->signal_fd, .events = POLLIN };

    for (size_t i = 0; i < launcher->n_keepers; i++)
        kill(launcher->keepers[i], KEEPER_END_SIGNAL);
    while (reap(launcher)) {
        kill_strays(launcher);
        poll(&wait, 1, SWEEP_MS);
    }
}

int
main(void)
{
    Launcher *launcher = calloc(1, sizeof *launcher); /* lives as long as the process */
    sigset_t set;

    if (launcher == NULL || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ||
        fcntl(LAUNCHER_FD, F_SETFD, FD_CLOEXEC) < 0)
        return 1;
    prctl(PR_SET_NAME, "slipway-launch");
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    launcher->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (launcher->signal_fd < 0)
        return 1;
    for (;;) {
        struct pollfd fds[2] = {
            { .fd = LAUNCHER_FD, .events = POLLIN },
            { .fd = launcher->signal_fd, .events = POLLIN },
        };

        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return 1;
        if (fds[1].revents != 0)
            reap(launcher);
        if (fds[0].revents != 0 && !take_request(launcher))
            break;
    }
    end_everything(launcher);
    return 0;
}
