/* SPDX-License-Identifier: Apache-2.0
 * trust_root: the roots of the log read in order; a key is valid from the first root that names it
 * until the first that no longer does. */
#include "service/trust_root.h"
#include "attest/trusted_root.h"
#include "base/encoding.h"
#include "base/json.h"
#include "fact/root.h"
#include "service/engine_view.h"
#include "service/foreign.h"
#include "base/banned.h"

typedef struct KeyTimes {  /* one key of a log or an authority */
    FactRoot *root;        /* owned: the first that names it */
    const RootKey *key;    /* borrowed from root */
    PublicKey *public_key; /* owned */
    int64_t start_us;
    int64_t end_us; /* 0: still named */
} KeyTimes;

static void
key_times_free(void *data)
{
    KeyTimes *times = data;

    fact_root_free(times->root);
    public_key_unref(times->public_key);
    g_free(times);
}

void
trust_root_files_clear(TrustRootFiles *files)
{
    g_clear_pointer(&files->trusted_root, g_free);
    g_clear_pointer(&files->signing_config, g_free);
}

static bool
is_known(const GPtrArray *keys, const RootKey *key)
{
    for (guint i = 0; i < keys->len; i++) {
        const KeyTimes *times = keys->pdata[i];

        if (times->end_us == 0 && digest_equal(&times->key->keyid, &key->keyid))
            return true;
    }
    return false;
}

/* What a root of the time @at_us begins and ends. */
static bool
take_root(GPtrArray *keys, const json_t *body, int64_t at_us, GError **error)
{
    g_autoptr(FactRoot) root = fact_root_parse_admitted(body, error);

    if (root == NULL)
        return false;
    for (guint i = 0; i < keys->len; i++) {
        KeyTimes *times = keys->pdata[i];

        if (times->end_us == 0 && fact_root_find_key(root, &times->key->keyid) == NULL)
            times->end_us = at_us;
    }
    for (guint i = 0; i < root->keys->len; i++) {
        const RootKey *key = root->keys->pdata[i];
        KeyTimes *times = NULL;

        if ((key->role != KEY_ROLE_LOG &&
             (key->role != KEY_ROLE_TIMESTAMP || key->certs == NULL)) ||
            is_known(keys, key))
            continue;
        times = g_new0(KeyTimes, 1);
        g_ptr_array_add(keys, times);
        times->root = fact_root_parse_admitted(body, error);
        times->key = fact_root_find_key(times->root, &key->keyid);
        times->start_us = at_us;
        times->public_key = public_key_from_spki(span_of_bytes(key->spki), error);
        if (times->public_key == NULL)
            return false;
    }
    return true;
}

static bool
take_roots(FactView *view, GPtrArray *keys, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;

    if (!fact_view_scan(view, FACT_TABLE_ROOT, NULL, &rows, error))
        return false;
    for (guint i = 0; i < rows->len; i++) {
        g_autoptr(json_t) predicate = NULL;
        Digest s;

        if (!digest_from_string(fact_row_text(rows->pdata[i], FACT_ROOT_STATEMENT), &s, error) ||
            !fact_view_predicate(view, &s, FACT_ROOT, &predicate, NULL, error) ||
            !take_root(keys, json_object_get(predicate, "body"),
                       json_integer_value(json_object_get(predicate, "at")), error))
            return false;
    }
    if (rows->len > 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
              "this log has no root yet: 'slipway init' did not finish");
    return false;
}

typedef struct Parts {   /* what both files are made of; freed together */
    GPtrArray *keys;     /* owned, of KeyTimes: of the fact log's roots */
    json_t *foreign;     /* owned: foreign_show */
    GPtrArray *shards;   /* owned, of PublicKey: of the foreign log's shards */
    GArray *logs;        /* owned, of TrustedRootLog; borrows from all above */
    GArray *authorities; /* owned, of TrustedRootAuthority; as logs */
    char *uri;           /* owned: of the authorities */
    SigningConfig config;
} Parts;

static void
free_public_key(void *key)
{
    public_key_unref(key);
}

static void
parts_clear(Parts *parts)
{
    g_clear_pointer(&parts->logs, g_array_unref);
    g_clear_pointer(&parts->authorities, g_array_unref);
    g_clear_pointer(&parts->keys, g_ptr_array_unref);
    g_clear_pointer(&parts->shards, g_ptr_array_unref);
    g_clear_pointer(&parts->foreign, json_decref);
    g_clear_pointer(&parts->uri, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Parts, parts_clear)

static void
add_own(Parts *parts, const Engine *engine, const char *url)
{
    for (guint i = 0; i < parts->keys->len; i++) {
        const KeyTimes *times = parts->keys->pdata[i];
        const TrustedRootLog log = { .origin = engine->origin,
                                     .key = times->public_key,
                                     .start_us = times->start_us,
                                     .end_us = times->end_us };
        const TrustedRootAuthority authority = { .uri = parts->uri,
                                                 .name = engine->origin,
                                                 .certs = times->key->certs,
                                                 .start_us = times->start_us,
                                                 .end_us = times->end_us };

        parts->config.start_us = i == 0 ? times->start_us : parts->config.start_us;
        if (times->key->role == KEY_ROLE_LOG) {
            g_array_append_val(parts->logs, log);
            continue;
        }
        g_array_append_val(parts->authorities, authority);
        if (times->end_us == 0)
            parts->config.authority_url = url;
    }
}

/* The shards of the log for others. When each began is written nowhere: from the first root on. */
static bool
add_foreign(Parts *parts, const char *url, GError **error)
{
    size_t i = 0;
    json_t *shard = NULL;

    json_array_foreach (json_object_get(parts->foreign, "shards"), i, shard) {
        const char *text = json_need_string(shard, "spki", "shard", error);
        TrustedRootLog log = { .origin = json_string_value(json_object_get(shard, "origin")),
                               .start_us = parts->config.start_us };
        g_autoptr(GBytes) spki = text != NULL ? base64_decode(text, error) : NULL;
        PublicKey *key = spki != NULL ? public_key_from_spki(span_of_bytes(spki), error) : NULL;

        if (key == NULL)
            return false;
        g_ptr_array_add(parts->shards, key);
        log.key = key;
        g_array_append_val(parts->logs, log);
        parts->config.log_url = url;
    }
    return true;
}

bool
trust_root_make(Engine *engine, const char *url, TrustRootFiles *out, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_auto(Parts) parts = {
        .keys = g_ptr_array_new_with_free_func(key_times_free),
        .shards = g_ptr_array_new_with_free_func(free_public_key),
        .logs = g_array_new(FALSE, TRUE, sizeof(TrustedRootLog)),
        .authorities = g_array_new(FALSE, TRUE, sizeof(TrustedRootAuthority)),
        .uri = url != NULL ? g_strdup(url) : g_strconcat("https://", engine->origin, NULL),
    };
    char *trusted_root = NULL;

    if (!engine_view_open(engine, &view, error) || !take_roots(view.view, parts.keys, error))
        return false;
    engine_view_clear(&view);
    parts.config.operator= engine->origin;
    add_own(&parts, engine, url);
    if (!foreign_show(engine, &parts.foreign, error) || !add_foreign(&parts, url, error))
        return false;
    trusted_root = trusted_root_build_with(
        (const TrustedRootLog *)parts.logs->data, parts.logs->len,
        (const TrustedRootAuthority *)parts.authorities->data, parts.authorities->len, error);
    if (trusted_root == NULL)
        return false;
    *out = (TrustRootFiles){ .trusted_root = trusted_root,
                             .signing_config = signing_config_build(&parts.config) };
    return true;
}
