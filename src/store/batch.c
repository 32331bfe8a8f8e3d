/* SPDX-License-Identifier: Apache-2.0
 * batch: puts that become durable together.
 *
 *   put     bytes go into a file of incoming/ (nothing to see, nothing promised)
 *   commit  1. sync the bytes   2. rename each to its digest   3. sync the names
 *
 * A crash before 2 leaves leftovers in incoming/; within 2, whole blobs that nobody names yet;
 * after 3, all. A few files are synced one by one, many with one syncfs: that also waits for other
 * people's dirty pages. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/os.h"
#include "store/store_priv.h"
#include "base/banned.h"

#define STORE_SYNC_EACH_MAX  4 /* blobs in a batch up to which each is synced alone */
#define STORE_TEMP_NAME_SIZE 24

typedef struct {
    Digest digest;
    uint32_t serial; /* names the file in the batch's folder */
} Pending;

struct StoreBatch {
    Store *store;     /* borrowed */
    int64_t began_us; /* microseconds since 1970 UTC */
    uint64_t serial;  /* names the folder in incoming/ */
    bool single;      /* one put, straight in incoming/ */
    int dirfd;        /* the folder (single: incoming/ itself); -1 before the first put */
    uint8_t *buffer;  /* owned */
    uint32_t next_file;
    GArray *pending;  /* owned, of Pending: written, not yet named */
    GArray *relied;   /* owned, of Digest: found, but perhaps not durable; see invariant 2 */
    bool new_folders; /* a folder of sha256/ came with this batch, or another's at the same time */
    bool used;        /* a commit was tried */
};

int64_t
store_oldest_batch_us(Store *store)
{
    MUTEX_GUARD(&store->lock);
    const StoreBatch *oldest = g_queue_peek_head(&store->open_batches);

    return oldest == NULL ? G_MAXINT64 : oldest->began_us;
}

static StoreBatch *
begin(Store *store, bool single, GError **error)
{
    if (!store->owner) {
        error_set(error, STORE_ERROR, STORE_ERROR_IO, "blob store '%s' is open for reading only",
                  store->root);
        return NULL;
    }
    StoreBatch *batch = g_new0(StoreBatch, 1);

    batch->store = store;
    batch->single = single;
    batch->dirfd = -1;
    batch->buffer = g_malloc(STORE_BUFFER_BYTES);
    batch->pending = g_array_new(false, false, sizeof(Pending));
    batch->relied = g_array_new(false, false, sizeof(Digest));
    MUTEX_GUARD(&store->lock);
    batch->began_us = clock_now_us(&clock_system);
    batch->serial = store->next_serial++;
    g_queue_push_tail(&store->open_batches, batch);
    return batch;
}

StoreBatch *
store_batch_begin(Store *store, GError **error)
{
    return begin(store, false, error);
}

/* Its folder in incoming/, or the one file of a batch of one. */
static void
folder_name(const StoreBatch *batch, char out[STORE_TEMP_NAME_SIZE])
{
    g_snprintf(out, STORE_TEMP_NAME_SIZE, "b%" G_GUINT64_FORMAT, batch->serial);
}

static void
file_name(const StoreBatch *batch, uint32_t serial, char out[STORE_TEMP_NAME_SIZE])
{
    if (batch->single)
        folder_name(batch, out);
    else
        g_snprintf(out, STORE_TEMP_NAME_SIZE, "%" G_GUINT32_FORMAT, serial);
}

static bool
open_folder(StoreBatch *batch, GError **error)
{
    char name[STORE_TEMP_NAME_SIZE];

    if (batch->dirfd >= 0)
        return true;
    if (batch->single) {
        batch->dirfd = batch->store->incoming_fd;
        return true;
    }
    folder_name(batch, name);
    if (mkdirat(batch->store->incoming_fd, name, STORE_DIR_MODE) < 0 && errno != EEXIST) {
        store_set_errno(error, "cannot create '%s/incoming/%s'", batch->store->root, name);
        return false;
    }
    batch->dirfd =
        openat(batch->store->incoming_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (batch->dirfd < 0)
        store_set_errno(error, "cannot open '%s/incoming/%s'", batch->store->root, name);
    return batch->dirfd >= 0;
}

/* Books what a put did. */
static void
note(StoreBatch *batch, uint32_t serial, const StoreIngest *ingest)
{
    Store *store = batch->store;

    if (ingest->written) {
        Pending pending = { .digest = ingest->digest, .serial = serial };

        g_array_append_val(batch->pending, pending);
        return;
    }
    MUTEX_GUARD(&store->lock); /* asked after the blob was seen: whoever named it counts here until
                                  it synced */
    if (store->inherited || store->n_naming > 0 || store->n_failed > store->n_settled)
        g_array_append_val(batch->relied, ingest->digest);
}

bool
store_batch_put_fd(StoreBatch *batch, int fd, uint64_t limit_bytes, Digest *digest_out,
                   GError **error)
{
    StoreIngest ingest = { 0 };
    uint32_t serial = batch->next_file++;
    char name[STORE_TEMP_NAME_SIZE];

    assert(!batch->used);
    file_name(batch, serial, name);
    if (!open_folder(batch, error) || !store_ingest_fd(batch->store, batch->dirfd, name, fd,
                                                       limit_bytes, batch->buffer, &ingest, error))
        return false;
    note(batch, serial, &ingest);
    *digest_out = ingest.digest;
    return true;
}

bool
store_batch_put_bytes(StoreBatch *batch, Span content, Digest *digest_out, GError **error)
{
    StoreIngest ingest = { 0 };
    uint32_t serial = batch->next_file++;
    char name[STORE_TEMP_NAME_SIZE];

    assert(!batch->used);
    file_name(batch, serial, name);
    if (!open_folder(batch, error) ||
        !store_ingest_bytes(batch->store, batch->dirfd, name, content, &ingest, error))
        return false;
    note(batch, serial, &ingest);
    *digest_out = ingest.digest;
    return true;
}

static bool
sync_path(int dirfd, const char *path, GError **error)
{
    AUTO_FD int fd = openat(dirfd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 || os_fsync(fd) < 0) {
        store_set_errno(error, "cannot sync blob '%s'", path);
        return false;
    }
    return true;
}

/* The folder "ab" of a blob name "ab/cd…". */
static bool
sync_blob_folder(Store *store, const Digest *digest, GError **error)
{
    char name[STORE_NAME_SIZE];

    store_blob_name(digest, name);
    name[2] = '\0';
    return sync_path(store->blobs_fd, name, error);
}

/* One sync of everything. On success all names visible before it are durable. */
static bool
sync_all(Store *store, GError **error)
{
    uint64_t failed_before;

    {
        MUTEX_GUARD(&store->lock);
        failed_before = store->n_failed;
    }
    if (os_syncfs(store->blobs_fd) < 0) {
        store_set_errno(error, "cannot sync blob store '%s'", store->root);
        return false;
    }
    MUTEX_GUARD(&store->lock);
    store->n_settled = MAX(store->n_settled, failed_before);
    store->inherited = false;
    return true;
}

static bool
sync_few(const StoreBatch *batch)
{
    return batch->pending->len + batch->relied->len <= STORE_SYNC_EACH_MAX;
}

static bool
sync_contents(StoreBatch *batch, GError **error)
{
    if (batch->pending->len == 0)
        return true;
    if (!sync_few(batch))
        return sync_all(batch->store, error);
    for (unsigned i = 0; i < batch->pending->len; i++) {
        char name[STORE_TEMP_NAME_SIZE];

        file_name(batch, g_array_index(batch->pending, Pending, i).serial, name);
        if (!sync_path(batch->dirfd, name, error))
            return false;
    }
    return true;
}

static int
compare_pending(const void *a, const void *b)
{
    return memcmp(((const Pending *)a)->digest.bytes, ((const Pending *)b)->digest.bytes,
                  DIGEST_SIZE);
}

/* Renames the file to its digest; makes the folder "ab" if this is its first blob. */
static bool
give_name(StoreBatch *batch, const Pending *pending, GError **error)
{
    int blobs_fd = batch->store->blobs_fd;
    char from[STORE_TEMP_NAME_SIZE], to[STORE_NAME_SIZE];

    file_name(batch, pending->serial, from);
    store_blob_name(&pending->digest, to);
    if (os_rename(batch->dirfd, from, blobs_fd, to) == 0)
        return true;
    if (errno == ENOENT) {
        char folder[] = { to[0], to[1], '\0' };

        if (mkdirat(blobs_fd, folder, STORE_DIR_MODE) == 0 || errno == EEXIST) {
            batch->new_folders = true;
            if (os_rename(batch->dirfd, from, blobs_fd, to) == 0)
                return true;
        }
    }
    store_set_errno(error, "cannot name blob '%s'", to);
    return false;
}

static bool
give_names(StoreBatch *batch, GError **error)
{
    g_array_sort(batch->pending,
                 compare_pending); /* one folder after the other: half the time of any order */
    for (unsigned i = 0; i < batch->pending->len; i++) {
        if (!give_name(batch, &g_array_index(batch->pending, Pending, i), error))
            return false;
    }
    return true;
}

/* Once for an owner that took over names of unknown state: after it none is. */
static bool
must_settle(StoreBatch *batch)
{
    MUTEX_GUARD(&batch->store->lock);
    return batch->relied->len > 0 && batch->store->inherited;
}

static bool
sync_names(StoreBatch *batch, GError **error)
{
    if (batch->pending->len + batch->relied->len == 0)
        return true;
    if (!sync_few(batch) || must_settle(batch))
        return sync_all(batch->store, error);
    if ((batch->new_folders || batch->relied->len > 0) &&
        !sync_path(batch->store->blobs_fd, ".", error))
        return false;
    for (unsigned i = 0; i < batch->pending->len; i++) {
        if (!sync_blob_folder(batch->store, &g_array_index(batch->pending, Pending, i).digest,
                              error))
            return false;
    }
    for (unsigned i = 0; i < batch->relied->len; i++) {
        const Digest *digest = &g_array_index(batch->relied, Digest, i);

        if (!sync_blob_folder(batch->store, digest, error))
            return false;
    }
    return true;
}

bool
store_batch_commit(StoreBatch *batch, GError **error)
{
    Store *store = batch->store;

    assert(!batch->used);
    batch->used = true;
    if (!sync_contents(batch, error))
        return false;
    {
        MUTEX_GUARD(&store->lock);
        store->n_naming++; /* before the first name can be seen */
    }
    bool ok = give_names(batch, error) && sync_names(batch, error);
    MUTEX_GUARD(&store->lock);
    store->n_naming--;
    if (ok)
        g_array_set_size(batch->pending, 0); /* nothing of it is in incoming/ any more */
    else
        store->n_failed++; /* until a sync of everything that begins after this */
    return ok;
}

static void
remove_folder(StoreBatch *batch)
{
    char name[STORE_TEMP_NAME_SIZE];

    if (batch->single)
        return;
    fd_clear(&batch->dirfd);
    folder_name(batch, name);
    (void)os_unlink(batch->store->incoming_fd, name,
                    AT_REMOVEDIR); /* else the next start clears it */
}

void
store_batch_free(StoreBatch *batch)
{
    if (batch == NULL)
        return;
    if (batch->dirfd >= 0) {
        for (unsigned i = 0; i < batch->pending->len; i++) {
            char name[STORE_TEMP_NAME_SIZE];

            file_name(batch, g_array_index(batch->pending, Pending, i).serial, name);
            if (faccessat(batch->dirfd, name, F_OK, 0) == 0)
                (void)os_unlink(batch->dirfd, name, 0);
        }
        remove_folder(batch);
    }
    {
        MUTEX_GUARD(&batch->store->lock);
        g_queue_remove(&batch->store->open_batches, batch);
    }
    g_array_unref(batch->pending);
    g_array_unref(batch->relied);
    g_free(batch->buffer);
    g_free(batch);
}

bool
store_put_fd(Store *store, int fd, uint64_t limit_bytes, Digest *digest_out, GError **error)
{
    g_autoptr(StoreBatch) batch = begin(store, true, error);
    Digest digest;

    if (batch == NULL || !store_batch_put_fd(batch, fd, limit_bytes, &digest, error) ||
        !store_batch_commit(batch, error))
        return false;
    *digest_out = digest;
    return true;
}

bool
store_put_bytes(Store *store, Span content, Digest *digest_out, GError **error)
{
    g_autoptr(StoreBatch) batch = begin(store, true, error);
    Digest digest;

    if (batch == NULL || !store_batch_put_bytes(batch, content, &digest, error) ||
        !store_batch_commit(batch, error))
        return false;
    *digest_out = digest;
    return true;
}
