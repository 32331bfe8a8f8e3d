/* SPDX-License-Identifier: Apache-2.0
 * wake: an eventfd that is emptied before the reader looks again, so no notice is lost. */
#include "sys/wake.h"
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "base/banned.h"

struct Wake {
    int fd; /* owned eventfd */
};

Wake *
wake_new(void)
{
    Wake *wake = g_new0(Wake, 1);

    wake->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake->fd < 0)
        abort(); /* like memory */
    return wake;
}

void
wake_free(Wake *wake)
{
    if (wake == NULL)
        return;
    close(wake->fd);
    g_free(wake);
}

void
wake_send(Wake *wake)
{
    const uint64_t one = 1;
    int saved = errno;
    ssize_t written = write(wake->fd, &one, sizeof one); /* fails only when it is pending anyway */

    (void)written;
    errno = saved;
}

int
wake_fd(const Wake *wake)
{
    return wake->fd;
}

void
wake_clear(Wake *wake)
{
    uint64_t count;
    ssize_t got = read(wake->fd, &count, sizeof count); /* fails only when nothing is pending */

    (void)got;
}

bool
wake_wait(Wake *wake, int timeout_ms, Cancel *cancel, GError **error)
{
    if (!cancel_poll(cancel, wake->fd, POLLIN, timeout_ms, error))
        return false;
    wake_clear(wake);
    return true;
}
