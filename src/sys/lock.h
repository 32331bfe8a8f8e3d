/* SPDX-License-Identifier: Apache-2.0
 * lock: one engine per data folder. The kernel holds the lock (flock), so it ends with its process
 * whatever way that dies; the file's text only says who holds it. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "base/error.h"

#define LOCK_FILE_BYTES 4096
#define LOCK_GRACE_MS   500 /* how long a dead holder's child may take to let go */

#define LOCK_ERROR (lock_error_quark())
GQuark lock_error_quark(void);
typedef enum {
    LOCK_ERROR_HELD = ERROR_CODE(ERROR_KIND_BUSY, 1), /* the message names pid, host and command */
} LockError;

typedef struct Lock Lock;

/** Takes the lock in file @name of @dirfd, made if absent; waits LOCK_GRACE_MS at most. @command: what to tell
 * others. Errors: LOCK_ERROR_HELD, IO. */
Lock *lock_acquire(int dirfd, const char *name, const char *command, GError **error) MUST_CHECK;
/** Gives it back. The file stays. Accepts NULL. */
void lock_free(Lock *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lock, lock_free)

/** flock(LOCK_EX) on @fd, waiting LOCK_GRACE_MS at most: a child of a killed process has its descriptors
 * until it executes its program. False with errno, EWOULDBLOCK when it is held. */
bool lock_take_fd(int fd) MUST_CHECK;
