/* SPDX-License-Identifier: Apache-2.0
 * journal: the one file of a log that counts: records {leaf, PAE} one after the other; for files of
 * src/tlog only.
 *
 * File: a header of JOURNAL_HEADER_SIZE bytes (text, zero-padded), then records, then zeros
 * written ahead. A record, numbers big-endian:
 *
 *  0 magic u32
 *  4 leaf length u32
 *  8 pae length u32
 * 12 pae form u32 (TlogPaeWhere)
 * 16 index u64
 * 24 index of the first record of its batch u64
 * 32 0x00, leaf, pae (BLOB: its 32-byte digest), zeros up to a multiple of 8
 * .. the first 16 bytes of SHA-256 over all before
 *
 * The 0x00 makes the leaf hash input (RFC 6962) one piece. A batch is one write and one fdatasync,
 * so a torn tail holds records of one batch only: a whole record of a later batch behind a broken
 * one means that durable bytes were damaged. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"
#include "tlog/tlog.h"

#define JOURNAL_HEADER_SIZE   256
#define JOURNAL_RECORD_HEADER 32
#define JOURNAL_CHECKSUM_SIZE 16
#define JOURNAL_RECORD_MAX                                                                         \
    (JOURNAL_RECORD_HEADER + 8 + LIMIT_LEAF_BYTES + LIMIT_PAE_INLINE_BYTES + JOURNAL_CHECKSUM_SIZE)
#ifndef JOURNAL_AHEAD_BYTES            /* the crash test takes a small one */
#define JOURNAL_AHEAD_BYTES (1u << 20) /* zeros written ahead: commits inside need no metadata */
#endif

typedef struct { /* a record in memory; all borrowed from the bytes decoded */
    uint64_t index;
    uint64_t batch_first;
    Span prefixed_leaf; /* 0x00 and the leaf */
    Span leaf;
    TlogPaeWhere where;
    Span pae; /* INLINE: the PAE; BLOB: 32 bytes of digest */
    size_t size;
} JournalRecord;

typedef enum {
    JOURNAL_DECODE_OK,
    JOURNAL_DECODE_MORE,  /* cut short: give more bytes */
    JOURNAL_DECODE_ZERO,  /* nothing was written here */
    JOURNAL_DECODE_BROKEN /* not a whole record */
} JournalDecode;

/** Takes one record from the front of @bytes. */
JournalDecode journal_decode(Span bytes, JournalRecord *out);

/** The record of @entry at the end of @out; the checksum is left zero. Appends nothing else.
 * @pae_digest: used if the PAE is over LIMIT_PAE_INLINE_BYTES. */
void journal_encode(GByteArray *out, const TlogEntry *entry, const Digest *pae_digest,
                    uint64_t index, uint64_t batch_first);
/** Fills the checksums of the @n records in @batch, whose sizes are @sizes. */
void journal_seal(uint8_t *batch, const size_t *sizes, size_t n);

typedef struct Journal Journal;

/** Makes the file in @dirfd (borrowed by the call), synced, folder not. Errors: EXISTS, IO. */
bool journal_create(int dirfd, const char *origin, GError **error) MUST_CHECK;
/** Locks it for this process. @origin_out: owned. Errors: NOT_FOUND, BUSY, CORRUPT, IO. */
Journal *journal_open(int dirfd, char **origin_out, GError **error) MUST_CHECK;
void journal_free(Journal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Journal, journal_free)

/** Where the next record goes. */
uint64_t journal_get_end(const Journal *journal);
/** After a scan: whether anything but zeros follows @end. Changes nothing.
 * @next_index: of the record that would come. Errors: CORRUPT (a whole record of a later batch lies
 * beyond, so what is broken at @end had been durable), IO. */
bool journal_inspect(const Journal *journal, uint64_t end, uint64_t next_index, bool *torn_out,
                     GError **error) MUST_CHECK;
/** Sets the end; a @torn tail is cut and synced. Errors: IO. */
bool journal_settle(Journal *journal, uint64_t end, bool torn, GError **error) MUST_CHECK;
/** Writes @batch at the end and syncs. Errors: FULL, IO: cut back and synced, as if never written.
 */
bool journal_commit(Journal *journal, Span batch, GError **error) MUST_CHECK;
/** Bytes of the file at @offset; fewer than @len at its end only. Errors: IO. */
bool journal_pread(const Journal *journal, uint64_t offset, uint8_t *out, size_t len,
                   size_t *len_out, GError **error) MUST_CHECK;

typedef struct JournalScan JournalScan; /* reads records one after the other */
JournalScan *journal_scan_new(const Journal *journal, uint64_t offset, uint64_t next_index);
void journal_scan_free(JournalScan *scan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JournalScan, journal_scan_free)
/** OK: @out borrows from the scan until the next call. Anything else: the end; journal_scan_offset
 * is where the good records end. A record of another index counts as BROKEN. Errors: IO. */
bool journal_scan_next(JournalScan *scan, JournalRecord *out, JournalDecode *outcome,
                       GError **error) MUST_CHECK;
uint64_t journal_scan_offset(const JournalScan *scan);
