/* SPDX-License-Identifier: Apache-2.0
 * workspace: see workspace.h. Nothing here is synced: after a crash the folders are removed unread.
 */
#include "executor/workspace.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/limits.h"
#include "executor/job_user.h"
#include "sys/cancel.h"
#include "base/banned.h"

#define COPY_CHUNK_BYTES (8u << 20) /* between two looks at the cancel flag */

static bool
set_io(GError **error, const char *what, const char *path)
{
    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot %s '%s'", what, path);
    return false;
}

/* Makes the folder (it may exist) and opens it; never through a link. */
static int
enter_dir(int dirfd, const char *name, GError **error)
{
    if (mkdirat(dirfd, name, 0700) != 0 && errno != EEXIST) {
        set_io(error, "create folder", name);
        return -1;
    }
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        set_io(error, "open folder", name);
    return fd;
}

int
workspace_create_file(int dirfd, const char *path, mode_t mode, GError **error)
{
    AUTO_FD int at = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
    const char *part = path;

    for (const char *slash = strchr(part, '/'); slash != NULL && at >= 0;
         slash = strchr(part, '/')) {
        g_autofree char *name = g_strndup(part, (size_t)(slash - part));
        int next = enter_dir(at, name, error);
        if (next < 0)
            return -1;
        fd_clear(&at);
        at = next;
        part = slash + 1;
    }
    int fd = openat(at, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

    if (fd < 0 || fchmod(fd, mode) != 0) { /* the mode asked for, whatever the umask */
        set_io(error, "create", path);
        fd_clear(&fd);
    }
    return fd;
}

bool
workspace_write_file(int dirfd, const char *path, const char *text, GError **error)
{
    AUTO_FD int fd = workspace_create_file(dirfd, path, 0644, error);

    return fd >= 0 && fd_write_all(fd, span_of_text(text), error);
}

/* The slow way: for file systems between which the kernel does not copy. */
static bool
copy_through_memory(int from, int to, off_t offset, Cancel *cancel, GError **error)
{
    g_autofree uint8_t *chunk = g_malloc(1u << 20);

    for (;;) {
        ssize_t n = pread(from, chunk, 1u << 20, offset);
        if (n < 0)
            return set_io(error, "read", "input");
        if (n == 0)
            return true;
        if (!fd_write_all(to, span_of(chunk, (size_t)n), error) || !cancel_check(cancel, error))
            return false;
        offset += n;
    }
}

static bool
copy_content(int from, int to, Cancel *cancel, GError **error)
{
    loff_t offset = 0;

    if (ioctl(to, FICLONE, from) == 0)
        return true;
    for (;;) {
        ssize_t n = copy_file_range(from, &offset, to, NULL, COPY_CHUNK_BYTES, 0);
        if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS))
            return copy_through_memory(from, to, offset, cancel, error);
        if (n < 0)
            return set_io(error, "copy", "input");
        if (n == 0)
            return true;
        if (!cancel_check(cancel, error))
            return false;
    }
}

bool
workspace_copy_file(int dirfd, const char *path, int from_fd, mode_t mode, Cancel *cancel,
                    GError **error)
{
    AUTO_FD int to = workspace_create_file(dirfd, path, mode, error);

    return to >= 0 && copy_content(from_fd, to, cancel, error);
}

static bool
copy_inputs(Workspace *ws, const MachineSpec *spec, Cancel *cancel, GError **error)
{
    AUTO_FD int in_fd = enter_dir(ws->scratch_fd, "in", error);

    if (in_fd < 0)
        return false;
    for (size_t i = 0; i < spec->n_inputs; i++) {
        const MachineInput *input = &spec->inputs[i];
        AUTO_FD int opened = -1;
        int from = input->fd;
        if (from < 0) {
            opened = open(input->file, O_RDONLY | O_CLOEXEC);
            if (opened < 0) {
                error_set_errno(error, BASE_ERROR,
                                errno == ENOENT ? BASE_ERROR_NOT_FOUND : BASE_ERROR_IO,
                                "cannot open input '%s'", input->file);
                return false;
            }
            from = opened;
        }
        mode_t mode = input->executable ? 0555 : 0444;
        if (!workspace_copy_file(in_fd, input->path, from, mode, cancel, error)) {
            error_prefix(error, "cannot copy input '%s'", input->path);
            return false;
        }
    }
    return true;
}

/* The scratch folder: ours, empty, closed to others. */
static bool
make_scratch(Workspace *ws, GError **error)
{
    if (mkdir(ws->scratch, 0700) != 0 && errno != EEXIST)
        return set_io(error, "create folder", ws->scratch);
    ws->scratch_fd = open(ws->scratch, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (ws->scratch_fd < 0 || fchmod(ws->scratch_fd, 0700) != 0)
        return set_io(error, "open folder", ws->scratch);
    g_autoptr(GPtrArray) names = dir_list(ws->scratch_fd, ".", 1, error);

    if (names == NULL)
        return false;
    ws->ours = names->len == 0;
    if (ws->ours)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot use folder '%s': it is not empty",
              ws->scratch);
    return false;
}

/* The given source is taken where it lies; without one there is an empty folder. */
static bool
make_source(const Workspace *ws, GError **error)
{
    AUTO_FD int fd = -1;

    if (mkdir(ws->source, 0700) != 0 && errno != EEXIST)
        return set_io(error, "create folder", ws->source);
    fd = open(ws->source, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fchmod(fd, 0700) != 0)
        return set_io(error, "open folder", ws->source);
    return true;
}

static bool
make_tmp(Workspace *ws, GError **error)
{
    ws->tmp_fd = enter_dir(ws->scratch_fd, "tmp", error);
    if (ws->tmp_fd < 0)
        return false;
    if (fchmod(ws->tmp_fd, 01777) != 0) /* what programs expect; scratch above is closed */
        return set_io(error, "open folder", ws->tmp);
    return workspace_write_file(ws->tmp_fd, WORKSPACE_OUTPUT, "", error) &&
           (mkdirat(ws->tmp_fd, WORKSPACE_HOME, 0700) == 0 ||
            set_io(error, "create folder", WORKSPACE_HOME));
}

bool
workspace_make(Workspace *ws, const MachineSpec *spec, Cancel *cancel, GError **error)
{
    const char *scratch = spec->scratch_dir;

    *ws = (Workspace){ .scratch_fd = -1, .out_fd = -1, .tmp_fd = -1 };
    ws->scratch = g_strdup(scratch);
    ws->has_inputs = spec->n_inputs > 0;
    ws->source =
        spec->source_dir != NULL ? g_strdup(spec->source_dir) : g_strconcat(scratch, "/src", NULL);
    ws->out = g_strconcat(scratch, "/out", NULL);
    ws->in = g_strconcat(scratch, "/in", NULL);
    ws->tmp = g_strconcat(scratch, "/tmp", NULL);
    if (!make_scratch(ws, error) || !make_source(ws, error) || !make_tmp(ws, error))
        return false;
    ws->out_fd = enter_dir(ws->scratch_fd, "out", error);
    return ws->out_fd >= 0 && copy_inputs(ws, spec, cancel, error);
}

bool
workspace_hand_over(Workspace *ws, const char *root_dir, GError **error)
{
    bool reached = job_user_reaches(ws->scratch) && job_user_reaches(ws->source) &&
                   (root_dir == NULL || job_user_reaches(root_dir));

    ws->view = reached ? NULL : g_strdup(job_user_view());
    return job_user_own(ws->scratch, error) && job_user_own(ws->source, error);
}

bool
workspace_remove(Workspace *ws, GError **error)
{
    g_autoptr(GError) second = NULL;

    if (ws->scratch == NULL)
        return true;
    bool ok = !ws->ours || dir_remove_all(AT_FDCWD, ws->scratch, error);
    bool source_ok = dir_remove_all(AT_FDCWD, ws->source, ok ? error : &second);

    g_clear_pointer(&ws->scratch, g_free);
    return ok && source_ok;
}

void
workspace_clear(Workspace *ws)
{
    g_clear_pointer(&ws->scratch, g_free);
    g_clear_pointer(&ws->source, g_free);
    g_clear_pointer(&ws->out, g_free);
    g_clear_pointer(&ws->in, g_free);
    g_clear_pointer(&ws->tmp, g_free);
    g_clear_pointer(&ws->view, g_free);
    fd_clear(&ws->scratch_fd);
    fd_clear(&ws->out_fd);
    fd_clear(&ws->tmp_fd);
}

/* Opens a regular file beneath a folder the job wrote in. O_NONBLOCK: a pipe must not make us wait.
 */
static int
open_regular(int dirfd, const char *path, GError **error)
{
    AUTO_FD int fd = open_beneath(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, error);
    struct stat st = { 0 };

    if (fd < 0)
        return -1;
    if (fstat(fd, &st) != 0) {
        set_io(error, "read", path);
        return -1;
    }
    if (!S_ISREG(st.st_mode)) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "cannot open '%s': not a regular file",
                  path);
        return -1;
    }
    return fd_steal(&fd);
}

GBytes *
workspace_read_output(const Workspace *ws, GError **error)
{
    g_autoptr(GError) local = NULL;
    AUTO_FD int fd = open_regular(ws->tmp_fd, WORKSPACE_OUTPUT, &local);
    GBytes *bytes = NULL;

    if (fd < 0 && error_kind(local) == ERROR_KIND_NOT_FOUND)
        return g_bytes_new(NULL, 0); /* the job removed it: it says nothing */
    if (fd >= 0)
        bytes = fd_read_all(fd, LIMIT_OUTPUT_FILE_BYTES, &local);
    if (bytes == NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        error_prefix(error, "cannot read the job's $OUTPUT");
    }
    return bytes;
}

int
workspace_open_output(const Workspace *ws, const char *path, GError **error)
{
    return open_regular(ws->out_fd, path, error);
}
