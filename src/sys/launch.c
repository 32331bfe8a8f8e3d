/* SPDX-License-Identifier: Apache-2.0
 * launch: requests to slipway-launcher, and each job's own socket to its keeper. */
#include "sys/launch.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/buffer.h"
#include "base/error.h"
#include "base/files.h"
#include "launcher/protocol.h"
#include "sys/paths.h"
#include "base/banned.h"

G_STATIC_ASSERT(LAUNCH_FDS_MAX == LAUNCHER_FDS_MAX);
G_STATIC_ASSERT(LAUNCH_CGROUPS_MAX == LAUNCHER_CGROUPS_MAX);
G_STATIC_ASSERT(LAUNCH_RLIMITS_MAX == LAUNCHER_RLIMITS_MAX);
G_STATIC_ASSERT(LAUNCH_BINDS_MAX == LAUNCHER_BINDS_MAX);
G_STATIC_ASSERT(LAUNCH_TEXT_BYTES == LAUNCHER_TEXT_BYTES);
G_STATIC_ASSERT(PROCESS_FD_HIGHEST == LAUNCHER_FD_HIGHEST);

#define LAUNCHER_END_TIMEOUT_MS 60000 /* twice what a keeper may need to kill its job */

struct Launcher {
    int fd;           /* owned; constant: a packet is sent whole, so threads need no lock */
    Process *process; /* owned */
};

struct Launched {
    int fd; /* owned */
    pid_t pid;
    bool ended;
    LaunchEnd end;
};

Launcher *
launcher_start(GError **error)
{
    g_autoptr(Launcher) launcher = g_new0(Launcher, 1);
    g_autofree char *program = paths_find_helper("slipway-launcher", error);
    AUTO_FD int theirs = -1;
    int pair[2];

    launcher->fd = -1;
    if (program == NULL)
        return NULL;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make a socket for the launcher");
        return NULL;
    }
    launcher->fd = pair[0];
    theirs = pair[1];
    const char *argv[] = { program, NULL };
    ProcessFd fds[] = { { .from = theirs, .to = LAUNCHER_FD } };
    ProcessSpec spec = { PROCESS_SPEC_INIT, .argv = argv, .cwd = "/", .fds = fds, .n_fds = 1 };

    launcher->process = process_spawn(&spec, error);
    if (launcher->process == NULL)
        return NULL;
    return g_steal_pointer(&launcher);
}

void
launcher_free(Launcher *launcher)
{
    g_autoptr(GError) local = NULL;

    if (launcher == NULL)
        return;
    fd_clear(&launcher->fd);
    if (launcher->process != NULL)
        error_ignore(process_wait(launcher->process, LAUNCHER_END_TIMEOUT_MS, NULL, NULL, &local),
                     &local, "process_free kills a launcher that does not end");
    process_free(launcher->process);
    g_free(launcher);
}

static void
append_string(Buffer *text, const char *string)
{
    buffer_append(text, span_of(string, strlen(string) + 1));
}

static uint32_t
append_strings(Buffer *text, const char *const *strings)
{
    uint32_t n = 0;

    for (; strings != NULL && strings[n] != NULL; n++)
        append_string(text, strings[n]);
    return n;
}

/* A file in memory with cwd, argv and env; -1 on error. */
static int
write_text(const LaunchSpec *spec, LauncherStart *start, GError **error)
{
    g_auto(Buffer) text = { 0 };
    AUTO_FD int fd = -1;

    buffer_init(&text, LAUNCH_TEXT_BYTES);
    append_string(&text, spec->cwd != NULL ? spec->cwd : "/");
    start->n_argv = append_strings(&text, spec->argv);
    start->n_env = append_strings(&text, spec->env);
    for (size_t i = 0; i < spec->n_binds; i++) {
        append_string(&text, spec->binds[i].from);
        append_string(&text, spec->binds[i].to);
    }
    start->text_bytes = (uint32_t)buffer_get(&text).len;
    if (!buffer_check(&text, "the job's arguments and environment", error))
        return -1;
    if (start->n_argv + start->n_env > LAUNCHER_STRINGS_MAX) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "the job has more than %d arguments and environment entries",
                  LAUNCHER_STRINGS_MAX);
        return -1;
    }
    fd = memfd_create("job", MFD_CLOEXEC);
    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot describe a job to the launcher");
        return -1;
    }
    return fd_write_all(fd, buffer_get(&text), error) ? fd_steal(&fd) : -1;
}

typedef struct Request { /* descriptors in the order of protocol.h */
    LauncherStart start;
    int fds[LAUNCHER_ALL_FDS_MAX]; /* borrowed */
    size_t n_fds;
} Request;

static void
request_fill(Request *request, const LaunchSpec *spec, int socket, int text, int null)
{
    const int streams[3] = { spec->stdin_fd, spec->stdout_fd, spec->stderr_fd };

    assert(spec->n_fds <= LAUNCH_FDS_MAX && spec->n_cgroups <= LAUNCH_CGROUPS_MAX &&
           spec->n_rlimits <= LAUNCH_RLIMITS_MAX && spec->n_binds <= LAUNCH_BINDS_MAX);
    request->fds[request->n_fds++] = socket;
    request->fds[request->n_fds++] = text;
    for (size_t i = 0; i < G_N_ELEMENTS(streams); i++)
        request->fds[request->n_fds++] = streams[i] >= 0 ? streams[i] : null;
    for (size_t i = 0; i < spec->n_fds; i++) {
        request->fds[request->n_fds++] = spec->fds[i].from;
        request->start.to[i] = spec->fds[i].to;
    }
    for (size_t i = 0; i < spec->n_cgroups; i++)
        request->fds[request->n_fds++] = spec->cgroup_procs_fds[i];
    if (spec->cgroup_kill_fd_plus_1 > 0) {
        request->fds[request->n_fds++] = spec->cgroup_kill_fd_plus_1 - 1;
        request->start.flags |= LAUNCHER_CGROUP_KILL;
    }
    for (size_t i = 0; i < spec->n_rlimits; i++)
        request->start.rlimits[i] = (LauncherRlimit){
            .resource = spec->rlimits[i].resource,
            .soft = spec->rlimits[i].soft,
            .hard = spec->rlimits[i].hard,
        };
    if ((spec->flags & LAUNCH_NEW_PRIVILEGES) != 0)
        request->start.flags |= LAUNCHER_NEW_PRIVILEGES;
    request->start.n_fds = (uint32_t)spec->n_fds;
    request->start.n_cgroups = (uint32_t)spec->n_cgroups;
    request->start.n_rlimits = (uint32_t)spec->n_rlimits;
    request->start.n_binds = (uint32_t)spec->n_binds;
    request->start.uid = spec->uid;
    request->start.gid = spec->gid;
}

static bool
request_send(Launcher *launcher, Request *request, GError **error)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * LAUNCHER_ALL_FDS_MAX)];
    } control = { 0 };
    struct iovec part = { &request->start, sizeof request->start };
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_SPACE(sizeof(int) * request->n_fds),
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    ssize_t sent;

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * request->n_fds);
    memcpy(CMSG_DATA(header), request->fds, sizeof(int) * request->n_fds);
    do {
        sent = sendmsg(launcher->fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent == (ssize_t)sizeof request->start)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "cannot reach the launcher");
    return false;
}

/* One message of the keeper. Errors: UNAVAILABLE when it is gone. */
static bool
receive(Launched *launched, KeeperMessage *message, GError **error)
{
    ssize_t got;

    do {
        got = recv(launched->fd, message, sizeof *message, 0);
    } while (got < 0 && errno == EINTR);
    if (got == (ssize_t)sizeof *message)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "the keeper of the job is gone");
    return false;
}

static bool
set_start_error(const LaunchSpec *spec, const KeeperMessage *message, GError **error)
{
    static const char *const doing[] = {
        [KEEPER_STAGE_NONE] = "cannot start",
        [KEEPER_STAGE_PREPARE] = "cannot make a process for",
        [KEEPER_STAGE_CGROUP] = "cannot join the control group for",
        [KEEPER_STAGE_FDS] = "cannot pass descriptors to",
        [KEEPER_STAGE_LIMITS] = "cannot limit",
        [KEEPER_STAGE_CWD] = "cannot enter the working folder of",
        [KEEPER_STAGE_MOUNT] = "cannot show the folders to",
        [KEEPER_STAGE_USER] = "cannot change the user for",
        [KEEPER_STAGE_EXEC] = "cannot start",
    };
    bool absent = message->code == ENOENT || message->code == ENOTDIR;
    bool denied = message->code == EACCES || message->code == EPERM;

    assert(message->stage < G_N_ELEMENTS(doing));
    error_set(error, BASE_ERROR,
              absent   ? BASE_ERROR_NOT_FOUND
              : denied ? BASE_ERROR_DENIED
                       : BASE_ERROR_IO,
              "%s '%s': %s", doing[message->stage], spec->argv[0], g_strerror(message->code));
    return false;
}

static bool
await_start(Launched *launched, const LaunchSpec *spec, GError **error)
{
    KeeperMessage message = { 0 };

    if (!receive(launched, &message, error))
        return false;
    if (message.type != KEEPER_STARTED)
        return set_start_error(spec, &message, error);
    launched->pid = message.pid;
    return true;
}

Launched *
launch_job(Launcher *launcher, const LaunchSpec *spec, GError **error)
{
    g_autoptr(Launched) launched = g_new0(Launched, 1);
    AUTO_FD int theirs = -1;
    AUTO_FD int text = -1;
    AUTO_FD int null = -1;
    Request request = { 0 };
    int pair[2];

    launched->fd = -1;
    launched->ended = true; /* nothing to kill before it has started */
    text = write_text(spec, &request.start, error);
    if (text < 0)
        return NULL;
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make a socket for a job");
        return NULL;
    }
    launched->fd = pair[0];
    theirs = pair[1];
    request_fill(&request, spec, theirs, text, null);
    if (!request_send(launcher, &request, error))
        return NULL;
    fd_clear(&theirs); /* so that the keeper's death closes the pair */
    if (!await_start(launched, spec, error))
        return NULL;
    launched->ended = false;
    return g_steal_pointer(&launched);
}

void
launched_free(Launched *launched)
{
    g_autoptr(GError) local = NULL;

    if (launched == NULL)
        return;
    if (!launched->ended)
        error_ignore(launched_kill(launched, 0, NULL, &local), &local,
                     "the launcher kills what a lost keeper left");
    fd_clear(&launched->fd);
    g_free(launched);
}

pid_t
launched_pid(const Launched *launched)
{
    return launched->pid;
}

int
launched_fd(const Launched *launched)
{
    return launched->fd;
}

static void
note_end(Launched *launched, const KeeperMessage *message)
{
    int status = message->code;

    launched->ended = true;
    launched->end = (LaunchEnd){
        .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .rusage = message->rusage,
        .wall_us = message->wall_us,
    };
}

bool
launched_wait(Launched *launched, int timeout_ms, Cancel *cancel, LaunchEnd *end_out,
              GError **error)
{
    KeeperMessage message = { 0 };

    if (!launched->ended) {
        if (!cancel_poll(cancel, launched->fd, POLLIN, timeout_ms, error) ||
            !receive(launched, &message, error))
            return false;
        note_end(launched, &message);
        if (message.leftover > 0) {
            error_set(error, BASE_ERROR, BASE_ERROR_IO,
                      "%u processes of the job could not be ended", message.leftover);
            return false;
        }
    }
    if (end_out != NULL)
        *end_out = launched->end;
    return true;
}

/* A keeper that is gone has nothing left to do: its answer, or its absence, is read by the wait. */
static void
tell(Launched *launched, uint32_t type, int code)
{
    KeeperMessage message = { .type = type, .code = code };

    while (send(launched->fd, &message, sizeof message, MSG_NOSIGNAL) < 0 && errno == EINTR)
        continue;
}

void
launched_signal(Launched *launched, int signal)
{
    tell(launched, KEEPER_SIGNAL, signal);
}

bool
launched_kill(Launched *launched, unsigned grace_ms, LaunchEnd *end_out, GError **error)
{
    if (!launched->ended)
        tell(launched, KEEPER_KILL, (int)MIN(grace_ms, (unsigned)G_MAXINT));
    return launched_wait(launched, -1, NULL, end_out, error);
}
