/* SPDX-License-Identifier: Apache-2.0
 * lock: see lock_priv.h. The lock file says "busy" while somebody writes and "clean" after; only
 * who finds something else than "clean" looks for leftovers, so a healthy fetch does not walk the
 * refs. "busy" is synced before the first write: after a power cut leftovers cannot be there
 * without it. */
#include "git/lock_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/os.h"
#include "base/banned.h"

#define POLL_MS        20
#define WALK_MAX_DEPTH 64       /* folders of refs below each other */
#define WALK_MAX_NAMES 10000000 /* in one folder */
#define STATE_BYTES    6        /* "clean\n", "busy \n" */

/* Whether a file of this name is only there while git writes. */
static bool
is_leftover(const char *name)
{
    return g_str_has_suffix(name, ".lock") || g_str_has_prefix(name, "tmp_") ||
           strcmp(name, "gc.pid") == 0;
}

/* Removes leftovers in the folder @path below @dirfd. A folder that is not there has none. */
static bool
sweep(int dirfd, const char *path, unsigned depth, GError **error)
{
    struct stat st = { 0 };

    if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode))
        return true;
    g_autoptr(GPtrArray) names = dir_list(dirfd, path, WALK_MAX_NAMES, error);

    if (names == NULL)
        return false;
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *child = g_build_filename(path, g_ptr_array_index(names, i), NULL);

        if (fstatat(dirfd, child, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            if (depth > 0 && !sweep(dirfd, child, depth - 1, error))
                return false;
        } else if (is_leftover(g_ptr_array_index(names, i)) && os_unlink(dirfd, child, 0) != 0) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot remove '%s'", child);
            return false;
        }
    }
    return true;
}

static bool
remove_leftovers(const char *path, GError **error)
{
    g_autofree char *half = g_strconcat(path, ".new", NULL);
    AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (!dir_remove_all(AT_FDCWD, half, error))
        return false;
    return fd < 0 || (sweep(fd, ".", 0, error) && sweep(fd, "refs", WALK_MAX_DEPTH, error) &&
                      sweep(fd, "objects/info", 2, error) && sweep(fd, "objects/pack", 0, error));
}

static bool
write_state(GitLock *lock, const char state[STATE_BYTES + 1])
{
    return os_pwrite(lock->fd, state, STATE_BYTES, 0) == STATE_BYTES;
}

static bool
wait_for_lock(int fd, Cancel *cancel, GError **error)
{
    int64_t end_us = clock_monotonic_us() + (int64_t)GIT_LOCK_WAIT_MS * 1000;

    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        GError *local = NULL;

        if (errno != EWOULDBLOCK && errno != EINTR) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot lock it");
            return false;
        }
        if (clock_monotonic_us() > end_us) {
            error_set(error, BASE_ERROR, BASE_ERROR_BUSY,
                      "somebody else has been fetching into it for %d minutes",
                      GIT_LOCK_WAIT_MS / 60000);
            return false;
        }
        /* flock cannot be polled for; a fetch takes long enough that 20 ms do not matter. */
        if (!cancel_poll(cancel, -1, 0, POLL_MS, &local) &&
            error_kind(local) != ERROR_KIND_TIMEOUT) {
            g_propagate_error(error, local);
            return false;
        }
        g_clear_error(&local);
    }
    return true;
}

bool
git_lock_take(GitLock *lock, const char *path, Cancel *cancel, GError **error)
{
    g_autofree char *name = g_strconcat(path, ".lock", NULL);
    char state[STATE_BYTES + 1] = { 0 };

    lock->fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (lock->fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot open '%s'", name);
        return false;
    }
    if (!wait_for_lock(lock->fd, cancel, error)) {
        fd_clear(&lock->fd);
        return false;
    }
    if (pread(lock->fd, state, STATE_BYTES, 0) != STATE_BYTES || strcmp(state, "clean\n") != 0) {
        lock->was_busy = true;
        if (!remove_leftovers(path, error))
            return false;
    }
    if (!write_state(lock, "busy \n") || os_fdatasync(lock->fd) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot write '%s'", name);
        return false;
    }
    return true;
}

void
git_lock_done(GitLock *lock)
{
    /* When this fails the next one looks for leftovers in vain: no more than that. */
    if (lock->fd >= 0)
        (void)write_state(lock, "clean\n");
    fd_clear(&lock->fd);
}

void
git_lock_clear(GitLock *lock)
{
    fd_clear(&lock->fd);
}
