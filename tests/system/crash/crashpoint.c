/* SPDX-License-Identifier: Apache-2.0
 * crashpoint: a library put before all others (LD_PRELOAD) that watches what several processes
 * together do to the disk. It numbers the calls that decide what survives, can stop the whole at
 * the Nth before it is made, and can record all of them with their data, so that replay.py builds
 * the disk a loss of power would leave.
 *
 * $CRASHPOINT_DIR    folder with the file `state` (a State, shared by all) and, when recording,
 * `record` $CRASHPOINT_ROOTS  absolute folders, joined by ':'; calls elsewhere pass unseen
 *
 * 1. One lock over all processes is held from the number through the call to its record: the record
 * is the order in which things happened.
 * 2. Once the Nth call is reached the disk is frozen: its process dies before the call, and so does
 * every other process at its next one. The harness kills who never comes here.
 * 3. Children get the three variables even when their environment is emptied. A sandboxed job does
 * not see the state file, and then nothing here has an effect. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define STATE_MAGIC 0x434b5054u
#define MAX_ROOTS   4
#define PATH_BYTES  4096
#define MAX_ENV     512

typedef struct { /* replay.py knows the offsets of the first five */
    _Atomic uint64_t magic;
    uint64_t n_calls;      /* guarded by lock */
    uint64_t kill_at;      /* 0: never */
    _Atomic uint32_t dead; /* the Nth call was reached */
    uint32_t recording;
    pthread_mutex_t lock;
} State;

typedef struct { /* of one recorded call; then path, target, data */
    uint32_t kind, path_len, target_len, data_len;
    uint64_t inode, offset, number;
} Header;

enum {
    KIND_WRITE = 1,
    KIND_TRUNCATE,
    KIND_SYNC,
    KIND_SYNC_DIR,
    KIND_SYNC_ALL,
    KIND_CREATE, /* a new empty file; has no number */
    KIND_RENAME,
    KIND_LINK,
    KIND_UNLINK,
    KIND_MKDIR, /* has no number */
    KIND_RMDIR, /* has no number */
};

/* Written once by the constructor. */
static State *state;
static char record_path[PATH_BYTES];
static char roots[MAX_ROOTS][PATH_BYTES];
static size_t n_roots;
static char *own_env[3];

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

static void
set_up_lock(void)
{
    pthread_mutexattr_t attributes;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&state->lock, &attributes);
}

static char *
keep_variable(const char *name)
{
    const char *value = getenv(name);
    char *text = NULL;

    if (value != NULL && asprintf(&text, "%s=%s", name, value) < 0)
        text = NULL;
    return text;
}

static void
read_roots(const char *list)
{
    while (list != NULL && *list != '\0' && n_roots < MAX_ROOTS) {
        size_t len = strcspn(list, ":");

        if (len > 1 && len < PATH_BYTES)
            memcpy(roots[n_roots++], list, len);
        list += len + (list[len] == ':');
    }
}

__attribute__((constructor)) static void
start(void)
{
    const char *dir = getenv("CRASHPOINT_DIR");
    char path[PATH_BYTES];

    if (dir == NULL)
        return;
    snprintf(path, sizeof path, "%s/state", dir);
    snprintf(record_path, sizeof record_path, "%s/record", dir);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    void *memory = mmap(NULL, sizeof(State), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return;
    state = memory;
    (void)syscall(SYS_flock, fd, 2 /* LOCK_EX: one sets up the lock */);
    if (state->magic != STATE_MAGIC) {
        set_up_lock();
        state->magic = STATE_MAGIC;
    }
    (void)syscall(SYS_flock, fd, 8 /* LOCK_UN: the mapping would keep it */);
    close(fd);
    read_roots(getenv("CRASHPOINT_ROOTS"));
    own_env[0] = keep_variable("LD_PRELOAD");
    own_env[1] = keep_variable("CRASHPOINT_DIR");
    own_env[2] = keep_variable("CRASHPOINT_ROOTS");
}

static bool
is_watched(const char *path)
{
    for (size_t i = 0; i < n_roots; i++) {
        size_t len = strlen(roots[i]);

        if (strncmp(path, roots[i], len) == 0 && (path[len] == '\0' || path[len] == '/'))
            return true;
    }
    return false;
}

/* The path behind @fd; false if it is not below a root. */
static bool
path_of_fd(int fd, char out[PATH_BYTES])
{
    char link[64];

    if (state == NULL)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, out, PATH_BYTES - 1);
    if (n <= 0)
        return false;
    out[n] = '\0';
    return is_watched(out);
}

/* Takes "." and ".." and double slashes out of an absolute path, in place. */
static void
normalise(char *path)
{
    char *out = path;

    for (char *at = path; *at != '\0';) {
        size_t len = strcspn(at + 1, "/") + 1; /* "/name" */

        if (len == 1 || (len == 2 && at[1] == '.')) {
            /* nothing */
        } else if (len == 3 && at[1] == '.' && at[2] == '.') {
            while (out > path && *--out != '/')
                ;
        } else {
            memmove(out, at, len);
            out += len;
        }
        at += len;
    }
    *out = '\0';
}

static bool
path_of_name(int dirfd, const char *name, char out[PATH_BYTES])
{
    char dir[PATH_BYTES] = "";

    if (state == NULL || name == NULL)
        return false;
    if (name[0] == '/') {
        if (snprintf(out, PATH_BYTES, "%s", name) >= PATH_BYTES)
            return false;
    } else {
        if (dirfd == AT_FDCWD) {
            if (getcwd(dir, sizeof dir) == NULL)
                return false;
        } else {
            char link[64];

            snprintf(link, sizeof link, "/proc/self/fd/%d", dirfd);
            ssize_t n = readlink(link, dir, sizeof dir - 1);
            if (n <= 0)
                return false;
            dir[n] = '\0';
        }
        if (snprintf(out, PATH_BYTES, "%s/%s", dir, name) >= PATH_BYTES)
            return false;
    }
    normalise(out);
    return is_watched(out);
}

static void
die(void)
{
    (void)syscall(SYS_kill, (pid_t)syscall(SYS_getpid), SIGKILL);
    for (;;)
        pause();
}

static void
lock_all(void)
{
    if (pthread_mutex_lock(&state->lock) == EOWNERDEAD)
        pthread_mutex_consistent(&state->lock);
    if (state->dead)
        die(); /* the lock is robust */
}

/* Takes the lock and a number; the call may be made. */
static uint64_t
begin_call(void)
{
    lock_all();
    uint64_t number = ++state->n_calls;
    if (number == state->kill_at) {
        state->dead = 1;
        die();
    }
    return number;
}

static void
end_call(void)
{
    int saved = errno;

    pthread_mutex_unlock(&state->lock);
    errno = saved;
}

static void
record(Header header, const char *path, const char *target, const void *data)
{
    int saved = errno;

    if (!state->recording)
        return;
    header.path_len = (uint32_t)(path != NULL ? strlen(path) : 0);
    header.target_len = (uint32_t)(target != NULL ? strlen(target) : 0);
    struct iovec parts[] = { { &header, sizeof header },
                             { (void *)(uintptr_t)path, header.path_len },
                             { (void *)(uintptr_t)target, header.target_len },
                             { (void *)(uintptr_t)data, header.data_len } };
    int fd = (int)syscall(SYS_openat, AT_FDCWD, record_path,
                          O_WRONLY | O_APPEND | O_CLOEXEC | O_CREAT, 0600);
    if (fd >= 0) {
        size_t total = sizeof header + header.path_len + header.target_len + header.data_len;

        if (syscall(SYS_writev, fd, parts, 4) != (long)total)
            abort();
        syscall(SYS_close, fd);
    }
    errno = saved;
}

static uint64_t
inode_of(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 ? (uint64_t)st.st_ino : 0;
}

static bool
is_directory(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool
is_regular(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Where a write without offset goes. */
static uint64_t
offset_of(int fd)
{
    struct stat st;
    int flags = fcntl(fd, F_GETFL);

    if (flags >= 0 && (flags & O_APPEND) != 0 && fstat(fd, &st) == 0)
        return (uint64_t)st.st_size;
    return (uint64_t)lseek(fd, 0, SEEK_CUR);
}

static void
record_write(int fd, const char *path, uint64_t number, uint64_t offset, const void *data,
             ssize_t n)
{
    if (n > 0)
        record((Header){ .kind = KIND_WRITE,
                         .inode = inode_of(fd),
                         .offset = offset,
                         .number = number,
                         .data_len = (uint32_t)n },
               path, NULL, data);
}

ssize_t
write(int fd, const void *data, size_t len)
{
    char path[PATH_BYTES];

    if (!path_of_fd(fd, path) || !is_regular(fd))
        return REAL(write)(fd, data, len);
    uint64_t number = begin_call();
    uint64_t offset = offset_of(fd);
    ssize_t n = REAL(write)(fd, data, len);
    record_write(fd, path, number, offset, data, n);
    end_call();
    return n;
}

static ssize_t
positioned_write(int fd, const void *data, size_t len, off64_t offset)
{
    char path[PATH_BYTES];

    if (!path_of_fd(fd, path))
        return REAL(pwrite64)(fd, data, len, offset);
    uint64_t number = begin_call();
    ssize_t n = REAL(pwrite64)(fd, data, len, offset);
    record_write(fd, path, number, (uint64_t)offset, data, n);
    end_call();
    return n;
}

ssize_t
pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
    return positioned_write(fd, data, len, offset);
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t offset)
{
    return positioned_write(fd, data, len, offset);
}

ssize_t
writev(int fd, const struct iovec *parts, int n_parts)
{
    char path[PATH_BYTES];

    if (!path_of_fd(fd, path) || !is_regular(fd))
        return REAL(writev)(fd, parts, n_parts);
    uint64_t number = begin_call();
    uint64_t offset = offset_of(fd);
    ssize_t n = REAL(writev)(fd, parts, n_parts);
    ssize_t left = n;
    for (int i = 0; i < n_parts && left > 0; i++) {
        ssize_t part = (ssize_t)parts[i].iov_len < left ? (ssize_t)parts[i].iov_len : left;

        record_write(fd, path, number, offset, parts[i].iov_base, part);
        offset += (uint64_t)part;
        left -= part;
    }
    end_call();
    return n;
}

/* What stdio writes goes past write(): seen where its buffer is emptied. Git writes small files so. */
static int
watched_flush(FILE *stream)
{
    char path[PATH_BYTES], through[64];
    int fd = fileno(stream);

    if (__fpending(stream) == 0 || fd < 0 || !path_of_fd(fd, path) || !is_regular(fd))
        return REAL(fflush)(stream);
    uint64_t number = begin_call();
    uint64_t offset = offset_of(fd);
    size_t len = __fpending(stream);
    int result = REAL(fflush)(stream);
    int saved = errno;
    char *data = malloc(len);
    snprintf(through, sizeof through, "/proc/self/fd/%d", fd);
    int again = (int)syscall(SYS_openat, AT_FDCWD, through, O_RDONLY | O_CLOEXEC, 0);
    if (data != NULL && again >= 0)
        record_write(fd, path, number, offset, data, pread(again, data, len, (off_t)offset));
    if (again >= 0)
        syscall(SYS_close, again);
    free(data);
    errno = saved;
    end_call();
    return result;
}

int
fflush(FILE *stream)
{
    return stream == NULL ? REAL(fflush)(stream) : watched_flush(stream);
}

int
fclose(FILE *stream)
{
    int flushed = watched_flush(stream);
    int closed = REAL(fclose)(stream);

    return flushed != 0 ? flushed : closed;
}

static int
watched_sync(int fd, int (*call)(int), bool everything)
{
    char path[PATH_BYTES];

    if (!path_of_fd(fd, path))
        return call(fd);
    uint64_t number = begin_call();
    int result = call(fd);
    if (result == 0)
        record((Header){ .kind = everything         ? KIND_SYNC_ALL
                                 : is_directory(fd) ? KIND_SYNC_DIR
                                                    : KIND_SYNC,
                         .inode = inode_of(fd),
                         .number = number },
               path, NULL, NULL);
    end_call();
    return result;
}

int
fsync(int fd)
{
    return watched_sync(fd, REAL(fsync), false);
}

int
fdatasync(int fd)
{
    return watched_sync(fd, REAL(fdatasync), false);
}

int
syncfs(int fd)
{
    return watched_sync(fd, REAL(syncfs), true);
}

static int
watched_truncate(int fd, off64_t size)
{
    char path[PATH_BYTES];

    if (!path_of_fd(fd, path))
        return REAL(ftruncate64)(fd, size);
    uint64_t number = begin_call();
    int result = REAL(ftruncate64)(fd, size);
    if (result == 0)
        record((Header){ .kind = KIND_TRUNCATE,
                         .inode = inode_of(fd),
                         .number = number,
                         .offset = (uint64_t)size },
               path, NULL, NULL);
    end_call();
    return result;
}

int
ftruncate64(int fd, off64_t size)
{
    return watched_truncate(fd, size);
}

int
ftruncate(int fd, off_t size)
{
    return watched_truncate(fd, size);
}

int
renameat2(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name, unsigned flags)
{
    char from[PATH_BYTES], to[PATH_BYTES];
    bool watched = path_of_name(old_dirfd, old_name, from);

    watched = path_of_name(new_dirfd, new_name, to) || watched;
    if (!watched)
        return (int)syscall(SYS_renameat2, old_dirfd, old_name, new_dirfd, new_name, flags);
    uint64_t number = begin_call();
    int result = (int)syscall(SYS_renameat2, old_dirfd, old_name, new_dirfd, new_name, flags);
    if (result == 0)
        record((Header){ .kind = KIND_RENAME, .number = number }, from, to, NULL);
    end_call();
    return result;
}

int
renameat(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name)
{
    return renameat2(old_dirfd, old_name, new_dirfd, new_name, 0);
}

int
rename(const char *old_name, const char *new_name)
{
    return renameat2(AT_FDCWD, old_name, AT_FDCWD, new_name, 0);
}

/* The file that @name leads to, through /proc/self/fd too: its inode. */
static uint64_t
inode_of_name(int dirfd, const char *name, int flags)
{
    struct stat st;

    return fstatat(dirfd, name, &st, (flags & AT_SYMLINK_FOLLOW) != 0 ? 0 : AT_SYMLINK_NOFOLLOW) ==
                   0
               ? (uint64_t)st.st_ino
               : 0;
}

int
linkat(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name, int flags)
{
    char from[PATH_BYTES], to[PATH_BYTES];

    if (!path_of_name(new_dirfd, new_name, to))
        return REAL(linkat)(old_dirfd, old_name, new_dirfd, new_name, flags);
    if (!path_of_name(old_dirfd, old_name, from))
        from[0] = '\0';
    uint64_t number = begin_call();
    uint64_t inode = inode_of_name(old_dirfd, old_name, flags);
    int result = REAL(linkat)(old_dirfd, old_name, new_dirfd, new_name, flags);
    if (result == 0)
        record((Header){ .kind = KIND_LINK, .number = number, .inode = inode }, from, to, NULL);
    end_call();
    return result;
}

int
link(const char *old_name, const char *new_name)
{
    return linkat(AT_FDCWD, old_name, AT_FDCWD, new_name, 0);
}

int
unlinkat(int dirfd, const char *name, int flags)
{
    char path[PATH_BYTES];

    if (!path_of_name(dirfd, name, path))
        return REAL(unlinkat)(dirfd, name, flags);
    uint64_t number = begin_call();
    int result = REAL(unlinkat)(dirfd, name, flags);
    if (result == 0)
        record((Header){ .kind = (flags & AT_REMOVEDIR) != 0 ? KIND_RMDIR : KIND_UNLINK,
                         .number = number },
               path, NULL, NULL);
    end_call();
    return result;
}

int
unlink(const char *name)
{
    return unlinkat(AT_FDCWD, name, 0);
}

/* What has no number is still recorded: the replay must know every name. */

static void
record_unnumbered(uint32_t kind, const char *path, uint64_t inode)
{
    lock_all();
    record((Header){ .kind = kind, .inode = inode }, path, NULL, NULL);
    end_call();
}

int
mkdirat(int dirfd, const char *name, mode_t mode)
{
    char path[PATH_BYTES];
    int result = REAL(mkdirat)(dirfd, name, mode);

    if (result == 0 && path_of_name(dirfd, name, path))
        record_unnumbered(KIND_MKDIR, path, 0);
    return result;
}

int
mkdir(const char *name, mode_t mode)
{
    return mkdirat(AT_FDCWD, name, mode);
}

int
rmdir(const char *name)
{
    char path[PATH_BYTES];
    bool watched = path_of_name(AT_FDCWD, name, path);
    int result = REAL(rmdir)(name);

    if (result == 0 && watched)
        record_unnumbered(KIND_RMDIR, path, 0);
    return result;
}

static int
watched_open(int dirfd, const char *name, int flags, mode_t mode)
{
    char path[PATH_BYTES];
    struct stat st;

    if ((flags & (O_CREAT | O_TRUNC)) == 0 || !path_of_name(dirfd, name, path))
        return (int)syscall(SYS_openat, dirfd, name, flags, mode);
    lock_all();
    bool is_new = fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) != 0;
    int fd = (int)syscall(SYS_openat, dirfd, name, flags, mode);
    if (fd >= 0 && is_new)
        record((Header){ .kind = KIND_CREATE, .inode = inode_of(fd) }, path, NULL, NULL);
    else if (fd >= 0 && (flags & O_TRUNC) != 0)
        record((Header){ .kind = KIND_TRUNCATE, .inode = inode_of(fd) }, path, NULL, NULL);
    end_call();
    return fd;
}

static bool
has_mode(int flags)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0;
}

#define OPEN_LIKE(name, first_params, dirfd_value)                                                 \
    int name(first_params const char *path, int flags, ...)                                        \
    {                                                                                              \
        va_list args;                                                                              \
        mode_t mode = 0;                                                                           \
                                                                                                   \
        va_start(args, flags);                                                                     \
        if (has_mode(flags))                                                                       \
            mode = (mode_t)va_arg(args, int);                                                      \
        va_end(args);                                                                              \
        return watched_open(dirfd_value, path, flags, mode);                                       \
    }
#define NO_PARAM
#define DIRFD_PARAM int dirfd,

OPEN_LIKE(open, NO_PARAM, AT_FDCWD)
OPEN_LIKE(open64, NO_PARAM, AT_FDCWD)
OPEN_LIKE(openat, DIRFD_PARAM, dirfd)
OPEN_LIKE(openat64, DIRFD_PARAM, dirfd)

/* Environments: ours is added to whatever a child is given. */

static bool
sets(const char *entry, const char *variable)
{
    size_t len = strcspn(variable, "=") + 1;

    return strncmp(entry, variable, len) == 0;
}

static char **
with_own_env(char *const env[], char *out[MAX_ENV])
{
    size_t n = 0;

    for (size_t i = 0; env != NULL && env[i] != NULL && n < MAX_ENV - 4; i++) {
        bool ours = false;

        for (size_t k = 0; k < 3; k++)
            ours = ours || (own_env[k] != NULL && sets(env[i], own_env[k]));
        if (!ours)
            out[n++] = env[i];
    }
    for (size_t k = 0; k < 3; k++) {
        if (own_env[k] != NULL)
            out[n++] = own_env[k];
    }
    out[n] = NULL;
    return out;
}

int
posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
            const posix_spawnattr_t *attributes, char *const argv[], char *const env[])
{
    char *full[MAX_ENV];

    return REAL(posix_spawn)(pid, path, actions, attributes, argv, with_own_env(env, full));
}

int
posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
             const posix_spawnattr_t *attributes, char *const argv[], char *const env[])
{
    char *full[MAX_ENV];

    return REAL(posix_spawnp)(pid, file, actions, attributes, argv, with_own_env(env, full));
}

int
execve(const char *path, char *const argv[], char *const env[])
{
    char *full[MAX_ENV];

    return REAL(execve)(path, argv, with_own_env(env, full));
}

int
execvpe(const char *file, char *const argv[], char *const env[])
{
    char *full[MAX_ENV];

    return REAL(execvpe)(file, argv, with_own_env(env, full));
}
