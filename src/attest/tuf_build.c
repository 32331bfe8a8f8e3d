/* SPDX-License-Identifier: Apache-2.0
 * tuf_build: objects put together, then read by the same strict reader that clients use. */
#include "attest/tuf_build.h"
#include <string.h>
#include "attest/object_name.h"
#include "attest/tuf_priv.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/banned.h"

#define SPEC_VERSION "1.0.31"

static bool
refuse(GError **error, const char *what, const char *subject)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: '%s'", what, subject);
    return false;
}

json_t *
tuf_build_key(const PublicKey *key, GError **error)
{
    g_autofree char *value = NULL;
    bool ed25519 = public_key_kind(key) == PUBLIC_KEY_ED25519;

    if (!ed25519 && public_key_kind(key) != PUBLIC_KEY_P256) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "TUF metadata is signed with Ed25519 and P-256 keys, this one is '%s'",
                  public_key_kind_name(public_key_kind(key)));
        return NULL;
    }
    value = ed25519 ? hex_encode(public_key_raw(key)) : public_key_to_pem(key);
    return json_pack("{s:s, s:s, s:{s:s}}", "keytype", ed25519 ? "ed25519" : "ecdsa", "scheme",
                     ed25519 ? "ed25519" : "ecdsa-sha2-nistp256", "keyval", "public", value);
}

/* What every role begins with. */
static json_t *
begin(TufType type, int64_t version, int64_t expires_us)
{
    g_autofree char *expires = clock_format_seconds(expires_us);

    return json_pack("{s:s, s:s, s:I, s:s}", "_type", tuf_type_name(type), "spec_version",
                     SPEC_VERSION, "version", (json_int_t)version, "expires", expires);
}

/* The keys go into @keys, "keyids" and "threshold" into @role. */
static bool
put_signers(json_t *keys, json_t *role, const TufSigners *signers, const char *name, GError **error)
{
    json_t *keyids = json_array();
    size_t n = json_array_size(signers->keys);

    json_object_set_new(role, "keyids", keyids);
    json_object_set_new(role, "threshold", json_integer(signers->threshold));
    if (signers->threshold < 1 || (uint64_t)signers->threshold > n)
        return refuse(error, "the threshold is not between 1 and the number of keys of role", name);
    for (size_t i = 0; i < n; i++) {
        json_t *key = json_array_get(signers->keys, i);
        g_autofree char *keyid = tuf_keyid(key, error);

        if (keyid == NULL)
            return false;
        json_object_set(keys, keyid, key);
        json_array_append_new(keyids, json_string(keyid));
    }
    return true;
}

json_t *
tuf_build_root(int64_t version, int64_t expires_us, const TufSigners by_type[TUF_N_TYPES],
               GError **error)
{
    g_autoptr(json_t) root = begin(TUF_TYPE_ROOT, version, expires_us);
    json_t *keys = json_object();
    json_t *roles = json_object();

    json_object_set_new(root, "consistent_snapshot", json_true());
    json_object_set_new(root, "keys", keys);
    json_object_set_new(root, "roles", roles);
    for (TufType type = TUF_TYPE_ROOT; type < TUF_N_TYPES; type++) {
        json_t *role = json_object();

        json_object_set_new(roles, tuf_type_name(type), role);
        if (!put_signers(keys, role, &by_type[type], tuf_type_name(type), error))
            return NULL;
    }
    return g_steal_pointer(&root);
}

json_t *
tuf_build_targets(int64_t version, int64_t expires_us)
{
    json_t *targets = begin(TUF_TYPE_TARGETS, version, expires_us);

    json_object_set_new(targets, "targets", json_object());
    return targets;
}

json_t *
tuf_build_next(const json_t *metadata, int64_t expires_us)
{
    json_t *next = json_deep_copy(metadata);
    g_autofree char *expires = clock_format_seconds(expires_us);
    json_int_t version = json_integer_value(json_object_get(metadata, "version"));

    json_object_set_new(next, "version", json_integer(version + 1));
    json_object_set_new(next, "expires", json_string(expires));
    return next;
}

/* Parts of letters, digits and "._+~@-", none beginning with a dot: safe as a file and in a URL. */
static bool
path_is_plain(const char *path)
{
    size_t len = strlen(path);
    char before = '/';

    for (const char *c = path; *c != '\0'; c++) {
        bool fits = *c == '/'   ? before != '/'
                    : *c == '.' ? before != '/'
                                : g_ascii_isalnum(*c) || strchr("_+~@-", *c) != NULL;

        if (!fits)
            return false;
        before = *c;
    }
    return len > 0 && len <= TUF_BUILD_MAX_PATH && before != '/';
}

bool
tuf_build_add_target(json_t *targets, const char *path, uint64_t length, const Digest *digest,
                     GError **error)
{
    char hex[DIGEST_HEX_SIZE];

    if (!path_is_plain(path))
        return refuse(error, "a target's path has plain parts between single slashes", path);
    digest_to_hex(digest, hex);
    json_object_set_new(
        json_object_get(targets, "targets"), path,
        json_pack("{s:I, s:{s:s}}", "length", (json_int_t)length, "hashes", "sha256", hex));
    return true;
}

bool
tuf_build_remove_target(json_t *targets, const char *path, GError **error)
{
    if (json_object_del(json_object_get(targets, "targets"), path) == 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the role has no target '%s'", path);
    return false;
}

/* Keys that no delegation names any more go. */
static void
prune_keys(json_t *delegations)
{
    json_t *keys = json_object_get(delegations, "keys");
    g_autoptr(json_t) kept = json_object();
    size_t i = 0, k = 0;
    json_t *role = NULL, *keyid = NULL;

    json_array_foreach (json_object_get(delegations, "roles"), i, role) {
        json_array_foreach (json_object_get(role, "keyids"), k, keyid) {
            const char *name = json_string_value(keyid);

            json_object_set(kept, name, json_object_get(keys, name));
        }
    }
    json_object_set(delegations, "keys", kept);
}

static bool
check_delegation(const TufDelegation *delegation, GError **error)
{
    for (TufType type = TUF_TYPE_ROOT; type < TUF_N_TYPES; type++) {
        if (strcmp(delegation->name, tuf_type_name(type)) == 0)
            return refuse(error, "a delegated role cannot have the name of one of the four",
                          delegation->name);
    }
    if (!object_part_is_valid(delegation->name))
        return refuse(error, "a role's name is [a-z0-9][a-z0-9._-]*", delegation->name);
    if (json_array_size(delegation->paths) == 0)
        return refuse(error, "a delegation needs at least one pattern of paths", delegation->name);
    return true;
}

bool
tuf_build_delegate(json_t *targets, const TufDelegation *delegation, GError **error)
{
    json_t *delegations = json_object_get(targets, "delegations");
    json_t *role = NULL;
    json_t *other = NULL;
    size_t i = 0;

    if (!check_delegation(delegation, error))
        return false;
    if (delegations == NULL) {
        delegations = json_pack("{s:{}, s:[]}", "keys", "roles");
        json_object_set_new(targets, "delegations", delegations);
    }
    role = json_pack("{s:s, s:b, s:O}", "name", delegation->name, "terminating",
                     delegation->terminating, "paths", (json_t *)delegation->paths);
    json_array_foreach (json_object_get(delegations, "roles"), i, other) {
        if (strcmp(json_string_value(json_object_get(other, "name")), delegation->name) == 0)
            break;
    }
    if (i < json_array_size(json_object_get(delegations, "roles")))
        json_array_set_new(json_object_get(delegations, "roles"), i, role);
    else
        json_array_append_new(json_object_get(delegations, "roles"), role);
    if (!put_signers(json_object_get(delegations, "keys"), role, &delegation->signers,
                     delegation->name, error))
        return false;
    prune_keys(delegations);
    return true;
}

void
tuf_build_add_meta(json_t *meta, const char *role, int64_t version, Span file)
{
    g_autofree char *name = g_strconcat(role, ".json", NULL);
    Digest digest = digest_of(file);
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(&digest, hex);
    json_object_set_new(meta, name,
                        json_pack("{s:I, s:I, s:{s:s}}", "version", (json_int_t)version, "length",
                                  (json_int_t)file.len, "hashes", "sha256", hex));
}

json_t *
tuf_build_online(TufType type, int64_t version, int64_t expires_us, json_t *meta)
{
    json_t *online = begin(type, version, expires_us);

    json_object_set(online, "meta", meta);
    return online;
}

json_t *
tuf_build_envelope(json_t *metadata)
{
    return json_pack("{s:O, s:[]}", "signed", metadata, "signatures");
}

void
tuf_build_add_signature(json_t *envelope, const char *keyid, Span signature)
{
    json_t *signatures = json_object_get(envelope, "signatures");
    g_autofree char *hex = hex_encode(signature);
    json_t *row = NULL;
    size_t i = 0;

    json_array_foreach (signatures, i, row) {
        if (g_strcmp0(json_string_value(json_object_get(row, "keyid")), keyid) == 0) {
            json_object_set_new(row, "sig", json_string(hex));
            return;
        }
    }
    json_array_append_new(signatures, json_pack("{s:s, s:s}", "keyid", keyid, "sig", hex));
}

static TufType
type_of(const char *role)
{
    for (TufType type = TUF_TYPE_ROOT; type < TUF_TYPE_TARGETS; type++) {
        if (strcmp(role, tuf_type_name(type)) == 0)
            return type;
    }
    return TUF_TYPE_TARGETS; /* the one of that name, and all that are delegated */
}

GBytes *
tuf_build_file(const json_t *envelope, const char *role, GError **error)
{
    static const size_t limits[TUF_N_TYPES] = {
        [TUF_TYPE_ROOT] = TUF_MAX_ROOT_BYTES,
        [TUF_TYPE_TIMESTAMP] = TUF_MAX_TIMESTAMP_BYTES,
        [TUF_TYPE_SNAPSHOT] = TUF_MAX_SNAPSHOT_BYTES,
        [TUF_TYPE_TARGETS] = TUF_MAX_TARGETS_BYTES,
    };
    size_t len = 0;
    char *text = json_canonical(envelope, &len, error);

    if (text == NULL)
        return NULL;
    if (len > limits[type_of(role)]) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "'%s' has %zu bytes, clients take %zu: delegate some of it", role, len,
                  limits[type_of(role)]);
        g_free(text);
        return NULL;
    }
    return g_bytes_new_take(text, len);
}

bool
tuf_build_check(Span delegator, const char *role, Span file, GError **error)
{
    TufType type = type_of(role);
    bool by_root = type != TUF_TYPE_TARGETS || strcmp(role, "targets") == 0;
    g_autoptr(TufFile) above =
        tuf_file_parse(delegator, by_root ? TUF_TYPE_ROOT : TUF_TYPE_TARGETS, error);
    g_autoptr(TufFile) below = above != NULL ? tuf_file_parse(file, type, error) : NULL;
    TufRole signers = { 0 };

    if (below == NULL)
        return false;
    if (!(by_root ? tuf_root_role(above, role, &signers)
                  : tuf_targets_role(above, role, &signers))) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "nobody delegates to '%s'", role);
        return false;
    }
    return tuf_role_verify(&signers, below, role, error);
}

bool
tuf_build_check_online(Span payload, GError **error)
{
    g_autoptr(GString) text = g_string_new("{\"signatures\":[],\"signed\":");
    g_autoptr(TufFile) file = NULL;
    Span timestamp = span_of_text("{\"_type\":\"timestamp\",");

    if (payload.len <= TUF_MAX_SNAPSHOT_BYTES)
        g_string_append_len(text, (const char *)payload.data, (gssize)payload.len);
    g_string_append_c(text, '}');
    file = tuf_file_parse(span_of(text->str, text->len),
                          payload.len > timestamp.len &&
                                  memcmp(payload.data, timestamp.data, timestamp.len) == 0
                              ? TUF_TYPE_TIMESTAMP
                              : TUF_TYPE_SNAPSHOT,
                          error);
    if (file == NULL)
        return false;
    Span canonical = span_of_bytes(file->message);
    if (canonical.len == payload.len && memcmp(canonical.data, payload.data, payload.len) == 0)
        return true;
    error_set(error, TUF_ERROR, TUF_ERROR_METADATA, "this is not the canonical form of '%s'",
              tuf_type_name(file->type));
    return false;
}
