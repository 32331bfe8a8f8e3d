/* SPDX-License-Identifier: Apache-2.0
 * store: opening the folder, finding, naming and reading blobs. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include "base/encoding.h"
#include "base/files.h"
#include "base/os.h"
#include "store/store_priv.h"
#include "base/banned.h"

#define SETTLED_NAME          "settled"
#define BOOT_ID_PATH          "/proc/sys/kernel/random/boot_id"
#define LIMIT_SETTLED_BYTES   256
#define LIMIT_STORE_LEFTOVERS 1000000 /* names in incoming/ */

GQuark
store_error_quark(void)
{
    return g_quark_from_static_string("store-error");
}

void
store_set_errno(GError **error, const char *format, ...)
{
    int saved = errno;
    bool full = saved == ENOSPC || saved == EDQUOT;
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    errno = saved;
    error_set_errno(error, STORE_ERROR, full ? STORE_ERROR_FULL : STORE_ERROR_IO, "%s", text);
}

void
store_blob_name(const Digest *digest, char out[STORE_NAME_SIZE])
{
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(digest, hex);
    out[0] = hex[0];
    out[1] = hex[1];
    out[2] = '/';
    memcpy(out + 3, hex + 2, DIGEST_HEX_SIZE - 2);
}

static int
open_below(Store *store, const char *name, GError **error)
{
    int fd = openat(store->root_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        store_set_errno(error, "cannot open blob store '%s/%s'", store->root, name);
    return fd;
}

static Store *
open_folders(const char *root, bool owner, GError **error)
{
    g_autoptr(Store) store = g_new0(Store, 1);

    *store = (Store){
        .root = g_strdup(root),
        .blobs_fd = -1,
        .incoming_fd = -1,
        .quarantine_fd = -1,
        .owner = owner,
        .inherited = true,
    };
    mutex_init(&store->names);
    mutex_init(&store->lock);
    g_queue_init(&store->open_batches);
    store->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->root_fd < 0) {
        store_set_errno(error, "cannot open blob store '%s'", root);
        return NULL;
    }
    store->blobs_fd = open_below(store, "sha256", error);
    if (store->blobs_fd < 0)
        return NULL;
    store->incoming_fd = open_below(store, "incoming", error);
    if (store->incoming_fd < 0)
        return NULL;
    store->quarantine_fd = open_below(store, "quarantine", error);
    if (store->quarantine_fd < 0)
        return NULL;
    return g_steal_pointer(&store);
}

/* The 256 folders below sha256/ come with their first blob: making all takes a tenth of a second.
 */
static bool
create_layout(const char *root, GError **error)
{
    static const char *const folders[] = { "incoming", "quarantine", "sha256" };

    if (!dir_create_all(AT_FDCWD, root, STORE_DIR_MODE, error))
        return false;
    AUTO_FD int root_fd = dir_open(AT_FDCWD, root, error);
    if (root_fd < 0)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        if (!dir_create_all(root_fd, folders[i], STORE_DIR_MODE, error))
            return false;
    }
    return true;
}

/* What a crash left in incoming/ was promised to nobody. */
static bool
clear_incoming(Store *store, GError **error)
{
    g_autoptr(GPtrArray) names = dir_list(store->incoming_fd, ".", LIMIT_STORE_LEFTOVERS, error);

    if (names == NULL)
        return false;
    for (size_t i = 0; i < names->len; i++) {
        if (!dir_remove_all(store->incoming_fd, g_ptr_array_index(names, i), error))
            return false;
    }
    return true;
}

/* What `settled` says: this boot and this very folder. After another boot every name that is seen is durable, but
 * then nobody needs the hint. Owned; NULL if the boot has no name here. */
static char *
settled_text(Store *store)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *boot = file_read_text(AT_FDCWD, BOOT_ID_PATH, LIMIT_SETTLED_BYTES, &local);
    struct stat st;

    if (boot == NULL || fstat(store->blobs_fd, &st) < 0)
        return NULL;
    return g_strdup_printf("%s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n", g_strchomp(boot),
                           (uint64_t)st.st_dev, (uint64_t)st.st_ino);
}

/* Whether the last owner left every name durable. Its word is used up by asking. */
static bool
take_settled(Store *store)
{
    g_autoptr(GError) local = NULL;
    g_autofree char *found =
        file_read_text(store->root_fd, SETTLED_NAME, LIMIT_SETTLED_BYTES, &local);
    g_autofree char *expected = settled_text(store);

    if (found == NULL || os_unlink(store->root_fd, SETTLED_NAME, 0) < 0)
        return false;
    return g_strcmp0(found, expected) == 0;
}

/* Not synced: without it the next owner only syncs once more than it needs. */
static void
leave_settled(Store *store)
{
    g_autofree char *text = settled_text(store);
    AUTO_FD int fd = -1;

    if (!store->owner || store->inherited || store->n_failed > store->n_settled || text == NULL)
        return;
    fd = openat(store->root_fd, SETTLED_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
                0600);
    if (fd >= 0)
        (void)os_write(fd, text, strlen(text)); /* in part it says nothing */
}

Store *
store_create(const char *root, GError **error)
{
    if (!create_layout(root, error)) {
        error_prefix(error, "cannot create blob store '%s'", root);
        return NULL;
    }
    g_autoptr(Store) store = open_folders(root, true, error);
    if (store == NULL)
        return NULL;
    if (!clear_incoming(store, error)) {
        error_prefix(error, "cannot clear 'incoming' of blob store '%s'", root);
        return NULL;
    }
    store->inherited = !take_settled(store);
    return g_steal_pointer(&store);
}

Store *
store_open(const char *root, GError **error)
{
    return open_folders(root, false, error);
}

void
store_free(Store *store)
{
    if (store == NULL)
        return;
    assert(g_queue_is_empty(&store->open_batches));
    if (store->quarantine_fd >= 0) /* it was opened whole */
        leave_settled(store);
    fd_clear(&store->blobs_fd);
    fd_clear(&store->incoming_fd);
    fd_clear(&store->quarantine_fd);
    fd_clear(&store->root_fd);
    mutex_clear(&store->names);
    mutex_clear(&store->lock);
    g_free(store->root);
    g_free(store);
}

bool
store_has(Store *store, const Digest *digest)
{
    char name[STORE_NAME_SIZE];

    store_blob_name(digest, name);
    return faccessat(store->blobs_fd, name, F_OK, 0) == 0;
}

int
store_open_blob(Store *store, const Digest *digest, uint64_t *size_out, GError **error)
{
    char name[STORE_NAME_SIZE], hex[DIGEST_HEX_SIZE];
    struct stat st;

    store_blob_name(digest, name);
    digest_to_hex(digest, hex);
    AUTO_FD int fd = openat(store->blobs_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        error_set(error, STORE_ERROR, STORE_ERROR_NOT_FOUND, "no blob 'sha256:%s'", hex);
        return -1;
    }
    if (fd < 0 || fstat(fd, &st) < 0) {
        store_set_errno(error, "cannot open blob 'sha256:%s'", hex);
        return -1;
    }
    if (size_out != NULL)
        *size_out = (uint64_t)st.st_size;
    return fd_steal(&fd);
}

bool
store_quarantine(Store *store, const Digest *digest)
{
    char name[STORE_NAME_SIZE], hex[DIGEST_HEX_SIZE];

    if (!store->owner)
        return false;
    store_blob_name(digest, name);
    digest_to_hex(digest, hex);
    MUTEX_GUARD(&store->names);
    /* Not synced: if a crash undoes it, the next check does it again. */
    return os_rename(store->blobs_fd, name, store->quarantine_fd, hex) == 0;
}

static bool
refuse_corrupt(Store *store, const Digest *digest, GError **error)
{
    char hex[DIGEST_HEX_SIZE];
    bool moved = store_quarantine(store, digest);

    digest_to_hex(digest, hex);
    error_set(error, STORE_ERROR, STORE_ERROR_CORRUPT, "blob 'sha256:%s' is corrupt%s", hex,
              moved ? " and was moved to quarantine" : "");
    return false;
}

GBytes *
store_get_bytes(Store *store, const Digest *digest, size_t limit_bytes, GError **error)
{
    uint64_t size = 0;
    AUTO_FD int fd = store_open_blob(store, digest, &size, error);

    if (fd < 0)
        return NULL;
    if (size > limit_bytes) {
        char hex[DIGEST_HEX_SIZE];

        digest_to_hex(digest, hex);
        error_set(error, STORE_ERROR, STORE_ERROR_TOO_LARGE,
                  "blob 'sha256:%s' has %" G_GUINT64_FORMAT " bytes, the limit is %zu", hex, size,
                  limit_bytes);
        return NULL;
    }
    g_autoptr(GBytes) bytes = fd_read_all(fd, limit_bytes, error);
    if (bytes == NULL)
        return NULL;
    Digest found = digest_of(span_of_bytes(bytes));
    if (!digest_equal(&found, digest)) {
        (void)refuse_corrupt(store, digest, error);
        return NULL;
    }
    return g_steal_pointer(&bytes);
}

/* Hashes @fd to its end; copies the bytes to @out_fd unless it is -1. */
static bool
hash_and_copy(int fd, int out_fd, Digest *found_out, GError **error)
{
    g_autofree uint8_t *buffer = g_malloc(STORE_BUFFER_BYTES);
    g_autoptr(DigestStream) stream = digest_stream_new();

    for (;;) {
        ssize_t n = read(fd, buffer, STORE_BUFFER_BYTES);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            store_set_errno(error, "cannot read a blob");
            return false;
        }
        if (n == 0)
            break;
        digest_stream_update(stream, span_of(buffer, (size_t)n));
        if (out_fd >= 0 && !fd_write_all(out_fd, span_of(buffer, (size_t)n), error))
            return false;
    }
    *found_out = digest_stream_finish(stream);
    return true;
}

static bool
check_and_copy(Store *store, const Digest *digest, int out_fd, GError **error)
{
    Digest found;
    AUTO_FD int fd = store_open_blob(store, digest, NULL, error);

    if (fd < 0 || !hash_and_copy(fd, out_fd, &found, error))
        return false;
    return digest_equal(&found, digest) || refuse_corrupt(store, digest, error);
}

bool
store_copy_to(Store *store, const Digest *digest, int out_fd, GError **error)
{
    return check_and_copy(store, digest, out_fd, error);
}

bool
store_check(Store *store, const Digest *digest, GError **error)
{
    return check_and_copy(store, digest, -1, error);
}

bool
store_find_and_touch(Store *store, const Digest *digest, uint64_t size_bytes)
{
    char name[STORE_NAME_SIZE];
    struct stat st;

    store_blob_name(digest, name);
    MUTEX_GUARD(&store->names);
    if (fstatat(store->blobs_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    /* Another length cannot be these bytes: the put renames a whole blob over the damaged one. */
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != size_bytes)
        return false;
    return utimensat(store->blobs_fd, name, NULL, 0) == 0;
}
