/* SPDX-License-Identifier: Apache-2.0
 * sigstore_body: the entry types of sigstore/rekor (pkg/types) and sigstore/rekor-tiles. One reader a
 * type; what types share is below them. */
#include "attest/sigstore_body.h"
#include "attest/sigstore_json_priv.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/banned.h"

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s", why);
    return false;
}

static bool
read_hash_name(SigstoreBody *body, const json_t *object, GError **error)
{
    const char *name = json_need_string(object, "algorithm", "log entry", error);

    if (name == NULL)
        return false;
    body->hash = sigstore_hash_of(name);
    if (body->hash != X509_HASH_NONE)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
              "its digest is a '%s', wanted SHA-256, SHA-384 or SHA-512", name);
    return false;
}

static bool
check_digest(const SigstoreBody *body, GError **error)
{
    return body->digest != NULL && g_bytes_get_size(body->digest) == x509_hash_size(body->hash)
               ? true
               : invalid(error, "its digest is of another length than its algorithm");
}

/* Rekor v1: {"algorithm": "sha256", "value": HEX}. */
static bool
read_hex_digest(SigstoreBody *body, const json_t *object, const char *key, GError **error)
{
    const json_t *hash = json_need_object(object, key, "log entry", error);
    const char *value = NULL;

    if (hash == NULL || !read_hash_name(body, hash, error) ||
        (value = json_need_string(hash, "value", key, error)) == NULL)
        return false;
    body->digest = hex_decode(value, error);
    return body->digest != NULL && check_digest(body, error);
}

/* Rekor v2: {"algorithm": "SHA2_256", "digest": BASE64}. */
static bool
read_base64_digest(SigstoreBody *body, const json_t *object, const char *key, GError **error)
{
    const json_t *hash = json_need_object(object, key, "log entry", error);

    if (hash == NULL || !read_hash_name(body, hash, error))
        return false;
    body->digest = sigstore_need_bytes(hash, "digest", X509_MAX_HASH_SIZE, error);
    return body->digest != NULL && check_digest(body, error);
}

/* Rekor v1: base64 of a PEM block, either a certificate or a key. */
static bool
read_pem(SigstoreBody *body, const json_t *object, const char *key, GError **error)
{
    g_autoptr(GBytes) pem = sigstore_need_bytes(object, key, LIMIT_KEY_FILE_BYTES, error);

    if (pem == NULL)
        return false;
    body->certificate = x509_pem_decode(span_of_bytes(pem), "CERTIFICATE", NULL);
    if (body->certificate == NULL)
        body->spki = x509_pem_decode(span_of_bytes(pem), "PUBLIC KEY", NULL);
    return body->certificate != NULL || body->spki != NULL ||
           invalid(error, "its verifier is neither one certificate nor one public key");
}

/* Rekor v2: {"keyDetails", "x509Certificate": {"rawBytes"} or "publicKey": {"rawBytes"}}. */
static bool
read_verifier(SigstoreBody *body, const json_t *object, GError **error)
{
    const json_t *verifier = json_need_object(object, "verifier", "log entry", error);
    const char *details =
        verifier != NULL ? json_need_string(verifier, "keyDetails", "verifier", error) : NULL;
    const json_t *certificate = NULL;
    const json_t *key = NULL;

    if (details == NULL ||
        !sigstore_find_object(verifier, "x509Certificate", &certificate, error) ||
        !sigstore_find_object(verifier, "publicKey", &key, error))
        return false;
    if ((certificate != NULL) == (key != NULL))
        return invalid(error, "its verifier wants one of x509Certificate and publicKey");
    body->key_details = g_strdup(details);
    if (certificate != NULL)
        body->certificate =
            sigstore_need_bytes(certificate, "rawBytes", LIMIT_CERTIFICATE_BYTES, error);
    else
        body->spki = sigstore_need_bytes(key, "rawBytes", LIMIT_KEY_FILE_BYTES, error);
    return body->certificate != NULL || body->spki != NULL;
}

static bool
read_signature(SigstoreBody *body, const json_t *object, const char *key, GError **error)
{
    body->signature = sigstore_need_bytes(object, key, LIMIT_BUNDLE_SIGNATURE_BYTES, error);
    return body->signature != NULL;
}

/* The only member of a list. A bundle has one signature, so an entry with more is of another. */
static const json_t *
need_only(const json_t *object, const char *key, GError **error)
{
    const json_t *list = json_object_get(object, key);
    const json_t *only = json_array_size(list) == 1 ? json_array_get(list, 0) : NULL;

    if (!json_is_object(only)) {
        (void)invalid(error, "it must have exactly one signature");
        return NULL;
    }
    return only;
}

static bool
read_hashedrekord_v1(SigstoreBody *body, const json_t *spec, GError **error)
{
    const json_t *data = json_need_object(spec, "data", "log entry", error);
    const json_t *signature =
        data != NULL ? json_need_object(spec, "signature", "log entry", error) : NULL;
    const json_t *key =
        signature != NULL ? json_need_object(signature, "publicKey", "log entry", error) : NULL;

    body->digest_of = SIGSTORE_BODY_OF_SIGNED;
    return key != NULL && read_hex_digest(body, data, "hash", error) &&
           read_signature(body, signature, "content", error) &&
           read_pem(body, key, "content", error);
}

static bool
read_hashedrekord_v2(SigstoreBody *body, const json_t *spec, GError **error)
{
    const json_t *record = json_need_object(spec, "hashedRekordV002", "log entry", error);
    const json_t *signature =
        record != NULL ? json_need_object(record, "signature", "log entry", error) : NULL;

    body->digest_of = SIGSTORE_BODY_OF_SIGNED;
    return signature != NULL && read_base64_digest(body, record, "data", error) &&
           read_signature(body, signature, "content", error) &&
           read_verifier(body, signature, error);
}

static bool
read_dsse_v1(SigstoreBody *body, const json_t *spec, GError **error)
{
    const json_t *signature = need_only(spec, "signatures", error);

    body->digest_of = SIGSTORE_BODY_OF_PAYLOAD;
    return signature != NULL && read_hex_digest(body, spec, "payloadHash", error) &&
           read_signature(body, signature, "signature", error) &&
           read_pem(body, signature, "verifier", error);
}

static bool
read_dsse_v2(SigstoreBody *body, const json_t *spec, GError **error)
{
    const json_t *record = json_need_object(spec, "dsseV002", "log entry", error);
    const json_t *signature = record != NULL ? need_only(record, "signatures", error) : NULL;

    body->digest_of = SIGSTORE_BODY_OF_PAYLOAD;
    return signature != NULL && read_base64_digest(body, record, "payloadHash", error) &&
           read_signature(body, signature, "content", error) &&
           read_verifier(body, signature, error);
}

/* The signature is base64 of base64. */
static bool
read_intoto_v2(SigstoreBody *body, const json_t *spec, GError **error)
{
    const json_t *content = json_need_object(spec, "content", "log entry", error);
    const json_t *envelope =
        content != NULL ? json_need_object(content, "envelope", "log entry", error) : NULL;
    const json_t *signature = envelope != NULL ? need_only(envelope, "signatures", error) : NULL;
    g_autoptr(GBytes) inner = NULL;

    body->digest_of = SIGSTORE_BODY_OF_PAYLOAD;
    if (signature == NULL || !read_hex_digest(body, content, "payloadHash", error) ||
        !read_pem(body, signature, "publicKey", error))
        return false;
    inner = sigstore_need_bytes(signature, "sig", LIMIT_BUNDLE_SIGNATURE_BYTES, error);
    if (inner == NULL)
        return false;
    Span text = span_of_bytes(inner);
    g_autofree char *base64 = g_strndup((const char *)text.data, text.len);
    body->signature = strlen(base64) == text.len ? base64_decode_lenient(base64, NULL) : NULL;
    return body->signature != NULL || invalid(error, "its signature is not base64 of base64");
}

static bool
read_spec(SigstoreBody *body, SigstoreEntryKind kind, const json_t *spec, GError **error)
{
    switch (kind) {
    case SIGSTORE_ENTRY_HASHEDREKORD_V1:
        return read_hashedrekord_v1(body, spec, error);
    case SIGSTORE_ENTRY_HASHEDREKORD_V2:
        return read_hashedrekord_v2(body, spec, error);
    case SIGSTORE_ENTRY_DSSE_V1:
        return read_dsse_v1(body, spec, error);
    case SIGSTORE_ENTRY_DSSE_V2:
        return read_dsse_v2(body, spec, error);
    case SIGSTORE_ENTRY_INTOTO_V2:
        return read_intoto_v2(body, spec, error);
    case SIGSTORE_ENTRY_NONE:
        break;
    }
    return invalid(error, "it is of no known kind");
}

SigstoreBody *
sigstore_body_parse(Span leaf, SigstoreEntryKind kind, GError **error)
{
    g_autoptr(json_t) object = json_parse(leaf, LIMIT_BUNDLE_BODY_BYTES, error);
    g_autoptr(SigstoreBody) body = g_new0(SigstoreBody, 1);
    const char *name = object != NULL ? json_need_string(object, "kind", "log entry", error) : NULL;
    const char *version =
        name != NULL ? json_need_string(object, "apiVersion", "log entry", error) : NULL;
    const json_t *spec =
        version != NULL ? json_need_object(object, "spec", "log entry", error) : NULL;
    bool ok = spec != NULL;

    if (ok && sigstore_entry_kind_of(name, version) != kind)
        ok = invalid(error, "it is of another kind than the bundle says");
    if (!ok || !read_spec(body, kind, spec, error)) {
        error_prefix(error, "cannot read log entry");
        return NULL;
    }
    return g_steal_pointer(&body);
}

void
sigstore_body_free(SigstoreBody *body)
{
    if (body == NULL)
        return;
    g_clear_pointer(&body->digest, g_bytes_unref);
    g_clear_pointer(&body->signature, g_bytes_unref);
    g_clear_pointer(&body->certificate, g_bytes_unref);
    g_clear_pointer(&body->spki, g_bytes_unref);
    g_free(body->key_details);
    g_free(body);
}
