/* SPDX-License-Identifier: Apache-2.0
 * store_priv: what the files of this folder share; nobody else includes it.
 *
 * Invariants:
 *  1. A file under sha256/ had all its bytes on disk before it got its name, so no crash leaves
 * half a blob.
 *  2. A put or commit that returned success had its names on disk too. A put that only found a blob
 * must know that its name is durable: it is, unless `inherited`, `n_naming` or `n_failed` says
 * otherwise; then it syncs itself.
 *  3. A name is removed (gc, quarantine) only under `names`; a put that finds a blob looks and
 * touches it under `names`. So gc sees either the new time stamp or a put that does not find the
 * blob.
 *     The file `settled` carries that over a clean end: it is written when all names are durable and removed by the
 *     next owner before its first put. It counts only for this boot and this folder, not for a copy.
 *  4. Nothing touched since the oldest open batch began is removed by gc. */
#pragma once
#include "store/store.h"
#include "sys/thread.h"

#define STORE_NAME_SIZE 66 /* "ab/", 62 hex digits, NUL */
#define STORE_DIR_MODE  0700
#define STORE_BUFFER_BYTES                                                                         \
    ((size_t)1 << 18) /* one read; what fits is hashed before it is written */

struct Store {
    char *root; /* owned, for messages */
    int root_fd, blobs_fd, incoming_fd, quarantine_fd;
    bool owner; /* may change the folder */

    Mutex names; /* held for one look-and-touch or look-and-remove, with its system calls: see 3 */
    Mutex lock;
    uint64_t next_serial; /* guarded by lock: names in incoming/ */
    GQueue open_batches;  /* guarded by lock: of StoreBatch, oldest first */
    unsigned n_naming; /* guarded by lock: commits between their first name and their last sync */
    uint64_t n_failed; /* guarded by lock: commits that failed there, ever */
    uint64_t
        n_settled;  /* guarded by lock: those of n_failed that a later sync of everything covers */
    bool inherited; /* guarded by lock: names of an earlier process may not be durable yet */
};

/** "ab/cd…" for @digest. */
void store_blob_name(const Digest *digest, char out[STORE_NAME_SIZE]);
/** Sets STORE_ERROR_FULL or IO from errno. */
void store_set_errno(GError **error, const char *format, ...) PRINTF_LIKE(2, 3);
/** Moves a corrupt blob to quarantine/ if we own the folder. Returns: whether it is gone from its
 * name. */
bool store_quarantine(Store *store, const Digest *digest);

/** Whether a blob of that size is there; then it is also protected from gc, as invariants 3 and 4
 * say. */
bool store_find_and_touch(Store *store, const Digest *digest, uint64_t size_bytes);

/* batch.c */
/** The start of the oldest open batch, or G_MAXINT64: microseconds since 1970 UTC. */
int64_t store_oldest_batch_us(Store *store);

/* ingest.c */
/** Writes all of @span. Errors: FULL, IO. */
bool store_write_all(int fd, Span span, GError **error) MUST_CHECK;
typedef struct {
    Digest digest;
    uint64_t size_bytes;
    bool written; /* a file with these bytes has the name; else the blob was there already */
} StoreIngest;
/** Brings the rest of @fd into @name in @dirfd unless the store has it. On error no file is left.
 * @buffer: of STORE_BUFFER_BYTES. */
bool store_ingest_fd(Store *store, int dirfd, const char *name, int fd, uint64_t limit_bytes,
                     uint8_t *buffer, StoreIngest *out, GError **error) MUST_CHECK;
bool store_ingest_bytes(Store *store, int dirfd, const char *name, Span content, StoreIngest *out,
                        GError **error) MUST_CHECK;
