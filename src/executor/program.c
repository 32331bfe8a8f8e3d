/* SPDX-License-Identifier: Apache-2.0
 * program: see program.h. */
#include "executor/program.h"
#include <unistd.h>
#include "base/banned.h"

char *
program_find(const char *name, const char *package, GError **error)
{
    static const char *const folders[] = { "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin",
                                           "/sbin" };

    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = g_strconcat(folders[i], "/", name, NULL);
        if (access(path, X_OK) == 0)
            return g_steal_pointer(&path);
    }
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
              "program '%s' is not installed (Debian package '%s')", name, package);
    return NULL;
}
