/* SPDX-License-Identifier: Apache-2.0
 * dsse: PAE = "DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload; envelopes as JSON. */
#include "attest/dsse.h"
#include "attest/dsse_priv.h"
#include "attest/json_bytes_priv.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/banned.h"

#define PAE_PREFIX "DSSEv1 "

GBytes *
dsse_pae(const char *payload_type, Span payload)
{
    g_autofree char *head =
        g_strdup_printf(PAE_PREFIX "%zu %s %zu ", strlen(payload_type), payload_type, payload.len);
    size_t head_len = strlen(head);
    uint8_t *pae = g_malloc(head_len + payload.len);

    memcpy(pae, head, head_len);
    if (payload.len > 0)
        memcpy(pae + head_len, payload.data, payload.len);
    return g_bytes_new_take(pae, head_len + payload.len);
}

/* Takes "LEN SP bytes" off the front of @rest: a decimal without leading zeros. */
static bool
take_counted(Span *rest, Span *out)
{
    size_t digits = 0, len = 0;

    while (digits < rest->len && digits < 10 && g_ascii_isdigit(rest->data[digits])) {
        len = len * 10 + (size_t)(rest->data[digits] - '0');
        digits++;
    }
    if (digits == 0 || (digits > 1 && rest->data[0] == '0') || digits == rest->len ||
        rest->data[digits] != ' ' || rest->len - digits - 1 < len)
        return false;
    *out = span_of(rest->data + digits + 1, len);
    *rest = span_of(rest->data + digits + 1 + len, rest->len - digits - 1 - len);
    return true;
}

bool
dsse_pae_split(Span pae, Span *payload_type_out, Span *payload_out, GError **error)
{
    size_t prefix = strlen(PAE_PREFIX);
    Span type, payload, rest;
    bool ok = pae.len > prefix && memcmp(pae.data, PAE_PREFIX, prefix) == 0;

    rest = ok ? span_of(pae.data + prefix, pae.len - prefix) : span_of(NULL, 0);
    ok = ok && take_counted(&rest, &type) && rest.len > 0 && rest.data[0] == ' ';
    rest = ok ? span_of(rest.data + 1, rest.len - 1) : rest;
    if (!ok || !take_counted(&rest, &payload) || rest.len != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot read signed bytes: not a DSSE v1 pre-authentication encoding");
        return false;
    }
    *payload_type_out = type;
    *payload_out = payload;
    return true;
}

Digest
fact_name(Span pae)
{
    return digest_of(pae);
}

static void
signature_free(void *data)
{
    DsseSignature *signature = data;

    g_free(signature->keyid);
    g_clear_pointer(&signature->sig, g_bytes_unref);
    g_free(signature);
}

static DsseEnvelope *
envelope_new(const char *payload_type)
{
    DsseEnvelope *envelope = g_new0(DsseEnvelope, 1);

    envelope->payload_type = g_strdup(payload_type);
    envelope->signatures = g_ptr_array_new_with_free_func(signature_free);
    return envelope;
}

static void
add_signature(DsseEnvelope *envelope, const char *keyid, GBytes *sig)
{
    DsseSignature *signature = g_new0(DsseSignature, 1);

    signature->keyid = g_strdup(keyid);
    signature->sig = g_bytes_ref(sig);
    g_ptr_array_add(envelope->signatures, signature);
}

DsseEnvelope *
dsse_new_empty(void)
{
    return envelope_new(NULL);
}

DsseSignature *
dsse_add_empty_signature(DsseEnvelope *envelope)
{
    DsseSignature *signature = g_new0(DsseSignature, 1);

    g_ptr_array_add(envelope->signatures, signature);
    return signature;
}

DsseEnvelope *
dsse_new(const char *payload_type, Span payload, const PublicKey *key, Span sig)
{
    DsseEnvelope *envelope = envelope_new(payload_type);
    g_autoptr(GBytes) bytes = g_bytes_new(sig.data, sig.len);
    g_autofree char *keyid = public_key_fingerprint(key);

    envelope->payload = g_bytes_new(payload.data, payload.len);
    add_signature(envelope, keyid, bytes);
    return envelope;
}

static bool
read_signature(DsseEnvelope *envelope, const json_t *object, GError **error)
{
    const json_t *keyid = json_object_get(object, "keyid");
    const char *text = json_need_string(object, "sig", "signature", error);
    g_autoptr(GBytes) sig = text != NULL ? base64_decode_lenient(text, error) : NULL;

    if (sig == NULL)
        return false;
    if (keyid != NULL && !json_is_string(keyid) && !json_is_null(keyid)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "signature.keyid is not a string");
        return false;
    }
    add_signature(envelope, json_is_string(keyid) ? json_string_value(keyid) : "", sig);
    return true;
}

static DsseEnvelope *
read_envelope(const json_t *object, GError **error)
{
    const char *type = json_need_string(object, "payloadType", "envelope", error);
    const char *payload = type ? json_need_string(object, "payload", "envelope", error) : NULL;
    const json_t *list = payload ? json_need_array(object, "signatures", "envelope", error) : NULL;
    size_t n = json_array_size(list);

    if (list == NULL)
        return NULL;
    if (n < 1 || n > DSSE_MAX_SIGNATURES) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "envelope.signatures has %zu members, wanted 1 to %d", n, DSSE_MAX_SIGNATURES);
        return NULL;
    }

    g_autoptr(DsseEnvelope) envelope = envelope_new(type);
    envelope->payload = base64_decode_lenient(payload, error);
    if (envelope->payload == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (!read_signature(envelope, json_array_get(list, i), error))
            return NULL;
    }
    return g_steal_pointer(&envelope);
}

DsseEnvelope *
dsse_from_json(const json_t *object, GError **error)
{
    DsseEnvelope *envelope = read_envelope(object, error);

    if (envelope == NULL)
        error_prefix(error, "cannot read DSSE envelope");
    return envelope;
}

DsseEnvelope *
dsse_parse(Span json, GError **error)
{
    DsseEnvelope *own = dsse_from_text(json);
    if (own != NULL)
        return own;

    g_autoptr(json_t) object = json_parse(json, LIMIT_JSON_BYTES, error);
    if (object == NULL) {
        error_prefix(error, "cannot read DSSE envelope");
        return NULL;
    }
    return dsse_from_json(object, error);
}

json_t *
dsse_to_json(const DsseEnvelope *envelope)
{
    json_t *object = json_object();
    json_t *list = json_array();

    for (size_t i = 0; i < envelope->signatures->len; i++) {
        const DsseSignature *signature = envelope->signatures->pdata[i];
        json_t *item = json_object();
        if (*signature->keyid != '\0')
            json_object_set_new(item, "keyid", json_string(signature->keyid));
        json_object_set_new(item, "sig", json_bytes(span_of_bytes(signature->sig)));
        json_array_append_new(list, item);
    }
    json_object_set_new(object, "payload", json_bytes(span_of_bytes(envelope->payload)));
    json_object_set_new(object, "payloadType", json_string(envelope->payload_type));
    json_object_set_new(object, "signatures", list);
    return object;
}

char *
dsse_format(const DsseEnvelope *envelope)
{
    char *text = dsse_to_text(envelope);
    if (text != NULL)
        return text;

    g_autoptr(json_t) object = dsse_to_json(envelope);
    return json_canonical(object, NULL, NULL);
}

/* Whether a signature that says @keyid may be @key's. */
static bool
names_key(const char *keyid, const PublicKey *key)
{
    g_autofree char *fingerprint = NULL;
    Digest digest = public_key_keyid(key);
    char hex[DIGEST_HEX_SIZE];

    if (*keyid == '\0')
        return true;
    digest_to_hex(&digest, hex);
    if (strcmp(keyid, hex) == 0)
        return true;
    fingerprint = public_key_fingerprint(key);
    return strcmp(keyid, fingerprint) == 0;
}

bool
dsse_verify(const DsseEnvelope *envelope, const PublicKey *key, GError **error)
{
    g_autoptr(GBytes) pae = dsse_pae(envelope->payload_type, span_of_bytes(envelope->payload));

    for (size_t i = 0; i < envelope->signatures->len; i++) {
        const DsseSignature *signature = envelope->signatures->pdata[i];
        if (!names_key(signature->keyid, key))
            continue;
        if (public_key_verify(key, span_of_bytes(pae), span_of_bytes(signature->sig), NULL))
            return true;
    }
    g_autofree char *fingerprint = public_key_fingerprint(key);
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
              "cannot verify DSSE envelope: no signature by key '%s' holds", fingerprint);
    return false;
}

void
dsse_free(DsseEnvelope *envelope)
{
    if (envelope == NULL)
        return;
    g_free(envelope->payload_type);
    g_clear_pointer(&envelope->payload, g_bytes_unref);
    g_clear_pointer(&envelope->signatures, g_ptr_array_unref);
    g_free(envelope);
}
