/* SPDX-License-Identifier: Apache-2.0
 * recover: what happens at every open: the journal's tail is read from the mark on, what is derived
 * is refilled, known heads are looked for, and only then a torn tail is cut. */
#include "tlog/tlog_priv.h"
#include <inttypes.h>
#include "base/files.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

typedef struct {       /* the records of one step on their way into the derived files */
    TreeStep *step;    /* borrowed */
    uint64_t *offsets; /* owned; TREE_MAX_BATCH */
    size_t n;
} Refill;

/* Whether tiles and offsets really hold what the mark claims, as far as a few reads can tell. */
static bool
mark_holds(Tlog *tlog, const TlogMark *mark)
{
    g_autoptr(GError) local = NULL;
    MerkleFrontier edge = { 0 };
    uint64_t from = 0;
    uint64_t to = 0;
    uint8_t header[JOURNAL_RECORD_HEADER];
    size_t got = 0;

    if (mark->edge.size == 0 || mark->edge.size > TREE_MAX_SIZE)
        return false;
    if (!tree_read_edge(tlog->tree, mark->edge.size, &edge, &local) ||
        !offsets_read(tlog->offsets_fd, mark->edge.size - 1, mark->edge.size, mark->end, &from, &to,
                      &local) ||
        !journal_pread(tlog->journal, mark->end - 1, header, 1, &got, &local))
        return false;
    for (unsigned level = 0; level < G_N_ELEMENTS(edge.nodes); level++) {
        if (((edge.size >> level) & 1) &&
            !digest_equal(&edge.nodes[level], &mark->edge.nodes[level]))
            return false;
    }
    return got == 1 && from < to;
}

static bool
refill_flush(Tlog *tlog, Refill *refill, GError **error)
{
    uint64_t first = tlog->edge.size;

    if (refill->n == 0)
        return true;
    tree_integrate(&tlog->edge, refill->step, refill->n);
    if (!offsets_write(tlog->offsets_fd, first, refill->offsets, refill->n, error) ||
        !tree_write(tlog->tree, refill->step, error))
        return false;
    refill->n = 0;
    return true;
}

/* Reads the journal from tlog->end on; edge and end move along. */
static bool
scan_tail(Tlog *tlog, GError **error)
{
    g_autoptr(JournalScan) scan = journal_scan_new(tlog->journal, tlog->end, tlog->edge.size);
    g_autofree uint64_t *offsets = g_new(uint64_t, TREE_MAX_BATCH);
    Refill refill = { .step = tlog->step, .offsets = offsets };
    JournalDecode outcome = JOURNAL_DECODE_OK;

    for (;;) {
        JournalRecord record;

        offsets[refill.n] = journal_scan_offset(scan);
        if (!journal_scan_next(scan, &record, &outcome, error))
            return false;
        if (outcome != JOURNAL_DECODE_OK)
            break;
        refill.step->leaves[refill.n++] = digest_of(record.prefixed_leaf);
        if (refill.n == TREE_MAX_BATCH && !refill_flush(tlog, &refill, error))
            return false;
    }
    tlog->end = journal_scan_offset(scan);
    return refill_flush(tlog, &refill, error);
}

static bool
need_head(Tlog *tlog, const MerkleHead *head, const char *source, GError **error)
{
    Digest root = { 0 };

    if (head->size > tlog->edge.size) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_RESTORED,
                  "this is an older copy of the log: the journal has %" PRIu64
                  " entries, but %s knows %" PRIu64,
                  tlog->edge.size, source, head->size);
        return false;
    }
    if (!tlog_root(tlog, head->size, &root, error))
        return false;
    if (!digest_equal(&root, &head->root)) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_RESTORED,
                  "this log's first %" PRIu64 " entries are not those %s knows", head->size,
                  source);
        return false;
    }
    return true;
}

static bool
need_own_checkpoint(Tlog *tlog, GError **error)
{
    if (!checkpoint_load(tlog, error))
        return false;
    if (tlog->checkpoint == NULL)
        return true;
    g_autoptr(Checkpoint) checkpoint = checkpoint_of_note(span_of_bytes(tlog->checkpoint), error);
    return checkpoint != NULL && need_head(tlog, &checkpoint->head, "its own checkpoint", error);
}

bool
tlog_recover(Tlog *tlog, const MerkleHead *known, size_t n_known, GError **error)
{
    TlogMark mark = { 0 };
    bool marked = mark_load(tlog->dirfd, &mark);
    bool torn = false;

    tlog->edge = (MerkleFrontier){ 0 };
    tlog->end = JOURNAL_HEADER_SIZE;
    if (marked && mark_holds(tlog, &mark)) {
        tlog->mark = mark;
        tlog->edge = mark.edge;
        tlog->end = mark.end;
    }
    if (!scan_tail(tlog, error) ||
        !journal_inspect(tlog->journal, tlog->end, tlog->edge.size, &torn, error))
        return false;
    if (marked) {
        MerkleHead head = { .size = mark.edge.size, .root = merkle_frontier_root(&mark.edge) };

        if (!need_head(tlog, &head, "its mark", error))
            return false;
    }
    if (!need_own_checkpoint(tlog, error))
        return false;
    for (size_t i = 0; i < n_known; i++) {
        if (!need_head(tlog, &known[i], "the signer or a published checkpoint", error))
            return false;
    }
    if (!journal_settle(tlog->journal, tlog->end, torn, error))
        return false;
    if (tlog->edge.size - tlog->mark.edge.size >= TLOG_MARK_ENTRIES)
        return mark_write(tlog, error);
    return true;
}
