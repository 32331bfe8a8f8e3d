/* SPDX-License-Identifier: Apache-2.0
 * export: one ls-tree and one cat-file, read as streams, written beneath one descriptor.
 *
 * 1. Memory is bounded by WINDOW entries, whatever the tree: a tree that names itself a thousand
 * times over is stopped by the limit on entries while it is being read.
 * 2. Every folder is opened from its parent's descriptor with O_NOFOLLOW, every file is made with
 * O_EXCL: a tree that names a link and a folder alike cannot make us write through the link.
 * 3. Requests in flight fit in one pipe (WINDOW object ids), so neither side can wait for the other
 * for ever. */
#include "git/export.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "base/files.h"
#include "git/child_priv.h"
#include "base/banned.h"

#define WINDOW     256u  /* entries asked for at once; 256 * 65 bytes are less than a pipe holds */
#define LINK_BYTES 4095u /* the longest target of a link */

typedef struct {
    char *path; /* owned */
    char id[GIT_ID_SIZE];
    mode_t mode; /* as git says: 0100644, 0100755, 0120000 */
} Entry;

typedef struct {
    GitMirror *mirror;      /* borrowed */
    int root;               /* borrowed */
    GitExportLimits limits; /* no zeros */
    GitChild tree;
    GitChild blobs;
    GPtrArray *names;     /* owned; open folders: components of the current path */
    GArray *fds;          /* int, owned; their descriptors */
    GArray *window;       /* Entry */
    GPtrArray *links;     /* owned; paths of links, checked again at the end */
    struct timespec time; /* of the commit */
    uint64_t n_entries;
    GitExportResult result;
} Export;

static void
entry_clear(void *data)
{
    g_clear_pointer(&((Entry *)data)->path, g_free);
}

/* Leaves the deepest open folder; its time is set now that nothing more is written into it. */
static void
leave_folder(Export *export)
{
    int fd = g_array_index(export->fds, int, export->fds->len - 1);
    struct timespec times[2] = { export->time, export->time };

    (void)futimens(fd, times); /* the time of a folder is a courtesy: no build may depend on it */
    close(fd);
    g_array_set_size(export->fds, export->fds->len - 1);
    g_ptr_array_set_size(export->names, (int)export->names->len - 1);
}

static void
export_clear(Export *export)
{
    while (export->fds != NULL && export->fds->len > 0)
        leave_folder(export);
    git_child_clear(&export->tree);
    git_child_clear(&export->blobs);
    g_clear_pointer(&export->names, g_ptr_array_unref);
    g_clear_pointer(&export->fds, g_array_unref);
    g_clear_pointer(&export->window, g_array_unref);
    g_clear_pointer(&export->links, g_ptr_array_unref);
}

static Export *
export_new(GitMirror *mirror, int root, const GitExportLimits *limits, Cancel *cancel)
{
    Export *export = g_new0(Export, 1);
    GitExportLimits given = limits == NULL ? (GitExportLimits){ 0 } : *limits;

    export->mirror = mirror;
    export->root = root;
    export->limits.max_files = given.max_files == 0 ? GIT_EXPORT_MAX_FILES : given.max_files;
    export->limits.max_depth = given.max_depth == 0 ? GIT_EXPORT_MAX_DEPTH : given.max_depth;
    export->limits.max_bytes = given.max_bytes == 0 ? GIT_EXPORT_MAX_BYTES : given.max_bytes;
    export->limits.max_file_bytes =
        given.max_file_bytes == 0 ? GIT_EXPORT_MAX_FILE_BYTES : given.max_file_bytes;
    git_child_init(&export->tree, cancel);
    git_child_init(&export->blobs, cancel);
    export->names = g_ptr_array_new_with_free_func(g_free);
    export->fds = g_array_new(FALSE, FALSE, sizeof(int));
    export->window = g_array_new(FALSE, TRUE, sizeof(Entry));
    g_array_set_clear_func(export->window, entry_clear);
    export->links = g_ptr_array_new_with_free_func(g_free);
    return export;
}

static void
export_free(Export *export)
{
    export_clear(export);
    g_free(export);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Export, export_free)

static bool
deny(GError **error, const char *path, const char *why)
{
    g_autofree char *shown = error_printable(path);

    error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "the tree has '%s': %s", shown, why);
    return false;
}

/* Each component must be a name that is only a name. @n_out: how many there are. */
static bool
check_path(const Export *export, const char *path, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    unsigned n = g_strv_length(parts);

    if (strlen(path) > GIT_EXPORT_MAX_PATH || n > export->limits.max_depth) {
        g_autofree char *shown = error_printable(path);

        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "the tree has '%.200s': at most %u bytes and %u components", shown,
                  GIT_EXPORT_MAX_PATH, export->limits.max_depth);
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        if (parts[i][0] == '\0' || strcmp(parts[i], ".") == 0 || strcmp(parts[i], "..") == 0)
            return deny(error, path, "'.', '..' and empty names are refused");
        if (g_ascii_strcasecmp(parts[i], ".git") == 0)
            return deny(error, path, "'.git' is refused");
        if (strlen(parts[i]) > NAME_MAX)
            return deny(error, path, "a name is longer than 255 bytes");
    }
    return true;
}

/* The descriptor of the open folder, or of the root. */
static int
current_folder(const Export *export)
{
    return export->fds->len == 0 ? export->root
                                 : g_array_index(export->fds, int, export->fds->len - 1);
}

static bool
enter_folder(Export *export, const char *name, const char *path, GError **error)
{
    int parent = current_folder(export);

    if (mkdirat(parent, name, 0755) != 0 && errno != EEXIST) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create '%s'", path);
        return false;
    }
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return deny(error, path, "it names the same thing twice");
    (void)fchmod(fd,
                 0755); /* whatever the umask; a failure shows when something is created inside */
    g_array_append_val(export->fds, fd);
    g_ptr_array_add(export->names, g_strdup(name));
    return true;
}

/* Makes the folder of @path current. Returns its last component, borrowed from @path, or NULL. */
static const char *
enter_parents(Export *export, const char *path, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    unsigned n = g_strv_length(parts) - 1;
    unsigned same = 0;

    while (same < n && same < export->names->len &&
           strcmp(parts[same], g_ptr_array_index(export->names, same)) == 0)
        same++;
    while (export->names->len > same)
        leave_folder(export);
    for (unsigned i = same; i < n; i++) {
        if (!enter_folder(export, parts[i], path, error))
            return NULL;
    }
    return path + strlen(path) - strlen(parts[n]);
}

/* Read as text alone, a target must not climb over the root. Links through links are checked at the
 * end. */
static bool
target_stays_inside(const char *path, const char *target)
{
    g_auto(GStrv) own = g_strsplit(path, "/", -1);
    g_auto(GStrv) parts = g_strsplit(target, "/", -1);
    int depth = (int)g_strv_length(own) - 1;

    if (target[0] == '/' || target[0] == '\0')
        return false;
    for (size_t i = 0; parts[i] != NULL; i++) {
        if (strcmp(parts[i], "..") == 0)
            depth--;
        else if (parts[i][0] != '\0' && strcmp(parts[i], ".") != 0)
            depth++;
        if (depth < 0)
            return false;
    }
    return true;
}

static bool
write_link(Export *export, const Entry *entry, const char *name, uint64_t size, GError **error)
{
    char target[LINK_BYTES + 1] = { 0 };

    if (size > LINK_BYTES)
        return deny(error, entry->path, "a link's target is longer than 4095 bytes");
    if (!git_child_copy(&export->blobs, size, -1, (uint8_t *)target, error))
        return false;
    if (strlen(target) != size || !target_stays_inside(entry->path, target))
        return deny(error, entry->path, "a link that leads out of the tree");
    if (symlinkat(target, current_folder(export), name) != 0) {
        if (errno == EEXIST)
            return deny(error, entry->path, "it names the same thing twice");
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create '%s'", entry->path);
        return false;
    }
    struct timespec times[2] = { export->time, export->time };

    (void)utimensat(current_folder(export), name, times, AT_SYMLINK_NOFOLLOW);
    g_ptr_array_add(export->links, g_strdup(entry->path));
    return true;
}

static bool
write_file(Export *export, const Entry *entry, const char *name, uint64_t size, GError **error)
{
    struct timespec times[2] = { export->time, export->time };
    AUTO_FD int fd = openat(current_folder(export), name,
                            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0 && errno == EEXIST)
        return deny(error, entry->path, "it names the same thing twice");
    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create '%s'", entry->path);
        return false;
    }
    if (!git_child_copy(&export->blobs, size, fd, NULL, error)) {
        error_prefix(error, "'%s'", entry->path);
        return false;
    }
    if (fchmod(fd, (entry->mode & 0100) != 0 ? 0755 : 0644) != 0 || futimens(fd, times) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot set mode and time of '%s'",
                        entry->path);
        return false;
    }
    return true;
}

/* "ID blob SIZE" for the entry we asked for. */
static bool
read_answer(Export *export, const Entry *entry, uint64_t *size_out, GError **error)
{
    g_autofree char *line = NULL;

    if (!git_child_record(&export->blobs, '\n', &line, error))
        return false;
    g_auto(GStrv) fields = g_strsplit(line == NULL ? "" : line, " ", -1);

    if (g_strv_length(fields) != 3 || strcmp(fields[0], entry->id) != 0 ||
        strcmp(fields[1], "blob") != 0) {
        g_autofree char *shown = error_printable(entry->path);

        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                  "the object of '%s' is missing or of another kind", shown);
        return false;
    }
    *size_out = g_ascii_strtoull(fields[2], NULL, 10);
    return true;
}

static bool
write_entry(Export *export, const Entry *entry, GError **error)
{
    uint64_t size = 0;
    uint8_t newline = 0;

    if (!read_answer(export, entry, &size, error))
        return false;
    if (size > export->limits.max_file_bytes ||
        size > export->limits.max_bytes - export->result.n_bytes) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "the tree has more than %" G_GUINT64_FORMAT
                  " bytes, or a file more than %" G_GUINT64_FORMAT,
                  export->limits.max_bytes, export->limits.max_file_bytes);
        return false;
    }
    const char *name = enter_parents(export, entry->path, error);

    if (name == NULL || !(S_ISLNK(entry->mode) ? write_link(export, entry, name, size, error)
                                               : write_file(export, entry, name, size, error)))
        return false;
    export->result.n_files++;
    export->result.n_bytes += size;
    return git_child_copy(&export->blobs, 1, -1, &newline, error);
}

/* Sends the window's object ids and writes what comes back. */
static bool
flush_window(Export *export, GError **error)
{
    g_autoptr(GString) request = g_string_new(NULL);

    for (size_t i = 0; i < export->window->len; i++)
        g_string_append_printf(request, "%s\n", g_array_index(export->window, Entry, i).id);
    if (!fd_write_all(export->blobs.input, span_of(request->str, request->len), error))
        return false;
    for (size_t i = 0; i < export->window->len; i++) {
        if (!write_entry(export, &g_array_index(export->window, Entry, i), error))
            return false;
    }
    g_array_set_size(export->window, 0);
    return true;
}

/* "MODE TYPE ID\tPATH" */
static bool
take_entry(Export *export, char *line, GError **error)
{
    char *path = strchr(line, '\t');
    Entry entry = { 0 };

    if (path != NULL)
        *path++ = '\0';
    g_auto(GStrv) fields = g_strsplit(line, " ", -1);

    if (path == NULL || g_strv_length(fields) != 3 || !git_id_is_full(fields[2])) {
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "git ls-tree gave a line we cannot read");
        return false;
    }
    if (++export->n_entries > export->limits.max_files) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "the tree has more than %u entries",
                  export->limits.max_files);
        return false;
    }
    if (!check_path(export, path, error))
        return false;
    entry.mode = (mode_t)g_ascii_strtoull(fields[0], NULL, 8);
    if (strcmp(fields[1], "tree") ==
        0) /* -t shows folders so that empty ones count against the limit */
        return true;
    if (strcmp(fields[1], "commit") == 0) { /* a submodule: its folder, empty */
        const char *name = enter_parents(export, path, error);

        if (name == NULL || !enter_folder(export, name, path, error))
            return false;
        export->result.n_submodules++;
        return true;
    }
    if (!S_ISREG(entry.mode) && !S_ISLNK(entry.mode))
        return deny(error, path, "neither a file nor a link");
    g_strlcpy(entry.id, fields[2], sizeof entry.id);
    entry.path = g_strdup(path);
    g_array_append_val(export->window, entry);
    return export->window->len < WINDOW || flush_window(export, error);
}

/* A link through another link may lead where its text does not show: ask the kernel. Dangling links
 * are kept. */
static bool
check_links(Export *export, GError **error)
{
    struct open_how how = { .flags = O_PATH | O_CLOEXEC,
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };

    for (size_t i = 0; i < export->links->len; i++) {
        const char *path = g_ptr_array_index(export->links, i);
        AUTO_FD int fd = (int)syscall(SYS_openat2, export->root, path, &how, sizeof how);

        if (fd < 0 && errno == EXDEV)
            return deny(error, path, "a link that leads out of the tree through another link");
    }
    return true;
}

static bool
run_export(Export *export, const char *commit, GError **error)
{
    git_command_init(&export->tree.command, export->mirror->path, "ls-tree");
    git_command_add(&export->tree.command, "-r");
    git_command_add(&export->tree.command, "-t");
    git_command_add(&export->tree.command, "-z");
    git_command_add(&export->tree.command, "--full-tree");
    git_command_add(&export->tree.command, "--end-of-options");
    git_command_add(&export->tree.command, commit);
    git_command_init(&export->blobs.command, export->mirror->path, "cat-file");
    git_command_add(&export->blobs.command, "--batch");
    if (!git_child_start(&export->tree, false, error) ||
        !git_child_start(&export->blobs, true, error))
        return false;
    for (;;) {
        g_autofree char *line = NULL;

        if (!git_child_record(&export->tree, '\0', &line, error))
            return false;
        if (line == NULL)
            break;
        if (!take_entry(export, line, error))
            return false;
    }
    return flush_window(export, error) && git_child_finish(&export->tree, "ls-tree", error) &&
           git_child_finish(&export->blobs, "cat-file", error) && check_links(export, error);
}

static bool
check_empty(int dirfd, GError **error)
{
    g_autoptr(GPtrArray) names = dir_list(dirfd, ".", 1, error);

    if (names != NULL && names->len == 0)
        return true;
    if (names != NULL || (error != NULL && error_kind(*error) == ERROR_KIND_LIMIT)) {
        g_clear_error(error);
        error_set(error, BASE_ERROR, BASE_ERROR_EXISTS, "the folder is not empty");
    }
    return false;
}

bool
git_export_tree(GitMirror *mirror, const char *commit, int dirfd, const GitExportLimits *limits,
                struct Cancel *cancel, GitExportResult *out, GError **error)
{
    g_auto(GitCommit) known = { 0 };
    g_autoptr(Export) export = export_new(mirror, dirfd, limits, cancel);
    GError *local = NULL;
    bool ok = git_id_is_full(commit);

    if (!ok)
        error_set(&local, BASE_ERROR, BASE_ERROR_INVALID, "not a full commit id");
    ok = ok && check_empty(dirfd, &local) && git_resolve(mirror, commit, &known, &local);
    export->time.tv_sec = (time_t)(known.committer_us / G_USEC_PER_SEC);
    if (!ok || !run_export(export, commit, &local)) {
        g_propagate_prefixed_error(error, local, "cannot export commit '%.12s': ", commit);
        return false;
    }
    if (out != NULL)
        *out = export->result;
    return true;
}
