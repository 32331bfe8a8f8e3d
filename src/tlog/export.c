/* SPDX-License-Identifier: Apache-2.0
 * export: the log as static files, C2SP tlog-tiles: tile/L/N, tile/entries/N, checkpoint.
 *
 * Everything up to the checkpoint is written and synced before the checkpoint replaces the old one,
 * so a reader never sees a head whose tiles are missing. The exported checkpoint says how far the
 * last export came. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include "base/buffer.h"
#include "base/files.h"
#include "base/os.h"
#include "proof/checkpoint.h"
#include "tlog/tlog_priv.h"
#include "base/banned.h"

#define BUNDLE_MAX_BYTES       (TREE_TILE_WIDTH * (2 + LIMIT_LEAF_BYTES))
#define EXPORT_PATH_MAX        96
#define EXPORT_TMP_NAME        ".new"
#define EXPORT_CHECKPOINT_NAME "checkpoint"

typedef struct {
    Tlog *tlog;    /* borrowed */
    int dirfd;     /* borrowed */
    uint64_t from; /* entries exported before */
    uint64_t to;
} Export;

/* "x001/x234/067" and, for a partial tile, ".p/W". */
static void
tile_path(char out[EXPORT_PATH_MAX], const char *kind, uint64_t number, unsigned width)
{
    char digits[64] = "";
    uint64_t rest = number / 1000;
    size_t used = 0;
    uint64_t groups[7];
    size_t n_groups = 0;

    for (; rest > 0; rest /= 1000)
        groups[n_groups++] = rest % 1000;
    while (n_groups > 0)
        used += (size_t)g_snprintf(digits + used, sizeof digits - used, "x%03u/",
                                   (unsigned)groups[--n_groups]);
    g_snprintf(digits + used, sizeof digits - used, "%03u", (unsigned)(number % 1000));
    if (width < TREE_TILE_WIDTH)
        g_snprintf(out, EXPORT_PATH_MAX, "tile/%s/%s.p/%u", kind, digits, width);
    else
        g_snprintf(out, EXPORT_PATH_MAX, "tile/%s/%s", kind, digits);
}

static bool
make_parents(int dirfd, const char *path, GError **error)
{
    g_autofree char *part = g_strdup(path);

    for (char *slash = strchr(part, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdirat(dirfd, part, 0755) != 0 && errno != EEXIST) {
            error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot make export folder '%s'",
                            part);
            return false;
        }
        *slash = '/';
    }
    return true;
}

/* Unsynced: the export syncs once, before its checkpoint. */
static bool
put_file(const Export *export, const char *path, Span content, GError **error)
{
    AUTO_FD int fd = openat(export->dirfd, EXPORT_TMP_NAME,
                            O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

    if (fd < 0) {
        error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot export '%s'", path);
        return false;
    }
    if (!fd_write_all(fd, content, error))
        return false;
    if (os_rename(export->dirfd, EXPORT_TMP_NAME, export->dirfd, path) == 0)
        return true;
    if (errno == ENOENT) {
        if (!make_parents(export->dirfd, path, error))
            return false;
        if (os_rename(export->dirfd, EXPORT_TMP_NAME, export->dirfd, path) == 0)
            return true;
    }
    error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot export '%s'", path);
    return false;
}

/* The partial forms of a tile that is full now are of no more use. */
static bool
drop_partials(const Export *export, const char *path, GError **error)
{
    g_autofree char *partials = g_strconcat(path, ".p", NULL);

    return dir_remove_all(export->dirfd, partials, error);
}

static bool
put_tile(const Export *export, const char *kind, uint64_t number, unsigned width, Span content,
         bool had_partials, GError **error)
{
    char path[EXPORT_PATH_MAX];

    tile_path(path, kind, number, width);
    if (!put_file(export, path, content, error))
        return false;
    return width < TREE_TILE_WIDTH || !had_partials || drop_partials(export, path, error);
}

static bool
export_hashes(const Export *export, unsigned level, GError **error)
{
    uint64_t from = export->from >> (level * TREE_TILE_HEIGHT);
    uint64_t to = export->to >> (level * TREE_TILE_HEIGHT);
    char kind[8];

    g_snprintf(kind, sizeof kind, "%u", level);
    for (uint64_t at = from / TREE_TILE_WIDTH * TREE_TILE_WIDTH; at < to; at += TREE_TILE_WIDTH) {
        unsigned width = (unsigned)MIN(to - at, TREE_TILE_WIDTH);
        Digest hashes[TREE_TILE_WIDTH];

        if (from == to)
            break;
        if (!tree_read_hashes(export->tlog->tree, level, at, width, hashes, error) ||
            !put_tile(export, kind, at / TREE_TILE_WIDTH, width,
                      span_of(hashes, width * sizeof *hashes), at < from, error))
            return false;
    }
    return true;
}

static bool
export_entries(const Export *export, GError **error)
{
    for (uint64_t at = export->from / TREE_TILE_WIDTH * TREE_TILE_WIDTH; at < export->to;
         at += TREE_TILE_WIDTH) {
        unsigned width = (unsigned)MIN(export->to - at, TREE_TILE_WIDTH);
        g_auto(Buffer) bundle;

        buffer_init(&bundle, BUNDLE_MAX_BYTES);
        for (unsigned i = 0; i < width; i++) {
            g_auto(TlogRecord) record = { 0 };

            if (!tlog_read(export->tlog, at + i, &record, error))
                return false;
            Span leaf = span_of_bytes(record.leaf);
            buffer_append_u8(&bundle, (uint8_t)(leaf.len >> 8));
            buffer_append_u8(&bundle, (uint8_t)leaf.len);
            buffer_append(&bundle, leaf);
        }
        if (!buffer_check(&bundle, "entry bundle", error) ||
            !put_tile(export, "entries", at / TREE_TILE_WIDTH, width, buffer_get(&bundle),
                      at < export->from, error))
            return false;
    }
    return true;
}

/* How far the folder is already; a head there that this log does not contain is an alarm. */
static bool
find_exported(Tlog *tlog, int dirfd, uint64_t *size_out, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) bytes =
        file_read(dirfd, EXPORT_CHECKPOINT_NAME, LIMIT_CHECKPOINT_BYTES, &local);
    Digest root = { 0 };

    if (bytes == NULL && error_kind(local) != ERROR_KIND_NOT_FOUND) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    g_clear_error(&local);
    g_autoptr(Checkpoint) old =
        bytes == NULL ? NULL : checkpoint_of_note(span_of_bytes(bytes), &local);
    *size_out = 0;
    if (old == NULL)
        return true; /* nothing there, or nothing readable: all is exported again */
    bool ours = strcmp(old->origin, tlog->origin) == 0 && old->head.size <= tlog_get_size(tlog) &&
                tlog_root(tlog, old->head.size, &root, &local) &&
                digest_equal(&root, &old->head.root);
    if (!ours) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_RESTORED,
                  "the exported checkpoint ('%s', %" PRIu64
                  " entries) is not one of this log: the log is an older copy or another one",
                  old->origin, old->head.size);
        return false;
    }
    *size_out = old->head.size;
    return true;
}

static bool
refuse_own_folder(const Tlog *tlog, int dirfd, GError **error)
{
    struct stat own = { 0 };
    struct stat other = { 0 };

    if (fstat(tlog->dirfd, &own) != 0 || fstat(dirfd, &other) != 0) {
        error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot examine the export folder");
        return false;
    }
    if (own.st_dev != other.st_dev || own.st_ino != other.st_ino)
        return true;
    error_set(error, TLOG_ERROR, TLOG_ERROR_INVALID,
              "a log cannot be exported into its own folder: a new checkpoint would be seen before "
              "its tiles");
    return false;
}

static bool
export_to(Tlog *tlog, int dirfd, GBytes *note, uint64_t size, GError **error)
{
    Export export = { .tlog = tlog, .dirfd = dirfd, .to = size };

    if (!refuse_own_folder(tlog, dirfd, error) || !find_exported(tlog, dirfd, &export.from, error))
        return false;
    if (export.from > size)
        return true; /* what readers have seen is not taken back */
    for (unsigned level = 0; level < TREE_TILE_LEVELS; level++) {
        if (!export_hashes(&export, level, error))
            return false;
    }
    if (!export_entries(&export, error))
        return false;
    if (os_syncfs(dirfd) != 0) {
        error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot sync the export folder");
        return false;
    }
    return file_write_atomic(dirfd, EXPORT_CHECKPOINT_NAME, span_of_bytes(note), 0644, error);
}

bool
tlog_export_note(Tlog *tlog, const char *dir_path, GBytes *note, GError **error)
{
    g_autoptr(Checkpoint) head = checkpoint_of_note(span_of_bytes(note), error);

    if (head == NULL || !dir_create_all(AT_FDCWD, dir_path, 0755, error))
        return false;
    AUTO_FD int dirfd = dir_open(AT_FDCWD, dir_path, error);
    if (dirfd < 0)
        return false;
    if (export_to(tlog, dirfd, note, head->head.size, error))
        return true;
    error_prefix(error, "cannot export log '%s' to '%s'", tlog->origin, dir_path);
    return false;
}

bool
tlog_export(Tlog *tlog, const char *dir_path, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) note = tlog_load_checkpoint(tlog, &local);

    if (note != NULL)
        return tlog_export_note(tlog, dir_path, note, error);
    if (g_error_matches(local, TLOG_ERROR, TLOG_ERROR_NOT_FOUND))
        return true;
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}
