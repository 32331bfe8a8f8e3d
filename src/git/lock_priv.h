/* SPDX-License-Identifier: Apache-2.0
 * lock_priv: who writes to a mirror; for src/git only. Two engines never share a mirror, but two
 * runs do, and so may a git that outlived a killed engine: it inherits the lock, and the kernel
 * gives it back when the last of them is gone. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/error.h"
#include "sys/cancel.h"

#define GIT_LOCK_WAIT_MS (10 * 60 * 1000) /* for another run's fetch of the same repository */
#define GIT_LOCK_FD      3                /* its number in every git that writes */

typedef struct GitLock {
    int fd;        /* owned; -1: not held */
    bool was_busy; /* the last holder did not come to its end: what it wrote may be in part */
} GitLock;

/** Takes "@path.lock", waiting for others, and removes what a writer that was killed left in the
 * mirror: its *.lock files, half packs, and "@path.new". Errors: BUSY (waited long enough),
 * CANCELLED, IO. */
bool git_lock_take(GitLock *lock, const char *path, Cancel *cancel, GError **error) MUST_CHECK;
/** Gives it back; what was begun is complete and on disk. */
void git_lock_done(GitLock *lock);
/** Gives it back as after a crash if git_lock_done was not called. */
void git_lock_clear(GitLock *lock);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GitLock, git_lock_clear)
