/* SPDX-License-Identifier: Apache-2.0
 * read: entries, roots, proofs and the kept checkpoint of an open log. */
#include "tlog/tlog.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include "base/files.h"
#include "base/os.h"
#include "proof/checkpoint.h"
#include "tlog/tlog_priv.h"
#include "base/banned.h"

#define CHECKPOINT_TMP_NAME "checkpoint.new"

void
tlog_record_clear(TlogRecord *record)
{
    g_clear_pointer(&record->leaf, g_bytes_unref);
    g_clear_pointer(&record->pae, g_bytes_unref);
}

static bool
need_size(const MerkleFrontier *edge, uint64_t size, GError **error)
{
    if (size <= edge->size)
        return true;
    error_set(error, TLOG_ERROR, TLOG_ERROR_NOT_FOUND,
              "the log has %" PRIu64 " entries, not %" PRIu64, edge->size, size);
    return false;
}

static bool
need_index(const MerkleFrontier *edge, uint64_t index, GError **error)
{
    if (index < edge->size)
        return true;
    error_set(error, TLOG_ERROR, TLOG_ERROR_NOT_FOUND,
              "the log has %" PRIu64 " entries and none at index %" PRIu64, edge->size, index);
    return false;
}

static void
fill_record(const JournalRecord *from, TlogRecord *out)
{
    *out = (TlogRecord){
        .index = from->index,
        .leaf = g_bytes_new(from->leaf.data, from->leaf.len),
        .where = from->where,
    };
    if (from->where == TLOG_PAE_BLOB)
        memcpy(out->pae_digest.bytes, from->pae.data, DIGEST_SIZE);
    if (from->where != TLOG_PAE_INLINE)
        return;
    out->pae = g_bytes_new(from->pae.data, from->pae.len);
    out->pae_digest = digest_of(from->pae);
}

bool
tlog_read(Tlog *tlog, uint64_t index, TlogRecord *out, GError **error)
{
    uint64_t end = 0;
    uint64_t from = 0;
    uint64_t to = 0;
    size_t got = 0;
    MerkleFrontier edge = tlog_edge(tlog, &end);
    JournalRecord record;

    if (!need_index(&edge, index, error) ||
        !offsets_read(tlog->offsets_fd, index, edge.size, end, &from, &to, error))
        return false;
    bool sane = from < to && to - from <= JOURNAL_RECORD_MAX && to <= end;
    size_t len = sane ? (size_t)(to - from) : 0;
    g_autofree uint8_t *bytes = g_malloc(len + 1);
    if (sane && !journal_pread(tlog->journal, from, bytes, len, &got, error))
        return false;
    if (!sane || journal_decode(span_of(bytes, got), &record) != JOURNAL_DECODE_OK ||
        record.index != index) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_CORRUPT,
                  "the record at index %" PRIu64 " is damaged", index);
        return false;
    }
    fill_record(&record, out);
    return true;
}

bool
tlog_leaf_hash(Tlog *tlog, uint64_t index, Digest *out, GError **error)
{
    MerkleFrontier edge = tlog_edge(tlog, NULL);

    return need_index(&edge, index, error) && tree_read_hashes(tlog->tree, 0, index, 1, out, error);
}

bool
tlog_root(Tlog *tlog, uint64_t size, Digest *root_out, GError **error)
{
    MerkleFrontier edge = tlog_edge(tlog, NULL);
    MerklePlan plan;

    if (!need_size(&edge, size, error))
        return false;
    if (size == edge.size) {
        *root_out = merkle_frontier_root(&edge);
        return true;
    }
    if (size == 0) {
        *root_out = merkle_empty_root();
        return true;
    }
    merkle_plan_root(size, &plan);
    return tree_read_plan(tlog->tree, &edge, &plan, root_out, error);
}

bool
tlog_prove_inclusion(Tlog *tlog, uint64_t index, uint64_t size, TlogProof *out, GError **error)
{
    MerkleFrontier edge = tlog_edge(tlog, NULL);
    MerklePlan plan;

    if (!need_size(&edge, size, error))
        return false;
    if (index >= size) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_NOT_FOUND,
                  "a tree of %" PRIu64 " entries has none at index %" PRIu64, size, index);
        return false;
    }
    if (!merkle_plan_inclusion(index, size, &plan, error) ||
        !tree_read_plan(tlog->tree, &edge, &plan, out->hashes, error))
        return false;
    out->n = plan.n_hashes;
    return true;
}

bool
tlog_prove_consistency(Tlog *tlog, uint64_t old_size, uint64_t new_size, TlogProof *out,
                       GError **error)
{
    MerkleFrontier edge = tlog_edge(tlog, NULL);
    MerklePlan plan;

    if (!need_size(&edge, new_size, error))
        return false;
    if (old_size > new_size) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_INVALID,
                  "the old size %" PRIu64 " is above the new size %" PRIu64, old_size, new_size);
        return false;
    }
    out->n = 0;
    if (old_size == 0 || old_size == new_size)
        return true;
    if (!merkle_plan_consistency(old_size, new_size, &plan, error) ||
        !tree_read_plan(tlog->tree, &edge, &plan, out->hashes, error))
        return false;
    out->n = plan.n_hashes;
    return true;
}

static bool
put_checkpoint(Tlog *tlog, Span note_bytes, GError **error)
{
    AUTO_FD int fd = openat(tlog->dirfd, CHECKPOINT_TMP_NAME,
                            O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

    if (fd < 0) {
        error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot keep the checkpoint");
        return false;
    }
    if (!fd_write_all(fd, note_bytes, error))
        return false;
    if (os_rename(tlog->dirfd, CHECKPOINT_TMP_NAME, tlog->dirfd, TLOG_CHECKPOINT_NAME) == 0)
        return true;
    error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot keep the checkpoint");
    return false;
}

bool
tlog_set_checkpoint(Tlog *tlog, Span note_bytes, GError **error)
{
    g_autoptr(Checkpoint) checkpoint = checkpoint_of_note(note_bytes, error);
    Digest root = { 0 };

    if (checkpoint == NULL)
        return false;
    if (strcmp(checkpoint->origin, tlog->origin) != 0) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_INVALID,
                  "the checkpoint is of the log '%s', not of '%s'", checkpoint->origin,
                  tlog->origin);
        return false;
    }
    if (!tlog_root(tlog, checkpoint->head.size, &root, error))
        return false;
    if (!digest_equal(&root, &checkpoint->head.root)) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_CORRUPT,
                  "the checkpoint of size %" PRIu64 " has another root", checkpoint->head.size);
        return false;
    }
    return put_checkpoint(tlog, note_bytes, error);
}

Checkpoint *
checkpoint_of_note(Span note_bytes, GError **error)
{
    g_autoptr(Note) note = note_parse(note_bytes, error);

    return note == NULL ? NULL : checkpoint_parse(note_text(note), error);
}

GBytes *
tlog_load_checkpoint(Tlog *tlog, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) note =
        file_read(tlog->dirfd, TLOG_CHECKPOINT_NAME, LIMIT_CHECKPOINT_BYTES, &local);

    if (note == NULL && error_kind(local) != ERROR_KIND_NOT_FOUND) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    g_clear_error(&local);
    g_autoptr(Checkpoint) whole =
        note == NULL ? NULL : checkpoint_of_note(span_of_bytes(note), &local);
    if (whole == NULL) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_NOT_FOUND, "no checkpoint is kept");
        return NULL;
    }
    return g_steal_pointer(&note);
}
