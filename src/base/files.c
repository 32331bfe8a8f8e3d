/* SPDX-License-Identifier: Apache-2.0
 * files: bounded reads and atomic replacement. Folders are in files_dir.c.
 *
 * 1. What is written under a temporary name is synced before the name anybody reads appears.
 * 2. The folder is synced before success is reported.
 * 3. A temporary file left by a crash begins with ".tmp-" and may be removed by anyone. */
#include "base/files.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "base/encoding.h"
#include "base/os.h"
#include "base/random.h"
#include "base/banned.h"

#define COPY_BUFFER_BYTES (256u << 10)
#define FIRST_READ_BYTES  (16u << 10)
#define TEMP_RANDOM_BYTES 8

bool
fd_write_all(int fd, Span span, GError **error)
{
    while (span.len > 0) {
        ssize_t n = os_write(fd, span.data, span.len);

        if (n <= 0) {
            if (n == 0)
                errno = EIO;
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot write %zu bytes", span.len);
            return false;
        }
        span = span_of(span.data + n, span.len - (size_t)n);
    }
    return true;
}

static ssize_t
read_some(int fd, void *into, size_t len)
{
    ssize_t n = 0;

    do
        n = read(fd, into, len);
    while (n < 0 && errno == EINTR);
    return n;
}

/* How much to ask for first: the size of a regular file and one byte, to meet its end at once. */
static size_t
first_read_size(int fd, size_t limit_bytes)
{
    struct stat st = { 0 };

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
        return MIN(limit_bytes, FIRST_READ_BYTES) + 1;
    return (size_t)MIN((uint64_t)st.st_size, (uint64_t)limit_bytes) + 1;
}

static GBytes *
refuse_length(size_t limit_bytes, GError **error)
{
    error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "more than the allowed %zu bytes", limit_bytes);
    return NULL;
}

GBytes *
fd_read_all(int fd, size_t limit_bytes, GError **error)
{
    assert(limit_bytes < SIZE_MAX);
    size_t room = first_read_size(fd, limit_bytes);
    size_t len = 0;
    g_autofree uint8_t *data = g_try_malloc(room);

    while (data != NULL) {
        ssize_t n = read_some(fd, data + len, room - len);

        if (n < 0) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read");
            return NULL;
        }
        len += (size_t)n;
        if (len > limit_bytes)
            return refuse_length(limit_bytes, error);
        if (n == 0)
            return g_bytes_new_take(g_steal_pointer(&data), len);
        if (len < room)
            continue;
        room = room > limit_bytes / 2 ? limit_bytes + 1 : room * 2;
        uint8_t *grown = g_try_realloc(data, room);

        if (grown == NULL)
            break;
        (void)g_steal_pointer(&data);
        data = grown;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "no memory for %zu bytes", room);
    return NULL;
}

bool
fd_copy(int from, int to, uint64_t limit_bytes, uint64_t *copied_out, GError **error)
{
    g_autofree uint8_t *buffer = g_malloc(COPY_BUFFER_BYTES);
    uint64_t copied = 0;

    for (;;) {
        ssize_t n = read_some(from, buffer, COPY_BUFFER_BYTES);

        if (n < 0) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read");
            return false;
        }
        if (n == 0)
            break;
        if ((uint64_t)n > limit_bytes - copied) {
            error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                      "more than the allowed %" G_GUINT64_FORMAT " bytes", limit_bytes);
            return false;
        }
        if (!fd_write_all(to, span_of(buffer, (size_t)n), error))
            return false;
        copied += (uint64_t)n;
    }
    if (copied_out != NULL)
        *copied_out = copied;
    return true;
}

GBytes *
file_read(int dirfd, const char *path, size_t limit_bytes, GError **error)
{
    AUTO_FD int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, errno == ENOENT ? BASE_ERROR_NOT_FOUND : BASE_ERROR_IO,
                        "cannot open '%s'", path);
        return NULL;
    }
    GBytes *bytes = fd_read_all(fd, limit_bytes, error);

    if (bytes == NULL)
        error_prefix(error, "cannot read '%s'", path);
    return bytes;
}

char *
file_read_text(int dirfd, const char *path, size_t limit_bytes, GError **error)
{
    g_autoptr(GBytes) bytes = file_read(dirfd, path, limit_bytes, error);

    if (bytes == NULL)
        return NULL;
    Span span = span_of_bytes(bytes);

    if (!utf8_is_valid(span)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'%s' is not UTF-8 text without NUL bytes",
                  path);
        return NULL;
    }
    return g_strndup(span.len > 0 ? (const char *)span.data : "", span.len);
}

typedef struct {
    int dirfd;                                             /* borrowed */
    char name[sizeof ".tmp-" + 2 * TEMP_RANDOM_BYTES + 1]; /* empty: nothing to remove */
} TempFile;

static void
temp_file_clear(TempFile *temp)
{
    if (temp->name[0] != '\0')
        (void)os_unlink(temp->dirfd, temp->name, 0); /* a leftover is harmless: rule 3 */
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TempFile, temp_file_clear)

static int
create_temp(TempFile *temp, int dirfd, mode_t mode, GError **error)
{
    uint8_t random[TEMP_RANDOM_BYTES];

    random_fill(random, sizeof random);
    g_autofree char *hex = hex_encode(span_of(random, sizeof random));

    g_snprintf(temp->name, sizeof temp->name, ".tmp-%s", hex);
    temp->dirfd = dirfd;
    int fd = openat(dirfd, temp->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

    if (fd < 0) {
        temp->name[0] = '\0';
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create a temporary file");
    }
    return fd;
}

/* Fills a temporary file and syncs it: rule 1. */
static bool
write_temp(TempFile *temp, int dirfd, Span content, mode_t mode, GError **error)
{
    AUTO_FD int fd = create_temp(temp, dirfd, mode, error);

    if (fd < 0 || !fd_write_all(fd, content, error))
        return false;
    /* The mode asked for, whatever the umask says. */
    if (fchmod(fd, mode) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot set the mode");
        return false;
    }
    if (os_fsync(fd) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot sync");
        return false;
    }
    return true;
}

/* Rule 2. @dirfd may be AT_FDCWD. */
static bool
sync_dir(int dirfd, GError **error)
{
    AUTO_FD int own = -1;

    if (dirfd == AT_FDCWD) {
        own = dir_open(AT_FDCWD, ".", error);
        if (own < 0)
            return false;
    }
    if (os_fsync(own >= 0 ? own : dirfd) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot sync the folder");
        return false;
    }
    return true;
}

bool
file_write_atomic(int dirfd, const char *name, Span content, mode_t mode, GError **error)
{
    assert(strchr(name, '/') == NULL);
    g_auto(TempFile) temp = { 0 };

    if (!write_temp(&temp, dirfd, content, mode, error)) {
        error_prefix(error, "cannot write '%s'", name);
        return false;
    }
    if (os_rename(dirfd, temp.name, dirfd, name) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot replace '%s'", name);
        return false;
    }
    temp.name[0] = '\0';
    if (!sync_dir(dirfd, error)) {
        error_prefix(error, "cannot write '%s'", name);
        return false;
    }
    return true;
}

bool
file_write_new(int dirfd, const char *name, Span content, mode_t mode, GError **error)
{
    assert(strchr(name, '/') == NULL);
    g_auto(TempFile) temp = { 0 };

    if (!write_temp(&temp, dirfd, content, mode, error)) {
        error_prefix(error, "cannot write '%s'", name);
        return false;
    }
    if (os_link(dirfd, temp.name, dirfd, name, 0) != 0) {
        error_set_errno(error, BASE_ERROR, errno == EEXIST ? BASE_ERROR_EXISTS : BASE_ERROR_IO,
                        "cannot create '%s'", name);
        return false;
    }
    temp_file_clear(&temp);
    temp.name[0] = '\0';
    if (!sync_dir(dirfd, error)) {
        error_prefix(error, "cannot create '%s'", name);
        return false;
    }
    return true;
}
