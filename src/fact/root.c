/* SPDX-License-Identifier: Apache-2.0
 * root: bodies of roots, read strictly and written. */
#include "fact/root.h"
#include <string.h>
#include "attest/object_name.h"
#include "base/encoding.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

#define ROOT_FOLD_VERSION 1
#define ROOT_MAX_KEYS     64
#define ROOT_MAX_CERTS    8

static const char *const role_names[KEY_N_ROLES] = {
    [KEY_ROLE_NONE] = "none",     [KEY_ROLE_ENGINE] = "engine", [KEY_ROLE_BUILDER] = "builder",
    [KEY_ROLE_LOG] = "log",       [KEY_ROLE_STATUS] = "status", [KEY_ROLE_TIMESTAMP] = "timestamp",
    [KEY_ROLE_FORMAT] = "format",
};

const char *
key_role_name(KeyRole role)
{
    return role_names[role];
}

static KeyRole
role_from_name(const char *name)
{
    for (size_t i = 1; i < KEY_N_ROLES; i++) {
        if (strcmp(role_names[i], name) == 0)
            return (KeyRole)i;
    }
    return KEY_ROLE_NONE;
}

static bool
set_invalid(GError **error, const char *what)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s", what);
    return false;
}

void
fact_person_key_free(PersonKey *key)
{
    if (key == NULL)
        return;
    g_free(key->name);
    g_clear_pointer(&key->key, g_bytes_unref);
    g_free(key);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PersonKey, fact_person_key_free)

PersonKey *
fact_person_key_parse(const json_t *object, bool named, const char *where, GError **error)
{
    static const char *const with_name[] = { "name", "scheme", "key", NULL };
    static const char *const without_name[] = { "scheme", "key", NULL };
    g_autoptr(PersonKey) key = g_new0(PersonKey, 1);

    if (!json_is_object(object)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: a key is not an object", where);
        return NULL;
    }
    if (!json_only_keys(object, named ? with_name : without_name, where, error))
        return NULL;
    if (named) {
        const char *name = json_need_string(object, "name", where, error);
        if (name == NULL)
            return NULL;
        if (!object_part_is_valid(name)) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: bad name '%s'", where, name);
            return NULL;
        }
        key->name = g_strdup(name);
    }
    const char *scheme = json_need_string(object, "scheme", where, error);
    if (scheme == NULL)
        return NULL;
    const char *text = json_need_string(object, "key", where, error);
    if (text == NULL)
        return NULL;
    key->scheme = proof_scheme_from_name(scheme);
    if (key->scheme == PROOF_NONE) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: unknown scheme '%s'", where, scheme);
        return NULL;
    }
    key->key = base64_decode(text, error);
    if (key->key == NULL)
        return NULL;
    key->key_id = digest_of(span_of_bytes(key->key));
    return g_steal_pointer(&key);
}

static void
free_root_key(void *data)
{
    RootKey *key = data;

    g_clear_pointer(&key->spki, g_bytes_unref);
    g_clear_pointer(&key->certs, g_ptr_array_unref);
    g_free(key->builder_id);
    g_free(key);
}

static void
free_person_key(void *data)
{
    fact_person_key_free(data);
}

void
fact_root_free(FactRoot *root)
{
    if (root == NULL)
        return;
    g_free(root->origin);
    g_clear_pointer(&root->root_keys, g_ptr_array_unref);
    g_clear_pointer(&root->keys, g_ptr_array_unref);
    g_free(root);
}

/* The costly part: whether the key is one, and of the algorithm its role needs. */
static bool
check_key(const RootKey *key, GError **error)
{
    g_autoptr(PublicKey) public_key = public_key_from_spki(span_of_bytes(key->spki), error);
    PublicKeyKind wanted = key->role == KEY_ROLE_LOG ? PUBLIC_KEY_ED25519 : PUBLIC_KEY_P256;

    if (public_key == NULL)
        return false;
    if (key->role <= KEY_ROLE_STATUS && public_key_kind(public_key) != wanted)
        return set_invalid(error, "root: a key is of the wrong algorithm for its role");
    return true;
}

static bool
parse_certs(RootKey *key, const json_t *certs, GError **error)
{
    if (certs == NULL)
        return true;
    if (!json_is_array(certs) || json_array_size(certs) < 1 ||
        json_array_size(certs) > ROOT_MAX_CERTS)
        return set_invalid(error, "root: the certs of a key are not an array of 1 to 8");
    key->certs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    for (size_t i = 0; i < json_array_size(certs); i++) {
        const char *text = json_string_value(json_array_get(certs, i));
        GBytes *der = text == NULL ? NULL : base64_decode(text, error);

        if (text == NULL)
            return set_invalid(error, "root: a cert is not base64");
        if (der == NULL)
            return false;
        g_ptr_array_add(key->certs, der);
    }
    return true;
}

static bool
parse_role_key(FactRoot *root, const json_t *object, GError **error)
{
    static const char *const members[] = { "role", "spki", "builderId", "certs", NULL };

    if (!json_is_object(object))
        return set_invalid(error, "root: a key is not an object");
    if (!json_only_keys(object, members, "root key", error))
        return false;
    const char *role = json_need_string(object, "role", "root key", error);
    if (role == NULL)
        return false;
    const char *spki = json_need_string(object, "spki", "root key", error);
    if (spki == NULL)
        return false;
    const json_t *builder = json_object_get(object, "builderId");
    RootKey *key = g_new0(RootKey, 1);
    g_ptr_array_add(root->keys, key);
    key->role = role_from_name(role);
    if (key->role == KEY_ROLE_NONE)
        return set_invalid(error, "root: unknown role of a key");
    if ((key->role == KEY_ROLE_BUILDER) != json_is_string(builder))
        return set_invalid(error, "root: builder keys, and only they, have a builderId");
    key->builder_id = g_strdup(json_string_value(builder));
    key->spki = base64_decode(spki, error);
    if (key->spki == NULL)
        return false;
    key->keyid = digest_of(span_of_bytes(key->spki));
    return parse_certs(key, json_object_get(object, "certs"), error);
}

static bool
parse_arrays(FactRoot *root, const json_t *body, GError **error)
{
    size_t i = 0;
    json_t *item = NULL;
    json_t *root_keys = json_need_array(body, "rootKeys", "root", error);

    if (root_keys == NULL)
        return false;
    json_t *keys = json_need_array(body, "keys", "root", error);
    if (keys == NULL)
        return false;
    if (json_array_size(root_keys) > ROOT_MAX_KEYS || json_array_size(keys) > ROOT_MAX_KEYS)
        return set_invalid(error, "root: more than 64 keys");
    json_array_foreach (root_keys, i, item) {
        PersonKey *key = fact_person_key_parse(item, true, "root", error);
        if (key == NULL)
            return false;
        g_ptr_array_add(root->root_keys, key);
    }
    json_array_foreach (keys, i, item) {
        if (!parse_role_key(root, item, error))
            return false;
    }
    return true;
}

/* One name and one key each, or a threshold could be met by one person twice; and one role a key.
 */
static bool
check_distinct(const FactRoot *root, GError **error)
{
    for (unsigned i = 0; i < root->root_keys->len; i++) {
        const PersonKey *a = g_ptr_array_index(root->root_keys, i);
        for (unsigned j = 0; j < i; j++) {
            const PersonKey *b = g_ptr_array_index(root->root_keys, j);
            if (strcmp(a->name, b->name) == 0 || digest_equal(&a->key_id, &b->key_id))
                return set_invalid(error, "root: a root key is listed twice");
        }
    }
    for (unsigned i = 0; i < root->keys->len; i++) {
        const RootKey *a = g_ptr_array_index(root->keys, i);
        for (unsigned j = 0; j < i; j++) {
            const RootKey *b = g_ptr_array_index(root->keys, j);
            if (digest_equal(&a->keyid, &b->keyid))
                return set_invalid(error, "root: a key has two roles");
        }
    }
    if (root->threshold < 1 || root->threshold > root->root_keys->len)
        return set_invalid(error,
                           "root: the threshold is not between 1 and the number of root keys");
    return true;
}

FactRoot *
fact_root_parse_admitted(const json_t *body, GError **error)
{
    static const char *const members[] = {
        "origin", "fold", "rootKeys", "threshold", "keys", NULL
    };
    g_autoptr(FactRoot) root = g_new0(FactRoot, 1);
    int64_t fold = 0;
    int64_t threshold = 0;

    if (!json_only_keys(body, members, "root", error))
        return NULL;
    const char *origin = json_need_string(body, "origin", "root", error);
    if (origin == NULL)
        return NULL;
    if (!json_need_uint(body, "fold", "root", &fold, error) ||
        !json_need_uint(body, "threshold", "root", &threshold, error))
        return NULL;
    if (!origin_is_valid(origin) || fold != ROOT_FOLD_VERSION || threshold > ROOT_MAX_KEYS) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "root: bad origin, threshold, or fold version other than %d", ROOT_FOLD_VERSION);
        return NULL;
    }
    root->origin = g_strdup(origin);
    root->threshold = (unsigned)threshold;
    root->root_keys = g_ptr_array_new_with_free_func(free_person_key);
    root->keys = g_ptr_array_new_with_free_func(free_root_key);
    if (!parse_arrays(root, body, error) || !check_distinct(root, error))
        return NULL;
    return g_steal_pointer(&root);
}

FactRoot *
fact_root_parse(const json_t *body, GError **error)
{
    g_autoptr(FactRoot) root = fact_root_parse_admitted(body, error);

    for (unsigned i = 0; root != NULL && i < root->keys->len; i++) {
        if (!check_key(g_ptr_array_index(root->keys, i), error))
            return NULL;
    }
    return g_steal_pointer(&root);
}

const RootKey *
fact_root_find_key(const FactRoot *root, const Digest *keyid)
{
    for (unsigned i = 0; i < root->keys->len; i++) {
        const RootKey *key = g_ptr_array_index(root->keys, i);
        if (digest_equal(&key->keyid, keyid))
            return key;
    }
    return NULL;
}

const RootKey *
fact_root_find_role(const FactRoot *root, KeyRole role)
{
    for (unsigned i = 0; i < root->keys->len; i++) {
        const RootKey *key = g_ptr_array_index(root->keys, i);
        if (key->role == role)
            return key;
    }
    return NULL;
}

json_t *
fact_person_key_json(const char *name, ProofScheme scheme, Span key)
{
    g_autofree char *text = base64_encode(key);
    json_t *object = json_object();

    if (name != NULL)
        json_object_set_new(object, "name", json_string(name));
    json_object_set_new(object, "scheme", json_string(proof_scheme_name(scheme)));
    json_object_set_new(object, "key", json_string(text));
    return object;
}

json_t *
fact_root_key_json(KeyRole role, Span spki, const char *builder_id)
{
    g_autofree char *text = base64_encode(spki);
    json_t *object = json_object();

    json_object_set_new(object, "role", json_string(role_names[role]));
    json_object_set_new(object, "spki", json_string(text));
    if (builder_id != NULL)
        json_object_set_new(object, "builderId", json_string(builder_id));
    return object;
}

void
fact_root_key_set_certs(json_t *key, const GPtrArray *certs)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < certs->len; i++) {
        g_autofree char *text = base64_encode(span_of_bytes(certs->pdata[i]));

        json_array_append_new(array, json_string(text));
    }
    json_object_set_new(key, "certs", array);
}

json_t *
fact_root_body(const char *origin, json_t *root_keys, unsigned threshold, json_t *keys)
{
    json_t *body = json_object();

    json_object_set_new(body, "origin", json_string(origin));
    json_object_set_new(body, "fold", json_integer(ROOT_FOLD_VERSION));
    json_object_set(body, "rootKeys", root_keys);
    json_object_set_new(body, "threshold", json_integer(threshold));
    json_object_set(body, "keys", keys);
    return body;
}

bool
fact_builder_is_unisolated(const char *builder_id)
{
    return g_str_has_suffix(builder_id, "/none");
}
