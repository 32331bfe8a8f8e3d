/* SPDX-License-Identifier: Apache-2.0
 * seccomp: see seccomp.h. */
#include "executor/seccomp.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/files.h"
#include "base/span.h"
#include "executor/seccomp_filter.h" /* generated */
#include "base/banned.h"

int
seccomp_open(GError **error)
{
    AUTO_FD int fd = memfd_create("slipway-seccomp", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

    if (fd < 0 || !fd_write_all(fd, span_of(seccomp_filter, sizeof seccomp_filter), NULL) ||
        fcntl(fd, F_ADD_SEALS, seals) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make the system call filter");
        return -1;
    }
    return fd_steal(&fd);
}

int
seccomp_reopen(int fd, GError **error)
{
    char path[64];

    g_snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int again = open(path, O_RDONLY | O_CLOEXEC);

    if (again < 0)
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot open the system call filter");
    return again;
}

Digest
seccomp_digest(void)
{
    return digest_of(span_of(seccomp_filter, sizeof seccomp_filter));
}
