/* SPDX-License-Identifier: Apache-2.0
 * confine: a Landlock rule set with the rights of the first version, which every kernel that has
 * Landlock knows. */
#include "sys/confine.h"
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/files.h"
#include "base/banned.h"

#define RIGHTS_FILE ((uint64_t)LANDLOCK_ACCESS_FS_READ_FILE)
#define RIGHTS_DIR  ((uint64_t)LANDLOCK_ACCESS_FS_READ_DIR | RIGHTS_FILE)
#define RIGHTS_ALL  ((uint64_t)(LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1) /* all of version 1 */

static bool
allow(int rules, const char *path, GError **error)
{
    AUTO_FD int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat st;
    struct landlock_path_beneath_attr rule = { 0 };

    if (fd < 0 || fstat(fd, &st) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot open '%s'", path);
        return false;
    }
    rule.parent_fd = fd;
    rule.allowed_access = S_ISDIR(st.st_mode) ? RIGHTS_DIR : RIGHTS_FILE;
    if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot keep the right to read '%s'", path);
    return false;
}

bool
confine_to(const char *const *paths, size_t n_paths, GError **error)
{
    struct landlock_ruleset_attr handled = { .handled_access_fs = RIGHTS_ALL };
    AUTO_FD int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);

    if (rules < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                        "cannot confine this process: Landlock is not available");
        return false;
    }
    for (size_t i = 0; i < n_paths; i++) {
        if (!allow(rules, paths[i], error))
            return false;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
        syscall(SYS_landlock_restrict_self, rules, 0) == 0)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "cannot confine this process");
    return false;
}
