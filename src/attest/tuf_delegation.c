/* SPDX-License-Identifier: Apache-2.0
 * tuf_delegation: who must sign a role, and which roles may speak of a path (TUF specification 1.0
 * sections 4.5 and 5.6.7, TAP 15 for hash bins). */
#include <stdio.h>
#include <string.h>
#include "attest/tuf_priv.h"
#include "base/digest.h"
#include "format/glob.h"
#include "base/banned.h"

static void
role_from(const json_t *keys, const json_t *role, TufRole *out)
{
    *out = (TufRole){ .keys = keys,
                      .keyids = json_object_get(role, "keyids"),
                      .threshold = json_integer_value(json_object_get(role, "threshold")) };
}

bool
tuf_root_role(const TufFile *root, const char *name, TufRole *out)
{
    const json_t *role = json_object_get(json_object_get(root->signed_part, "roles"), name);

    if (role == NULL)
        return false;
    role_from(json_object_get(root->signed_part, "keys"), role, out);
    return true;
}

bool
tuf_targets_role(const TufFile *targets, const char *name, TufRole *out)
{
    const json_t *delegations = json_object_get(targets->signed_part, "delegations");
    const json_t *roles = json_object_get(delegations, "roles");
    const json_t *succinct = json_object_get(delegations, "succinct_roles");

    for (size_t i = 0; i < json_array_size(roles); i++) {
        const json_t *role = json_array_get(roles, i);

        if (strcmp(json_string_value(json_object_get(role, "name")), name) == 0) {
            role_from(json_object_get(delegations, "keys"), role, out);
            return true;
        }
    }
    if (succinct == NULL || !tuf_bin_is_one(succinct, name))
        return false;
    role_from(json_object_get(delegations, "keys"), succinct, out);
    return true;
}

bool
tuf_role_verify(const TufRole *role, const TufFile *file, const char *name, GError **error)
{
    const json_t *signatures = json_object_get(file->envelope, "signatures");
    g_autoptr(GHashTable) counted = g_hash_table_new(g_str_hash, g_str_equal);
    Span message = span_of_bytes(file->message);

    for (size_t i = 0; i < json_array_size(role->keyids); i++) {
        const char *keyid = json_string_value(json_array_get(role->keyids, i));
        const json_t *key = json_object_get(role->keys, keyid);
        const char *value =
            json_string_value(json_object_get(json_object_get(key, "keyval"), "public"));

        /* One key under two names is one key. */
        if (value == NULL || g_hash_table_contains(counted, value))
            continue;
        for (size_t k = 0; k < json_array_size(signatures); k++) {
            const json_t *row = json_array_get(signatures, k);

            if (strcmp(json_string_value(json_object_get(row, "keyid")), keyid) == 0 &&
                tuf_key_verify(key, message, json_string_value(json_object_get(row, "sig"))))
                g_hash_table_add(counted, (gpointer)value);
        }
    }
    if (g_hash_table_size(counted) >= (guint64)role->threshold)
        return true;
    error_set(error, TUF_ERROR, TUF_ERROR_SIGNATURES,
              "'%s' is signed by %u of the %" G_GINT64_FORMAT " keys it needs", name,
              g_hash_table_size(counted), role->threshold);
    return false;
}

bool
tuf_path_fits(const char *pattern, const char *path)
{
    for (;;) {
        size_t pattern_len = strcspn(pattern, "/");
        size_t path_len = strcspn(path, "/");

        if (!glob_match_text(span_of(pattern, pattern_len), span_of(path, path_len)))
            return false;
        pattern += pattern_len;
        path += path_len;
        if (*pattern == '\0' || *path == '\0')
            return *pattern == *path;
        pattern++;
        path++;
    }
}

static bool
role_speaks_of(const json_t *role, const char *path, const char *hash)
{
    const json_t *paths = json_object_get(role, "paths");
    const json_t *prefixes = json_object_get(role, "path_hash_prefixes");

    for (size_t i = 0; i < json_array_size(paths); i++) {
        if (tuf_path_fits(json_string_value(json_array_get(paths, i)), path))
            return true;
    }
    for (size_t i = 0; i < json_array_size(prefixes); i++) {
        if (g_str_has_prefix(hash, json_string_value(json_array_get(prefixes, i))))
            return true;
    }
    return false;
}

static unsigned
bin_digits(const json_t *succinct)
{
    unsigned bits = (unsigned)json_integer_value(json_object_get(succinct, "bit_length"));
    uint64_t highest = (UINT64_C(1) << bits) - 1;

    return (unsigned)snprintf(NULL, 0, "%" G_GINT64_MODIFIER "x", highest);
}

char *
tuf_bin_name(const json_t *succinct, const char *path)
{
    unsigned bits = (unsigned)json_integer_value(json_object_get(succinct, "bit_length"));
    Digest digest = digest_of(span_of_text(path));
    uint32_t head = (uint32_t)digest.bytes[0] << 24 | (uint32_t)digest.bytes[1] << 16 |
                    (uint32_t)digest.bytes[2] << 8 | digest.bytes[3];

    return g_strdup_printf("%s-%0*x", json_string_value(json_object_get(succinct, "name_prefix")),
                           (int)bin_digits(succinct), head >> (32 - bits));
}

bool
tuf_bin_is_one(const json_t *succinct, const char *name)
{
    unsigned bits = (unsigned)json_integer_value(json_object_get(succinct, "bit_length"));
    const char *prefix = json_string_value(json_object_get(succinct, "name_prefix"));
    size_t len = strlen(prefix);

    if (strncmp(name, prefix, len) != 0 || name[len] != '-' ||
        strlen(name + len + 1) != bin_digits(succinct) ||
        strspn(name + len + 1, "0123456789abcdef") != bin_digits(succinct))
        return false;
    return g_ascii_strtoull(name + len + 1, NULL, 16) < (UINT64_C(1) << bits);
}

GPtrArray *
tuf_file_delegated(const TufFile *targets, const char *path, bool *terminating_out)
{
    const json_t *delegations = json_object_get(targets->signed_part, "delegations");
    const json_t *roles = json_object_get(delegations, "roles");
    const json_t *succinct = json_object_get(delegations, "succinct_roles");
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    Digest digest = digest_of(span_of_text(path));
    char hash[DIGEST_HEX_SIZE];

    digest_to_hex(&digest, hash);
    *terminating_out = false;
    if (succinct != NULL) {
        *terminating_out = true;
        g_ptr_array_add(names, tuf_bin_name(succinct, path));
    }
    for (size_t i = 0; i < json_array_size(roles) && !*terminating_out; i++) {
        const json_t *role = json_array_get(roles, i);

        if (!role_speaks_of(role, path, hash))
            continue;
        g_ptr_array_add(names, g_strdup(json_string_value(json_object_get(role, "name"))));
        *terminating_out = json_is_true(json_object_get(role, "terminating"));
    }
    return names;
}
