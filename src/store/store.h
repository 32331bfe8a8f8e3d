/* SPDX-License-Identifier: Apache-2.0
 * store: write-once blobs in files named by their SHA-256. Thread-safe; one process owns the
 * folder.
 *
 *   ROOT/sha256/ab/cd…  the blobs; a name is visible only after its bytes are on disk
 *   ROOT/incoming/      what puts are writing now; store_create removes what a crash left there
 *   ROOT/quarantine/    blobs whose bytes did not hash to their name, for people to look at
 *   ROOT/settled        between two owners: all names are on disk */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

#define STORE_ERROR (store_error_quark())
GQuark store_error_quark(void);
typedef enum {
    STORE_ERROR_NOT_FOUND = ERROR_CODE(ERROR_KIND_NOT_FOUND, 1), /* no blob with that digest */
    STORE_ERROR_CORRUPT = ERROR_CODE(ERROR_KIND_CORRUPT, 1), /* bytes do not hash to their name */
    STORE_ERROR_TOO_LARGE = ERROR_CODE(ERROR_KIND_LIMIT, 1), /* longer than the caller allowed */
    STORE_ERROR_FULL = ERROR_CODE(ERROR_KIND_IO, 2),         /* no room on the disk */
    STORE_ERROR_IO = ERROR_CODE(ERROR_KIND_IO, 1), /* the system refused; message has the cause */
} StoreError;

typedef struct Store Store;           /* one store folder */
typedef struct StoreBatch StoreBatch; /* puts that become durable and visible together */

/** Creates the folder if absent, else opens it; clears what a crash left in incoming/. The caller
 * holds the data folder's lock. Returns: owned. Errors: IO. */
Store *store_create(const char *root, GError **error) MUST_CHECK;
/** Opens an existing folder and changes nothing; reading beside the owner is safe. Returns: owned.
 * Errors: IO. */
Store *store_open(const char *root, GError **error) MUST_CHECK;
/** Every batch must have been freed before. */
void store_free(Store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Store, store_free)

/**
 * Copies @fd to its end into the store and names it by content: a batch of one.
 * @fd: borrowed; read from its current offset; not closed.
 * @limit_bytes: refuse anything longer; 1 to 2^40.
 * @digest_out: SHA-256 of the bytes read.
 * On success the blob survives a crash. On error nothing new is visible. Blocks. Errors: TOO_LARGE,
 * FULL, IO.
 */
bool store_put_fd(Store *store, int fd, uint64_t limit_bytes, Digest *digest_out,
                  GError **error) MUST_CHECK;
/** As store_put_fd, from memory. Errors: FULL, IO. */
bool store_put_bytes(Store *store, Span content, Digest *digest_out, GError **error) MUST_CHECK;

/** Begins a batch. One thread at a time may use it; several batches may be open. Returns: owned.
 * Errors: IO. */
StoreBatch *store_batch_begin(Store *store, GError **error) MUST_CHECK;
/** As store_put_fd, but visible and durable only after store_batch_commit. A failed put leaves the
 * batch usable without that blob. Errors: TOO_LARGE, FULL, IO. */
bool store_batch_put_fd(StoreBatch *batch, int fd, uint64_t limit_bytes, Digest *digest_out,
                        GError **error) MUST_CHECK;
bool store_batch_put_bytes(StoreBatch *batch, Span content, Digest *digest_out,
                           GError **error) MUST_CHECK;
/** One sync, then every name, then they are made durable too: on success all survive a crash. On
 * error some may be visible, whole, and none is promised. The batch is used up either way. Blocks.
 * Errors: FULL, IO. */
bool store_batch_commit(StoreBatch *batch, GError **error) MUST_CHECK;
/** Without a commit before: nothing of the batch remains. */
void store_batch_free(StoreBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreBatch, store_batch_free)

/** Whether the blob is there; its bytes are not checked. */
bool store_has(Store *store, const Digest *digest);
/** Opens a blob for reading without checking its bytes: the reader hashes them. Returns the
 * descriptor (owned) or -1. @size_out: optional. Errors: NOT_FOUND, IO. */
int store_open_blob(Store *store, const Digest *digest, uint64_t *size_out,
                    GError **error) MUST_CHECK;
/** The checked bytes of a blob. Returns: owned. Errors: NOT_FOUND, TOO_LARGE, CORRUPT
 * (quarantined), IO. */
GBytes *store_get_bytes(Store *store, const Digest *digest, size_t limit_bytes,
                        GError **error) MUST_CHECK;
/** Streams a blob to @out_fd (borrowed) in constant memory and checks it on the way: on CORRUPT
 * wrong bytes have gone out and the caller must discard them. Errors: NOT_FOUND, CORRUPT
 * (quarantined), IO. */
bool store_copy_to(Store *store, const Digest *digest, int out_fd, GError **error) MUST_CHECK;
/** Reads a blob whole and compares its hash with its name. Errors: as store_copy_to. */
bool store_check(Store *store, const Digest *digest, GError **error) MUST_CHECK;

typedef bool (*StoreVisitFn)(const Digest *digest, uint64_t size_bytes, void *context,
                             GError **error);
/** Calls @visit for every blob, ascending by digest within a folder; stops at its first false. New
 * blobs may or may not be seen. Errors: IO, those of @visit. */
bool store_each(Store *store, StoreVisitFn visit, void *context, GError **error) MUST_CHECK;

typedef struct {
    uint64_t n_blobs, n_bytes; /* checked and right */
    uint64_t n_leftovers;      /* files in incoming/: unfinished puts, harmless */
    uint64_t n_quarantined;    /* files in quarantine/ now, those of this check included */
    GArray *corrupt;           /* owned, of Digest: quarantined by this check */
    GPtrArray *strays;         /* owned, of owned path below the root: names that are no digest */
} StoreFsckReport;

/** Checks every blob; a corrupt one is moved to quarantine/ and reported, the check goes on.
 * Constant memory apart from the findings. Returns: owned report. Errors: IO. */
StoreFsckReport *store_fsck(Store *store, GError **error) MUST_CHECK;
/** Whether nothing is corrupt or stray. */
bool store_fsck_is_clean(const StoreFsckReport *report);
void store_fsck_report_free(StoreFsckReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoreFsckReport, store_fsck_report_free)

/** Removes one blob that nothing names any more; one that an open batch may have put again stays. One
 * that is not there is no error. Errors: IO. */
bool store_remove(Store *store, const Digest *digest, GError **error) MUST_CHECK;

typedef struct {
    uint64_t n_kept, n_removed, n_removed_bytes;
    uint64_t n_young; /* not in the set, but too new to remove */
} StoreGcResult;

/**
 * Removes the blobs that nothing needs.
 * @keep: set of Digest (digest_hash, digest_hash_equal): everything a release, log entry or draft
 * names.
 * @min_age_us: a blob put, or put again, less than this ago stays; so does all that an open batch
 * holds. Take the set after deciding the age, or younger references are only protected by the age.
 * Errors: IO.
 */
bool store_gc(Store *store, GHashTable *keep, int64_t min_age_us, StoreGcResult *result_out,
              GError **error) MUST_CHECK;
