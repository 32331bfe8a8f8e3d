/* SPDX-License-Identifier: Apache-2.0
 * sigstore_classic: annotations of cosign's image signatures as a v0.1 bundle. */
#include "attest/sigstore_classic.h"
#include "attest/sigstore_json_priv.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/banned.h"

#define SIGNATURE_KEY   "dev.cosignproject.cosign/signature"
#define CERTIFICATE_KEY "dev.sigstore.cosign/certificate"
#define BUNDLE_KEY      "dev.sigstore.cosign/bundle"
#define TIMESTAMP_KEY   "dev.sigstore.cosign/rfc3161timestamp"

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s", why);
    return false;
}

/* An annotation that is there and not empty, or NULL. */
static const char *
find_text(const json_t *annotations, const char *key)
{
    const char *text = json_string_value(json_object_get(annotations, key));

    return text != NULL && *text != '\0' ? text : NULL;
}

static bool
read_certificate(SigstoreBundle *bundle, const json_t *annotations, GError **error)
{
    const char *pem = find_text(annotations, CERTIFICATE_KEY);

    bundle->certificates = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    if (pem == NULL) {
        bundle->hint = g_strdup("");
        return true;
    }
    GBytes *der = x509_pem_decode(span_of_text(pem), "CERTIFICATE", error);
    if (der != NULL)
        g_ptr_array_add(bundle->certificates, der);
    return der != NULL;
}

static bool
read_log_id(SigstoreEntry *entry, const json_t *payload, GError **error)
{
    const char *hex = json_need_string(payload, "logID", BUNDLE_KEY, error);

    return hex != NULL && digest_from_hex(hex, &entry->log_id, error);
}

/* The kind is said by the entry alone. */
static bool
read_kind(SigstoreEntry *entry, GError **error)
{
    g_autoptr(json_t) body = json_parse(span_of_bytes(entry->body), LIMIT_BUNDLE_BODY_BYTES, error);
    const char *kind = body != NULL ? json_need_string(body, "kind", "log entry", error) : NULL;
    const char *version =
        kind != NULL ? json_need_string(body, "apiVersion", "log entry", error) : NULL;

    if (version == NULL)
        return false;
    entry->kind = sigstore_entry_kind_of(kind, version);
    if (entry->kind != SIGSTORE_ENTRY_NONE)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
              "its log entry is a '%s' '%s', which is not supported", kind, version);
    return false;
}

/* {"SignedEntryTimestamp", "Payload": {"body", "integratedTime", "logIndex", "logID" in hex}} */
static bool
read_entry(SigstoreBundle *bundle, const json_t *annotations, GError **error)
{
    const char *text = find_text(annotations, BUNDLE_KEY);
    uint64_t integrated = 0;

    bundle->entries = g_ptr_array_new_with_free_func((GDestroyNotify)sigstore_entry_free);
    if (text == NULL)
        return true;
    g_autoptr(json_t) object = json_parse(span_of_text(text), LIMIT_BUNDLE_BYTES, error);
    const json_t *payload =
        object != NULL ? json_need_object(object, "Payload", BUNDLE_KEY, error) : NULL;
    SigstoreEntry *entry = g_new0(SigstoreEntry, 1);
    g_ptr_array_add(bundle->entries, entry);
    if (payload == NULL || !read_log_id(entry, payload, error) ||
        !sigstore_find_number(payload, "logIndex", &entry->log_index, error) ||
        !sigstore_find_number(payload, "integratedTime", &integrated, error))
        return false;
    if (integrated > INT64_MAX / 1000000)
        return invalid(error, "'integratedTime' is no time");
    entry->integrated_s = (int64_t)integrated;
    entry->promise =
        sigstore_need_bytes(object, "SignedEntryTimestamp", LIMIT_BUNDLE_SIGNATURE_BYTES, error);
    entry->body = entry->promise != NULL
                      ? sigstore_need_bytes(payload, "body", LIMIT_BUNDLE_BODY_BYTES, error)
                      : NULL;
    return entry->body != NULL && read_kind(entry, error);
}

static bool
read_timestamp(SigstoreBundle *bundle, const json_t *annotations, GError **error)
{
    const char *text = find_text(annotations, TIMESTAMP_KEY);

    bundle->timestamps = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    if (text == NULL)
        return true;
    g_autoptr(json_t) object = json_parse(span_of_text(text), LIMIT_BUNDLE_BYTES, error);
    GBytes *stamp = object != NULL ? sigstore_need_bytes(object, "SignedRFC3161Timestamp",
                                                         LIMIT_TIMESTAMP_BYTES, error)
                                   : NULL;
    if (stamp != NULL)
        g_ptr_array_add(bundle->timestamps, stamp);
    return stamp != NULL;
}

static bool
read_envelope(SigstoreBundle *bundle, Span layer, GError **error)
{
    bundle->envelope = dsse_parse(layer, error);
    if (bundle->envelope == NULL)
        return false;
    if (bundle->envelope->signatures->len != 1)
        return invalid(error, "its envelope must have exactly one signature");
    const DsseSignature *signature = bundle->envelope->signatures->pdata[0];
    bundle->signature = g_bytes_ref(signature->sig);
    bundle->pae =
        dsse_pae(bundle->envelope->payload_type, span_of_bytes(bundle->envelope->payload));
    return true;
}

SigstoreBundle *
sigstore_classic_read(const char *media_type, Span layer, const json_t *annotations, GError **error)
{
    g_autoptr(SigstoreBundle) bundle = g_new0(SigstoreBundle, 1);
    bool is_envelope = strcmp(media_type, SIGSTORE_CLASSIC_ATTESTATION) == 0;

    bundle->version = SIGSTORE_BUNDLE_V01;
    if (is_envelope) {
        if (!read_envelope(bundle, layer, error))
            return NULL;
    } else {
        bundle->signature =
            sigstore_need_bytes(annotations, SIGNATURE_KEY, LIMIT_BUNDLE_SIGNATURE_BYTES, error);
        if (bundle->signature == NULL)
            return NULL;
    }
    if (!read_certificate(bundle, annotations, error) || !read_entry(bundle, annotations, error) ||
        !read_timestamp(bundle, annotations, error))
        return NULL;
    return g_steal_pointer(&bundle);
}

bool
sigstore_classic_names(Span layer, const Digest *image, GError **error)
{
    g_autoptr(json_t) object = json_parse(layer, LIMIT_STATEMENT_BYTES, error);
    const json_t *critical =
        object != NULL ? json_need_object(object, "critical", "signed layer", error) : NULL;
    const json_t *named =
        critical != NULL ? json_need_object(critical, "image", "critical", error) : NULL;
    Digest digest = { 0 };

    if (named == NULL ||
        !json_need_digest(named, "docker-manifest-digest", "critical.image", &digest, error))
        return false;
    if (digest_equal(&digest, image))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "what was signed is about another image");
    return false;
}
