/* SPDX-License-Identifier: Apache-2.0
 * export: trees and files from one cat-file, as a stream, written beneath one descriptor.
 *
 * 1. Memory is bounded by WINDOW entries and GIT_EXPORT_MAX_TREE_BYTES, whatever the tree: one that
 * names itself a thousand times over is stopped by the limit on entries while it is being read.
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
#include "git/objects_priv.h"
#include "git/tree_priv.h"
#include "base/banned.h"

#define WINDOW     GIT_OBJECTS_WINDOW
#define LINK_BYTES 4095u /* the longest target of a link */

typedef struct {
    char *path; /* owned */
    char id[GIT_ID_SIZE];
    mode_t mode; /* as git says: 0100644, 0100755, 0120000 */
} Entry;

typedef struct { /* a folder whose tree object is still to be read */
    char id[GIT_ID_SIZE];
    char *prefix;  /* owned; "sub/", or "" for the root */
    uint8_t *data; /* owned; NULL until it is read */
    size_t len;
} Tree;

typedef struct {
    GitMirror *mirror;      /* borrowed */
    int root;               /* borrowed */
    GitExportLimits limits; /* no zeros */
    Cancel *cancel;         /* borrowed */
    GArray *trees;          /* owned; Tree: what is to be read, the last ones first */
    GPtrArray *names;       /* owned; open folders: components of the current path */
    GArray *fds;            /* int, owned; their descriptors */
    GArray *window;         /* Entry */
    GPtrArray *links;       /* owned; paths of links, checked again at the end */
    struct timespec time;   /* of the commit */
    uint64_t n_entries;
    GitExportResult result;
} Export;

static void
entry_clear(void *data)
{
    g_clear_pointer(&((Entry *)data)->path, g_free);
}

static void
tree_clear(void *data)
{
    Tree *tree = data;

    g_free(tree->data);
    g_free(tree->prefix);
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
    g_clear_pointer(&export->trees, g_array_unref);
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
    export->cancel = cancel;
    export->trees = g_array_new(FALSE, TRUE, sizeof(Tree));
    g_array_set_clear_func(export->trees, tree_clear);
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
write_link(Export *export, const Entry *entry, const char *name, const GitObject *object,
           GError **error)
{
    char target[LINK_BYTES + 1] = { 0 };

    if (object->size > LINK_BYTES)
        return deny(error, entry->path, "a link's target is longer than 4095 bytes");
    if (!git_objects_take(export->mirror, object, -1, (uint8_t *)target, error))
        return false;
    if (strlen(target) != object->size || !target_stays_inside(entry->path, target))
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
write_file(Export *export, const Entry *entry, const char *name, const GitObject *object,
           GError **error)
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
    if (!git_objects_take(export->mirror, object, fd, NULL, error)) {
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

/* The head of the answer for the entry we asked for. */
static bool
read_answer(Export *export, const Entry *entry, GitObject *out, GError **error)
{
    GError *local = NULL;
    bool found = git_objects_next(export->mirror, out, &local);

    if (found && strcmp(out->id, entry->id) == 0 && out->kind == GIT_OBJECT_BLOB)
        return true;
    if (!found && error_kind(local) != ERROR_KIND_NOT_FOUND) {
        g_propagate_error(error, local);
        return false;
    }
    g_autofree char *shown = error_printable(entry->path);

    g_clear_error(&local);
    error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
              "the object of '%s' is missing or of another kind", shown);
    return false;
}

static bool
write_entry(Export *export, const Entry *entry, GError **error)
{
    GitObject object = { 0 };

    if (!read_answer(export, entry, &object, error))
        return false;
    if (object.size > export->limits.max_file_bytes ||
        object.size > export->limits.max_bytes - export->result.n_bytes) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "the tree has more than %" G_GUINT64_FORMAT
                  " bytes, or a file more than %" G_GUINT64_FORMAT,
                  export->limits.max_bytes, export->limits.max_file_bytes);
        return false;
    }
    const char *name = enter_parents(export, entry->path, error);

    if (name == NULL || !(S_ISLNK(entry->mode) ? write_link(export, entry, name, &object, error)
                                               : write_file(export, entry, name, &object, error)))
        return false;
    export->result.n_files++;
    export->result.n_bytes += object.size;
    return true;
}

/* Asks for the window's files and writes what comes back. */
static bool
flush_window(Export *export, GError **error)
{
    const char *names[WINDOW];

    for (size_t i = 0; i < export->window->len; i++)
        names[i] = g_array_index(export->window, Entry, i).id;
    if (export->window->len == 0)
        return true;
    if (!git_objects_ask(export->mirror, names, export->window->len, export->cancel, error))
        return false;
    for (size_t i = 0; i < export->window->len; i++) {
        if (!write_entry(export, &g_array_index(export->window, Entry, i), error))
            return false;
    }
    g_array_set_size(export->window, 0);
    return true;
}

/* A folder without content: a submodule. */
static bool
make_folder(Export *export, const char *path, GError **error)
{
    const char *name = enter_parents(export, path, error);

    if (name == NULL || !enter_folder(export, name, path, error))
        return false;
    export->result.n_submodules++;
    return true;
}

/* Remembers a folder to read. Takes @prefix. */
static void
add_tree(Export *export, const char *id, char *prefix)
{
    Tree tree = { .prefix = prefix };

    g_strlcpy(tree.id, id, sizeof tree.id);
    g_array_append_val(export->trees, tree);
}

static bool
take_entry(Export *export, const GitTreeEntry *found, const char *prefix, GError **error)
{
    g_autofree char *path = g_strconcat(prefix, found->name, NULL);

    if (++export->n_entries > export->limits.max_files) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "the tree has more than %u entries",
                  export->limits.max_files);
        return false;
    }
    if (strchr(found->name, '/') != NULL)
        return deny(error, path, "a name with '/' is refused");
    if (!check_path(export, path, error))
        return false;
    if (found->mode == GIT_MODE_TREE) {
        add_tree(export, found->id, g_strconcat(path, "/", NULL));
        return true;
    }
    if (found->mode == GIT_MODE_SUBMODULE)
        return make_folder(export, path, error);
    if (!S_ISREG(found->mode) && !S_ISLNK(found->mode))
        return deny(error, path, "neither a file nor a link");
    Entry entry = { .path = g_steal_pointer(&path), .mode = found->mode };

    g_strlcpy(entry.id, found->id, sizeof entry.id);
    g_array_append_val(export->window, entry);
    return export->window->len < WINDOW || flush_window(export, error);
}

/* Takes the last trees off the list and reads their objects. Owned array of Tree. */
static GArray *
read_trees(Export *export, GError **error)
{
    guint n = MIN(export->trees->len, WINDOW);
    guint first = export->trees->len - n;
    g_autoptr(GArray) batch = g_array_sized_new(FALSE, TRUE, sizeof(Tree), n);
    const char *names[WINDOW];
    size_t left = GIT_EXPORT_MAX_TREE_BYTES;

    g_array_set_clear_func(batch, tree_clear);
    g_array_append_vals(batch, &g_array_index(export->trees, Tree, first), n);
    memset(&g_array_index(export->trees, Tree, first), 0, n * sizeof(Tree)); /* they moved */
    g_array_set_size(export->trees, first);
    for (guint i = 0; i < n; i++)
        names[i] = g_array_index(batch, Tree, i).id;
    if (!git_objects_ask(export->mirror, names, n, export->cancel, error))
        return NULL;
    for (guint i = 0; i < n; i++) {
        Tree *tree = &g_array_index(batch, Tree, i);
        GitObject object = { 0 };

        tree->data = git_objects_receive(export->mirror, GIT_OBJECT_TREE, left, &object, error);
        if (tree->data == NULL) {
            g_autofree char *shown = error_printable(tree->prefix);

            error_prefix(error, "folder '%s'", shown);
            return NULL;
        }
        tree->len = object.size;
        left -= tree->len;
    }
    return g_steal_pointer(&batch);
}

static bool
take_tree(Export *export, const Tree *tree, GError **error)
{
    for (size_t offset = 0; offset < tree->len;) {
        GitTreeEntry entry = { 0 };

        if (!git_tree_next(span_of(tree->data, tree->len), strlen(tree->id) / 2, &offset, &entry,
                           error) ||
            !take_entry(export, &entry, tree->prefix, error))
            return false;
    }
    return cancel_check(export->cancel, error);
}

/* All entries, many folders at a time, those found last first. */
static bool
walk(Export *export, const char *tree_id, GError **error)
{
    add_tree(export, tree_id, g_strdup(""));
    while (export->trees->len > 0) {
        g_autoptr(GArray) batch = read_trees(export, error);

        if (batch == NULL)
            return false;
        for (guint i = 0; i < batch->len; i++) {
            if (!take_tree(export, &g_array_index(batch, Tree, i), error))
                return false;
        }
    }
    return flush_window(export, error);
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
    if (!ok || !walk(export, known.tree, &local) || !check_links(export, &local)) {
        git_objects_stop(mirror); /* answers may still be on their way */
        g_propagate_prefixed_error(error, local, "cannot export commit '%.12s': ", commit);
        return false;
    }
    if (out != NULL)
        *out = export->result;
    return true;
}
