/* SPDX-License-Identifier: Apache-2.0
 * files_dir: the folder half of files.h: opening, creating, listing, removing, temporary ones, and
 * paths that cannot leave their root. */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "base/encoding.h"
#include "base/files.h"
#include "base/os.h"
#include "base/random.h"
#include "base/banned.h"

#define OPENAT2_MAX_TRIES  32 /* EAGAIN: a rename raced with the walk */
#define REMOVE_MAX_DEPTH   64 /* deeper folders are moved up first, so descriptors stay few */
#define REMOVE_NAME_RANDOM 8

typedef DIR DirHandle;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DirHandle, closedir)

static int
code_of_errno(void)
{
    return errno == ENOENT ? BASE_ERROR_NOT_FOUND : BASE_ERROR_IO;
}

int
dir_open(int dirfd, const char *path, GError **error)
{
    int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        error_set_errno(error, BASE_ERROR, code_of_errno(), "cannot open folder '%s'", path);
    return fd;
}

/* Makes one folder below @parent and opens it; an existing one is fine. */
static int
step_into(int parent, const char *name, mode_t mode, GError **error)
{
    bool made = mkdirat(parent, name, mode) == 0;

    if (!made && errno != EEXIST) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create folder '%s'", name);
        return -1;
    }
    if (made && os_fsync(parent) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot sync the folder above '%s'",
                        name);
        return -1;
    }
    return dir_open(parent, name, error);
}

bool
dir_create_all(int dirfd, const char *path, mode_t mode, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    AUTO_FD int at = path[0] == '/' ? dir_open(AT_FDCWD, "/", error) : dir_open(dirfd, ".", error);

    if (at < 0)
        return false;
    for (char **part = parts; *part != NULL; part++) {
        if (**part == '\0' || strcmp(*part, ".") == 0)
            continue;
        int next = step_into(at, *part, mode, error);

        if (next < 0) {
            error_prefix(error, "cannot create '%s'", path);
            return false;
        }
        fd_clear(&at);
        at = next;
    }
    return true;
}

typedef struct {
    int top_fd;      /* borrowed: the folder being emptied */
    bool moved_some; /* a deep folder was moved up to top: empty it once more */
} Removal;

static bool remove_content(Removal *removal, int fd, unsigned depth, GError **error);

/* Opens a folder to empty it, giving its owner the right to do so first. */
static int
open_for_removal(int parent, const char *name)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(parent, name, flags);

    if (fd < 0 && errno == EACCES) {
        AUTO_FD int handle = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        char through[64];

        if (handle < 0)
            return -1;
        g_snprintf(through, sizeof through, "/proc/self/fd/%d", handle);
        if (chmod(through, 0700) != 0)
            return -1;
        fd = openat(parent, name, flags);
    }
    struct stat st = { 0 };

    if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700)
        (void)fchmod(fd, 0700); /* where this fails, unlink says why */
    return fd;
}

static bool
remove_folder(Removal *removal, int parent, const char *name, unsigned depth, GError **error)
{
    if (depth > REMOVE_MAX_DEPTH) {
        uint8_t random[REMOVE_NAME_RANDOM];

        random_fill(random, sizeof random);
        g_autofree char *up = hex_encode(span_of(random, sizeof random));

        if (os_rename(parent, name, removal->top_fd, up) != 0) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot move '%s' up", name);
            return false;
        }
        removal->moved_some = true;
        return true;
    }
    AUTO_FD int fd = open_for_removal(parent, name);

    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot open folder '%s'", name);
        return false;
    }
    if (!remove_content(removal, fd, depth + 1, error))
        return false;
    if (os_unlink(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot remove folder '%s'", name);
        return false;
    }
    return true;
}

static bool
remove_entry(Removal *removal, int fd, const struct dirent *entry, unsigned depth, GError **error)
{
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
        return true;
    if (entry->d_type == DT_DIR)
        return remove_folder(removal, fd, entry->d_name, depth, error);
    if (os_unlink(fd, entry->d_name, 0) == 0 || errno == ENOENT)
        return true;
    if (errno == EISDIR && entry->d_type == DT_UNKNOWN)
        return remove_folder(removal, fd, entry->d_name, depth, error);
    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot remove '%s'", entry->d_name);
    return false;
}

/* A folder opened for reading its names; the descriptor given stays the caller's. */
static DIR *
list_fd(int fd, GError **error)
{
    AUTO_FD int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);

    if (dir == NULL)
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot list the folder");
    else
        copy = -1; /* now the handle's */
    return dir;
}

static bool
remove_content(Removal *removal, int fd, unsigned depth, GError **error)
{
    g_autoptr(DirHandle) dir = list_fd(fd, error);

    if (dir == NULL)
        return false;
    errno = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (!remove_entry(removal, fd, entry, depth, error))
            return false;
        errno = 0;
    }
    if (errno != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot list the folder");
        return false;
    }
    return true;
}

bool
dir_remove_all(int dirfd, const char *path, GError **error)
{
    if (os_unlink(dirfd, path, 0) == 0 || errno == ENOENT || errno == ENOTDIR)
        return true;
    AUTO_FD int top = open_for_removal(dirfd, path);

    if (top < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot remove '%s'", path);
        return false;
    }
    Removal removal = { .top_fd = top, .moved_some = true };

    while (removal.moved_some) {
        removal.moved_some = false;
        if (!remove_content(&removal, top, 1, error)) {
            error_prefix(error, "cannot remove '%s'", path);
            return false;
        }
    }
    if (os_unlink(dirfd, path, AT_REMOVEDIR) != 0 && errno != ENOENT) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot remove '%s'", path);
        return false;
    }
    return true;
}

int
open_beneath(int dirfd, const char *path, int flags, mode_t mode, GError **error)
{
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW),
        .mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    int fd = -1;

    for (int i = 0; i < OPENAT2_MAX_TRIES; i++) {
        fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
            break;
    }
    if (fd >= 0)
        return fd;
    if (errno == EXDEV || errno == ELOOP) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
                  "cannot open '%s': the path leaves its folder or meets a link", path);
        return -1;
    }
    error_set_errno(error, BASE_ERROR, code_of_errno(), "cannot open '%s'", path);
    return -1;
}

GBytes *
file_peek(int dirfd, const char *path, size_t limit_bytes)
{
    struct open_how how = {
        .flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_CACHED,
    };
    AUTO_FD int fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
    struct stat info;
    g_autofree char *bytes = NULL;
    struct iovec to = { 0 };

    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size <= 0 ||
        (uint64_t)info.st_size > limit_bytes)
        return NULL;
    bytes = g_malloc((gsize)info.st_size);
    to = (struct iovec){ .iov_base = bytes, .iov_len = (size_t)info.st_size };
    if (preadv2(fd, &to, 1, 0, RWF_NOWAIT) != (ssize_t)info.st_size)
        return NULL;
    return g_bytes_new_take(g_steal_pointer(&bytes), (gsize)info.st_size);
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *
dir_list(int dirfd, const char *path, size_t max_names, GError **error)
{
    AUTO_FD int fd = dir_open(dirfd, path, error);
    g_autoptr(DirHandle) dir = fd < 0 ? NULL : list_fd(fd, error);

    if (dir == NULL)
        return NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);

    errno = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            if (names->len >= max_names) {
                error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                          "folder '%s' holds more than %zu names", path, max_names);
                return NULL;
            }
            g_ptr_array_add(names, g_strdup(entry->d_name));
        }
        errno = 0;
    }
    if (errno != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot list folder '%s'", path);
        return NULL;
    }
    g_ptr_array_sort(names, compare_names);
    return g_steal_pointer(&names);
}

bool
temp_dir_make(TempDir *dir, const char *prefix, GError **error)
{
    const char *root = g_getenv("TMPDIR");
    g_autofree char *path =
        g_strdup_printf("%s/%s-XXXXXX", root != NULL && root[0] == '/' ? root : "/tmp", prefix);

    dir->path = NULL;
    if (mkdtemp(path) == NULL) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create folder '%s'", path);
        return false;
    }
    dir->path = g_steal_pointer(&path);
    return true;
}

void
temp_dir_clear(TempDir *dir)
{
    g_autoptr(GError) local = NULL;

    if (dir->path != NULL)
        error_ignore(dir_remove_all(AT_FDCWD, dir->path, &local), &local,
                     "a leftover temporary folder harms nobody");
    g_clear_pointer(&dir->path, g_free);
}
