/* SPDX-License-Identifier: Apache-2.0
 * collect: the walk over /out after the job is dead; see machine_collect. Folders are entered by
 * descriptor and without following links, so nothing outside /out can be reached, whatever the job
 * left there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include "base/encoding.h"
#include "base/files.h"
#include "executor/workspace.h"
#include "format/glob.h"
#include "base/banned.h"

#define MAX_DEPTH      64
#define MAX_PATH_BYTES 1024
#define MAX_VISITED    1000000

typedef struct {
    const char *const *globs;
    const MachineCollectLimits *limits;
    GPtrArray *files; /* of owned MachineFile */
    GArray *hit;      /* of bool: which globs matched */
    GString *path;    /* of the entry being looked at */
    size_t n_visited;
    uint64_t total_bytes;
} Walk;

static bool walk_dir(Walk *walk, int fd, unsigned depth, GError **error);

static bool
refuse(GError **error, BaseError code, const char *path, const char *why)
{
    g_autofree char *printable = error_printable(path);

    error_set(error, BASE_ERROR, code, "cannot take artifact '%s': %s", printable, why);
    return false;
}

static bool
limit(GError **error, const char *what, uint64_t number)
{
    error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
              "cannot collect artifacts: more than %" PRIu64 " %s", number, what);
    return false;
}

/* Marks every glob that matches the path. */
static bool
any_glob_matches(Walk *walk)
{
    bool any = false;

    for (size_t i = 0; walk->globs[i] != NULL; i++) {
        if (!glob_match(walk->globs[i], walk->path->str))
            continue;
        g_array_index(walk->hit, bool, i) = true;
        any = true;
    }
    return any;
}

static bool
any_glob_reaches_below(const Walk *walk)
{
    for (size_t i = 0; walk->globs[i] != NULL; i++)
        if (glob_match_below(walk->globs[i], walk->path->str))
            return true;
    return false;
}

/* Names go into signed statements: text only. */
static bool
name_is_text(const char *path)
{
    for (const char *c = path; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            return false;
    return utf8_is_valid(span_of_text(path));
}

static bool
take_file(Walk *walk, const struct stat *st, GError **error)
{
    const char *path = walk->path->str;
    uint64_t size = (uint64_t)st->st_size;

    if (!name_is_text(path))
        return refuse(error, BASE_ERROR_INVALID, path, "its name is not plain UTF-8 text");
    if (walk->files->len >= walk->limits->max_files)
        return limit(error, "files", walk->limits->max_files);
    if (size > walk->limits->max_total_bytes - walk->total_bytes)
        return limit(error, "bytes", walk->limits->max_total_bytes);
    MachineFile *file = g_new0(MachineFile, 1);

    file->path = g_strdup(path);
    file->size_bytes = size;
    file->executable = (st->st_mode & S_IXUSR) != 0;
    walk->total_bytes += size;
    g_ptr_array_add(walk->files, file);
    return true;
}

static bool
enter_folder(Walk *walk, int parent, const char *name, unsigned depth, GError **error)
{
    if (!any_glob_reaches_below(walk))
        return true;
    if (depth >= MAX_DEPTH)
        return limit(error, "folders in one another", MAX_DEPTH);
    AUTO_FD int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot open folder '%s'",
                        walk->path->str);
        return false;
    }
    return walk_dir(walk, fd, depth + 1, error);
}

/* walk->path names the entry. */
static bool
visit(Walk *walk, int parent, const char *name, unsigned depth, GError **error)
{
    struct stat st = { 0 };

    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot look at '%s'", walk->path->str);
        return false;
    }
    if (S_ISDIR(st.st_mode))
        return enter_folder(walk, parent, name, depth, error);
    if (!any_glob_matches(walk))
        return true;
    if (S_ISLNK(st.st_mode))
        return refuse(error, BASE_ERROR_DENIED, walk->path->str, "a symbolic link");
    if (!S_ISREG(st.st_mode))
        return refuse(error, BASE_ERROR_DENIED, walk->path->str, "not a regular file");
    return take_file(walk, &st, error);
}

static bool
walk_dir(Walk *walk, int fd, unsigned depth, GError **error)
{
    g_autoptr(GPtrArray) names = dir_list(fd, ".", MAX_VISITED - walk->n_visited, error);
    gsize above = walk->path->len;

    if (names == NULL)
        return false;
    walk->n_visited += names->len;
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];
        if (above > 0)
            g_string_append_c(walk->path, '/');
        g_string_append(walk->path, name);
        if (walk->path->len > MAX_PATH_BYTES)
            return refuse(error, BASE_ERROR_LIMIT, walk->path->str, "its path is too long");
        if (!visit(walk, fd, name, depth, error))
            return false;
        g_string_truncate(walk->path, above);
    }
    return true;
}

static int
compare_files(const void *a, const void *b)
{
    const MachineFile *const *left = a;
    const MachineFile *const *right = b;

    return strcmp((*left)->path, (*right)->path);
}

static void
free_file(void *file)
{
    machine_file_free(file);
}

GPtrArray *
workspace_collect(const Workspace *ws, const char *const *globs, const MachineCollectLimits *limits,
                  GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(free_file);
    g_autoptr(GArray) hit = g_array_new(FALSE, TRUE, sizeof(bool));
    g_autoptr(GString) path = g_string_new(NULL);
    Walk walk = { .globs = globs, .limits = limits, .files = files, .hit = hit, .path = path };
    guint n_globs = g_strv_length((char **)globs);

    g_array_set_size(hit, n_globs);
    if (!walk_dir(&walk, ws->out_fd, 0, error))
        return NULL;
    for (guint i = 0; i < n_globs; i++) {
        if (g_array_index(hit, bool, i))
            continue;
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "cannot collect artifacts: nothing below the output folder matches '%s'",
                  globs[i]);
        return NULL;
    }
    g_ptr_array_sort(files, compare_files);
    return g_steal_pointer(&files);
}
