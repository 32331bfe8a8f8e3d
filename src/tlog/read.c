/* SPDX-License-Identifier: Apache-2.0
 * read: entries, roots, proofs and the kept checkpoint of an open log. */
#include "tlog/tlog.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include "base/buffer.h"
#include "base/files.h"
#include "base/os.h"
#include "proof/checkpoint.h"
#include "tlog/tlog_priv.h"
#include "base/banned.h"

#define CHECKPOINT_LINE_SIZE (8 + 1 + 64 + 1)

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
tlog_leaf_hashes(Tlog *tlog, uint64_t first, size_t n, Digest *out, GError **error)
{
    MerkleFrontier edge = tlog_edge(tlog, NULL);

    return need_index(&edge, first + n - 1, error) &&
           tree_read_hashes(tlog->tree, 0, first, n, out, error);
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

/* In place, because creating and renaming a file for each checkpoint costs more than appending its
 * entries: a line with length and digest before the note says whether the note is whole. */
static bool
put_checkpoint(Tlog *tlog, Span note, GError **error)
{
    Digest sum = digest_of(note);
    char hex[DIGEST_HEX_SIZE];
    g_auto(Buffer) content;

    digest_to_hex(&sum, hex);
    buffer_init(&content, CHECKPOINT_LINE_SIZE + LIMIT_CHECKPOINT_BYTES);
    buffer_append_printf(&content, "%08zx %s\n", note.len, hex);
    buffer_append(&content, note);
    if (!buffer_check(&content, "checkpoint", error))
        return false;
    Span bytes = buffer_get(&content);
    AUTO_FD int fd = openat(tlog->dirfd, TLOG_CHECKPOINT_NAME,
                            O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd >= 0 && os_pwrite(fd, bytes.data, bytes.len, 0) == (ssize_t)bytes.len)
        return true;
    error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot keep the checkpoint");
    return false;
}

/* The note in the file's @content, or NULL if it is not whole. */
static GBytes *
whole_note(GBytes *content)
{
    Span bytes = span_of_bytes(content);
    char want[CHECKPOINT_LINE_SIZE + 1];
    char hex[DIGEST_HEX_SIZE];

    if (bytes.len < CHECKPOINT_LINE_SIZE)
        return NULL;
    g_autofree char *line = g_strndup((const char *)bytes.data, CHECKPOINT_LINE_SIZE);
    size_t len = (size_t)g_ascii_strtoull(line, NULL, 16);
    if (len > bytes.len - CHECKPOINT_LINE_SIZE)
        return NULL;
    Digest sum = digest_of(span_of(bytes.data + CHECKPOINT_LINE_SIZE, len));
    digest_to_hex(&sum, hex);
    g_snprintf(want, sizeof want, "%08zx %s\n", len, hex);
    return strcmp(line, want) == 0 ? g_bytes_new_from_bytes(content, CHECKPOINT_LINE_SIZE, len)
                                   : NULL;
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
    MUTEX_GUARD(&tlog->checkpoint_lock);
    if (!put_checkpoint(tlog, note_bytes, error))
        return false;
    mutex_lock(&tlog->lock);
    GBytes *old = tlog->checkpoint;
    tlog->checkpoint = g_bytes_new(note_bytes.data, note_bytes.len);
    mutex_unlock(&tlog->lock);
    g_clear_pointer(&old, g_bytes_unref);
    return true;
}

Checkpoint *
checkpoint_of_note(Span note_bytes, GError **error)
{
    g_autoptr(Note) note = note_parse(note_bytes, error);

    return note == NULL ? NULL : checkpoint_parse(note_text(note), error);
}

bool
checkpoint_load(Tlog *tlog, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) content = file_read(tlog->dirfd, TLOG_CHECKPOINT_NAME,
                                          CHECKPOINT_LINE_SIZE + LIMIT_CHECKPOINT_BYTES, &local);

    if (content == NULL && error_kind(local) != ERROR_KIND_NOT_FOUND) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    if (content != NULL)
        tlog->checkpoint = whole_note(content);
    return true;
}

GBytes *
tlog_load_checkpoint(Tlog *tlog, GError **error)
{
    MUTEX_GUARD(&tlog->lock);

    if (tlog->checkpoint != NULL)
        return g_bytes_ref(tlog->checkpoint);
    error_set(error, TLOG_ERROR, TLOG_ERROR_NOT_FOUND, "no checkpoint is kept");
    return NULL;
}
