/* SPDX-License-Identifier: Apache-2.0
 * os: the real calls. tests/support/os_fault.c stands in for this file in fault tests. */
#include "base/os.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "base/banned.h"

ssize_t
os_write(int fd, const void *data, size_t len)
{
    ssize_t n = 0;

    do
        n = write(fd, data, len);
    while (n < 0 && errno == EINTR);
    return n;
}

ssize_t
os_pwrite(int fd, const void *data, size_t len, off_t offset)
{
    ssize_t n = 0;

    do
        n = pwrite(fd, data, len, offset);
    while (n < 0 && errno == EINTR);
    return n;
}

int
os_fsync(int fd)
{
    int result = 0;

    do
        result = fsync(fd);
    while (result < 0 && errno == EINTR);
    return result;
}

int
os_fdatasync(int fd)
{
    int result = 0;

    do
        result = fdatasync(fd);
    while (result < 0 && errno == EINTR);
    return result;
}

int
os_syncfs(int fd)
{
    return syncfs(fd);
}

int
os_rename(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name)
{
    return renameat(old_dirfd, old_name, new_dirfd, new_name);
}

int
os_link(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name, int flags)
{
    return linkat(old_dirfd, old_name, new_dirfd, new_name, flags);
}

int
os_unlink(int dirfd, const char *name, int flags)
{
    return unlinkat(dirfd, name, flags);
}

int
os_ftruncate(int fd, off_t size)
{
    int result = 0;

    do
        result = ftruncate(fd, size);
    while (result < 0 && errno == EINTR);
    return result;
}
