/* SPDX-License-Identifier: Apache-2.0
 * sigstore_trust: sigstore_trustroot.proto of sigstore/protobuf-specs as JSON. */
#include "attest/sigstore_trust.h"
#include "attest/sigstore_json_priv.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/banned.h"

#define NOTE_HINT_BYTES 4
#define OFFSET_CHARS    6 /* "+00:00" */
#define US_PER_MINUTE   INT64_C(60000000)

/* All that sigstore_trustroot.proto has had: the first is still what is published. */
static const char *const media_types[] = {
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
};

static bool
is_media_type(const char *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(media_types); i++) {
        if (strcmp(media_types[i], type) == 0)
            return true;
    }
    return false;
}

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s", why);
    return false;
}

/* RFC 3339 with any offset; our own clock takes UTC only. */
static bool
parse_time(const char *text, int64_t *out)
{
    size_t len = strlen(text);
    const char *zone = len > OFFSET_CHARS ? text + len - OFFSET_CHARS : "";
    int sign = *zone == '+' ? 1 : *zone == '-' && zone > strchr(text, 'T') ? -1 : 0;

    if (strchr(text, 'T') == NULL || sign == 0)
        return clock_parse(text, out);
    if (!g_ascii_isdigit(zone[1]) || !g_ascii_isdigit(zone[2]) || zone[3] != ':' ||
        !g_ascii_isdigit(zone[4]) || !g_ascii_isdigit(zone[5]))
        return false;
    g_autofree char *local = g_strndup(text, len - OFFSET_CHARS);
    g_autofree char *utc = g_strconcat(local, "Z", NULL);
    int64_t hours = (zone[1] - '0') * 10 + (zone[2] - '0');
    int64_t minutes = (zone[4] - '0') * 10 + (zone[5] - '0');
    if (hours > 23 || minutes > 59 || !clock_parse(utc, out))
        return false;
    *out -= sign * (hours * 60 + minutes) * US_PER_MINUTE;
    return true;
}

static bool
read_time(const json_t *range, const char *key, int64_t *out, GError **error)
{
    const char *text = json_string_value(json_object_get(range, key));

    if (text == NULL || !parse_time(text, out)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'validFor.%s' is not a time", key);
        return false;
    }
    return true;
}

/* A validity must say when it starts; without an end it is open. */
static bool
read_validity(const json_t *object, int64_t *start_us, int64_t *end_us, GError **error)
{
    const json_t *range = json_need_object(object, "validFor", "trusted root", error);

    *end_us = INT64_MAX;
    return range != NULL && read_time(range, "start", start_us, error) &&
           (json_is_null(json_object_get(range, "end")) || json_object_get(range, "end") == NULL ||
            read_time(range, "end", end_us, error));
}

/* False with @error when wrong; true and NULL in @out when of an algorithm we do not know. */
static bool
read_key(const json_t *object, X509Key **out, GError **error)
{
    g_autoptr(GError) local = NULL;
    const char *details = json_need_string(object, "keyDetails", "publicKey", error);
    g_autoptr(GBytes) der =
        details != NULL ? sigstore_need_bytes(object, "rawBytes", LIMIT_KEY_FILE_BYTES, error)
                        : NULL;

    if (der == NULL)
        return false;
    g_autoptr(X509Key) key = g_str_has_prefix(details, "PKCS1_")
                                 ? x509_key_from_pkcs1(span_of_bytes(der), &local)
                                 : x509_key_from_spki(span_of_bytes(der), &local);
    if (key == NULL && error_kind(local) != ERROR_KIND_UNAVAILABLE) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    if (key != NULL && !x509_key_matches(key, details)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "a key of kind %s is called '%s'",
                  x509_key_name(key), details);
        return false;
    }
    *out = g_steal_pointer(&key);
    return true;
}

/* The name of a log in its notes: its URL without scheme and without a '/' at the end. Owned. */
static char *
name_of_url(const char *url)
{
    const char *scheme = strstr(url, "://");
    char *name = g_strdup(scheme != NULL ? scheme + strlen("://") : url);

    for (size_t len = strlen(name); len > 0 && name[len - 1] == '/'; len--)
        name[len - 1] = '\0';
    return name;
}

static bool
read_log_id(const json_t *object, Digest *out, GError **error)
{
    const json_t *id = json_need_object(object, "logId", "trusted root", error);

    return id != NULL && sigstore_need_hash(id, "keyId", out, error);
}

/* The first bytes of `checkpointKeyId`, or of the log's id where it has none. */
static bool
read_note_hint(const json_t *object, const Digest *id, uint32_t *out, GError **error)
{
    const json_t *own = NULL;
    g_autoptr(GBytes) bytes = NULL;
    const uint8_t *at = id->bytes;

    if (!sigstore_find_object(object, "checkpointKeyId", &own, error))
        return false;
    if (own != NULL) {
        bytes = sigstore_need_bytes(own, "keyId", DIGEST_SIZE, error);
        if (bytes == NULL)
            return false;
        if (g_bytes_get_size(bytes) < NOTE_HINT_BYTES)
            return invalid(error, "'checkpointKeyId' is shorter than 4 bytes");
        at = span_of_bytes(bytes).data;
    }
    *out = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    return true;
}

typedef struct {
    const char *url; /* borrowed */
    const json_t *public_key;
    Digest id;
    X509Key *key; /* owned; NULL: an algorithm we do not know */
    int64_t start_us, end_us;
} LogParts;

/* What logs of both kinds have. */
static bool
read_log_parts(const json_t *object, LogParts *parts, GError **error)
{
    const char *algorithm = json_need_string(object, "hashAlgorithm", "trusted root", error);

    if (algorithm == NULL)
        return false;
    if (sigstore_hash_of(algorithm) != X509_SHA256)
        return invalid(error, "a log does not hash with SHA2_256");
    parts->url = json_need_string(object, "baseUrl", "trusted root", error);
    parts->public_key =
        parts->url != NULL ? json_need_object(object, "publicKey", "trusted root", error) : NULL;
    return parts->public_key != NULL &&
           read_validity(parts->public_key, &parts->start_us, &parts->end_us, error) &&
           read_log_id(object, &parts->id, error) &&
           read_key(parts->public_key, &parts->key, error);
}

static void
free_log(void *data)
{
    SigstoreLog *log = data;

    g_free(log->name);
    x509_key_unref(log->key);
    g_free(log);
}

static bool
read_log(SigstoreTrust *trust, const json_t *object, GError **error)
{
    LogParts parts = { 0 };
    uint32_t hint = 0;

    if (!read_log_parts(object, &parts, error) ||
        !read_note_hint(object, &parts.id, &hint, error)) {
        x509_key_unref(parts.key);
        return false;
    }
    if (parts.key == NULL)
        return true;
    SigstoreLog *log = g_new0(SigstoreLog, 1);
    log->name = name_of_url(parts.url);
    log->key = parts.key;
    log->start_us = parts.start_us;
    log->end_us = parts.end_us;
    log->rekor =
        (RekorLog){ .name = log->name, .id = parts.id, .note_hint = hint, .key = log->key };
    g_ptr_array_add(trust->logs, log);
    return true;
}

static bool
read_ct_log(SigstoreTrust *trust, const json_t *object, GError **error)
{
    LogParts parts = { 0 };

    if (!read_log_parts(object, &parts, error))
        return false;
    if (parts.key == NULL)
        return true;
    g_ptr_array_add(trust->ct_keys, parts.key);
    trust->ct_logs[trust->n_ct_logs++] = (SctLog){
        .id = parts.id, .key = parts.key, .start_us = parts.start_us, .end_us = parts.end_us
    };
    return true;
}

static void
free_authority(void *data)
{
    SigstoreAuthority *authority = data;

    g_free(authority->name);
    x509_chain_free(authority->chain);
    g_free(authority);
}

static bool
read_authority(GPtrArray *into, const json_t *object, GError **error)
{
    const char *uri = json_string_value(json_object_get(object, "uri"));
    const json_t *chain = json_need_object(object, "certChain", "trusted root", error);
    SigstoreAuthority *authority = g_new0(SigstoreAuthority, 1);

    g_ptr_array_add(into, authority);
    authority->name = g_strdup(uri != NULL ? uri : "");
    if (chain == NULL || !read_validity(object, &authority->start_us, &authority->end_us, error))
        return false;
    g_autoptr(GPtrArray) ders = sigstore_need_certificates(chain, error);
    authority->chain = ders != NULL ? x509_chain_new(ders, error) : NULL;
    return authority->chain != NULL;
}

static bool
read_authorities(GPtrArray *into, const json_t *root, const char *key, GError **error)
{
    const json_t *list = NULL;

    if (!sigstore_find_array(root, key, LIMIT_TRUSTED_ROOT_ITEMS, &list, error))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!read_authority(into, json_array_get(list, i), error))
            return false;
    }
    return true;
}

static bool
read_logs(SigstoreTrust *trust, const json_t *root, GError **error)
{
    const json_t *logs = NULL;
    const json_t *ct_logs = NULL;

    if (!sigstore_find_array(root, "tlogs", LIMIT_TRUSTED_ROOT_ITEMS, &logs, error) ||
        !sigstore_find_array(root, "ctlogs", LIMIT_TRUSTED_ROOT_ITEMS, &ct_logs, error))
        return false;
    for (size_t i = 0; i < json_array_size(logs); i++) {
        if (!read_log(trust, json_array_get(logs, i), error))
            return false;
    }
    trust->ct_logs = g_new0(SctLog, json_array_size(ct_logs) + 1);
    for (size_t i = 0; i < json_array_size(ct_logs); i++) {
        if (!read_ct_log(trust, json_array_get(ct_logs, i), error))
            return false;
    }
    return true;
}

SigstoreTrust *
sigstore_trust_parse(Span json, GError **error)
{
    g_autoptr(json_t) root = json_parse(json, LIMIT_TRUSTED_ROOT_BYTES, error);
    g_autoptr(SigstoreTrust) trust = g_new0(SigstoreTrust, 1);
    const char *type = root != NULL ? json_need_string(root, "mediaType", "root", error) : NULL;
    bool ok = type != NULL;

    trust->logs = g_ptr_array_new_with_free_func(free_log);
    trust->authorities = g_ptr_array_new_with_free_func(free_authority);
    trust->stampers = g_ptr_array_new_with_free_func(free_authority);
    trust->ct_keys = g_ptr_array_new_with_free_func((GDestroyNotify)x509_key_unref);
    if (ok && !is_media_type(type)) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "its media type is '%s', wanted '%s'",
                  type, media_types[0]);
        ok = false;
    }
    if (!ok || !read_logs(trust, root, error) ||
        !read_authorities(trust->authorities, root, "certificateAuthorities", error) ||
        !read_authorities(trust->stampers, root, "timestampAuthorities", error)) {
        error_prefix(error, "cannot read trusted root");
        return NULL;
    }
    return g_steal_pointer(&trust);
}

void
sigstore_trust_free(SigstoreTrust *trust)
{
    if (trust == NULL)
        return;
    g_clear_pointer(&trust->logs, g_ptr_array_unref);
    g_clear_pointer(&trust->authorities, g_ptr_array_unref);
    g_clear_pointer(&trust->stampers, g_ptr_array_unref);
    g_clear_pointer(&trust->ct_keys, g_ptr_array_unref);
    g_free(trust->ct_logs);
    g_free(trust);
}
