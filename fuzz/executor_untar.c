/* SPDX-License-Identifier: Apache-2.0
 * executor_untar: archives of hostile machines; whatever they say, the count of files holds. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "base/files.h"
#include "executor/untar.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const MachineCollectLimits limits = { 8, 1u << 16 };
    g_autoptr(GError) error = NULL;
    g_auto(TempDir) dir = { 0 };
    AUTO_FD int tar = memfd_create("tar", MFD_CLOEXEC);

    if (tar < 0 || !temp_dir_make(&dir, "untar", NULL) ||
        !fd_write_all(tar, span_of(data, size), NULL))
        return 0;
    AUTO_FD int dirfd = dir_open(AT_FDCWD, dir.path, NULL);

    if (dirfd >= 0 && untar_below(tar, "out", dirfd, &limits, &error) != (error == NULL))
        abort();
    return 0;
}
