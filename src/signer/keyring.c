/* SPDX-License-Identifier: Apache-2.0
 * keyring: keys.json, and the private keys beside it. */
#include "signer/keyring_priv.h"
#include <fcntl.h>
#include <string.h>
#include "base/encoding.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "keys/key_file.h"
#include "proof/checkpoint.h"
#include "signer/log_state_priv.h"
#include "signer/protocol_priv.h"
#include "signer/timestamp_priv.h"
#include "base/banned.h"

void
signer_public_key_free(SignerPublicKey *key)
{
    if (key == NULL)
        return;
    g_clear_pointer(&key->spki, g_bytes_unref);
    g_clear_pointer(&key->certs, g_ptr_array_unref);
    g_free(key->builder_id);
    g_free(key);
}

void
key_index_free(KeyIndex *index)
{
    if (index == NULL)
        return;
    g_free(index->origin);
    g_clear_pointer(&index->keys, g_ptr_array_unref);
    g_free(index);
}

static KeyIndex *
key_index_new(const char *origin)
{
    KeyIndex *index = g_new0(KeyIndex, 1);

    index->origin = g_strdup(origin);
    index->keys = g_ptr_array_new_with_free_func((GDestroyNotify)signer_public_key_free);
    return index;
}

/* Returns: borrowed. */
static SignerPublicKey *
add_key(KeyIndex *index, SignerRole role, Span spki)
{
    SignerPublicKey *key = g_new0(SignerPublicKey, 1);
    const char *builder_class = signer_role_builder_class(role);

    key->role = role;
    key->spki = g_bytes_new(spki.data, spki.len);
    key->keyid = digest_of(spki);
    if (builder_class != NULL)
        key->builder_id = g_strdup_printf("%s/builder/%s", index->origin, builder_class);
    g_ptr_array_add(index->keys, key);
    return key;
}

const SignerPublicKey *
key_index_find(const KeyIndex *index, SignerRole role)
{
    for (unsigned i = 0; i < index->keys->len; i++) {
        const SignerPublicKey *key = g_ptr_array_index(index->keys, i);

        if (key->role == role)
            return key;
    }
    return NULL;
}

/* "certs" of a key, which only some have. */
static bool
parse_certs(SignerPublicKey *key, const json_t *item, GError **error)
{
    const json_t *certs = json_object_get(item, "certs");

    if (!json_is_array(certs))
        return true;
    key->certs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    for (size_t i = 0; i < json_array_size(certs); i++) {
        const char *text = json_string_value(json_array_get(certs, i));
        GBytes *der = base64_decode(text != NULL ? text : "?", error);

        if (der == NULL)
            return false;
        g_ptr_array_add(key->certs, der);
    }
    return true;
}

/* One element of "keys"; builderId and keyid follow from the others and are not read. */
static bool
parse_key(KeyIndex *index, const json_t *item, GError **error)
{
    const char *name = json_need_string(item, "role", "key", error);
    SignerRole role = SIGNER_ROLE_NONE;

    if (name == NULL || !signer_role_from_name(name, &role, error))
        return false;
    g_autoptr(GBytes) spki = protocol_need_bytes(item, "spki", error);
    g_autoptr(PublicKey) key =
        spki == NULL ? NULL : public_key_from_spki(span_of_bytes(spki), error);
    if (key == NULL)
        return false;
    return parse_certs(add_key(index, role, span_of_bytes(spki)), item, error);
}

static KeyIndex *
parse_index(Span text, GError **error)
{
    g_autoptr(json_t) root = json_parse(text, LIMIT_KEY_FILE_BYTES, error);
    const char *origin =
        root == NULL ? NULL : json_need_string(root, "origin", SIGNER_KEYS_NAME, error);
    json_t *keys = origin == NULL ? NULL : json_need_array(root, "keys", SIGNER_KEYS_NAME, error);

    if (keys == NULL)
        return NULL;
    g_autoptr(KeyIndex) index = key_index_new(origin);
    for (size_t i = 0; i < json_array_size(keys); i++) {
        if (!parse_key(index, json_array_get(keys, i), error))
            return NULL;
    }
    return g_steal_pointer(&index);
}

KeyIndex *
key_index_load(int dirfd, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) text = file_read(dirfd, SIGNER_KEYS_NAME, LIMIT_KEY_FILE_BYTES, &local);
    SignerError code = SIGNER_ERROR_CORRUPT;

    if (text == NULL) {
        code = error_kind(local) == ERROR_KIND_NOT_FOUND ? SIGNER_ERROR_NO_KEY : SIGNER_ERROR_IO;
        error_set(error, SIGNER_ERROR, (int)code, "cannot read the keys: %s", local->message);
        return NULL;
    }
    KeyIndex *index = parse_index(span_of_bytes(text), &local);
    if (index == NULL)
        error_set(error, SIGNER_ERROR, (int)code, "the file '%s' is damaged: %s", SIGNER_KEYS_NAME,
                  local->message);
    return index;
}

static json_t *
certs_to_json(const GPtrArray *certs)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < certs->len; i++)
        json_array_append_new(array, protocol_bytes(span_of_bytes(certs->pdata[i])));
    return array;
}

static json_t *
index_to_json(const KeyIndex *index)
{
    json_t *keys = json_array();

    for (unsigned i = 0; i < index->keys->len; i++) {
        const SignerPublicKey *key = g_ptr_array_index(index->keys, i);
        char keyid[DIGEST_HEX_SIZE];

        digest_to_hex(&key->keyid, keyid);
        json_t *item = json_pack("{s:s,s:s,s:o,s:o}", "role", signer_role_name(key->role), "keyid",
                                 keyid, "spki", protocol_bytes(span_of_bytes(key->spki)),
                                 "builderId", json_string_or_null(key->builder_id));
        if (key->certs != NULL)
            json_object_set_new(item, "certs", certs_to_json(key->certs));
        json_array_append_new(keys, item);
    }
    return json_pack("{s:i,s:s,s:o}", "slipwayKeys", 1, "origin", index->origin, "keys", keys);
}

/* The key of a new folder: made now, or left by a creation that a crash cut short. */
static Signer *
make_key(int dirfd, SignerRole role, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s.pem", signer_role_name(role));
    g_autoptr(GError) local = NULL;
    PublicKeyKind kind = role == SIGNER_ROLE_LOG || role == SIGNER_ROLE_FORMAT ? PUBLIC_KEY_ED25519
                                                                               : PUBLIC_KEY_P256;
    Signer *signer = key_file_generate(dirfd, name, kind, &local);

    if (signer == NULL && error_kind(local) == ERROR_KIND_EXISTS)
        return key_file_load(dirfd, name, error);
    if (signer == NULL)
        g_propagate_error(error, g_steal_pointer(&local));
    return signer;
}

static bool
make_log_state(int dirfd, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (log_state_create(dirfd, &local))
        return true;
    if (error_kind(local) == ERROR_KIND_EXISTS)
        return true;
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

KeyIndex *
key_index_create(int dirfd, const char *origin, SignerRole only, GError **error)
{
    g_autoptr(KeyIndex) index = key_index_new(origin);

    if (!origin_is_valid(origin) && !(only == SIGNER_ROLE_LOG && origin_is_host(origin))) {
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_INVALID, "'%s' is not a log origin", origin);
        return NULL;
    }
    if (faccessat(dirfd, SIGNER_KEYS_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_EXISTS, "there are keys here already");
        return NULL;
    }
    for (SignerRole role = SIGNER_ROLE_ENGINE; role < SIGNER_N_ROLES; role++) {
        if (only != SIGNER_ROLE_NONE && only != role)
            continue;
        g_autoptr(Signer) signer = make_key(dirfd, role, error);

        if (signer == NULL)
            return NULL;
        SignerPublicKey *key = add_key(index, role, public_key_spki(signer_public_key(signer)));
        if (role == SIGNER_ROLE_TIMESTAMP &&
            (key->certs = timestamp_make_chain(signer, origin, error)) == NULL)
            return NULL;
    }
    g_autoptr(json_t) json = index_to_json(index);
    g_autofree char *text = json_pretty(json);
    if (!make_log_state(dirfd, error) ||
        !file_write_new(dirfd, SIGNER_KEYS_NAME, span_of_text(text), 0644, error))
        return NULL;
    return g_steal_pointer(&index);
}

bool
key_index_put(int dirfd, KeyIndex *index, const SignerPublicKey *key, GError **error)
{
    g_autoptr(json_t) json = NULL;
    g_autofree char *text = NULL;

    for (unsigned i = index->keys->len; i > 0; i--) {
        const SignerPublicKey *old = g_ptr_array_index(index->keys, i - 1);

        if (old->role == key->role)
            g_ptr_array_remove_index(index->keys, i - 1);
    }
    add_key(index, key->role, span_of_bytes(key->spki));
    json = index_to_json(index);
    text = json_pretty(json);
    return file_write_atomic(dirfd, SIGNER_KEYS_NAME, span_of_text(text), 0644, error);
}

static bool
is_key(const Signer *signer, const SignerPublicKey *public)
{
    Digest keyid = public_key_keyid(signer_public_key(signer));

    return digest_equal(&keyid, &public->keyid);
}

/* The key that was about to take its place when somebody died. Owned, or NULL. */
static Signer *
load_next(int dirfd, const SignerPublicKey *public)
{
    g_autofree char *name = g_strdup_printf("%s.next.pem", signer_role_name(public->role));
    g_autoptr(Signer) signer = key_file_load(dirfd, name, NULL);

    return signer != NULL && is_key(signer, public) ? g_steal_pointer(&signer) : NULL;
}

Signer *
keyring_load(int dirfd, const KeyIndex *index, SignerRole role, GError **error)
{
    g_autofree char *name = g_strdup_printf("%s.pem", signer_role_name(role));
    const SignerPublicKey *public = key_index_find(index, role);
    g_autoptr(GError) local = NULL;
    g_autoptr(Signer) signer = public == NULL ? NULL : key_file_load(dirfd, name, &local);

    if (public != NULL && (signer == NULL || !is_key(signer, public))) {
        Signer *next = load_next(dirfd, public);

        if (next != NULL)
            return next;
    }
    if (public == NULL || (signer == NULL && error_kind(local) == ERROR_KIND_NOT_FOUND)) {
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_NO_KEY, "there is no key '%s' here", name);
        return NULL;
    }
    if (signer == NULL) {
        SignerError code =
            error_kind(local) == ERROR_KIND_IO ? SIGNER_ERROR_IO : SIGNER_ERROR_CORRUPT;

        error_set(error, SIGNER_ERROR, (int)code, "cannot use the key '%s': %s", name,
                  local->message);
        return NULL;
    }
    if (!is_key(signer, public)) {
        error_set(error, SIGNER_ERROR, SIGNER_ERROR_CORRUPT,
                  "the key '%s' is not the one '%s' names", name, SIGNER_KEYS_NAME);
        return NULL;
    }
    return g_steal_pointer(&signer);
}
