/* SPDX-License-Identifier: Apache-2.0
 * os_fault: stands in for base/os.c in tests. A test that lists `base_fault` among its dependencies
 * gets these os_…() instead of the real ones. They do the real work and besides
 *
 *   number     every call, from 1: os_fault_count()
 *   fail       the Nth call, or all from the Nth on, with an errno: the fault loop
 *   record     every call with its data, so that the disk as a crash would leave it can be built
 *              after any prefix, with unsynced data dropped, torn or reordered: the replay
 *
 * A fault loop:
 *   for (uint64_t n = 1; !done; n++) {
 *       os_fault_fail_at(n, OS_FAULT_ONE, EIO);
 *       done = operation(&error) && !os_fault_hit();
 *       os_fault_reset();
 *       ... what must hold after a failure ...
 *   }
 *
 * What a crash keeps, in the replay: the data of a file up to its last fsync or fdatasync; the
 * names of a folder up to the folder's last fsync; everything up to a syncfs. A rename is there
 * whole or not at all and lasts once its target folder is synced. Folders themselves are taken as
 * made from the start. Files written around os_…() count as unsynced from when they are first seen.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
    OS_FAULT_ONE,   /* only that call fails */
    OS_FAULT_ALL,   /* that call and all later ones: a dead disk */
    OS_FAULT_SHORT, /* a write of more than one byte writes half; other calls fail */
} OsFaultMode;

/** Counts from zero again; nothing fails. */
void os_fault_reset(void);
/** Calls since the last reset. */
uint64_t os_fault_count(void);
/** Counts from zero again; the call number @nth fails with @error_number. */
void os_fault_fail_at(uint64_t nth, OsFaultMode mode, int error_number);
/** Whether a call failed, or was cut short, since the last reset. */
bool os_fault_hit(void);

typedef struct OsFaultRecord OsFaultRecord; /* what was called, in order, with its data */

/** Records from now on what happens below @root; what is there now counts as synced. One at a time.
 */
void os_fault_record_begin(const char *root);
/** Notes that @value holds from here on: "n entries are acknowledged". */
void os_fault_mark(uint64_t value);
/** Ends the recording. Returns: owned. */
OsFaultRecord *os_fault_record_end(void);
void os_fault_record_free(OsFaultRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OsFaultRecord, os_fault_record_free)

/** Recorded steps, marks and first sights of a file among them. */
size_t os_fault_record_length(const OsFaultRecord *record);
/** Whether step @i is a sync of a file, folder or file system. */
bool os_fault_record_is_sync(const OsFaultRecord *record, size_t i);
/** A line for a failure message: "17 rename a to b". Owned. */
char *os_fault_record_describe(const OsFaultRecord *record, size_t i);

typedef enum {
    OS_FAULT_DROP,    /* nothing unsynced is there */
    OS_FAULT_KEEP,    /* everything is there: a kill, not a loss of power */
    OS_FAULT_TORN,    /* unsynced steps are there up to a random one, that one in part */
    OS_FAULT_SHUFFLE, /* each unsynced step is there or not, writes with 512-byte holes of zeros */
    OS_FAULT_N_LOSSES
} OsFaultLoss;

#define OS_FAULT_NO_STEP SIZE_MAX
typedef struct {
    size_t n_steps; /* the crash comes after so many */
    OsFaultLoss loss;
    uint32_t seed;    /* of TORN and SHUFFLE */
    size_t skip_sync; /* a sync step taken away, or OS_FAULT_NO_STEP */
} OsFaultCrash;

/** Builds the disk after a crash in the empty folder @into. Returns the last mark before the crash,
 * 0 if none. */
uint64_t os_fault_record_build(const OsFaultRecord *record, const OsFaultCrash *crash,
                               const char *into);
