/* SPDX-License-Identifier: Apache-2.0
 * sandbox_etc: see sandbox_etc.h. */
#include "executor/sandbox_etc.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "base/files.h"
#include "executor/workspace.h"
#include "base/banned.h"

static const struct {
    const char *path;
    const char *text;
} own_files[] = {
    { "passwd", "root:x:0:0:root:/root:/usr/sbin/nologin\n"
                "job:x:1000:1000:job:/tmp/" WORKSPACE_HOME ":/bin/sh\n"
                "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n" },
    { "group", "root:x:0:\njob:x:1000:\nnogroup:x:65534:\n" },
    { "hostname", "slipway\n" },
    { "nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n"
                       "services: files\nprotocols: files\nnetworks: files\n" },
};

/* Copied where the host has them. */
static const char *const host_files[] = {
    "ld.so.cache", "services",     "protocols",           "mime.types",
    "gai.conf",    "magic",        "debian_version",      "ssl/openssl.cnf",
    "host.conf",   "locale.alias", "dpkg/origins/debian",
};

static const char *const host_folders[] = {
    "alternatives",    "ssl/certs",       "fonts", "java-11-openjdk",
    "java-17-openjdk", "java-21-openjdk", NULL,
};

const char *const *
sandbox_etc_folders(void)
{
    return host_folders;
}

static bool
copy_host_file(int host_etc, int etc, const char *path, GError **error)
{
    AUTO_FD int from = openat(host_etc, path, O_RDONLY | O_CLOEXEC);
    struct stat st = { 0 };

    if (from < 0 || fstat(from, &st) != 0 || !S_ISREG(st.st_mode))
        return true; /* not every system has every file */
    return workspace_copy_file(etc, path, from, 0444, NULL, error);
}

static bool
make_mount_point(int host_etc, int etc, const char *path, GError **error)
{
    struct stat st = { 0 };
    const char *slash = strchr(path, '/');
    g_autofree char *above = slash == NULL ? NULL : g_strndup(path, (size_t)(slash - path));

    if (fstatat(host_etc, path, &st, 0) != 0 || !S_ISDIR(st.st_mode))
        return true;
    if (above != NULL)
        (void)mkdirat(etc, above, 0755); /* a failure shows in the next line */
    if (mkdirat(etc, path, 0755) == 0)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create 'etc/%s'", path);
    return false;
}

static bool
make_link(int etc, const char *target, const char *name, GError **error)
{
    if (symlinkat(target, etc, name) == 0)
        return true;
    error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create 'etc/%s'", name);
    return false;
}

bool
sandbox_etc_make(int scratch_fd, const char *hosts, const char *resolv, GError **error)
{
    if (mkdirat(scratch_fd, "etc", 0755) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot create 'etc'");
        return false;
    }
    AUTO_FD int etc = dir_open(scratch_fd, "etc", error);
    AUTO_FD int host_etc = etc < 0 ? -1 : dir_open(AT_FDCWD, "/etc", error);

    if (host_etc < 0)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(own_files); i++)
        if (!workspace_write_file(etc, own_files[i].path, own_files[i].text, error))
            return false;
    for (size_t i = 0; i < G_N_ELEMENTS(host_files); i++)
        if (!copy_host_file(host_etc, etc, host_files[i], error))
            return false;
    for (const char *const *folder = host_folders; *folder != NULL; folder++)
        if (!make_mount_point(host_etc, etc, *folder, error))
            return false;
    return workspace_write_file(etc, "hosts", hosts, error) &&
           workspace_write_file(etc, "resolv.conf", resolv, error) &&
           make_link(etc, "../usr/lib/os-release", "os-release", error) &&
           make_link(etc, "../usr/share/zoneinfo/UTC", "localtime", error) &&
           make_link(etc, "../proc/self/mounts", "mtab", error);
}
