/* SPDX-License-Identifier: Apache-2.0
 * check: everything derived, recomputed from the journal and compared. */
#include <inttypes.h>
#include "base/files.h"
#include "proof/checkpoint.h"
#include "tlog/tlog_priv.h"
#include "base/banned.h"

#define HASH_AT_ONCE 64 /* leaves; at most half a megabyte */

typedef struct {
    Tlog *tlog;          /* borrowed */
    MerkleFrontier want; /* what is published */
    uint64_t want_end;
    MerkleFrontier edge; /* recomputed so far */
    TreeStep *step;      /* owned */
    uint64_t *offsets;   /* owned; TREE_MAX_BATCH, as the journal has them */
    uint64_t *stored;    /* owned; TREE_MAX_BATCH */
    size_t n;
    GByteArray *text; /* owned: the last n_text leaves, not hashed yet */
    size_t lengths[HASH_AT_ONCE];
    size_t n_text;
    TlogCheckReport *report; /* borrowed */
} Check;

static bool
compare_offsets(Check *check, uint64_t first, GError **error)
{
    size_t n = 0;

    if (!offsets_read_run(check->tlog->offsets_fd, first, check->stored, check->n, &n, error))
        return false;
    for (size_t i = 0; i < check->n; i++)
        check->report->n_offset_faults += i >= n || check->stored[i] != check->offsets[i];
    return true;
}

/* The leaves that were copied, in all lanes. */
static void
hash_leaves(Check *check)
{
    Span leaves[HASH_AT_ONCE];
    const uint8_t *at = check->text->data;

    for (size_t i = 0; i < check->n_text; i++) {
        leaves[i] = span_of(at, check->lengths[i]);
        at += check->lengths[i];
    }
    digest_many(leaves, check->n_text, &check->step->leaves[check->n - check->n_text]);
    g_byte_array_set_size(check->text, 0);
    check->n_text = 0;
}

/* The record is the scan's, so its leaf is copied. */
static void
add_leaf(Check *check, Span prefixed_leaf)
{
    g_byte_array_append(check->text, prefixed_leaf.data, (guint)prefixed_leaf.len);
    check->lengths[check->n_text++] = prefixed_leaf.len;
    check->n++;
    if (check->n_text == HASH_AT_ONCE)
        hash_leaves(check);
}

static bool
compare_step(Check *check, GError **error)
{
    uint64_t first = check->edge.size;

    if (check->n == 0)
        return true;
    hash_leaves(check);
    tree_integrate(&check->edge, check->step, check->n);
    if (!tree_compare(check->tlog->tree, check->step, &check->report->n_tile_faults, error) ||
        !compare_offsets(check, first, error))
        return false;
    check->n = 0;
    return true;
}

static bool
scan_all(Check *check, GError **error)
{
    g_autoptr(JournalScan) scan = journal_scan_new(check->tlog->journal, JOURNAL_HEADER_SIZE, 0);

    while (check->edge.size + check->n < check->want.size) {
        JournalDecode outcome = JOURNAL_DECODE_OK;
        JournalRecord record;

        check->offsets[check->n] = journal_scan_offset(scan);
        if (!journal_scan_next(scan, &record, &outcome, error))
            return false;
        if (outcome != JOURNAL_DECODE_OK) {
            error_set(error, TLOG_ERROR, TLOG_ERROR_CORRUPT,
                      "record %" PRIu64 " of the journal is damaged at byte %" PRIu64,
                      check->edge.size + check->n, journal_scan_offset(scan));
            return false;
        }
        add_leaf(check, record.prefixed_leaf);
        if (check->n == TREE_MAX_BATCH && !compare_step(check, error))
            return false;
    }
    check->report->journal_bytes = journal_scan_offset(scan);
    return compare_step(check, error);
}

static bool
check_checkpoint(Tlog *tlog, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) bytes = tlog_load_checkpoint(tlog, &local);
    Digest root = { 0 };

    if (bytes == NULL) {
        if (g_error_matches(local, TLOG_ERROR, TLOG_ERROR_NOT_FOUND))
            return true;
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    g_autoptr(Checkpoint) checkpoint = checkpoint_of_note(span_of_bytes(bytes), error);
    if (checkpoint == NULL || !tlog_root(tlog, checkpoint->head.size, &root, error))
        return false;
    if (digest_equal(&root, &checkpoint->head.root))
        return true;
    error_set(error, TLOG_ERROR, TLOG_ERROR_CORRUPT,
              "the checkpoint of size %" PRIu64 " has another root", checkpoint->head.size);
    return false;
}

static bool
verdict(const Check *check, GError **error)
{
    const TlogCheckReport *report = check->report;
    Digest want = merkle_frontier_root(&check->want);

    if (!digest_equal(&report->head.root, &want)) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_CORRUPT,
                  "the journal's entries do not give the log's root");
        return false;
    }
    if (report->n_tile_faults == 0 && report->n_offset_faults == 0)
        return true;
    error_set(error, TLOG_ERROR, TLOG_ERROR_CORRUPT,
              "%" PRIu64 " tile hashes and %" PRIu64
              " offsets differ from the journal; delete 'mark' to have them made again",
              report->n_tile_faults, report->n_offset_faults);
    return false;
}

bool
tlog_check(Tlog *tlog, TlogCheckReport *report_out, GError **error)
{
    g_autofree TreeStep *step = g_new(TreeStep, 1);
    g_autofree uint64_t *offsets = g_new(uint64_t, TREE_MAX_BATCH);
    g_autofree uint64_t *stored = g_new(uint64_t, TREE_MAX_BATCH);
    g_autoptr(GByteArray) text = g_byte_array_new();
    Check check = { .tlog = tlog,
                    .step = step,
                    .offsets = offsets,
                    .stored = stored,
                    .text = text,
                    .report = report_out };

    *report_out = (TlogCheckReport){ 0 };
    check.want = tlog_edge(tlog, &check.want_end);
    bool ok = scan_all(&check, error);
    report_out->head.size = check.edge.size;
    report_out->head.root = merkle_frontier_root(&check.edge);
    return ok && verdict(&check, error) && check_checkpoint(tlog, error);
}
