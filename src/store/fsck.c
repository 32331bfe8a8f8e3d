/* SPDX-License-Identifier: Apache-2.0
 * fsck: walking all blobs: each, check and garbage collection. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/os.h"
#include "store/store_priv.h"
#include "base/banned.h"

#define STORE_N_FOLDERS    256
#define LIMIT_STORE_FOLDER ((size_t)1 << 24) /* names in one folder */
#define STORE_CLOCK_SLACK_US                                                                       \
    ((int64_t)20000) /* file times are up to two ticks behind the clock                            \
                      */

typedef struct {
    Store *store; /* borrowed */
    /* Called for each name; @digest is NULL if the name is none. */
    bool (*visit)(const Digest *digest, const char *path, void *context, GError **error);
    void *context; /* borrowed */
} Walk;

/* "ab" and the rest of the name. */
static bool
digest_from_path(const char *path, Digest *out)
{
    char hex[DIGEST_HEX_SIZE];

    if (strlen(path) != DIGEST_HEX_SIZE) /* one slash more, no NUL */
        return false;
    memcpy(hex, path, 2);
    memcpy(hex + 2, path + 3, DIGEST_HEX_SIZE - 2);
    return digest_from_hex(hex, out, NULL);
}

static bool
walk_folder(const Walk *walk, const char *folder, GError **error)
{
    g_autoptr(GPtrArray) names = dir_list(walk->store->blobs_fd, folder, LIMIT_STORE_FOLDER, error);

    if (names == NULL)
        return false;
    for (size_t i = 0; i < names->len; i++) {
        g_autofree char *path = g_strconcat(folder, "/", g_ptr_array_index(names, i), NULL);
        Digest digest;
        bool is_digest = digest_from_path(path, &digest);

        if (!walk->visit(is_digest ? &digest : NULL, path, walk->context, error))
            return false;
    }
    return true;
}

static bool
is_folder_name(const char *name)
{
    return strlen(name) == 2 && strspn(name, "0123456789abcdef") == 2;
}

static bool
walk_all(const Walk *walk, GError **error)
{
    g_autoptr(GPtrArray) names = dir_list(walk->store->blobs_fd, ".", LIMIT_STORE_FOLDER, error);

    if (names == NULL)
        return false;
    for (size_t i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        bool ok = is_folder_name(name) ? walk_folder(walk, name, error)
                                       : walk->visit(NULL, name, walk->context, error);

        if (!ok)
            return false;
    }
    return true;
}

typedef struct {
    Store *store; /* borrowed */
    StoreVisitFn visit;
    void *context; /* borrowed */
} Each;

static bool
visit_each(const Digest *digest, const char *path, void *context, GError **error)
{
    const Each *each = context;
    struct stat st;

    if (digest == NULL || fstatat(each->store->blobs_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return true; /* a stray is fsck's to report; a name can go while we walk */
    return each->visit(digest, (uint64_t)st.st_size, each->context, error);
}

bool
store_each(Store *store, StoreVisitFn visit, void *context, GError **error)
{
    Each each = { .store = store, .visit = visit, .context = context };

    return walk_all(&(Walk){ .store = store, .visit = visit_each, .context = &each }, error);
}

typedef struct {
    Store *store;            /* borrowed */
    StoreFsckReport *report; /* borrowed */
} Fsck;

static bool
visit_fsck(const Digest *digest, const char *path, void *context, GError **error)
{
    const Fsck *fsck = context;
    StoreFsckReport *report = fsck->report;
    g_autoptr(GError) local = NULL;
    struct stat st;

    if (digest == NULL || fstatat(fsck->store->blobs_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISREG(st.st_mode)) {
        if (faccessat(fsck->store->blobs_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            g_ptr_array_add(report->strays, g_strconcat("sha256/", path, NULL));
        return true;
    }
    if (store_check(fsck->store, digest, &local)) {
        report->n_blobs++;
        report->n_bytes += (uint64_t)st.st_size;
        return true;
    }
    if (g_error_matches(local, STORE_ERROR, STORE_ERROR_NOT_FOUND))
        return true; /* removed while we walked */
    if (g_error_matches(local, STORE_ERROR, STORE_ERROR_CORRUPT)) {
        g_array_append_val(report->corrupt, *digest);
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

static bool
count_names(int dirfd, uint64_t *count_out, GError **error)
{
    g_autoptr(GPtrArray) names = dir_list(dirfd, ".", LIMIT_STORE_FOLDER, error);

    if (names == NULL)
        return false;
    *count_out = names->len;
    return true;
}

StoreFsckReport *
store_fsck(Store *store, GError **error)
{
    g_autoptr(StoreFsckReport) report = g_new0(StoreFsckReport, 1);
    Fsck fsck = { .store = store, .report = report };

    report->corrupt = g_array_new(false, false, sizeof(Digest));
    report->strays = g_ptr_array_new_with_free_func(g_free);
    if (!walk_all(&(Walk){ .store = store, .visit = visit_fsck, .context = &fsck }, error) ||
        !count_names(store->incoming_fd, &report->n_leftovers, error) ||
        !count_names(store->quarantine_fd, &report->n_quarantined, error)) {
        error_prefix(error, "cannot check blob store '%s'", store->root);
        return NULL;
    }
    return g_steal_pointer(&report);
}

bool
store_fsck_is_clean(const StoreFsckReport *report)
{
    return report->corrupt->len == 0 && report->strays->len == 0;
}

void
store_fsck_report_free(StoreFsckReport *report)
{
    if (report == NULL)
        return;
    g_clear_pointer(&report->corrupt, g_array_unref);
    g_clear_pointer(&report->strays, g_ptr_array_unref);
    g_free(report);
}

typedef struct {
    Store *store;     /* borrowed */
    GHashTable *keep; /* borrowed, of Digest */
    int64_t min_age_us;
    StoreGcResult *result; /* borrowed */
} Gc;

/* Look and remove in one piece, so that a put either finds the blob and touches it first, or finds
 * none. */
static bool
remove_if_old(const Gc *gc, const char *path, GError **error)
{
    struct stat st;

    MUTEX_GUARD(&gc->store->names);
    if (fstatat(gc->store->blobs_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return true; /* quarantined meanwhile */
    int64_t touched_us = (int64_t)st.st_mtim.tv_sec * G_USEC_PER_SEC + st.st_mtim.tv_nsec / 1000;
    int64_t limit_us = MIN(clock_now_us(&clock_system) - gc->min_age_us,
                           store_oldest_batch_us(gc->store) - STORE_CLOCK_SLACK_US);
    if (touched_us >= limit_us) {
        gc->result->n_young++;
        return true;
    }
    if (os_unlink(gc->store->blobs_fd, path, 0) < 0) {
        store_set_errno(error, "cannot remove blob '%s'", path);
        return false;
    }
    gc->result->n_removed++;
    gc->result->n_removed_bytes += (uint64_t)st.st_size;
    return true;
}

static bool
visit_gc(const Digest *digest, const char *path, void *context, GError **error)
{
    const Gc *gc = context;

    if (digest == NULL)
        return true;
    if (g_hash_table_contains(gc->keep, digest)) {
        gc->result->n_kept++;
        return true;
    }
    return remove_if_old(gc, path, error);
}

bool
store_gc(Store *store, GHashTable *keep, int64_t min_age_us, StoreGcResult *result_out,
         GError **error)
{
    StoreGcResult result = { 0 };
    Gc gc = { .store = store, .keep = keep, .min_age_us = min_age_us, .result = &result };

    if (!store->owner) {
        error_set(error, STORE_ERROR, STORE_ERROR_IO, "blob store '%s' is open for reading only",
                  store->root);
        return false;
    }
    if (!walk_all(&(Walk){ .store = store, .visit = visit_gc, .context = &gc }, error)) {
        error_prefix(error, "cannot collect garbage in blob store '%s'", store->root);
        return false;
    }
    *result_out = result;
    return true;
}

bool
store_remove(Store *store, const Digest *digest, GError **error)
{
    StoreGcResult result = { 0 };
    Gc gc = { .store = store, .result = &result };
    char path[STORE_NAME_SIZE];

    store_blob_name(digest, path);
    return remove_if_old(&gc, path, error);
}
