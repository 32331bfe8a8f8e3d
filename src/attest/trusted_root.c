/* SPDX-License-Identifier: Apache-2.0
 * trusted_root: protobuf JSON: times as text, bytes as base64. */
#include "attest/trusted_root.h"
#include "attest/json_bytes_priv.h"
#include "base/clock.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

/* {"start", "end"?} */
static json_t *
valid_for(int64_t start_us, int64_t end_us)
{
    g_autofree char *start = clock_format_seconds(start_us);
    g_autofree char *end = end_us != 0 ? clock_format_seconds(end_us) : NULL;
    json_t *object = json_pack("{s:s}", "start", start);

    if (end != NULL)
        json_object_set_new(object, "end", json_string(end));
    return object;
}

/* {"rawBytes", "keyDetails", "validFor"} */
static json_t *
key_to_json(const TrustedRootLog *log)
{
    return json_pack("{s:o, s:s, s:o}", "rawBytes", json_bytes(public_key_spki(log->key)),
                     "keyDetails", "PKIX_ED25519", "validFor",
                     valid_for(log->start_us, log->end_us));
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

static json_t *
authority_to_json(const TrustedRootAuthority *authority)
{
    json_t *certificates = json_array();

    for (guint i = 0; i < authority->certs->len; i++)
        json_array_append_new(
            certificates,
            json_pack("{s:o}", "rawBytes", json_bytes(span_of_bytes(authority->certs->pdata[i]))));
    return json_pack("{s:{s:s, s:s}, s:s, s:{s:o}, s:o}", "subject", "organization",
                     authority->name, "commonName", "time-stamp authority", "uri", authority->uri,
                     "certChain", "certificates", certificates, "validFor",
                     valid_for(authority->start_us, authority->end_us));
}

char *
trusted_root_build_with(const TrustedRootLog *logs, size_t n_logs,
                        const TrustedRootAuthority *authorities, size_t n_authorities,
                        GError **error)
{
    g_autoptr(json_t) root = json_object();
    g_autoptr(json_t) list = json_array();
    g_autoptr(json_t) stamps = json_array();
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
    for (size_t i = 0; i < n_authorities; i++)
        json_array_append_new(stamps, authority_to_json(&authorities[i]));
    json_object_set_new(root, "mediaType", json_string(TRUSTED_ROOT_MEDIA_TYPE));
    json_object_set(root, "tlogs", list);
    json_object_set_new(root, "certificateAuthorities", json_array());
    json_object_set_new(root, "ctlogs", json_array());
    json_object_set(root, "timestampAuthorities", stamps);
    return json_pretty(root);
}

char *
trusted_root_build(const TrustedRootLog *logs, size_t n_logs, GError **error)
{
    return trusted_root_build_with(logs, n_logs, NULL, 0, error);
}

/* A list of at most one service. */
static json_t *
services(const SigningConfig *config, const char *url, const char *below, int version)
{
    json_t *list = json_array();
    g_autofree char *whole = url != NULL ? g_strconcat(url, below, NULL) : NULL;

    if (whole != NULL)
        json_array_append_new(list,
                              json_pack("{s:s, s:i, s:o, s:s}", "url", whole, "majorApiVersion",
                                        version, "validFor", valid_for(config->start_us, 0),
                                        "operator", config->operator));
    return list;
}

char *
signing_config_build(const SigningConfig *config)
{
    g_autoptr(json_t) object =
        json_pack("{s:s, s:[], s:[], s:o, s:o}", "mediaType", SIGNING_CONFIG_MEDIA_TYPE, "caUrls",
                  "oidcUrls", "rekorTlogUrls", services(config, config->log_url, "", 2), "tsaUrls",
                  services(config, config->authority_url, "/api/v1/timestamp", 1));

    json_object_set_new(object, "rekorTlogConfig", json_pack("{s:s}", "selector", "ANY"));
    json_object_set_new(object, "tsaConfig", json_pack("{s:s}", "selector", "ANY"));
    return json_pretty(object);
}
