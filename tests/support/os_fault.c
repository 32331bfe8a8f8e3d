/* SPDX-License-Identifier: Apache-2.0
 * os_fault: the calls of base/os.h with numbers, faults and a record; see os_fault.h. */
#include "os_fault.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#include "base/os.h"
#include "os_fault_priv.h"
#include "base/banned.h"

typedef struct {
    _Atomic uint64_t count;
    _Atomic uint64_t fail_at; /* 0: never */
    atomic_int mode;
    atomic_int error_number;
    atomic_bool hit;
} Faults;

static Faults faults;

void
os_fault_reset(void)
{
    os_fault_fail_at(0, OS_FAULT_ONE, 0);
}

uint64_t
os_fault_count(void)
{
    return atomic_load(&faults.count);
}

void
os_fault_fail_at(uint64_t nth, OsFaultMode mode, int error_number)
{
    atomic_store(&faults.count, 0);
    atomic_store(&faults.fail_at, nth);
    atomic_store(&faults.mode, (int)mode);
    atomic_store(&faults.error_number, error_number);
    atomic_store(&faults.hit, false);
}

bool
os_fault_hit(void)
{
    return atomic_load(&faults.hit);
}

typedef enum { CALL_GOES, CALL_FAILS, CALL_IS_SHORT } Verdict;

/* Numbers this call and says what is to become of it; errno is set for CALL_FAILS. */
static Verdict
number_call(void)
{
    uint64_t n = atomic_fetch_add(&faults.count, 1) + 1;
    uint64_t fail_at = atomic_load(&faults.fail_at);
    int mode = atomic_load(&faults.mode);

    if (fail_at == 0 || n < fail_at || (n > fail_at && mode != OS_FAULT_ALL))
        return CALL_GOES;
    atomic_store(&faults.hit, true);
    errno = atomic_load(&faults.error_number);
    return mode == OS_FAULT_SHORT ? CALL_IS_SHORT : CALL_FAILS;
}

ssize_t
os_write(int fd, const void *data, size_t len)
{
    Verdict verdict = number_call();

    if (verdict == CALL_FAILS || (verdict == CALL_IS_SHORT && len < 2))
        return -1;
    fault_record_lock();
    fault_record_see_fd(fd);
    int64_t offset = fault_record_offset(fd);
    ssize_t n = write(fd, data, verdict == CALL_IS_SHORT ? len / 2 : len);

    if (n > 0 && offset >= 0)
        fault_record_write(fd, data, (size_t)n, offset);
    fault_record_unlock();
    return n;
}

ssize_t
os_pwrite(int fd, const void *data, size_t len, off_t offset)
{
    Verdict verdict = number_call();

    if (verdict == CALL_FAILS || (verdict == CALL_IS_SHORT && len < 2))
        return -1;
    fault_record_lock();
    fault_record_see_fd(fd);
    ssize_t n = pwrite(fd, data, verdict == CALL_IS_SHORT ? len / 2 : len, offset);

    if (n > 0)
        fault_record_write(fd, data, (size_t)n, offset);
    fault_record_unlock();
    return n;
}

int
os_fsync(int fd)
{
    if (number_call() != CALL_GOES)
        return -1;
    fault_record_lock();
    fault_record_see_fd(fd);
    int result = fsync(fd);

    if (result == 0)
        fault_record_sync(fd);
    fault_record_unlock();
    return result;
}

int
os_fdatasync(int fd)
{
    if (number_call() != CALL_GOES)
        return -1;
    fault_record_lock();
    fault_record_see_fd(fd);
    int result = fdatasync(fd);

    if (result == 0)
        fault_record_sync(fd);
    fault_record_unlock();
    return result;
}

int
os_syncfs(int fd)
{
    if (number_call() != CALL_GOES)
        return -1;
    fault_record_lock();
    int result = syncfs(fd);

    if (result == 0)
        fault_record_sync_all();
    fault_record_unlock();
    return result;
}

int
os_rename(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name)
{
    FaultName from = { old_dirfd, old_name };
    FaultName to = { new_dirfd, new_name };

    if (number_call() != CALL_GOES)
        return -1;
    fault_record_lock();
    fault_record_see_name(from, 0);
    int result = renameat(old_dirfd, old_name, new_dirfd, new_name);

    if (result == 0)
        fault_record_rename(from, to);
    fault_record_unlock();
    return result;
}

int
os_link(int old_dirfd, const char *old_name, int new_dirfd, const char *new_name, int flags)
{
    FaultName from = { old_dirfd, old_name };
    FaultName to = { new_dirfd, new_name };

    if (number_call() != CALL_GOES)
        return -1;
    fault_record_lock();
    fault_record_see_name(from, flags);
    int result = linkat(old_dirfd, old_name, new_dirfd, new_name, flags);

    if (result == 0)
        fault_record_link(from, to);
    fault_record_unlock();
    return result;
}

int
os_unlink(int dirfd, const char *name, int flags)
{
    FaultName what = { dirfd, name };

    if (number_call() != CALL_GOES)
        return -1;
    fault_record_lock();
    if (flags == 0)
        fault_record_see_name(what, 0);
    int result = unlinkat(dirfd, name, flags);

    if (result == 0 && flags == 0)
        fault_record_unlink(what);
    fault_record_unlock();
    return result;
}

int
os_ftruncate(int fd, off_t size)
{
    if (number_call() != CALL_GOES)
        return -1;
    fault_record_lock();
    fault_record_see_fd(fd);
    int result = ftruncate(fd, size);

    if (result == 0)
        fault_record_truncate(fd, size);
    fault_record_unlock();
    return result;
}
