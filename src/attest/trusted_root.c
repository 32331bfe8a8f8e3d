/* SPDX-License-Identifier: Apache-2.0
 * trusted_root: protobuf JSON: times as text, bytes as base64. */
#include "attest/trusted_root.h"
#include "attest/json_bytes_priv.h"
#include "base/clock.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

/* {"rawBytes", "keyDetails", "validFor": {"start"}} */
static json_t *
key_to_json(const TrustedRootLog *log)
{
    g_autofree char *start = clock_format_seconds(log->start_us);
    json_t *object = json_object();
    json_t *valid_for = json_object();

    json_object_set_new(valid_for, "start", json_string(start));
    json_object_set_new(object, "rawBytes", json_bytes(public_key_spki(log->key)));
    json_object_set_new(object, "keyDetails", json_string("PKIX_ED25519"));
    json_object_set_new(object, "validFor", valid_for);
    return object;
}

/* A client demands that the checkpoint's name is part of `baseUrl`. */
static json_t *
log_to_json(const TrustedRootLog *log)
{
    g_autofree char *url = g_strconcat("https://", log->origin, NULL);
    Digest id = note_log_id(log->origin, log->key);
    json_t *object = json_object();
    json_t *log_id = json_object();

    json_object_set_new(log_id, "keyId", json_bytes(span_of(id.bytes, DIGEST_SIZE)));
    json_object_set_new(object, "baseUrl", json_string(url));
    json_object_set_new(object, "hashAlgorithm", json_string("SHA2_256"));
    json_object_set_new(object, "publicKey", key_to_json(log));
    json_object_set_new(object, "logId", log_id);
    return object;
}

char *
trusted_root_build(const TrustedRootLog *logs, size_t n_logs, GError **error)
{
    g_autoptr(json_t) root = json_object();
    g_autoptr(json_t) list = json_array();
    bool ok = n_logs > 0;

    for (size_t i = 0; ok && i < n_logs; i++) {
        ok = origin_is_valid(logs[i].origin) && public_key_kind(logs[i].key) == PUBLIC_KEY_ED25519;
        if (ok)
            json_array_append_new(list, log_to_json(&logs[i]));
    }
    if (!ok) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot write trusted root: wanted logs with an origin and an Ed25519 key");
        return NULL;
    }
    json_object_set_new(root, "mediaType", json_string(TRUSTED_ROOT_MEDIA_TYPE));
    json_object_set(root, "tlogs", list);
    json_object_set_new(root, "certificateAuthorities", json_array());
    json_object_set_new(root, "ctlogs", json_array());
    json_object_set_new(root, "timestampAuthorities", json_array());
    return json_pretty(root);
}
