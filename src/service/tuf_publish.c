/* SPDX-License-Identifier: Apache-2.0
 * tuf_publish: the files of the repository, in the order that lets no client see half of it.
 *
 *   targets/…/HASH.NAME   ─┐
 *   N.ROLE.json            ├─ never change, synced before anything names them
 *   N.targets.json         │
 *   N.snapshot.json       ─┘
 *   timestamp.json            replaced at once: from here on the new repository counts
 *   N.root.json               new ones last: the targets they ask for are signed for the root
 *                             before, too (tuf_apply), so either root leads to a whole repository.
 *                             Only where the online key changes do they go before the timestamp
 *   snapshots of long ago are removed, when nobody reads them any more
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/log.h"
#include "base/os.h"
#include "service/status.h"
#include "service/tuf_publish_priv.h"
#include "service/tuf_repo_priv.h"
#include "base/banned.h"

#define KEPT_SNAPSHOTS 16 /* a client between timestamp and snapshot must find the one before */
#define MAX_NAMES      100000
#define REFRESH_US     (INT64_C(3600) * 1000000)
#define GROWN_US       (INT64_C(10) * 1000000)
#define NAG_US         (INT64_C(30) * 24 * 3600 * 1000000)
#define PART_NAME      ".part"
#define TIMESTAMP_NAME "timestamp.json"
#define FILE_MODE      0644

typedef struct Publisher { /* one writing of the files; freed together */
    Engine *engine;
    TufState state;
    StatusFiles status;
    int dir_fd;       /* owned */
    json_t *meta;     /* owned: the snapshot's */
    GBytes *snapshot; /* owned */
} Publisher;

static void
publisher_clear(Publisher *publisher)
{
    tuf_state_clear(&publisher->state);
    status_files_clear(&publisher->status);
    fd_clear(&publisher->dir_fd);
    g_clear_pointer(&publisher->meta, json_decref);
    g_clear_pointer(&publisher->snapshot, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Publisher, publisher_clear)

/* ---- files that never change ------------------------------------------------------------------- */

static bool
put_file(const Publisher *publisher, const char *name, GBytes *bytes, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) there = NULL;

    if (file_write_new(publisher->dir_fd, name, span_of_bytes(bytes), FILE_MODE, &local))
        return true;
    if (error_kind(local) != ERROR_KIND_EXISTS) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    there = file_read(publisher->dir_fd, name, g_bytes_get_size(bytes), NULL);
    if (there != NULL && g_bytes_equal(there, bytes))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT,
              "'%s' is there with other content: the folder holds another repository", name);
    return false;
}

static bool
put_version(const Publisher *publisher, const char *role, int64_t version, GBytes *file,
            GError **error)
{
    g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT ".%s.json", version, role);

    return put_file(publisher, name, file, error);
}

/* A blob under a temporary name in the folder of its own, then under its name. */
static bool
copy_target(const Publisher *publisher, int folder_fd, const char *name, const Digest *digest,
            GError **error)
{
    AUTO_FD int fd = openat(folder_fd, PART_NAME,
                            O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);

    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot write target '%s'", name);
        return false;
    }
    if (!store_copy_to(publisher->engine->store, digest, fd, error))
        return false;
    if (os_fsync(fd) != 0 || os_rename(folder_fd, PART_NAME, folder_fd, name) != 0 ||
        os_fsync(folder_fd) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot write target '%s'", name);
        return false;
    }
    return true;
}

/* targets/FOLDER/HASH.NAME. One that is there with the right length was written whole. */
static bool
put_target(const Publisher *publisher, const char *path, const json_t *row, GError **error)
{
    const char *hex = json_string_value(json_object_get(json_object_get(row, "hashes"), "sha256"));
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *below = strcmp(folder, ".") == 0 ? g_strdup(TUF_TARGETS)
                                                      : g_strconcat(TUF_TARGETS "/", folder, NULL);
    g_autofree char *name = g_strdup_printf("%s.%s", hex, base);
    AUTO_FD int folder_fd = -1;
    struct stat info;
    Digest digest;

    if (!digest_from_hex(hex, &digest, error) ||
        !dir_create_all(publisher->dir_fd, below, 0755, error))
        return false;
    folder_fd = open_beneath(publisher->dir_fd, below, O_RDONLY | O_DIRECTORY, 0, error);
    if (folder_fd < 0)
        return false;
    if (fstatat(folder_fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) &&
        info.st_size == json_integer_value(json_object_get(row, "length")))
        return true;
    return copy_target(publisher, folder_fd, name, &digest, error);
}

/* One targets role with all it names, and its row in the snapshot. */
static bool
put_role(Publisher *publisher, const char *role, const json_t *metadata, GError **error)
{
    GBytes *file = g_hash_table_lookup(publisher->state.files, role);
    const char *path = NULL;
    json_t *row = NULL;

    json_object_foreach (json_object_get(metadata, "targets"), path, row) {
        if (!put_target(publisher, path, row, error))
            return false;
    }
    tuf_build_add_meta(publisher->meta, role, tuf_version_of(metadata), span_of_bytes(file));
    return put_version(publisher, role, tuf_version_of(metadata), file, error);
}

static bool
put_roles(Publisher *publisher, GError **error)
{
    const char *role = NULL;
    json_t *metadata = NULL;

    publisher->meta = json_object();
    json_object_foreach (publisher->state.roles, role, metadata) {
        if (strcmp(role, "root") != 0 && !put_role(publisher, role, metadata, error))
            return false;
    }
    return true;
}

/* ---- snapshot, timestamp, roots ---------------------------------------------------------------- */

/* Signed by the status key, with the status' number and end. */
static GBytes *
make_online(const Publisher *publisher, TufType type, json_t *meta, GError **error)
{
    g_autoptr(json_t) metadata =
        tuf_build_online(type, publisher->status.number, publisher->status.expires_us, meta);
    g_autoptr(json_t) envelope = tuf_build_envelope(metadata);
    g_autoptr(GBytes) payload = tuf_canonical(metadata, error);
    g_autoptr(PublicKey) key = NULL;
    g_autoptr(json_t) object = NULL;
    g_autofree char *keyid = NULL;
    g_auto(SignerSignature) signature = { 0 };

    if (payload == NULL ||
        !signer_sign_tuf(publisher->engine->signer, span_of_bytes(payload), &signature, error))
        return NULL;
    key = public_key_from_spki(span_of_bytes(signature.spki), error);
    object = key != NULL ? tuf_build_key(key, error) : NULL;
    keyid = object != NULL ? tuf_keyid(object, error) : NULL;
    if (keyid == NULL)
        return NULL;
    tuf_build_add_signature(envelope, keyid, span_of_bytes(signature.signature));
    return tuf_build_file(envelope, tuf_type_name(type), error);
}

static bool
put_snapshot(Publisher *publisher, GError **error)
{
    publisher->snapshot = make_online(publisher, TUF_TYPE_SNAPSHOT, publisher->meta, error);
    return publisher->snapshot != NULL &&
           put_version(publisher, "snapshot", publisher->status.number, publisher->snapshot, error);
}

static bool
put_timestamp(Publisher *publisher, GError **error)
{
    g_autoptr(json_t) meta = json_object();
    g_autoptr(GBytes) timestamp = NULL;

    tuf_build_add_meta(meta, "snapshot", publisher->status.number,
                       span_of_bytes(publisher->snapshot));
    timestamp = make_online(publisher, TUF_TYPE_TIMESTAMP, meta, error);
    return timestamp != NULL && file_write_atomic(publisher->dir_fd, TIMESTAMP_NAME,
                                                  span_of_bytes(timestamp), FILE_MODE, error);
}

static bool
put_roots(const Publisher *publisher, GError **error)
{
    const GPtrArray *roots = publisher->state.roots;

    for (guint i = 0; i < roots->len; i++) {
        if (!put_version(publisher, "root", (int64_t)i + 1, roots->pdata[i], error))
            return false;
    }
    return true;
}

/* Whether the newest root in the folder would refuse our timestamp. */
static bool
online_key_changed(const Publisher *publisher)
{
    const GPtrArray *roots = publisher->state.roots;
    const json_t *after =
        json_object_get(json_object_get(tuf_state_root(&publisher->state), "roles"), "timestamp");

    for (guint i = roots->len; i > 0; i--) {
        g_autofree char *name = g_strdup_printf("%u.root.json", i);
        g_autoptr(json_t) root = NULL;

        if (faccessat(publisher->dir_fd, name, F_OK, 0) != 0)
            continue;
        root = json_parse(span_of_bytes(roots->pdata[i - 1]), TUF_MAX_ROOT_BYTES, NULL);
        return !json_equal(
            after, json_object_get(json_object_get(json_object_get(root, "signed"), "roles"),
                                   "timestamp"));
    }
    return true; /* none yet */
}

/* Snapshots nobody is led to any more. Their numbers have as many digits, so names sort by age. */
static bool
remove_old_snapshots(const Publisher *publisher, GError **error)
{
    g_autoptr(GPtrArray) names = dir_list(publisher->dir_fd, ".", MAX_NAMES, error);
    g_autoptr(GPtrArray) snapshots = g_ptr_array_new();

    if (names == NULL)
        return false;
    for (guint i = 0; i < names->len; i++) {
        const char *name = names->pdata[i];

        if (strcmp(name + strspn(name, "0123456789"), ".snapshot.json") == 0)
            g_ptr_array_add(snapshots, (gpointer)name);
    }
    for (guint i = 0; i + KEPT_SNAPSHOTS < snapshots->len; i++) {
        if (os_unlink(publisher->dir_fd, snapshots->pdata[i], 0) != 0 && errno != ENOENT) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot remove '%s'",
                            (char *)snapshots->pdata[i]);
            return false;
        }
    }
    return true;
}

static bool
publish_all(Publisher *publisher, GError **error)
{
    bool roots_first = online_key_changed(publisher);

    return put_roles(publisher, error) && put_snapshot(publisher, error) &&
           (!roots_first || put_roots(publisher, error)) && put_timestamp(publisher, error) &&
           put_roots(publisher, error) && remove_old_snapshots(publisher, error);
}

/* The roles that people must sign again soon: [{role, expires}]. Owned. */
static json_t *
expiring(const Publisher *publisher)
{
    int64_t soon_us = clock_now_us(publisher->engine->clock) + NAG_US;
    json_t *list = json_array();
    const char *role = NULL;
    json_t *metadata = NULL;

    json_object_foreach (publisher->state.roles, role, metadata) {
        json_t *expires = json_object_get(metadata, "expires");
        int64_t expires_us = 0;

        if (clock_parse(json_string_value(expires), &expires_us) && expires_us < soon_us)
            json_array_append_new(list, json_pack("{s:s, s:O}", "role", role, "expires", expires));
    }
    return list;
}

static void
warn_expiring(const json_t *list)
{
    size_t i = 0;
    json_t *row = NULL;

    json_array_foreach (list, i, row)
        log_event(LOG_WARNING, "a role of the TUF repository expires: sign it again",
                  "SLIPWAY_ROLE", json_string_value(json_object_get(row, "role")),
                  "SLIPWAY_EXPIRES", json_string_value(json_object_get(row, "expires")), NULL);
}

/* One writer a folder: numbers are taken under the lock, so timestamps only rise. */
static bool
publish_into(Engine *engine, int parent_fd, const char *path, json_t **result_out, GError **error)
{
    g_auto(Publisher) publisher = { .engine = engine, .dir_fd = -1 };

    if (!tuf_state_load(engine, &publisher.state, error) ||
        !tuf_state_need(&publisher.state, error) || !dir_create_all(parent_fd, path, 0755, error))
        return false;
    publisher.dir_fd = dir_open(parent_fd, path, error);
    if (publisher.dir_fd < 0)
        return false;
    if (flock(publisher.dir_fd, LOCK_EX) != 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot lock '%s'", path);
        return false;
    }
    if (!status_files_make(engine, &publisher.status, error) || !publish_all(&publisher, error)) {
        error_prefix(error, "cannot publish the TUF repository to '%s'", path);
        return false;
    }
    if (result_out == NULL) {
        g_autoptr(json_t) list = expiring(&publisher);

        warn_expiring(list);
    } else {
        g_autofree char *expires = clock_format_seconds(publisher.status.expires_us);

        *result_out = json_pack("{s:s, s:I, s:s, s:o}", "path", path, "number",
                                (json_int_t)publisher.status.number, "expires", expires, "expiring",
                                expiring(&publisher));
    }
    return true;
}

bool
tuf_repo_publish(Engine *engine, const char *path, json_t **result_out, GError **error)
{
    return publish_into(engine, AT_FDCWD, path, result_out, error);
}

bool
tuf_publish_home(Engine *engine, GError **error)
{
    return publish_into(engine, engine->home_fd, TUF_VIEW_FOLDER, NULL, error);
}

/* ---- what the server answers from -------------------------------------------------------------- */

/* The number of the timestamp in the data folder, which is about its time; 0: none that is whole. */
static int64_t
published_number(const Engine *engine)
{
    g_autoptr(GBytes) text = file_read(engine->home_fd, TUF_VIEW_FOLDER "/" TIMESTAMP_NAME,
                                       TUF_MAX_TIMESTAMP_BYTES, NULL);
    g_autoptr(json_t) envelope =
        text != NULL ? json_parse(span_of_bytes(text), TUF_MAX_TIMESTAMP_BYTES, NULL) : NULL;

    return tuf_version_of(json_object_get(envelope, "signed"));
}

bool
tuf_view_refresh(Engine *engine, uint64_t *seen_size, GError **error)
{
    int64_t age_us = clock_now_us(engine->clock) - published_number(engine);
    uint64_t size = tlog_get_size(engine->tlog);
    bool grown = size != *seen_size && age_us >= GROWN_US;

    if (age_us >= 0 && age_us < REFRESH_US && !grown)
        return true;
    if (!tuf_publish_home(engine, error))
        return false;
    *seen_size = size;
    return true;
}

bool
tuf_view_open(Engine *engine, const char *path, int *fd_out, uint64_t *size_out, GError **error)
{
    AUTO_FD int dir = openat(engine->home_fd, TUF_VIEW_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_FD int fd = dir >= 0 ? open_beneath(dir, path, O_RDONLY, 0, NULL) : -1;
    struct stat info;

    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the TUF repository has no file '%s'",
                  path);
        return false;
    }
    *size_out = (uint64_t)info.st_size;
    *fd_out = fd_steal(&fd);
    return true;
}
