/* SPDX-License-Identifier: Apache-2.0
 * os: the operating system calls that decide what survives a crash. All durable writing of ours
 * goes through these, so that a test can number, fail, drop or reorder them: tests link os_fault.c
 * instead of os.c. Same arguments and results as the call they name; EINTR is retried where POSIX
 * allows. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

/** Each as the call it is named after. */
ssize_t os_write(int fd, const void *data, size_t len);
ssize_t os_pwrite(int fd, const void *data, size_t len, off_t offset);
int os_fsync(int fd);
int os_fdatasync(int fd);
int os_syncfs(int fd);
int os_rename(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name);
int os_link(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name, int flags);
int os_unlink(int dirfd, const char *name, int flags);
int os_ftruncate(int fd, off_t size);
