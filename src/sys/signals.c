/* SPDX-License-Identifier: Apache-2.0
 * signals: one thread reads TERM and INT from a signalfd. */
#include "sys/signals.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "base/error.h"
#include "base/files.h"
#include "sys/thread.h"
#include "base/banned.h"

struct Signals {
    int fd;         /* owned signalfd */
    Cancel *drain;  /* shared (ref) */
    Cancel *stop;   /* shared (ref) */
    Cancel *ending; /* owned: signals_free was called */
    Thread *thread; /* owned */
};

static void
requests(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
}

void
signals_block(void)
{
    sigset_t set;

    requests(&set);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void
listen_requests(void *data)
{
    Signals *signals = data;

    for (;;) {
        struct pollfd fds[2] = {
            { .fd = signals->fd, .events = POLLIN },
            { .fd = cancel_fd(signals->ending), .events = POLLIN },
        };
        struct signalfd_siginfo info;

        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return;
        if (cancel_is_set(signals->ending))
            return;
        if (read(signals->fd, &info, sizeof info) != (ssize_t)sizeof info)
            continue;
        cancel_trigger(cancel_is_set(signals->drain) ? signals->stop : signals->drain);
    }
}

Signals *
signals_start(Cancel *drain, Cancel *stop, GError **error)
{
    g_autoptr(Signals) signals = g_new0(Signals, 1);
    sigset_t set;

    requests(&set);
    signals->drain = cancel_ref(drain);
    signals->stop = cancel_ref(stop);
    signals->ending = cancel_new();
    signals->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals->fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot listen for signals");
        return NULL;
    }
    signals->thread = thread_start("signals", listen_requests, signals, error);
    if (signals->thread == NULL)
        return NULL;
    return g_steal_pointer(&signals);
}

void
signals_free(Signals *signals)
{
    if (signals == NULL)
        return;
    cancel_trigger(signals->ending);
    thread_join(signals->thread);
    fd_clear(&signals->fd);
    cancel_unref(signals->drain);
    cancel_unref(signals->stop);
    cancel_unref(signals->ending);
    g_free(signals);
}
