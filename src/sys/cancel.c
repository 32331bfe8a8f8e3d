/* SPDX-License-Identifier: Apache-2.0
 * cancel: the flag answers the cheap question, the eventfd wakes those who poll. */
#include "sys/cancel.h"
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/error.h"
#include "base/banned.h"

struct Cancel {
    atomic_int references;
    atomic_bool set;
    int fd; /* owned eventfd; written once, never read */
};

Cancel *
cancel_new(void)
{
    Cancel *cancel = g_new0(Cancel, 1);

    atomic_init(&cancel->references, 1);
    atomic_init(&cancel->set, false);
    cancel->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (cancel->fd < 0)
        abort(); /* like memory: without it no wait of ours could be ended */
    return cancel;
}

Cancel *
cancel_ref(Cancel *cancel)
{
    if (cancel != NULL)
        atomic_fetch_add(&cancel->references, 1);
    return cancel;
}

void
cancel_unref(Cancel *cancel)
{
    if (cancel == NULL || atomic_fetch_sub(&cancel->references, 1) != 1)
        return;
    close(cancel->fd);
    g_free(cancel);
}

void
cancel_trigger(Cancel *cancel)
{
    const uint64_t one = 1;
    int saved = errno;
    ssize_t written;

    if (cancel == NULL)
        return;
    atomic_store(&cancel->set, true);
    /* Can only fail when the counter is at its end: then it is readable already. */
    written = write(cancel->fd, &one, sizeof one);
    (void)written;
    errno = saved;
}

bool
cancel_is_set(const Cancel *cancel)
{
    return cancel != NULL && atomic_load(&cancel->set);
}

int
cancel_fd(const Cancel *cancel)
{
    return cancel != NULL ? cancel->fd : -1;
}

bool
cancel_check(const Cancel *cancel, GError **error)
{
    if (!cancel_is_set(cancel))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_CANCELLED, "cancelled");
    return false;
}

/* poll() with a deadline that signals do not stretch. Returns as poll. */
static int
poll_until(struct pollfd *fds, nfds_t n_fds, int timeout_ms)
{
    int64_t deadline_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
    int wait_ms = timeout_ms;

    for (;;) {
        int n = poll(fds, n_fds, wait_ms);

        if (n >= 0 || errno != EINTR)
            return n;
        if (timeout_ms >= 0) {
            int64_t left_us = deadline_us - clock_monotonic_us();

            wait_ms = left_us > 0 ? (int)((left_us + 999) / 1000) : 0;
        }
    }
}

bool
cancel_poll(Cancel *cancel, int fd, short events, int timeout_ms, GError **error)
{
    struct pollfd fds[2] = {
        { .fd = fd, .events = events },
        { .fd = cancel_fd(cancel), .events = POLLIN },
    };
    int n = poll_until(fds, 2, timeout_ms);

    if (n < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot wait");
        return false;
    }
    if (!cancel_check(cancel, error))
        return false;
    if (n == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_TIMEOUT, "nothing within %d ms", timeout_ms);
        return false;
    }
    return true;
}

bool
cancel_wait(Cancel *cancel, GError **error)
{
    g_autoptr(GError) local = NULL;

    while (!cancel_is_set(cancel)) {
        g_clear_error(&local);
        if (!cancel_poll(cancel, -1, 0, -1, &local) && error_kind(local) != ERROR_KIND_CANCELLED) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
    }
    return true;
}
