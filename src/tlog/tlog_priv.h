/* SPDX-License-Identifier: Apache-2.0
 * tlog internals: the open log, its offsets and its mark; for files of src/tlog only.
 *
 * Files of a log folder:
 *
 * journal     what counts (journal_priv.h)
 * offsets     8 bytes big-endian a record: where it begins in the journal
 * tile.L      hashes (tree_priv.h)
 * mark        how far offsets and tiles were synced: recovery reads the journal from there on
 * last-checkpoint  the newest signed checkpoint behind its length and digest; unsynced
 *
 * offsets, tile.L and mark can be deleted at any time; the next open makes them again. */
#pragma once
#include "proof/checkpoint.h"
#include "sys/thread.h"
#include "tlog/journal_priv.h"
#include "tlog/tree_priv.h"

#ifndef TLOG_MARK_ENTRIES        /* the crash test takes a small one */
#define TLOG_MARK_ENTRIES 16384u /* written anew after so many entries */
#endif
#define TLOG_MARK_BYTES (16ull << 20) /* or so many bytes of journal */

#define TLOG_CHECKPOINT_NAME "last-checkpoint"

typedef struct {  /* what `mark` says */
    uint64_t end; /* of the journal's records it covers */
    MerkleFrontier edge;
} TlogMark;

struct Tlog {
    char *origin;          /* owned */
    int dirfd;             /* owned */
    int offsets_fd;        /* owned */
    Journal *journal;      /* owned; used by the appender only, but for reads below end */
    Tree *tree;            /* owned */
    TlogMark mark;         /* the appender's */
    GByteArray *batch;     /* owned; the appender's: the records of one append */
    TreeStep *step;        /* owned; the appender's */
    Mutex append_lock;     /* one appender at a time */
    Mutex checkpoint_lock; /* one writer of the checkpoint file at a time; taken before lock */
    Mutex lock;
    MerkleFrontier edge; /* guarded by lock; what is durable */
    GBytes *checkpoint;  /* owned; guarded by lock; the newest kept, or NULL */
    uint64_t end;        /* guarded by lock; of its records */
};

/** A copy of the published edge; @end_out: optional. */
MerkleFrontier tlog_edge(Tlog *tlog, uint64_t *end_out);

/** Takes the kept checkpoint from its file; none, or one a crash tore, leaves NULL. Errors: IO.
 */
bool checkpoint_load(Tlog *tlog, GError **error) MUST_CHECK;
/** The checkpoint inside a signed note; its signature is not looked at. Owned. Errors: INVALID,
 * LIMIT. */
Checkpoint *checkpoint_of_note(Span note_bytes, GError **error) MUST_CHECK;

/** Writes @n offsets from record @first on, unsynced. Errors: FULL, IO. */
bool offsets_write(int fd, uint64_t first, const uint64_t *offsets, size_t n,
                   GError **error) MUST_CHECK;
/** The offsets of @n records from @first on; @n_out: so many are there. Errors: IO. */
bool offsets_read_run(int fd, uint64_t first, uint64_t *offsets, size_t n, size_t *n_out,
                      GError **error) MUST_CHECK;
/** Where record @index begins, and where the next does if @index + 1 < @size (else @end).
 * Errors: CORRUPT, IO. */
bool offsets_read(int fd, uint64_t index, uint64_t size, uint64_t end, uint64_t *from_out,
                  uint64_t *to_out, GError **error) MUST_CHECK;

/** False without an error: there is none, or it is damaged. */
bool mark_load(int dirfd, TlogMark *out);
/** Syncs offsets and tiles, then writes the mark over all that is published. Errors: IO. */
bool mark_write(Tlog *tlog, GError **error) MUST_CHECK;

/** Brings offsets, tiles, edge and end in line with the journal. Errors: CORRUPT, RESTORED, IO. */
bool tlog_recover(Tlog *tlog, const MerkleHead *known, size_t n_known, GError **error) MUST_CHECK;
