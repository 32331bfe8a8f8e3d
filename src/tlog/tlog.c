/* SPDX-License-Identifier: Apache-2.0
 * tlog: creating, opening and appending. Reading and proving are in read.c. */
#include "tlog/tlog.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/os.h"
#include "proof/checkpoint.h"
#include "tlog/tlog_priv.h"
#include "base/banned.h"

/* Invariants
 * 1. Derived files (offsets, tiles) are written before the journal, at positions no reader looks
 * at: what can be refused is refused before the journal is touched.
 * 2. edge and end move only after the fdatasync of the journal returned.
 * 3. The mark covers published entries only. */

#define OFFSETS_NAME "offsets"

GQuark
tlog_error_quark(void)
{
    return g_quark_from_static_string("tlog-error");
}

Tlog *
tlog_create(const char *path, const char *origin, GError **error)
{
    AUTO_FD int dirfd = -1;

    if (!origin_is_valid(origin) && !origin_is_host(origin)) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_INVALID, "'%s' is not a log origin", origin);
        return NULL;
    }
    if (!dir_create_all(AT_FDCWD, path, 0755, error))
        return NULL;
    dirfd = dir_open(AT_FDCWD, path, error);
    if (dirfd < 0)
        return NULL;
    if (!journal_create(dirfd, origin, error)) {
        error_prefix(error, "cannot create log '%s'", path);
        return NULL;
    }
    return tlog_open(path, origin, NULL, 0, error);
}

static Tlog *
open_files(const char *path, GError **error)
{
    g_autoptr(Tlog) tlog = g_new0(Tlog, 1);

    tlog->dirfd = -1;
    tlog->offsets_fd = -1;
    tlog->batch = g_byte_array_new();
    tlog->step = g_new(TreeStep, 1);
    mutex_init(&tlog->append_lock);
    mutex_init(&tlog->checkpoint_lock);
    mutex_init(&tlog->lock);
    tlog->dirfd = dir_open(AT_FDCWD, path, error);
    if (tlog->dirfd < 0)
        return NULL;
    tlog->journal = journal_open(tlog->dirfd, &tlog->origin, error);
    if (tlog->journal == NULL)
        return NULL;
    tlog->offsets_fd =
        openat(tlog->dirfd, OFFSETS_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (tlog->offsets_fd < 0) {
        error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot open the log's offsets");
        return NULL;
    }
    tlog->tree = tree_open(tlog->dirfd, error);
    return tlog->tree == NULL ? NULL : g_steal_pointer(&tlog);
}

Tlog *
tlog_open(const char *path, const char *origin, const MerkleHead *known, size_t n_known,
          GError **error)
{
    g_autoptr(Tlog) tlog = open_files(path, error);
    bool ok = tlog != NULL;

    if (ok && origin != NULL && strcmp(origin, tlog->origin) != 0) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_INVALID, "this is the log of '%s', not of '%s'",
                  tlog->origin, origin);
        ok = false;
    }
    if (!ok || !tlog_recover(tlog, known, n_known, error)) {
        error_prefix(error, "cannot open log '%s'", path);
        return NULL;
    }
    return g_steal_pointer(&tlog);
}

void
tlog_free(Tlog *tlog)
{
    if (tlog == NULL)
        return;
    g_clear_pointer(&tlog->tree, tree_free);
    g_clear_pointer(&tlog->journal, journal_free);
    fd_clear(&tlog->offsets_fd);
    fd_clear(&tlog->dirfd);
    g_byte_array_unref(tlog->batch);
    mutex_clear(&tlog->append_lock);
    mutex_clear(&tlog->checkpoint_lock);
    mutex_clear(&tlog->lock);
    g_clear_pointer(&tlog->checkpoint, g_bytes_unref);
    g_free(tlog->step);
    g_free(tlog->origin);
    g_free(tlog);
}

const char *
tlog_get_origin(const Tlog *tlog)
{
    return tlog->origin;
}

MerkleFrontier
tlog_edge(Tlog *tlog, uint64_t *end_out)
{
    MUTEX_GUARD(&tlog->lock);

    if (end_out != NULL)
        *end_out = tlog->end;
    return tlog->edge;
}

uint64_t
tlog_get_size(Tlog *tlog)
{
    MUTEX_GUARD(&tlog->lock);

    return tlog->edge.size;
}

MerkleHead
tlog_get_head(Tlog *tlog)
{
    MerkleFrontier edge = tlog_edge(tlog, NULL);

    return (MerkleHead){ .size = edge.size, .root = merkle_frontier_root(&edge) };
}

static bool
check_batch(const Tlog *tlog, const TlogEntry *entries, size_t n, GError **error)
{
    size_t total = 0;

    if (n < 1 || n > TLOG_BATCH_MAX_ENTRIES || tlog->edge.size + n > TREE_MAX_SIZE) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_INVALID, "cannot append %zu entries at once", n);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (entries[i].leaf.len < 1 || entries[i].leaf.len > LIMIT_LEAF_BYTES) {
            error_set(error, TLOG_ERROR, TLOG_ERROR_INVALID,
                      "a log leaf has 1 to %u bytes, not %zu", LIMIT_LEAF_BYTES,
                      entries[i].leaf.len);
            return false;
        }
        total += entries[i].leaf.len + MIN(entries[i].pae.len, LIMIT_PAE_INLINE_BYTES);
    }
    if (total > TLOG_BATCH_MAX_BYTES) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_INVALID,
                  "one append takes at most %u bytes, not %zu", TLOG_BATCH_MAX_BYTES, total);
        return false;
    }
    return true;
}

/* Builds the records in tlog->batch and their leaf hashes in tlog->step. @offsets: n. */
static void
build_batch(Tlog *tlog, const TlogEntry *entries, size_t n, uint64_t *offsets)
{
    g_autofree size_t *sizes = g_new(size_t, n);
    g_autofree Span *leaves = g_new(Span, n);
    uint64_t end = journal_get_end(tlog->journal);
    uint64_t first = tlog->edge.size;

    g_byte_array_set_size(tlog->batch, 0);
    for (size_t i = 0; i < n; i++) {
        size_t start = tlog->batch->len;
        Digest name = { 0 };

        if (entries[i].pae.len > LIMIT_PAE_INLINE_BYTES)
            name = digest_of(entries[i].pae);
        journal_encode(tlog->batch, &entries[i], &name, first + i, first);
        offsets[i] = end + start;
        sizes[i] = tlog->batch->len - start;
    }
    journal_seal(tlog->batch->data, sizes, n);
    for (size_t i = 0; i < n; i++)
        leaves[i] = span_of(tlog->batch->data + (offsets[i] - end) + JOURNAL_RECORD_HEADER,
                            entries[i].leaf.len + 1);
    digest_many(leaves, n, tlog->step->leaves);
}

/* The mark is a help for the next open: a failure to write it only makes that open slower. */
static void
mark_if_due(Tlog *tlog)
{
    g_autoptr(GError) local = NULL;

    if (tlog->edge.size - tlog->mark.edge.size < TLOG_MARK_ENTRIES &&
        tlog->end - tlog->mark.end < TLOG_MARK_BYTES)
        return;
    error_ignore(mark_write(tlog, &local), &local, "the old mark still holds");
}

bool
tlog_append(Tlog *tlog, const TlogEntry *entries, size_t n, uint64_t *first_index_out,
            GError **error)
{
    MUTEX_GUARD(&tlog->append_lock);
    g_autofree uint64_t *offsets = NULL;
    MerkleFrontier edge;
    uint64_t first = tlog->edge.size;

    if (!check_batch(tlog, entries, n, error))
        return false;
    offsets = g_new(uint64_t, n);
    build_batch(tlog, entries, n, offsets);
    edge = tlog->edge;
    tree_integrate(&edge, tlog->step, n);
    if (!offsets_write(tlog->offsets_fd, first, offsets, n, error) ||
        !tree_write(tlog->tree, tlog->step, error) ||
        !journal_commit(tlog->journal, span_of(tlog->batch->data, tlog->batch->len), error))
        return false;

    mutex_lock(&tlog->lock);
    tlog->edge = edge;
    tlog->end = journal_get_end(tlog->journal);
    mutex_unlock(&tlog->lock);
    mark_if_due(tlog);
    if (first_index_out != NULL)
        *first_index_out = first;
    return true;
}
