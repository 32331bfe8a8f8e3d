/* SPDX-License-Identifier: Apache-2.0
 * tuf_set: what a client trusts, and the one order in which it may learn more.
 *
 *   root ──► root … ──► timestamp ──► snapshot ──► targets ──► delegated targets …
 *
 * A file that is expired, or is not the version another file names, may already be in the set: it
 * protects against rollback, but nothing may be built on it (check_timestamp, check_snapshot). */
#include <openssl/evp.h>
#include <string.h>
#include "attest/tuf_priv.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/banned.h"

struct TufSet {
    int64_t now_us;
    TufFile *root;      /* owned */
    TufFile *timestamp; /* owned or NULL */
    TufFile *snapshot;  /* owned or NULL */
    GHashTable *roles;  /* owned: role name to owned TufFile, "targets" among them */
};

static void
free_file(void *file)
{
    tuf_file_free(file);
}

void
tuf_set_free(TufSet *set)
{
    if (set == NULL)
        return;
    tuf_file_free(set->root);
    tuf_file_free(set->timestamp);
    tuf_file_free(set->snapshot);
    g_hash_table_unref(set->roles);
    g_free(set);
}

static bool
verify_by_root(const TufFile *root, const TufFile *file, const char *name, GError **error)
{
    TufRole role = { 0 };

    if (!tuf_root_role(root, name, &role)) {
        error_set(error, TUF_ERROR, TUF_ERROR_METADATA, "the root does not name role '%s'", name);
        return false;
    }
    return tuf_role_verify(&role, file, name, error);
}

static bool
out_of_order(GError **error, const char *what)
{
    error_set(error, TUF_ERROR, TUF_ERROR_ORDER, "%s", what);
    return false;
}

static bool
check_expiry(const TufSet *set, const TufFile *file, const char *name, GError **error)
{
    if (set->now_us < file->expires_us)
        return true;
    g_autofree char *when = NULL;
    when = g_strdup(json_string_value(json_object_get(file->signed_part, "expires")));
    error_set(error, TUF_ERROR, TUF_ERROR_EXPIRED, "'%s' expired at %s", name, when);
    return false;
}

/* ---- root -------------------------------------------------------------------------------------- */

TufSet *
tuf_set_new(Span root, int64_t now_us, GError **error)
{
    g_autoptr(TufFile) file = tuf_file_parse(root, TUF_TYPE_ROOT, error);
    TufSet *set = NULL;

    if (file == NULL || !verify_by_root(file, file, "root", error)) {
        error_prefix(error, "trusted root");
        return NULL;
    }
    set = g_new0(TufSet, 1);
    set->now_us = now_us;
    set->root = g_steal_pointer(&file);
    set->roles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_file);
    return set;
}

bool
tuf_set_update_root(TufSet *set, Span bytes, GError **error)
{
    g_autoptr(TufFile) file = NULL;

    if (set->timestamp != NULL)
        return out_of_order(error, "the root cannot change after the timestamp");
    file = tuf_file_parse(bytes, TUF_TYPE_ROOT, error);
    if (file == NULL || !verify_by_root(set->root, file, "root", error))
        return false;
    if (file->version != set->root->version + 1) {
        error_set(error, TUF_ERROR, TUF_ERROR_VERSION,
                  "the next root must be version %" G_GINT64_FORMAT ", not %" G_GINT64_FORMAT,
                  set->root->version + 1, file->version);
        return false;
    }
    if (!verify_by_root(file, file, "root", error))
        return false;
    tuf_file_free(set->root);
    set->root = g_steal_pointer(&file);
    return true;
}

bool
tuf_set_consistent(const TufSet *set)
{
    return json_is_true(json_object_get(set->root->signed_part, "consistent_snapshot"));
}

/* ---- timestamp --------------------------------------------------------------------------------- */

static void
meta_from(const json_t *row, TufMeta *out)
{
    const json_t *length = json_object_get(row, "length");

    *out = (TufMeta){ .version = json_integer_value(json_object_get(row, "version")),
                      .length = length != NULL ? json_integer_value(length) : -1,
                      .hashes = json_object_get(row, "hashes") };
}

static void
snapshot_meta_of(const TufFile *timestamp, TufMeta *out)
{
    meta_from(json_object_get(json_object_get(timestamp->signed_part, "meta"), "snapshot.json"),
              out);
}

bool
tuf_set_snapshot_meta(const TufSet *set, TufMeta *out)
{
    if (set->timestamp == NULL)
        return false;
    snapshot_meta_of(set->timestamp, out);
    return true;
}

static bool
rolled_back(GError **error, const char *name, int64_t trusted, int64_t offered)
{
    error_set(error, TUF_ERROR, TUF_ERROR_VERSION,
              "'%s' is version %" G_GINT64_FORMAT " where version %" G_GINT64_FORMAT
              " is trusted already",
              name, offered, trusted);
    return false;
}

static bool
check_timestamp_step(const TufSet *set, const TufFile *file, GError **error)
{
    TufMeta before = { 0 }, after = { 0 };

    if (set->timestamp == NULL)
        return true;
    if (file->version < set->timestamp->version)
        return rolled_back(error, "timestamp", set->timestamp->version, file->version);
    if (file->version == set->timestamp->version) {
        error_set(error, TUF_ERROR, TUF_ERROR_SAME_VERSION,
                  "timestamp version %" G_GINT64_FORMAT " is trusted already", file->version);
        return false;
    }
    snapshot_meta_of(set->timestamp, &before);
    snapshot_meta_of(file, &after);
    return after.version >= before.version ||
           rolled_back(error, "snapshot", before.version, after.version);
}

bool
tuf_set_update_timestamp(TufSet *set, Span bytes, GError **error)
{
    g_autoptr(TufFile) file = NULL;

    if (set->snapshot != NULL)
        return out_of_order(error, "the timestamp cannot change after the snapshot");
    if (!check_expiry(set, set->root, "root", error))
        return false;
    file = tuf_file_parse(bytes, TUF_TYPE_TIMESTAMP, error);
    if (file == NULL || !verify_by_root(set->root, file, "timestamp", error) ||
        !check_timestamp_step(set, file, error))
        return false;
    tuf_file_free(set->timestamp);
    set->timestamp = g_steal_pointer(&file);
    return check_expiry(set, set->timestamp, "timestamp", error);
}

/* ---- lengths and hashes ------------------------------------------------------------------------ */

static const char *
algorithm_of(const char *name)
{
    return strcmp(name, "sha256") == 0   ? "SHA256"
           : strcmp(name, "sha384") == 0 ? "SHA384"
           : strcmp(name, "sha512") == 0 ? "SHA512"
                                         : NULL;
}

bool
tuf_hashes_fit(const json_t *hashes, Span bytes, GError **error)
{
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach ((json_t *)hashes, name, value) {
        const char *algorithm = algorithm_of(name);
        uint8_t digest[EVP_MAX_MD_SIZE];
        size_t len = 0;

        if (algorithm == NULL ||
            EVP_Q_digest(NULL, algorithm, NULL, bytes.data, bytes.len, digest, &len) != 1) {
            error_set(error, TUF_ERROR, TUF_ERROR_METADATA,
                      "hash algorithm '%s' is not one of sha256, sha384, sha512", name);
            return false;
        }
        g_autofree char *hex = hex_encode(span_of(digest, len));
        if (strcmp(hex, json_string_value(value)) != 0) {
            error_set(error, TUF_ERROR, TUF_ERROR_MISMATCH, "%s is %s, the metadata says %s", name,
                      hex, json_string_value(value));
            return false;
        }
    }
    return true;
}

static bool
meta_fits(const TufMeta *meta, Span bytes, const char *name, GError **error)
{
    if (meta->length >= 0 && (uint64_t)meta->length != bytes.len) {
        error_set(error, TUF_ERROR, TUF_ERROR_MISMATCH,
                  "'%s' has %zu bytes, the metadata says %" G_GINT64_FORMAT, name, bytes.len,
                  meta->length);
        return false;
    }
    if (meta->hashes != NULL && !tuf_hashes_fit(meta->hashes, bytes, error)) {
        error_prefix(error, "'%s'", name);
        return false;
    }
    return true;
}

/* ---- snapshot ---------------------------------------------------------------------------------- */

static bool
check_snapshot_step(const TufFile *before, const TufFile *after, GError **error)
{
    const json_t *old_meta = json_object_get(before->signed_part, "meta");
    const json_t *new_meta = json_object_get(after->signed_part, "meta");
    const char *name = NULL;
    json_t *row = NULL;

    json_object_foreach ((json_t *)old_meta, name, row) {
        const json_t *now = json_object_get(new_meta, name);
        TufMeta old_row = { 0 }, new_row = { 0 };

        if (now == NULL) {
            error_set(error, TUF_ERROR, TUF_ERROR_VERSION, "the new snapshot lacks '%s'", name);
            return false;
        }
        meta_from(row, &old_row);
        meta_from(now, &new_row);
        if (new_row.version < old_row.version)
            return rolled_back(error, name, old_row.version, new_row.version);
    }
    return true;
}

/* The snapshot may be built on: current, and the one the timestamp names. */
static bool
check_snapshot(const TufSet *set, GError **error)
{
    TufMeta meta = { 0 };

    snapshot_meta_of(set->timestamp, &meta);
    if (!check_expiry(set, set->snapshot, "snapshot", error))
        return false;
    if (set->snapshot->version == meta.version)
        return true;
    error_set(error, TUF_ERROR, TUF_ERROR_VERSION,
              "the snapshot is version %" G_GINT64_FORMAT ", the timestamp says %" G_GINT64_FORMAT,
              set->snapshot->version, meta.version);
    return false;
}

bool
tuf_set_update_snapshot(TufSet *set, Span bytes, TufUpdateFlags flags, GError **error)
{
    g_autoptr(TufFile) file = NULL;
    TufMeta meta = { 0 };

    if (set->timestamp == NULL || g_hash_table_size(set->roles) > 0)
        return out_of_order(error, "the snapshot comes after the timestamp, before all targets");
    if (!check_expiry(set, set->timestamp, "timestamp", error))
        return false;
    snapshot_meta_of(set->timestamp, &meta);
    if ((flags & TUF_KEPT) == 0 && !meta_fits(&meta, bytes, "snapshot", error))
        return false;
    file = tuf_file_parse(bytes, TUF_TYPE_SNAPSHOT, error);
    if (file == NULL || !verify_by_root(set->root, file, "snapshot", error) ||
        (set->snapshot != NULL && !check_snapshot_step(set->snapshot, file, error)))
        return false;
    tuf_file_free(set->snapshot);
    set->snapshot = g_steal_pointer(&file);
    return check_snapshot(set, error);
}

bool
tuf_set_targets_meta(const TufSet *set, const char *role, TufMeta *out)
{
    g_autofree char *name = g_strconcat(role, ".json", NULL);
    const json_t *row =
        set->snapshot != NULL
            ? json_object_get(json_object_get(set->snapshot->signed_part, "meta"), name)
            : NULL;

    if (row == NULL)
        return false;
    meta_from(row, out);
    return true;
}

/* ---- targets ----------------------------------------------------------------------------------- */

static bool
find_delegation(const TufSet *set, const char *role, const char *delegator, TufRole *out,
                GError **error)
{
    const TufFile *from = g_hash_table_lookup(set->roles, delegator);
    bool found = strcmp(delegator, "root") == 0 ? tuf_root_role(set->root, role, out)
                                                : from != NULL && tuf_targets_role(from, role, out);

    if (!found)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "'%s' does not delegate to '%s'",
                  delegator, role);
    return found;
}

bool
tuf_set_update_targets(TufSet *set, const char *role, const char *delegator, Span bytes,
                       GError **error)
{
    g_autoptr(TufFile) file = NULL;
    TufMeta meta = { 0 };
    TufRole signers = { 0 };

    if (set->snapshot == NULL)
        return out_of_order(error, "targets come after the snapshot");
    if (!check_snapshot(set, error) || !find_delegation(set, role, delegator, &signers, error))
        return false;
    if (!tuf_set_targets_meta(set, role, &meta)) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the snapshot does not name '%s'", role);
        return false;
    }
    if (!meta_fits(&meta, bytes, role, error))
        return false;
    file = tuf_file_parse(bytes, TUF_TYPE_TARGETS, error);
    if (file == NULL || !tuf_role_verify(&signers, file, role, error))
        return false;
    if (file->version != meta.version) {
        error_set(error, TUF_ERROR, TUF_ERROR_VERSION,
                  "'%s' is version %" G_GINT64_FORMAT ", the snapshot says %" G_GINT64_FORMAT, role,
                  file->version, meta.version);
        return false;
    }
    if (!check_expiry(set, file, role, error))
        return false;
    g_hash_table_replace(set->roles, g_strdup(role), g_steal_pointer(&file));
    return true;
}

bool
tuf_set_check_delegation(const TufSet *set, const char *role, const char *delegator, GError **error)
{
    const TufFile *file = g_hash_table_lookup(set->roles, role);
    TufRole signers = { 0 };

    if (file == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "'%s' is not trusted yet", role);
        return false;
    }
    return find_delegation(set, role, delegator, &signers, error) &&
           tuf_role_verify(&signers, file, role, error);
}

int64_t
tuf_set_version(const TufSet *set, const char *role)
{
    const TufFile *file = strcmp(role, "root") == 0        ? set->root
                          : strcmp(role, "timestamp") == 0 ? set->timestamp
                          : strcmp(role, "snapshot") == 0  ? set->snapshot
                                                           : g_hash_table_lookup(set->roles, role);

    return file != NULL ? file->version : -1;
}

void
tuf_target_clear(TufTarget *target)
{
    g_clear_pointer(&target->path, g_free);
}

bool
tuf_set_target(const TufSet *set, const char *role, const char *path, TufTarget *out)
{
    const TufFile *file = g_hash_table_lookup(set->roles, role);
    const json_t *row =
        file != NULL ? json_object_get(json_object_get(file->signed_part, "targets"), path) : NULL;

    if (row == NULL)
        return false;
    *out = (TufTarget){ .path = g_strdup(path),
                        .length = json_integer_value(json_object_get(row, "length")),
                        .hashes = json_object_get(row, "hashes") };
    return true;
}

GPtrArray *
tuf_set_delegated(const TufSet *set, const char *role, const char *path, bool *terminating_out)
{
    const TufFile *file = g_hash_table_lookup(set->roles, role);

    *terminating_out = false;
    return file != NULL ? tuf_file_delegated(file, path, terminating_out)
                        : g_ptr_array_new_with_free_func(g_free);
}
