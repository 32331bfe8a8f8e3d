/* SPDX-License-Identifier: Apache-2.0
 * tuf_metadata: one metadata file, its form checked whole before anything in it is used (TUF
 * specification 1.0 section 4). */
#include <string.h>
#include "attest/tuf_priv.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/banned.h"

static const char *const type_names[TUF_N_TYPES] = {
    [TUF_TYPE_NONE] = "none",           [TUF_TYPE_ROOT] = "root",
    [TUF_TYPE_TIMESTAMP] = "timestamp", [TUF_TYPE_SNAPSHOT] = "snapshot",
    [TUF_TYPE_TARGETS] = "targets",
};
static const size_t max_bytes[TUF_N_TYPES] = {
    [TUF_TYPE_ROOT] = TUF_MAX_ROOT_BYTES,
    [TUF_TYPE_TIMESTAMP] = TUF_MAX_TIMESTAMP_BYTES,
    [TUF_TYPE_SNAPSHOT] = TUF_MAX_SNAPSHOT_BYTES,
    [TUF_TYPE_TARGETS] = TUF_MAX_TARGETS_BYTES,
};

G_DEFINE_QUARK(tuf - error, tuf_error)

const char *
tuf_type_name(TufType type)
{
    return type < TUF_N_TYPES ? type_names[type] : "none";
}

static bool PRINTF_LIKE(2, 3) refuse(GError **error, const char *format, ...)
{
    va_list args;
    g_autofree char *text = NULL;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    error_set(error, TUF_ERROR, TUF_ERROR_METADATA, "%s", text);
    return false;
}

static bool
check_hashes(const json_t *hashes, bool needed, const char *where, GError **error)
{
    const char *name = NULL;
    json_t *value = NULL;

    if (hashes == NULL && !needed)
        return true;
    if (!json_is_object(hashes) || json_object_size(hashes) == 0)
        return refuse(error, "%s: 'hashes' must be an object with at least one hash", where);
    json_object_foreach ((json_t *)hashes, name, value) {
        if (!json_is_string(value))
            return refuse(error, "%s: hash '%s' must be text", where, name);
    }
    return true;
}

/* Members of "meta" in timestamp and snapshot, and of "targets". */
static bool
check_file_rows(const json_t *rows, bool is_target, const char *where, GError **error)
{
    const char *name = NULL;
    json_t *row = NULL;

    if (!json_is_object(rows))
        return refuse(error, "%s must be an object", where);
    json_object_foreach ((json_t *)rows, name, row) {
        const json_t *length = json_object_get(row, "length");
        const json_t *version = json_object_get(row, "version");

        if (!json_is_object(row))
            return refuse(error, "%s: '%s' must be an object", where, name);
        if (is_target ? !json_is_integer(length) : length != NULL && !json_is_integer(length))
            return refuse(error, "%s: 'length' of '%s' must be an integer", where, name);
        if (length != NULL && json_integer_value(length) < 0)
            return refuse(error, "%s: 'length' of '%s' is negative", where, name);
        if (!is_target && (!json_is_integer(version) || json_integer_value(version) < 1))
            return refuse(error, "%s: 'version' of '%s' must be an integer from 1", where, name);
        if (!check_hashes(json_object_get(row, "hashes"), is_target, where, error))
            return false;
    }
    return true;
}

static bool
check_keys(const json_t *keys, const char *where, GError **error)
{
    const char *keyid = NULL;
    json_t *key = NULL;

    if (!json_is_object(keys) || json_object_size(keys) > TUF_MAX_KEYS)
        return refuse(error, "%s: 'keys' must be an object of at most %d keys", where,
                      TUF_MAX_KEYS);
    json_object_foreach ((json_t *)keys, keyid, key) {
        if (!json_is_string(json_object_get(key, "keytype")) ||
            !json_is_string(json_object_get(key, "scheme")) ||
            !json_is_object(json_object_get(key, "keyval")))
            return refuse(error, "%s: key '%s' lacks keytype, scheme or keyval", where, keyid);
    }
    return true;
}

/* Keyids (each once) and a threshold from 1. */
static bool
check_role(const json_t *role, const char *where, GError **error)
{
    const json_t *keyids = json_object_get(role, "keyids");
    const json_t *threshold = json_object_get(role, "threshold");
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    if (!json_is_array(keyids) || json_array_size(keyids) > TUF_MAX_KEYS ||
        !json_is_integer(threshold) || json_integer_value(threshold) < 1)
        return refuse(error, "role '%s' needs keyids and a threshold from 1", where);
    for (size_t i = 0; i < json_array_size(keyids); i++) {
        const char *keyid = json_string_value(json_array_get(keyids, i));

        if (keyid == NULL || !g_hash_table_add(seen, (gpointer)keyid))
            return refuse(error, "role '%s': a keyid is not text or is listed twice", where);
    }
    return true;
}

static bool
check_root(const json_t *root, GError **error)
{
    static const char *const needed[] = { "root", "timestamp", "snapshot", "targets" };
    const json_t *roles = json_object_get(root, "roles");
    const json_t *consistent = json_object_get(root, "consistent_snapshot");

    if (!check_keys(json_object_get(root, "keys"), "root", error))
        return false;
    if (consistent != NULL && !json_is_boolean(consistent))
        return refuse(error, "root: 'consistent_snapshot' must be true or false");
    if (!json_is_object(roles) || json_object_size(roles) != G_N_ELEMENTS(needed))
        return refuse(error, "root: 'roles' must name root, timestamp, snapshot and targets");
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (!check_role(json_object_get(roles, needed[i]), needed[i], error))
            return false;
    }
    return true;
}

static bool
check_texts(const json_t *array, const char *where, GError **error)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (!json_is_string(json_array_get(array, i)))
            return refuse(error, "%s must be a list of texts", where);
    }
    return json_is_array(array) || refuse(error, "%s must be a list", where);
}

static bool
check_delegated_role(const json_t *role, GHashTable *names, GError **error)
{
    const char *name = json_string_value(json_object_get(role, "name"));
    const json_t *paths = json_object_get(role, "paths");
    const json_t *prefixes = json_object_get(role, "path_hash_prefixes");

    if (name == NULL || name[0] == '\0' || !g_hash_table_add(names, (gpointer)name))
        return refuse(error, "delegations: a role has no name or the name of another");
    for (TufType type = TUF_TYPE_ROOT; type < TUF_N_TYPES; type++) {
        if (strcmp(name, type_names[type]) == 0)
            return refuse(error, "delegations: '%s' cannot be delegated", name);
    }
    if (!json_is_boolean(json_object_get(role, "terminating")))
        return refuse(error, "delegations: 'terminating' of '%s' must be true or false", name);
    if ((paths == NULL) == (prefixes == NULL))
        return refuse(error, "delegations: '%s' needs either paths or path_hash_prefixes", name);
    return check_texts(paths != NULL ? paths : prefixes, name, error) &&
           check_role(role, name, error);
}

static bool
check_succinct(const json_t *succinct, GError **error)
{
    json_int_t bits = json_integer_value(json_object_get(succinct, "bit_length"));

    if (bits < 1 || bits > 32 || !json_is_string(json_object_get(succinct, "name_prefix")))
        return refuse(error, "delegations: succinct_roles needs bit_length from 1 to 32 and "
                             "name_prefix");
    return check_role(succinct, "succinct_roles", error);
}

static bool
check_delegations(const json_t *delegations, GError **error)
{
    const json_t *roles = json_object_get(delegations, "roles");
    const json_t *succinct = json_object_get(delegations, "succinct_roles");
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

    if (!check_keys(json_object_get(delegations, "keys"), "delegations", error))
        return false;
    if ((roles == NULL) == (succinct == NULL))
        return refuse(error, "delegations: needs either roles or succinct_roles");
    if (succinct != NULL)
        return check_succinct(succinct, error);
    if (!json_is_array(roles))
        return refuse(error, "delegations: 'roles' must be a list");
    for (size_t i = 0; i < json_array_size(roles); i++) {
        if (!check_delegated_role(json_array_get(roles, i), names, error))
            return false;
    }
    return true;
}

static bool
check_body(const json_t *body, TufType type, GError **error)
{
    const json_t *meta = json_object_get(body, "meta");
    const json_t *delegations = json_object_get(body, "delegations");

    switch (type) {
    case TUF_TYPE_ROOT:
        return check_root(body, error);
    case TUF_TYPE_TIMESTAMP:
        if (json_object_size(meta) != 1 || json_object_get(meta, "snapshot.json") == NULL)
            return refuse(error, "timestamp: 'meta' must name snapshot.json and nothing else");
        return check_file_rows(meta, false, "timestamp: meta", error);
    case TUF_TYPE_SNAPSHOT:
        return check_file_rows(meta, false, "snapshot: meta", error);
    case TUF_TYPE_TARGETS:
        return check_file_rows(json_object_get(body, "targets"), true, "targets", error) &&
               (delegations == NULL || check_delegations(delegations, error));
    case TUF_TYPE_NONE:
    case TUF_N_TYPES:
        break;
    }
    return false;
}

/* A list of {keyid, sig}, each keyid once. */
static bool
check_signatures(const json_t *signatures, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    if (!json_is_array(signatures) || json_array_size(signatures) > TUF_MAX_SIGNATURES)
        return refuse(error, "'signatures' must be a list of at most %d", TUF_MAX_SIGNATURES);
    for (size_t i = 0; i < json_array_size(signatures); i++) {
        const json_t *row = json_array_get(signatures, i);
        const char *keyid = json_string_value(json_object_get(row, "keyid"));

        if (keyid == NULL || !json_is_string(json_object_get(row, "sig")))
            return refuse(error, "a signature needs keyid and sig");
        if (!g_hash_table_add(seen, (gpointer)keyid))
            return refuse(error, "two signatures say they are by key '%s'", keyid);
    }
    return true;
}

static bool
read_common(TufFile *file, GError **error)
{
    const json_t *body = file->signed_part;
    const char *type = json_string_value(json_object_get(body, "_type"));
    const char *spec = json_string_value(json_object_get(body, "spec_version"));
    const char *expires = json_string_value(json_object_get(body, "expires"));

    if (g_strcmp0(type, tuf_type_name(file->type)) != 0)
        return refuse(error, "this is '%s', not '%s'", type != NULL ? type : "",
                      tuf_type_name(file->type));
    if (spec == NULL || strncmp(spec, "1.", 2) != 0)
        return refuse(error, "spec_version '%s' is not 1.x", spec != NULL ? spec : "");
    if (!json_is_integer(json_object_get(body, "version")))
        return refuse(error, "'version' must be an integer");
    file->version = json_integer_value(json_object_get(body, "version"));
    if (file->version < 1)
        return refuse(error, "'version' must be at least 1");
    if (expires == NULL || strchr(expires, '.') != NULL || !clock_parse(expires, &file->expires_us))
        return refuse(error, "'expires' must be a time like 2026-11-20T12:34:56Z");
    return true;
}

TufFile *
tuf_file_parse(Span bytes, TufType type, GError **error)
{
    g_autoptr(TufFile) file = g_new0(TufFile, 1);
    GError *local = NULL;

    file->type = type;
    file->envelope = json_parse(bytes, max_bytes[type], &local);
    if (file->envelope == NULL) {
        refuse(error, "%s", local->message);
        g_error_free(local);
        return NULL;
    }
    file->signed_part = json_object_get(file->envelope, "signed");
    if (!json_is_object(file->signed_part)) {
        refuse(error, "metadata needs 'signed'");
        return NULL;
    }
    if (!check_signatures(json_object_get(file->envelope, "signatures"), error) ||
        !read_common(file, error) || !check_body(file->signed_part, type, error))
        return NULL;
    file->message = tuf_canonical(file->signed_part, error);
    if (file->message == NULL)
        return NULL;
    return g_steal_pointer(&file);
}

void
tuf_file_free(TufFile *file)
{
    if (file == NULL)
        return;
    json_decref(file->envelope);
    g_clear_pointer(&file->message, g_bytes_unref);
    g_free(file);
}
