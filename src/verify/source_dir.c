/* SPDX-License-Identifier: Apache-2.0
 * source_dir: the files of a release below one folder, without following any link. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/limits.h"
#include "verify/verify.h"
#include "base/banned.h"

#define READ_BYTES (256u << 10)
#define MAX_DEPTH  32

typedef struct {
    VerifySource source; /* first */
    int dirfd;           /* borrowed */
} DirSource;

static bool
list_folder(DirSource *self, const char *folder, unsigned depth, GPtrArray *paths, GError **error)
{
    g_autoptr(GPtrArray) names =
        dir_list(self->dirfd, folder[0] == '\0' ? "." : folder, LIMIT_RELEASE_FILES, error);

    if (names == NULL)
        return false;
    for (unsigned i = 0; i < names->len; i++) {
        struct stat st = { 0 };
        g_autofree char *path = folder[0] == '\0'
                                    ? g_strdup(g_ptr_array_index(names, i))
                                    : g_strconcat(folder, "/", g_ptr_array_index(names, i), NULL);
        if (fstatat(self->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot look at '%s'", path);
            return false;
        }
        if (paths->len >= LIMIT_RELEASE_FILES || depth > MAX_DEPTH) {
            error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                      "more than %d files, or folders too deep", LIMIT_RELEASE_FILES);
            return false;
        }
        if (!S_ISDIR(st.st_mode))
            g_ptr_array_add(paths, g_steal_pointer(&path));
        else if (!list_folder(self, path, depth + 1, paths, error))
            return false;
    }
    return true;
}

static int
compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *
dir_source_list(VerifySource *source, GError **error)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

    if (!list_folder((DirSource *)source, "", 0, paths, error))
        return NULL;
    g_ptr_array_sort(paths, compare_texts);
    return g_steal_pointer(&paths);
}

/* A regular file, opened without waiting for what only looks like one. */
static int
open_regular(DirSource *self, const char *path, GError **error)
{
    struct stat st = { 0 };
    AUTO_FD int fd = open_beneath(self->dirfd, path, O_RDONLY | O_NONBLOCK, 0, error);

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot look at '%s'", path);
        return -1;
    }
    if (!S_ISREG(st.st_mode)) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "'%s' is not a regular file", path);
        return -1;
    }
    return fd_steal(&fd);
}

static GBytes *
dir_source_read(VerifySource *source, const char *path, size_t limit_bytes, GError **error)
{
    AUTO_FD int fd = open_regular((DirSource *)source, path, error);

    return fd < 0 ? NULL : fd_read_all(fd, limit_bytes, error);
}

static bool
dir_source_digest(VerifySource *source, const char *path, Digest *digest_out, uint64_t *size_out,
                  GError **error)
{
    AUTO_FD int fd = open_regular((DirSource *)source, path, error);
    g_autofree uint8_t *buffer = NULL;
    g_autoptr(DigestStream) stream = NULL;
    uint64_t size = 0;
    ssize_t n = 0;

    if (fd < 0)
        return false;
    buffer = g_malloc(READ_BYTES);
    stream = digest_stream_new();
    do {
        n = read(fd, buffer, READ_BYTES);
        if (n < 0 && errno != EINTR) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read '%s'", path);
            return false;
        }
        if (n > 0) {
            digest_stream_update(stream, span_of(buffer, (size_t)n));
            size += (uint64_t)n;
        }
    } while (n != 0);
    *digest_out = digest_stream_finish(stream);
    *size_out = size;
    return true;
}

static bool
dir_source_hash(VerifySource *source, const char *path, const char *algorithm, Span tail,
                FileHash *hash_out, GError **error)
{
    AUTO_FD int fd = open_regular((DirSource *)source, path, error);

    return fd >= 0 && file_hash_with(fd, algorithm, tail, hash_out, error);
}

static const VerifySourceDriver dir_source_driver = { .list = dir_source_list,
                                                      .read = dir_source_read,
                                                      .digest = dir_source_digest,
                                                      .hash = dir_source_hash };

VerifySource *
verify_source_dir_new(int dirfd)
{
    DirSource *self = g_new0(DirSource, 1);

    self->source.driver = &dir_source_driver;
    self->dirfd = dirfd;
    return &self->source;
}

void
verify_source_dir_free(VerifySource *source)
{
    g_free(source);
}
