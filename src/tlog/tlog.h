/* SPDX-License-Identifier: Apache-2.0
 * tlog: the transparency log we write: a packed journal of records {leaf, PAE}, the Merkle tree
 * over the leaves (RFC 6962 hashes, C2SP tlog-tiles numbering) and the newest signed checkpoint, in
 * one folder.
 *
 * One thread appends; any thread reads and proves meanwhile. Every function may block on the disk.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/span.h"
#include "proof/merkle.h"

#define TLOG_ERROR (tlog_error_quark())
GQuark tlog_error_quark(void);
typedef enum {
    TLOG_ERROR_INVALID = ERROR_CODE(ERROR_KIND_INVALID, 1), /* an entry or argument breaks a rule */
    TLOG_ERROR_NOT_FOUND =
        ERROR_CODE(ERROR_KIND_NOT_FOUND, 1), /* no such log, or index beyond its size */
    TLOG_ERROR_EXISTS = ERROR_CODE(ERROR_KIND_EXISTS, 1), /* a log is there already */
    TLOG_ERROR_BUSY = ERROR_CODE(ERROR_KIND_BUSY, 1),     /* another process has the log open */
    TLOG_ERROR_CORRUPT =
        ERROR_CODE(ERROR_KIND_CORRUPT, 1), /* stored bytes are not what they must be */
    TLOG_ERROR_RESTORED =
        ERROR_CODE(ERROR_KIND_CORRUPT, 2), /* older than, or another history than, what is known */
    TLOG_ERROR_FULL = ERROR_CODE(ERROR_KIND_IO, 1), /* no space: nothing was appended, try later */
    TLOG_ERROR_IO = ERROR_CODE(ERROR_KIND_IO, 2),   /* the operating system refused */
} TlogError;

#define TLOG_BATCH_MAX_ENTRIES 4096u       /* entries of one append */
#define TLOG_BATCH_MAX_BYTES   (16u << 20) /* leaves and PAEs of one append */

typedef struct Tlog Tlog; /* one open log folder, held alone by this process */

typedef struct { /* one entry on its way in */
    Span leaf;   /* 1 to LIMIT_LEAF_BYTES bytes */
    Span pae; /* empty: the log holds none. Over LIMIT_PAE_INLINE_BYTES only its digest is written
                 here: the caller has stored it durably as the blob of that name before */
} TlogEntry;

typedef enum {
    TLOG_PAE_NONE,   /* the leaf came without */
    TLOG_PAE_INLINE, /* in the journal */
    TLOG_PAE_BLOB,   /* in the blob named by pae_digest */
} TlogPaeWhere;

typedef struct {
    uint64_t index;
    GBytes *leaf; /* owned */
    TlogPaeWhere where;
    GBytes *pae;       /* owned; NULL unless where is TLOG_PAE_INLINE */
    Digest pae_digest; /* S; zero if where is TLOG_PAE_NONE */
} TlogRecord;
void tlog_record_clear(TlogRecord *record);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TlogRecord, tlog_record_clear)

typedef struct {
    size_t n;
    Digest hashes[MERKLE_PLAN_MAX_HASHES]; /* nearest to the leaf first */
} TlogProof;

/** Makes the folder @path (its parent exists) with an empty log of @origin (facts.md section 1),
 * synced. Returns: owned, open. Errors: EXISTS, INVALID (origin), IO. */
Tlog *tlog_create(const char *path, const char *origin, GError **error) MUST_CHECK;
/**
 * Opens an existing log and recovers it: every complete record after the last good one is an entry,
 * a torn tail is cut and synced, tiles and offsets behind are refilled. Reads the tail only.
 * @origin: what the log must be of; NULL to accept any.
 * @known: heads known from elsewhere (the signer's record, a published checkpoint), each of which
 * this log must contain; else RESTORED and the folder is left untouched. Errors: NOT_FOUND, BUSY,
 * CORRUPT, RESTORED, IO.
 */
Tlog *tlog_open(const char *path, const char *origin, const MerkleHead *known, size_t n_known,
                GError **error) MUST_CHECK;
/** Accepts NULL. Writes what was still written behind; nothing durable depends on it. */
void tlog_free(Tlog *tlog);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tlog, tlog_free)

/** Borrowed. */
const char *tlog_get_origin(const Tlog *tlog);
/** The number of durable entries. */
uint64_t tlog_get_size(Tlog *tlog);
/** Size and root of one moment. */
MerkleHead tlog_get_head(Tlog *tlog);

/**
 * Appends all of @entries, in order, with one fdatasync: when it returns true they are durable.
 * @first_index_out: optional, the index of entries[0].
 * Errors: INVALID, FULL or IO: nothing was appended and the journal is as before. A failed
 * fdatasync ends the process (its outcome cannot be known) and is never retried.
 */
bool tlog_append(Tlog *tlog, const TlogEntry *entries, size_t n, uint64_t *first_index_out,
                 GError **error) MUST_CHECK;

/** @out: init'ed by this function on success; end with tlog_record_clear. Errors: NOT_FOUND,
 * CORRUPT, IO. */
bool tlog_read(Tlog *tlog, uint64_t index, TlogRecord *out, GError **error) MUST_CHECK;
/** Errors: NOT_FOUND, IO. */
bool tlog_leaf_hash(Tlog *tlog, uint64_t index, Digest *out, GError **error) MUST_CHECK;
/** @n leaf hashes from @first on, 1 to 4096. Errors: NOT_FOUND, IO. */
bool tlog_leaf_hashes(Tlog *tlog, uint64_t first, size_t n, Digest *out, GError **error) MUST_CHECK;
/** The root of the first @size entries. Errors: NOT_FOUND (@size beyond the log), IO. */
bool tlog_root(Tlog *tlog, uint64_t size, Digest *root_out, GError **error) MUST_CHECK;
/** RFC 6962 audit path of @index in the tree of @size. Errors: NOT_FOUND, IO. */
bool tlog_prove_inclusion(Tlog *tlog, uint64_t index, uint64_t size, TlogProof *out,
                          GError **error) MUST_CHECK;
/** RFC 6962 consistency proof, @old_size at most @new_size; empty if they are equal or @old_size is
 * 0. Errors: INVALID, NOT_FOUND, IO. */
bool tlog_prove_consistency(Tlog *tlog, uint64_t old_size, uint64_t new_size, TlogProof *out,
                            GError **error) MUST_CHECK;

/** Keeps @note (a checkpoint just signed) as the newest, unsynced: what remembers is
 * the signer's own record, and the signer signs the same head again. Its origin, size and root must
 * be this log's. Errors: INVALID, CORRUPT (another root), IO. */
bool tlog_set_checkpoint(Tlog *tlog, Span note, GError **error) MUST_CHECK;
/** The newest checkpoint kept. Returns: owned; NULL with NOT_FOUND if none was signed yet, or it
 * was lost in a crash. */
GBytes *tlog_load_checkpoint(Tlog *tlog, GError **error) MUST_CHECK;

/**
 * Brings the static C2SP tlog-tiles view in the folder @dir_path (created; any file server can
 * serve it) to the newest checkpoint kept: tile/… and tile/entries/… first, synced, then
 * checkpoint. Does only what is new since the last export; with no checkpoint yet it does nothing.
 * Errors: CORRUPT, IO.
 */
bool tlog_export(Tlog *tlog, const char *dir_path, GError **error) MUST_CHECK;

/** As tlog_export to the checkpoint @note instead, of this log; one older than the folder's changes
 * nothing. Errors: INVALID, CORRUPT, IO. */
bool tlog_export_note(Tlog *tlog, const char *dir_path, GBytes *note, GError **error) MUST_CHECK;

typedef struct {
    MerkleHead head; /* recomputed from the journal alone */
    uint64_t journal_bytes;
    uint64_t n_tile_faults; /* hashes in tile files that differ; the first one is in the message */
    uint64_t n_offset_faults; /* offsets that point elsewhere */
} TlogCheckReport;
/** Recomputes everything from the journal and compares; constant memory. @report_out is filled as
 * far as it came, also on CORRUPT. Errors: CORRUPT (message has the first fault), IO. */
bool tlog_check(Tlog *tlog, TlogCheckReport *report_out, GError **error) MUST_CHECK;
