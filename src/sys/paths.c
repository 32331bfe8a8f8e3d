/* SPDX-License-Identifier: Apache-2.0
 * paths: the running program's place decides where its helpers are; nothing is compiled in, so that
 * an unpacked tarball works anywhere. */
#include "sys/paths.h"
#include <limits.h>
#include <string.h>
#include <unistd.h>
#include "base/error.h"
#include "base/banned.h"

#define BUILD_TREE_DEPTH                                                                           \
    4 /* tests/unit/<folder>/test_x is three folders below the build folder                        \
       */
#define HELPER_PREFIX "slipway-"

char *
paths_self(GError **error)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path);

    if (len < 0 || (size_t)len == sizeof path) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot find the running program");
        return NULL;
    }
    return g_strndup(path, (gsize)len);
}

static char *
executable_at(char *path)
{
    if (access(path, X_OK) == 0)
        return path;
    g_free(path);
    return NULL;
}

/* src/<room>/<name> in @dir or one of the folders above it. */
static char *
find_in_build_tree(const char *dir, const char *name)
{
    g_autofree char *above = g_strdup(dir);
    const char *room = g_str_has_prefix(name, HELPER_PREFIX) ? name + strlen(HELPER_PREFIX) : name;

    for (int i = 0; i < BUILD_TREE_DEPTH; i++) {
        char *found = executable_at(g_strdup_printf("%s/src/%s/%s", above, room, name));
        char *parent;

        if (found != NULL)
            return found;
        parent = g_path_get_dirname(above);
        g_free(above);
        above = parent;
    }
    return NULL;
}

char *
paths_find_helper(const char *name, GError **error)
{
    const char *libexec = g_getenv("SLIPWAY_LIBEXEC");
    g_autofree char *self = NULL;
    g_autofree char *dir = NULL;
    g_autofree char *prefix = NULL;
    char *found = NULL;

    if (libexec != NULL && *libexec == '/') {
        found = executable_at(g_strdup_printf("%s/%s", libexec, name));
        if (found == NULL)
            error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                      "cannot find helper '%s' in SLIPWAY_LIBEXEC '%s'", name, libexec);
        return found;
    }
    self = paths_self(error);
    if (self == NULL)
        return NULL;
    dir = g_path_get_dirname(self);
    prefix = g_path_get_dirname(dir);
    found = executable_at(g_strdup_printf("%s/libexec/slipway/%s", prefix, name));
    if (found == NULL)
        found = executable_at(g_strdup_printf("%s/%s", dir, name));
    if (found == NULL)
        found = find_in_build_tree(dir, name);
    if (found == NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "cannot find helper '%s' in '%s/libexec/slipway' or '%s'", name, prefix, dir);
    return found;
}

/* The value of an environment variable that must be an absolute path; NULL when unset or empty. */
static bool
absolute_from_env(const char *variable, const char **path_out, GError **error)
{
    const char *path = g_getenv(variable);

    *path_out = NULL;
    if (path == NULL || *path == '\0')
        return true;
    if (*path != '/') {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s '%s' is not an absolute path",
                  variable, path);
        return false;
    }
    *path_out = path;
    return true;
}

char *
paths_home_default(GError **error)
{
    const char *path;

    if (!absolute_from_env("SLIPWAY_HOME", &path, error))
        return NULL;
    if (path != NULL)
        return g_strdup(path);
    if (!absolute_from_env("XDG_STATE_HOME", &path, error))
        return NULL;
    if (path != NULL)
        return g_build_filename(path, "slipway", NULL);
    if (!absolute_from_env("HOME", &path, error))
        return NULL;
    if (path != NULL)
        return g_build_filename(path, ".local", "state", "slipway", NULL);
    error_set(
        error, BASE_ERROR, BASE_ERROR_INVALID,
        "cannot tell where the data folder is: none of SLIPWAY_HOME, XDG_STATE_HOME, HOME is set");
    return NULL;
}
