/* SPDX-License-Identifier: Apache-2.0
 * sandbox_args: see sandbox_args.h.
 *
 * 1. Every namespace is new, also for root, and no capability is left: without --unshare-user
 * root's job would keep them all.
 * 2. The root is a memory file system that ends up read-only; what is writable is bound into it.
 * 3. --die-with-parent follows the launcher's keeper, a process with one thread. */
#include "executor/sandbox_args.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/files.h"
#include "executor/sandbox_etc.h"
#include "base/banned.h"

#define MAX_ROOT_ENTRIES 256
#define MAX_LINK_BYTES   4096

static const char *const isolation[] = {
    "--unshare-user",
    "--unshare-ipc",
    "--unshare-pid",
    "--unshare-uts",
    "--unshare-cgroup-try",
    "--uid",
    "1000",
    "--gid",
    "1000",
    "--disable-userns",
    "--hostname",
    "slipway",
    "--new-session",
    "--die-with-parent",
    "--cap-drop",
    "ALL",
    "--json-status-fd",
    "3",
    "--seccomp",
    "4",
    NULL,
};

/* The host's folders that make a system; the rest of its root is not shown. */
static const char *const host_system[] = { "usr",   "bin",   "sbin",   "lib",
                                           "lib32", "lib64", "libx32", NULL };

/* The sandbox has its own of these. */
static const char *const own_folders[] = { "proc", "dev", "sys", "tmp", "run",
                                           "src",  "out", "in",  NULL };

static void
add(GPtrArray *args, const char *option, const char *from, const char *to)
{
    g_ptr_array_add(args, g_strdup(option));
    g_ptr_array_add(args, g_strdup(from));
    if (to != NULL)
        g_ptr_array_add(args, g_strdup(to));
}

/* Shows an entry of a root folder under the same name: links as links, all else read-only. @root:
 * the folder as bwrap finds it. */
static bool
add_entry(GPtrArray *args, int root_fd, const char *root, const char *name, GError **error)
{
    g_autofree char *from = g_strconcat(root, "/", name, NULL);
    g_autofree char *to = g_strconcat("/", name, NULL);
    char target[MAX_LINK_BYTES];
    struct stat st = { 0 };

    if (fstatat(root_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT)
            return true;
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot look at '%s'", from);
        return false;
    }
    if (!S_ISLNK(st.st_mode)) {
        if (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode))
            add(args, "--ro-bind", from, to);
        return true;
    }
    ssize_t len = readlinkat(root_fd, name, target, sizeof target - 1);

    if (len < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read link '%s'", from);
        return false;
    }
    target[len] = '\0';
    add(args, "--symlink", target, to);
    return true;
}

static bool
add_host_system(GPtrArray *args, const char *base, GError **error)
{
    AUTO_FD int root_fd = dir_open(AT_FDCWD, "/", error);
    g_autofree char *etc = g_strconcat(base, "/etc", NULL);

    if (root_fd < 0)
        return false;
    for (const char *const *name = host_system; *name != NULL; name++)
        if (!add_entry(args, root_fd, "", *name, error))
            return false;
    add(args, "--ro-bind", etc, "/etc");
    for (const char *const *name = sandbox_etc_folders(); *name != NULL; name++) {
        g_autofree char *path = g_strconcat("/etc/", *name, NULL);
        struct stat st = { 0 };
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
            add(args, "--ro-bind", path, path);
    }
    return true;
}

static bool
add_root_dir(GPtrArray *args, const char *root_dir, const char *shown, GError **error)
{
    AUTO_FD int root_fd = dir_open(AT_FDCWD, root_dir, error);
    g_autoptr(GPtrArray) names =
        root_fd < 0 ? NULL : dir_list(root_fd, ".", MAX_ROOT_ENTRIES, error);

    for (guint i = 0; names != NULL && i < names->len; i++)
        if (!g_strv_contains(own_folders, names->pdata[i]) &&
            !add_entry(args, root_fd, shown, names->pdata[i], error))
            return false;
    return names != NULL;
}

/* A file of ours over one of the root file system, which must be a plain file there. */
static bool
cover_etc_file(GPtrArray *args, const char *base, const char *root_dir, const char *name,
               GError **error)
{
    g_autofree char *from = g_strconcat(base, "/etc/", name, NULL);
    g_autofree char *below = g_strconcat(root_dir, "/etc/", name, NULL);
    g_autofree char *to = g_strconcat("/etc/", name, NULL);
    struct stat st = { 0 };

    if (lstat(below, &st) != 0 || !S_ISREG(st.st_mode)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "the root file system has no plain file '/etc/%s', which the network needs",
                  name);
        return false;
    }
    add(args, "--ro-bind", from, to);
    return true;
}

/* What the job finds besides its system. @base: scratch as bwrap finds it. */
static void
add_own_folders(GPtrArray *args, const char *base, const char *source, bool has_inputs)
{
    static const char *const bound[][3] = { { "--bind", "/tmp", SANDBOX_TMP },
                                            { "--bind", "/out", SANDBOX_OUT },
                                            { "--ro-bind", "/in", SANDBOX_IN } };
    size_t n_bound = has_inputs ? 3 : 2; /* a bind costs a step some 75 µs */

    add(args, "--proc", "/proc", NULL);
    add(args, "--dev", "/dev", NULL);
    add(args, "--dir", "/run", NULL);
    for (size_t i = 0; i < n_bound; i++) {
        g_autofree char *from = g_strconcat(base, bound[i][1], NULL);
        add(args, bound[i][0], from, bound[i][2]);
    }
    add(args, "--bind", source, SANDBOX_SOURCE);
    if (!has_inputs)
        add(args, "--dir", SANDBOX_IN, NULL);
}

GPtrArray *
sandbox_args_new(const char *program, const Workspace *ws, const char *root_dir, bool network,
                 GError **error)
{
    g_autoptr(GPtrArray) args = g_ptr_array_new_with_free_func(g_free);
    const char *base = ws->view != NULL ? ws->view : ws->scratch;
    g_autofree char *view_source = g_strconcat(base, "/" SANDBOX_VIEW_SOURCE, NULL);
    g_autofree char *view_root = g_strconcat(base, "/" SANDBOX_VIEW_ROOT, NULL);
    const char *root = ws->view != NULL ? view_root : root_dir;

    g_ptr_array_add(args, g_strdup(program));
    for (const char *const *option = isolation; *option != NULL; option++)
        g_ptr_array_add(args, g_strdup(*option));
    if (!network)
        g_ptr_array_add(args, g_strdup("--unshare-net"));
    if (root_dir == NULL ? !add_host_system(args, base, error)
                         : !add_root_dir(args, root_dir, root, error))
        return NULL;
    if (root_dir != NULL && network &&
        (!cover_etc_file(args, base, root_dir, "hosts", error) ||
         !cover_etc_file(args, base, root_dir, "resolv.conf", error)))
        return NULL;
    add_own_folders(args, base, ws->view != NULL ? view_source : ws->source, ws->has_inputs);
    if (root_dir == NULL)
        add(args, "--symlink", "../tmp", "/var/tmp");
    add(args, "--remount-ro", "/", NULL);
    return g_steal_pointer(&args);
}
