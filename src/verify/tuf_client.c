/* SPDX-License-Identifier: Apache-2.0
 * tuf_client: see tuf_client.h. Each role is first taken from the folder, if what is there still
 * holds; only then asked for. */
#include "verify/tuf_client.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/os.h"
#include "base/banned.h"

#define MAX_KEPT_BYTES   TUF_MAX_TARGETS_BYTES
#define MAX_TARGET_BYTES (UINT64_C(1) << 40)
#define PART_SUFFIX      "%part" /* no target is kept under a name that ends so: see quote */

struct TufClient {
    int dir_fd;       /* borrowed */
    TufSource source; /* copied */
    TufSet *set;      /* owned */
};

void
tuf_client_free(TufClient *client)
{
    if (client == NULL)
        return;
    tuf_set_free(client->set);
    g_free(client);
}

const TufSet *
tuf_client_set(const TufClient *client)
{
    return client->set;
}

/* ---- names and bytes --------------------------------------------------------------------------- */

/* One file name out of any role name or target path: everything but letters, digits and "_.-~" as
 * %XX. */
static char *
quote(const char *text)
{
    return g_uri_escape_string(text, NULL, false);
}

static char *
kept_name(const char *role)
{
    g_autofree char *quoted = quote(role);

    return g_strconcat(quoted, ".json", NULL);
}

static char *
served_name(const TufClient *client, const char *role, int64_t version)
{
    g_autofree char *name = kept_name(role);

    return tuf_set_consistent(client->set)
               ? g_strdup_printf("%" G_GINT64_FORMAT ".%s", version, name)
               : g_steal_pointer(&name);
}

/* Fetches a small file whole. @out: set when DONE. */
static TufFetched
fetch_bytes(const TufClient *client, const char *name, uint64_t limit, GBytes **out, GError **error)
{
    AUTO_FD int fd = memfd_create("tuf", MFD_CLOEXEC);
    TufFetched fetched = TUF_FETCH_FAILED;

    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot make a file in memory");
        return TUF_FETCH_FAILED;
    }
    fetched = client->source.fetch(client->source.data, TUF_PLACE_METADATA, name, limit, fd, error);
    if (fetched != TUF_FETCH_DONE)
        return fetched;
    if (lseek(fd, 0, SEEK_SET) != 0 || (*out = fd_read_all(fd, (size_t)limit, error)) == NULL)
        return TUF_FETCH_FAILED;
    return TUF_FETCH_DONE;
}

static GBytes *
fetch_needed(const TufClient *client, const char *name, uint64_t limit, GError **error)
{
    GBytes *bytes = NULL;
    TufFetched fetched = fetch_bytes(client, name, limit, &bytes, error);

    if (fetched == TUF_FETCH_ABSENT)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the repository has no '%s'", name);
    return bytes;
}

static GBytes *
read_kept(const TufClient *client, const char *role)
{
    g_autofree char *name = kept_name(role);

    return file_read(client->dir_fd, name, MAX_KEPT_BYTES, NULL);
}

static bool
keep(const TufClient *client, const char *role, GBytes *bytes, GError **error)
{
    g_autofree char *name = kept_name(role);

    return file_write_atomic(client->dir_fd, name, span_of_bytes(bytes), 0644, error);
}

/* ---- the top-level roles ----------------------------------------------------------------------- */

bool
tuf_client_init(int dir_fd, Span root, GError **error)
{
    g_autoptr(TufSet) set = tuf_set_new(root, 0, error);

    return set != NULL && file_write_new(dir_fd, "root.json", root, 0644, error);
}

static bool
load_root(TufClient *client, int64_t now_us, GError **error)
{
    g_autoptr(GBytes) first = file_read(client->dir_fd, "root.json", TUF_MAX_ROOT_BYTES, error);

    if (first == NULL)
        return false;
    client->set = tuf_set_new(span_of_bytes(first), now_us, error);
    if (client->set == NULL)
        return false;
    for (int i = 0; i < TUF_MAX_ROOT_ROTATIONS; i++) {
        g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT ".root.json",
                                                tuf_set_version(client->set, "root") + 1);
        g_autoptr(GBytes) bytes = NULL;
        TufFetched fetched = fetch_bytes(client, name, TUF_MAX_ROOT_BYTES, &bytes, error);

        if (fetched != TUF_FETCH_DONE)
            return fetched == TUF_FETCH_ABSENT;
        if (!tuf_set_update_root(client->set, span_of_bytes(bytes), error) ||
            !keep(client, "root", bytes, error))
            return false;
    }
    return true;
}

static bool
load_timestamp(TufClient *client, GError **error)
{
    g_autoptr(GBytes) kept = read_kept(client, "timestamp");
    g_autoptr(GBytes) bytes = NULL;
    GError *local = NULL;

    if (kept != NULL && !tuf_set_update_timestamp(client->set, span_of_bytes(kept), &local))
        error_ignore(false, &local, "a kept file that no longer holds is asked for anew");
    bytes = fetch_needed(client, "timestamp.json", TUF_MAX_TIMESTAMP_BYTES, error);
    if (bytes == NULL)
        return false;
    if (tuf_set_update_timestamp(client->set, span_of_bytes(bytes), &local))
        return keep(client, "timestamp", bytes, error);
    if (g_error_matches(local, TUF_ERROR, TUF_ERROR_SAME_VERSION)) {
        error_ignore(false, &local, "nothing is newer; the trusted one is checked when used");
        return true;
    }
    g_propagate_error(error, local);
    return false;
}

static bool
load_snapshot(TufClient *client, GError **error)
{
    g_autoptr(GBytes) kept = read_kept(client, "snapshot");
    g_autoptr(GBytes) bytes = NULL;
    g_autofree char *name = NULL;
    TufMeta meta = { 0 };
    GError *local = NULL;

    if (kept != NULL) {
        if (tuf_set_update_snapshot(client->set, span_of_bytes(kept), TUF_KEPT, &local))
            return true;
        error_ignore(false, &local, "a kept file that no longer holds is asked for anew");
    }
    tuf_set_snapshot_meta(client->set, &meta);
    name = served_name(client, "snapshot", meta.version);
    bytes = fetch_needed(client, name,
                         meta.length >= 0 ? MIN((uint64_t)meta.length, TUF_MAX_SNAPSHOT_BYTES)
                                          : TUF_MAX_SNAPSHOT_BYTES,
                         error);
    return bytes != NULL && tuf_set_update_snapshot(client->set, span_of_bytes(bytes), 0, error) &&
           keep(client, "snapshot", bytes, error);
}

static bool
load_targets(TufClient *client, const char *role, const char *delegator, GError **error)
{
    g_autoptr(GBytes) kept = NULL;
    g_autoptr(GBytes) bytes = NULL;
    g_autofree char *name = NULL;
    TufMeta meta = { 0 };
    GError *local = NULL;

    if (tuf_set_version(client->set, role) >= 0)
        return tuf_set_check_delegation(client->set, role, delegator, error);
    kept = read_kept(client, role);
    if (kept != NULL) {
        if (tuf_set_update_targets(client->set, role, delegator, span_of_bytes(kept), &local))
            return true;
        error_ignore(false, &local, "a kept file that no longer holds is asked for anew");
    }
    if (!tuf_set_targets_meta(client->set, role, &meta)) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the snapshot does not name '%s'", role);
        return false;
    }
    name = served_name(client, role, meta.version);
    bytes = fetch_needed(client, name,
                         meta.length >= 0 ? MIN((uint64_t)meta.length, TUF_MAX_TARGETS_BYTES)
                                          : TUF_MAX_TARGETS_BYTES,
                         error);
    return bytes != NULL &&
           tuf_set_update_targets(client->set, role, delegator, span_of_bytes(bytes), error) &&
           keep(client, role, bytes, error);
}

TufClient *
tuf_client_refresh(int dir_fd, const TufSource *source, int64_t now_us, GError **error)
{
    g_autoptr(TufClient) client = g_new0(TufClient, 1);

    client->dir_fd = dir_fd;
    client->source = *source;
    if (!load_root(client, now_us, error) || !load_timestamp(client, error) ||
        !load_snapshot(client, error) || !load_targets(client, "targets", "root", error))
        return NULL;
    return g_steal_pointer(&client);
}

/* ---- targets ----------------------------------------------------------------------------------- */

typedef struct Visit {
    char *role;      /* owned */
    char *delegator; /* owned */
} Visit;

static void
visit_free(void *data)
{
    Visit *visit = data;

    g_free(visit->role);
    g_free(visit->delegator);
    g_free(visit);
}

static void
push_visit(GPtrArray *stack, const char *role, const char *delegator)
{
    Visit *visit = g_new0(Visit, 1);

    visit->role = g_strdup(role);
    visit->delegator = g_strdup(delegator);
    g_ptr_array_add(stack, visit);
}

/* Roles are visited before those they delegate to, first delegation first; a terminating one ends
 * what its elders left to look at. */
static void
push_delegated(TufClient *client, GPtrArray *stack, const char *role, const char *path)
{
    bool terminating = false;
    g_autoptr(GPtrArray) names = tuf_set_delegated(client->set, role, path, &terminating);

    if (terminating)
        g_ptr_array_set_size(stack, 0);
    for (guint i = names->len; i > 0; i--)
        push_visit(stack, names->pdata[i - 1], role);
}

bool
tuf_client_find(TufClient *client, const char *path, TufTarget *out, GError **error)
{
    g_autoptr(GPtrArray) stack = g_ptr_array_new_with_free_func(visit_free);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    push_visit(stack, "targets", "root");
    while (stack->len > 0) {
        Visit *visit = g_ptr_array_steal_index(stack, stack->len - 1);
        g_autofree char *role = g_strdup(visit->role);
        bool again = !g_hash_table_add(seen, g_strdup(role));
        bool loaded = again || load_targets(client, role, visit->delegator, error);

        visit_free(visit);
        if (!loaded)
            return false;
        if (again)
            continue;
        if (tuf_set_target(client->set, role, path, out))
            return true;
        if (g_hash_table_size(seen) > TUF_MAX_DELEGATIONS) {
            error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                      "'%s' is not in the first %d roles looked at", path, TUF_MAX_DELEGATIONS);
            return false;
        }
        push_delegated(client, stack, role, path);
    }
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the repository has no target '%s'", path);
    return false;
}

/* "a/b/HASH.name" where names carry hashes, else the path. */
static char *
target_path(const TufClient *client, const TufTarget *target)
{
    const char *slash = strrchr(target->path, '/');
    void *first = json_object_iter((json_t *)target->hashes);
    const char *hash = json_string_value(json_object_iter_value(first));

    if (!tuf_set_consistent(client->set))
        return g_strdup(target->path);
    if (slash == NULL)
        return g_strdup_printf("%s.%s", hash, target->path);
    return g_strdup_printf("%.*s/%s.%s", (int)(slash - target->path), target->path, hash,
                           slash + 1);
}

/* Targets may be large: they are mapped, not read. */
static bool
check_target(const TufTarget *target, int fd, GError **error)
{
    struct stat stat = { 0 };
    void *map = NULL;
    bool ok = false;

    if (fstat(fd, &stat) != 0 || stat.st_size != target->length) {
        error_set(error, TUF_ERROR, TUF_ERROR_MISMATCH,
                  "'%s' has %lld bytes, the metadata says %" G_GINT64_FORMAT, target->path,
                  (long long)stat.st_size, target->length);
        return false;
    }
    if (stat.st_size == 0)
        return tuf_hashes_fit(target->hashes, span_of("", 0), error);
    map = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read target '%s'", target->path);
        return false;
    }
    ok = tuf_hashes_fit(target->hashes, span_of(map, (size_t)stat.st_size), error);
    munmap(map, (size_t)stat.st_size);
    if (!ok)
        error_prefix(error, "'%s'", target->path);
    return ok;
}

static bool
have_already(const TufTarget *target, int dir_fd, const char *name)
{
    AUTO_FD int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    g_autoptr(GError) local = NULL;

    return fd >= 0 && check_target(target, fd, &local);
}

/* Under a temporary name until it is known to be right. */
static bool
fetch_target(TufClient *client, const TufTarget *target, int dir_fd, const char *name,
             GError **error)
{
    g_autofree char *path = target_path(client, target);
    g_autofree char *temporary = g_strconcat(name, PART_SUFFIX, NULL);
    AUTO_FD int fd =
        openat(dir_fd, temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    TufFetched fetched = TUF_FETCH_FAILED;

    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot write target '%s'", target->path);
        return false;
    }
    fetched = client->source.fetch(client->source.data, TUF_PLACE_TARGETS, path,
                                   MIN((uint64_t)target->length, MAX_TARGET_BYTES), fd, error);
    if (fetched == TUF_FETCH_ABSENT)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the repository has no '%s'", path);
    if (fetched == TUF_FETCH_DONE && check_target(target, fd, error)) {
        if (os_fsync(fd) == 0 && os_rename(dir_fd, temporary, dir_fd, name) == 0)
            return true;
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot keep target '%s'", target->path);
    }
    os_unlink(dir_fd, temporary, 0);
    return false;
}

bool
tuf_client_download(TufClient *client, const TufTarget *target, int dir_fd, GError **error)
{
    bool is_dots = strcmp(target->path, ".") == 0 || strcmp(target->path, "..") == 0;
    g_autofree char *name =
        is_dots ? g_strdup(target->path[1] == '.' ? "%2E%2E" : "%2E") : quote(target->path);

    return have_already(target, dir_fd, name) || fetch_target(client, target, dir_fd, name, error);
}
