/* SPDX-License-Identifier: Apache-2.0
 * lock: flock on a file that also says who holds it. The text is advice only; it may be read while
 * it is being rewritten, so a reader accepts that it makes no sense. */
#include "sys/lock.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "base/os.h"
#include "base/banned.h"

#define POLL_MS 5

struct Lock {
    int fd; /* owned; the lock lives as long as it */
};

G_DEFINE_QUARK(slipway - lock - error, lock_error)

/* "process 12 on 'host' ('slipway serve')". Owned. */
static char *
describe_holder(int fd)
{
    char text[LOCK_FILE_BYTES];
    ssize_t len = pread(fd, text, sizeof text, 0);
    g_autoptr(json_t) holder =
        len > 0 ? json_loadb(text, (size_t)len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    json_int_t pid = 0;
    const char *host = NULL, *command = NULL;

    if (holder == NULL ||
        json_unpack(holder, "{s:I,s:s,s:s}", "pid", &pid, "host", &host, "command", &command) != 0)
        return g_strdup("another process that has not said its name yet");
    return g_strdup_printf("process %" JSON_INTEGER_FORMAT " on '%s' ('%s')", pid, host, command);
}

static bool
write_holder(int fd, const char *command, GError **error)
{
    g_autoptr(json_t) holder = json_pack("{s:I,s:s,s:s}", "pid", (json_int_t)getpid(), "host",
                                         g_get_host_name(), "command", command);
    g_autofree char *text = holder != NULL ? json_pretty(holder) : g_strdup("{}\n");
    size_t len = strlen(text);

    if (len <= LOCK_FILE_BYTES && os_ftruncate(fd, 0) == 0 &&
        os_pwrite(fd, text, len, 0) == (ssize_t)len)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot write into the lock file");
    return false;
}

bool
lock_take_fd(int fd)
{
    int64_t end_us = clock_monotonic_us() + (int64_t)LOCK_GRACE_MS * 1000;

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        bool again = errno == EWOULDBLOCK || errno == EINTR;
        if (!again || clock_monotonic_us() > end_us)
            return false;
        /* Nothing says when a lock is free; whoever really holds it is met rarely. */
        (void)poll(NULL, 0, POLL_MS);
    }
    return true;
}

Lock *
lock_acquire(int dirfd, const char *name, const char *command, GError **error)
{
    g_autoptr(Lock) lock = g_new0(Lock, 1);

    lock->fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (lock->fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot open lock file '%s'", name);
        return NULL;
    }
    if (!lock_take_fd(lock->fd)) {
        if (errno == EWOULDBLOCK) {
            g_autofree char *holder = describe_holder(lock->fd);

            error_set(error, LOCK_ERROR, LOCK_ERROR_HELD, "the data folder is in use by %s",
                      holder);
        } else {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot lock '%s'", name);
        }
        return NULL;
    }
    if (!write_holder(lock->fd, command, error))
        return NULL;
    return g_steal_pointer(&lock);
}

void
lock_free(Lock *lock)
{
    if (lock == NULL)
        return;
    fd_clear(&lock->fd);
    g_free(lock);
}
