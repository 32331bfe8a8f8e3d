/* SPDX-License-Identifier: Apache-2.0
 * files: descriptors that close themselves, bounded reads, atomic replacement, folders, and paths
 * that cannot leave their root. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

static inline void
fd_clear(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
/** A descriptor closed at the end of its scope: AUTO_FD int fd = open(…); hand over with fd_steal.
 */
#define AUTO_FD __attribute__((cleanup(fd_clear), unused))
static inline int
fd_steal(int *fd)
{
    int value = *fd;

    *fd = -1;
    return value;
}

/** Writes all of @span at the current offset. Errors: IO. */
bool fd_write_all(int fd, Span span, GError **error) MUST_CHECK;
/** Reads to the end, at most @limit_bytes. Returns: owned. Errors: LIMIT, IO. */
GBytes *fd_read_all(int fd, size_t limit_bytes, GError **error) MUST_CHECK;
/** Copies exactly what is left in @from, at most @limit_bytes. @copied_out: optional. Errors:
 * LIMIT, IO. */
bool fd_copy(int from, int to, uint64_t limit_bytes, uint64_t *copied_out,
             GError **error) MUST_CHECK;

/** Reads a whole file, at most @limit_bytes. @dirfd: AT_FDCWD or a folder. Errors: NOT_FOUND,
 * LIMIT, IO. */
GBytes *file_read(int dirfd, const char *path, size_t limit_bytes, GError **error) MUST_CHECK;
/** As file_read, NUL-terminated text; a NUL byte or broken UTF-8 inside is INVALID. Owned. */
char *file_read_text(int dirfd, const char *path, size_t limit_bytes, GError **error) MUST_CHECK;
/** Replaces or creates @name in @dirfd: temporary name, write, fsync, rename, fsync of the folder.
 * Either the old or the new content is there after a crash. @name has no '/'. Errors: IO. */
bool file_write_atomic(int dirfd, const char *name, Span content, mode_t mode,
                       GError **error) MUST_CHECK;
/** As file_write_atomic, but an existing file is left alone. Errors: EXISTS, IO. */
bool file_write_new(int dirfd, const char *name, Span content, mode_t mode,
                    GError **error) MUST_CHECK;

/** Opens a folder: O_DIRECTORY | O_CLOEXEC. Returns -1 on error. Errors: NOT_FOUND, IO. */
int dir_open(int dirfd, const char *path, GError **error) MUST_CHECK;
/** mkdir -p below @dirfd, each new folder synced into its parent. Errors: IO. */
bool dir_create_all(int dirfd, const char *path, mode_t mode, GError **error) MUST_CHECK;
/** Removes @path and everything below it, without following links. Absent is fine. Errors: IO. */
bool dir_remove_all(int dirfd, const char *path, GError **error) MUST_CHECK;
/** Opens @path beneath @dirfd: openat2 with RESOLVE_BENEATH, NO_SYMLINKS, NO_MAGICLINKS and
 * O_CLOEXEC | O_NOFOLLOW added to @flags. Returns -1 on error. Errors: NOT_FOUND, DENIED (leaves
 * the root or meets a link), IO. */
int open_beneath(int dirfd, const char *path, int flags, mode_t mode, GError **error) MUST_CHECK;
/** Reads a small regular file beneath @dirfd, as open_beneath does, without waiting for a disk.
 * Returns: owned; NULL when name or bytes are not in memory, the file system cannot say, or there is
 * no such file of at most @limit_bytes: then whoever may wait finds out which. */
GBytes *file_peek(int dirfd, const char *path, size_t limit_bytes);
/** The names in a folder without "." and "..", sorted by bytes; owned GPtrArray of owned strings.
 * More than @max_names is LIMIT. */
GPtrArray *dir_list(int dirfd, const char *path, size_t max_names, GError **error) MUST_CHECK;

typedef struct TempDir { /* a folder removed with its content at the end of its scope */
    char *path;          /* owned, absolute; NULL when taken */
} TempDir;
/** Under $TMPDIR or /tmp, mode 0700. Errors: IO. */
bool temp_dir_make(TempDir *dir, const char *prefix, GError **error) MUST_CHECK;
void temp_dir_clear(TempDir *dir);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TempDir, temp_dir_clear)
