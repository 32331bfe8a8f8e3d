/* SPDX-License-Identifier: Apache-2.0
 * attest_tuf_roles: timestamp, snapshot, targets and delegated targets as their signers wrote them: the
 * input is what is signed, a line a file, and is signed here by the one key that the root names, so
 * that everything behind the signatures is reached. A file that is refused changes nothing. */
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include "attest/tuf.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/banned.h"

#define MAX_FILES 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    EVP_PKEY *key; /* owned */
    char *keyid;   /* owned */
    json_t *json;  /* owned */
} Key;

static Key
key_new(void)
{
    static const uint8_t seed[32] = { 7 };
    uint8_t raw[32];
    size_t len = sizeof raw;
    Key key = { .key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed) };

    if (key.key == NULL || EVP_PKEY_get_raw_public_key(key.key, raw, &len) != 1)
        abort();
    g_autofree char *hex = hex_encode(span_of(raw, sizeof raw));
    key.json = json_pack("{s:s, s:s, s:{s:s}}", "keytype", "ed25519", "scheme", "ed25519", "keyval",
                         "public", hex);
    key.keyid = tuf_keyid(key.json, NULL);
    return key;
}

/* NULL where it has no canonical form. Owned. */
static char *
sign(const Key *key, json_t *body)
{
    g_autoptr(GBytes) message = tuf_canonical(body, NULL);
    uint8_t signature[64];
    size_t len = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    if (message != NULL &&
        (ctx == NULL || EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->key) != 1 ||
         EVP_DigestSign(ctx, signature, &len, g_bytes_get_data(message, NULL),
                        g_bytes_get_size(message)) != 1))
        abort();
    EVP_MD_CTX_free(ctx);
    if (message == NULL)
        return NULL;
    g_autofree char *hex = hex_encode(span_of(signature, sizeof signature));
    g_autoptr(json_t) file = json_pack("{s:[{s:s, s:s}], s:O}", "signatures", "keyid", key->keyid,
                                       "sig", hex, "signed", body);
    return file != NULL ? json_dumps(file, JSON_COMPACT) : NULL;
}

static TufSet *
set_new(const Key *key)
{
    g_autoptr(json_t) role = json_pack("{s:[s], s:i}", "keyids", key->keyid, "threshold", 1);
    g_autoptr(json_t) root =
        json_pack("{s:s, s:s, s:i, s:s, s:b, s:{s:O}, s:{s:O, s:O, s:O, s:O}}", "_type", "root",
                  "spec_version", "1.0", "version", 1, "expires", "2126-01-01T00:00:00Z",
                  "consistent_snapshot", 0, "keys", key->keyid, key->json, "roles", "root", role,
                  "timestamp", role, "snapshot", role, "targets", role);
    g_autofree char *file = sign(key, root);

    return file != NULL ? tuf_set_new(span_of_text(file), 0, NULL) : NULL;
}

static void
look(const TufSet *set)
{
    static const char *const paths[] = { "a", "more/b", "f/e/d" };
    TufMeta meta;
    bool terminating = false;

    (void)tuf_set_snapshot_meta(set, &meta);
    (void)tuf_set_targets_meta(set, "extra", &meta);
    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_auto(TufTarget) target = { 0 };
        g_autoptr(GPtrArray) roles = tuf_set_delegated(set, "targets", paths[i], &terminating);

        if (tuf_set_target(set, "targets", paths[i], &target))
            (void)!tuf_hashes_fit(target.hashes, span_of_text("content"), NULL);
        for (guint k = 0; k < roles->len; k++)
            (void)!tuf_set_check_delegation(set, roles->pdata[k], "targets", NULL);
    }
}

static void
update(TufSet *set, const Key *key, Span line)
{
    static const char *const names[] = { "timestamp", "snapshot", "targets", "extra" };
    g_autoptr(json_t) body = json_parse(line, TUF_MAX_TARGETS_BYTES, NULL);
    g_autofree char *file = json_is_object(body) ? sign(key, body) : NULL;

    if (file == NULL)
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        Span bytes = span_of_text(file);
        int64_t before = tuf_set_version(set, names[i]);
        bool ok = i == 0   ? tuf_set_update_timestamp(set, bytes, NULL)
                  : i == 1 ? tuf_set_update_snapshot(set, bytes, 0, NULL)
                  : i == 2 ? tuf_set_update_targets(set, "targets", "root", bytes, NULL)
                           : tuf_set_update_targets(set, "extra", "targets", bytes, NULL);
        if (tuf_set_version(set, names[i]) < before || (ok && tuf_set_version(set, names[i]) < 1))
            abort(); /* rolled back, or accepted without a version */
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Key key;
    size_t at = 0;

    if (key.key == NULL)
        key = key_new();
    g_autoptr(TufSet) set = set_new(&key);
    if (set == NULL)
        abort();
    for (int i = 0; i < MAX_FILES && at < size; i++) {
        const uint8_t *end = memchr(data + at, '\n', size - at);
        size_t len = end != NULL ? (size_t)(end - data) - at : size - at;
        update(set, &key, span_of(data + at, len));
        at += len + 1;
    }
    look(set);
    return 0;
}
