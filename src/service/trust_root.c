/* SPDX-License-Identifier: Apache-2.0
 * trust_root: the roots of the log read in order; a key is valid from the first root that names it
 * until the first that no longer does. */
#include "service/trust_root.h"
#include "attest/trusted_root.h"
#include "fact/root.h"
#include "service/engine_view.h"
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

static char *
write_trusted_root(const Engine *engine, const char *url, const GPtrArray *keys, GError **error)
{
    g_autoptr(GArray) logs = g_array_new(FALSE, TRUE, sizeof(TrustedRootLog));
    g_autoptr(GArray) authorities = g_array_new(FALSE, TRUE, sizeof(TrustedRootAuthority));
    g_autofree char *origin_url = g_strconcat("https://", engine->origin, NULL);

    for (guint i = 0; i < keys->len; i++) {
        const KeyTimes *times = keys->pdata[i];
        TrustedRootLog log = { .origin = engine->origin,
                               .key = times->public_key,
                               .start_us = times->start_us,
                               .end_us = times->end_us };
        TrustedRootAuthority authority = { .uri = url != NULL ? url : origin_url,
                                           .name = engine->origin,
                                           .certs = times->key->certs,
                                           .start_us = times->start_us,
                                           .end_us = times->end_us };

        if (times->key->role == KEY_ROLE_LOG)
            g_array_append_val(logs, log);
        else
            g_array_append_val(authorities, authority);
    }
    return trusted_root_build_with((const TrustedRootLog *)logs->data, logs->len,
                                   (const TrustedRootAuthority *)authorities->data,
                                   authorities->len, error);
}

bool
trust_root_make(Engine *engine, const char *url, TrustRootFiles *out, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(key_times_free);
    g_auto(TrustRootFiles) made = { 0 };
    SigningConfig config = { .operator= engine->origin };

    if (!engine_view_open(engine, &view, error) || !take_roots(view.view, keys, error))
        return false;
    engine_view_clear(&view);
    for (guint i = 0; url != NULL && i < keys->len; i++) {
        const KeyTimes *times = keys->pdata[i];

        config.start_us = config.start_us == 0 ? times->start_us : config.start_us;
        if (times->end_us == 0 && times->key->role == KEY_ROLE_LOG)
            config.log_url = url;
        else if (times->end_us == 0)
            config.authority_url = url;
    }
    made.trusted_root = write_trusted_root(engine, url, keys, error);
    if (made.trusted_root == NULL)
        return false;
    made.signing_config = signing_config_build(&config);
    *out = made;
    made = (TrustRootFiles){ 0 };
    return true;
}
