/* SPDX-License-Identifier: Apache-2.0
 * os_fault_priv: for os_fault.c and os_fault_record.c only: what the stand-ins tell the recorder,
 * after the call succeeded (before it for what the call takes away). */
#pragma once
#include <stdint.h>
#include <sys/types.h>

typedef struct {
    int dirfd;
    const char *name;
} FaultName;

/** The recorder's lock is held around call and note, so that the order is the true one. */
void fault_record_lock(void);
void fault_record_unlock(void);
/** Where the next os_write to @fd lands; -1 for what has no offset. */
int64_t fault_record_offset(int fd);
/** To be called before the call: lets the recorder see what it is about to change. */
void fault_record_see_fd(int fd);
void fault_record_see_name(FaultName name, int flags);
void fault_record_write(int fd, const void *data, size_t len, int64_t offset);
void fault_record_truncate(int fd, int64_t size);
void fault_record_sync(int fd);
void fault_record_sync_all(void);
void fault_record_rename(FaultName from, FaultName to);
void fault_record_link(FaultName from, FaultName to);
void fault_record_unlink(FaultName name);
