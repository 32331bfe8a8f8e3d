/* SPDX-License-Identifier: Apache-2.0
 * job_user: see job_user.h. */
#include "executor/job_user.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/files.h"
#include "base/banned.h"

#define JOB_USER  65533 /* in the range Debian reserves: no account has it */
#define MAX_DEPTH 256
#define MAP_BYTES 65536

#define JOB_USER_TEXT_(number) #number
#define JOB_USER_TEXT(number)  JOB_USER_TEXT_(number)

typedef DIR DirHandle;
static void
dir_handle_free(DirHandle *dir)
{
    closedir(dir);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DirHandle, dir_handle_free)

static bool own_folder(int fd, unsigned depth, GError **error);

/* What a user of our own user namespace is outside of it; -1 when nobody there. Lines of uid_map:
 * first inside, first outside, how many. */
static int64_t
outside_of(guint64 uid)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *map = file_read_text(AT_FDCWD, "/proc/self/uid_map", MAP_BYTES, &local);
    g_auto(GStrv) lines = g_strsplit(map == NULL ? "" : map, "\n", -1);

    error_ignore(map != NULL, &local, "without the map the user is taken as unknown");
    for (char **line = lines; *line != NULL; line++) {
        char *rest = NULL;
        guint64 first = g_ascii_strtoull(*line, &rest, 10);
        guint64 outside = g_ascii_strtoull(rest, &rest, 10);
        guint64 count = g_ascii_strtoull(rest, NULL, 10);
        if (first <= uid && uid - first < count)
            return (int64_t)(outside + (uid - first));
    }
    return -1;
}

uid_t
job_user_get(void)
{
    return geteuid() == 0 && outside_of(JOB_USER) >= 0 ? JOB_USER : 0;
}

bool
job_user_check(GError **error)
{
    if (geteuid() != 0 || job_user_get() != 0 || outside_of(0) != 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
              "root is root outside of this container too, and there is no user %d to run jobs as",
              JOB_USER);
    return false;
}

static bool
own_entry(int parent, const struct dirent *entry, unsigned depth, GError **error)
{
    const char *name = entry->d_name;
    struct stat st = { .st_mode = S_IFDIR };

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return true;
    if (fchownat(parent, name, JOB_USER, JOB_USER, AT_SYMLINK_NOFOLLOW) != 0 ||
        (entry->d_type == DT_UNKNOWN && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0)) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot hand '%s' to the job", name);
        return false;
    }
    if (entry->d_type != DT_DIR && (entry->d_type != DT_UNKNOWN || !S_ISDIR(st.st_mode)))
        return true;
    AUTO_FD int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot open folder '%s'", name);
        return false;
    }
    return own_folder(fd, depth + 1, error);
}

static bool
own_folder(int fd, unsigned depth, GError **error)
{
    AUTO_FD int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_autoptr(DirHandle) dir = copy < 0 ? NULL : fdopendir(copy);

    if (depth > MAX_DEPTH) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot hand a tree to the job: folders are nested deeper than %d", MAX_DEPTH);
        return false;
    }
    if (dir == NULL) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot list a folder");
        return false;
    }
    copy = -1; /* now the handle's */
    errno = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (!own_entry(fd, entry, depth, error))
            return false;
        errno = 0;
    }
    if (errno == 0)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot list a folder");
    return false;
}

bool
job_user_own(const char *folder, GError **error)
{
    if (job_user_get() == 0)
        return true;
    AUTO_FD int fd = dir_open(AT_FDCWD, folder, error);

    if (fd < 0)
        return false;
    if (fchown(fd, JOB_USER, JOB_USER) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot hand '%s' to the job", folder);
        return false;
    }
    return own_folder(fd, 0, error);
}

bool
job_user_reaches(const char *folder)
{
    if (job_user_get() == 0)
        return true;
    g_autofree char *path = g_path_get_dirname(folder);
    struct stat st = { 0 };

    for (;;) {
        if (stat(path, &st) != 0 || (st.st_mode & S_IXOTH) == 0)
            return false;
        char *slash = strrchr(path, '/');
        if (slash == path || slash == NULL)
            return true;
        *slash = '\0';
    }
}

const char *
job_user_view(void)
{
    static const char *const places[] = { "/mnt", "/media", "/srv", "/tmp" };
    struct stat st = { 0 };

    for (size_t i = 0; i + 1 < G_N_ELEMENTS(places); i++)
        if (stat(places[i], &st) == 0 && S_ISDIR(st.st_mode))
            return places[i];
    return places[G_N_ELEMENTS(places) - 1];
}

void
job_user_add_prefix(GPtrArray *argv, const char *setpriv)
{
    static const char *const rest[] = { "--reuid",        JOB_USER_TEXT(JOB_USER),
                                        "--regid",        JOB_USER_TEXT(JOB_USER),
                                        "--clear-groups", "--" };

    if (job_user_get() == 0)
        return;
    g_ptr_array_add(argv, (char *)setpriv);
    for (size_t i = 0; i < G_N_ELEMENTS(rest); i++)
        g_ptr_array_add(argv, (char *)rest[i]);
}
