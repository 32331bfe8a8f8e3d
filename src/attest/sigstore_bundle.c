/* SPDX-License-Identifier: Apache-2.0
 * sigstore_bundle: sigstore_bundle.proto of sigstore/protobuf-specs as JSON. */
#include "attest/sigstore_bundle.h"
#include "attest/sigstore_json_priv.h"
#include "base/limits.h"
#include "base/banned.h"

#define WHERE "bundle"

static const struct {
    const char *type;
    SigstoreBundleVersion version;
} media_types[] = {
    { "application/vnd.dev.sigstore.bundle+json;version=0.1", SIGSTORE_BUNDLE_V01 },
    { "application/vnd.dev.sigstore.bundle+json;version=0.2", SIGSTORE_BUNDLE_V02 },
    { "application/vnd.dev.sigstore.bundle+json;version=0.3", SIGSTORE_BUNDLE_V03 },
    { "application/vnd.dev.sigstore.bundle.v0.3+json", SIGSTORE_BUNDLE_V03 },
};

static const struct {
    const char *kind;
    const char *version;
    const char *name;
} entry_kinds[] = {
    [SIGSTORE_ENTRY_NONE] = { "", "", "unknown" },
    [SIGSTORE_ENTRY_HASHEDREKORD_V1] = { "hashedrekord", "0.0.1", "hashedrekord 0.0.1" },
    [SIGSTORE_ENTRY_HASHEDREKORD_V2] = { "hashedrekord", "0.0.2", "hashedrekord 0.0.2" },
    [SIGSTORE_ENTRY_DSSE_V1] = { "dsse", "0.0.1", "dsse 0.0.1" },
    [SIGSTORE_ENTRY_DSSE_V2] = { "dsse", "0.0.2", "dsse 0.0.2" },
    [SIGSTORE_ENTRY_INTOTO_V2] = { "intoto", "0.0.2", "intoto 0.0.2" },
};

const char *
sigstore_entry_kind_name(SigstoreEntryKind kind)
{
    return entry_kinds[kind].name;
}

bool
sigstore_entry_kind_is_v2(SigstoreEntryKind kind)
{
    return kind == SIGSTORE_ENTRY_HASHEDREKORD_V2 || kind == SIGSTORE_ENTRY_DSSE_V2;
}

SigstoreEntryKind
sigstore_entry_kind_of(const char *kind, const char *version)
{
    for (size_t i = 1; i < G_N_ELEMENTS(entry_kinds); i++) {
        if (strcmp(entry_kinds[i].kind, kind) == 0 && strcmp(entry_kinds[i].version, version) == 0)
            return (SigstoreEntryKind)i;
    }
    return SIGSTORE_ENTRY_NONE;
}

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s", why);
    return false;
}

void
sigstore_entry_free(SigstoreEntry *entry)
{
    if (entry == NULL)
        return;
    g_clear_pointer(&entry->promise, g_bytes_unref);
    g_clear_pointer(&entry->checkpoint, g_bytes_unref);
    g_clear_pointer(&entry->body, g_bytes_unref);
    g_free(entry->hashes);
    g_free(entry);
}

static bool
read_hashes(SigstoreEntry *entry, const json_t *proof, GError **error)
{
    const json_t *list = NULL;

    if (!sigstore_find_array(proof, "hashes", LIMIT_PROOF_HASHES, &list, error))
        return false;
    entry->n_hashes = json_array_size(list);
    entry->hashes = g_new0(Digest, entry->n_hashes + 1);
    for (size_t i = 0; i < entry->n_hashes; i++) {
        g_autoptr(json_t) holder = json_object(); /* so that one reader serves */
        json_object_set(holder, "hashes", json_array_get(list, i));
        if (!sigstore_need_hash(holder, "hashes", &entry->hashes[i], error))
            return false;
    }
    return true;
}

static bool
read_proof(SigstoreEntry *entry, const json_t *proof, GError **error)
{
    const json_t *checkpoint = NULL;

    if (!sigstore_find_number(proof, "logIndex", &entry->proof_index, error) ||
        !sigstore_find_number(proof, "treeSize", &entry->head.size, error) ||
        !sigstore_need_hash(proof, "rootHash", &entry->head.root, error) ||
        !read_hashes(entry, proof, error) ||
        !sigstore_find_object(proof, "checkpoint", &checkpoint, error))
        return false;
    if (checkpoint != NULL) {
        const char *note = json_need_string(checkpoint, "envelope", "checkpoint", error);
        if (note == NULL)
            return false;
        entry->checkpoint = g_bytes_new(note, strlen(note));
    }
    entry->has_proof = true;
    return true;
}

static bool
read_kind(SigstoreEntry *entry, const json_t *object, GError **error)
{
    const json_t *version = json_need_object(object, "kindVersion", "tlogEntries", error);
    const char *kind =
        version != NULL ? json_need_string(version, "kind", "kindVersion", error) : NULL;
    const char *number =
        kind != NULL ? json_need_string(version, "version", "kindVersion", error) : NULL;

    if (number == NULL)
        return false;
    entry->kind = sigstore_entry_kind_of(kind, number);
    if (entry->kind == SIGSTORE_ENTRY_NONE) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "a log entry is a '%s' '%s', which is not supported", kind, number);
        return false;
    }
    return true;
}

static bool
read_entry(SigstoreEntry *entry, const json_t *object, GError **error)
{
    const json_t *log_id = json_need_object(object, "logId", "tlogEntries", error);
    const json_t *promise = NULL;
    const json_t *proof = NULL;
    uint64_t integrated = 0;

    if (log_id == NULL || !read_kind(entry, object, error) ||
        !sigstore_need_hash(log_id, "keyId", &entry->log_id, error) ||
        !sigstore_find_number(object, "logIndex", &entry->log_index, error) ||
        !sigstore_find_number(object, "integratedTime", &integrated, error) ||
        !sigstore_find_object(object, "inclusionPromise", &promise, error) ||
        !sigstore_find_object(object, "inclusionProof", &proof, error))
        return false;
    if (integrated > INT64_MAX / 1000000)
        return invalid(error, "'integratedTime' is no time");
    entry->integrated_s = (int64_t)integrated;
    entry->body = sigstore_need_bytes(object, "canonicalizedBody", LIMIT_BUNDLE_BODY_BYTES, error);
    if (entry->body == NULL)
        return false;
    if (promise != NULL) {
        entry->promise = sigstore_need_bytes(promise, "signedEntryTimestamp",
                                             LIMIT_BUNDLE_SIGNATURE_BYTES, error);
        if (entry->promise == NULL)
            return false;
    }
    return proof == NULL || read_proof(entry, proof, error);
}

/* What each version asks of an entry. */
static bool
check_entry(const SigstoreBundle *bundle, const SigstoreEntry *entry, GError **error)
{
    bool is_v2 = sigstore_entry_kind_is_v2(entry->kind);

    if (bundle->version == SIGSTORE_BUNDLE_V01 && entry->promise == NULL)
        return invalid(error, "an entry of a v0.1 bundle has no inclusionPromise");
    if ((bundle->version != SIGSTORE_BUNDLE_V01 || is_v2) && !entry->has_proof)
        return invalid(error, "an entry has no inclusionProof");
    if ((bundle->version != SIGSTORE_BUNDLE_V01 || is_v2) && entry->checkpoint == NULL)
        return invalid(error, "an inclusionProof has no checkpoint");
    for (guint i = 0; i < bundle->entries->len; i++) {
        const SigstoreEntry *other = bundle->entries->pdata[i];
        if (digest_equal(&other->log_id, &entry->log_id) && g_bytes_equal(other->body, entry->body))
            return invalid(error, "an entry is there twice");
    }
    return true;
}

static bool
read_entries(SigstoreBundle *bundle, const json_t *material, GError **error)
{
    const json_t *list = NULL;

    bundle->entries = g_ptr_array_new_with_free_func((GDestroyNotify)sigstore_entry_free);
    if (!sigstore_find_array(material, "tlogEntries", LIMIT_BUNDLE_ENTRIES, &list, error))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        SigstoreEntry *entry = g_new0(SigstoreEntry, 1);
        bool ok =
            read_entry(entry, json_array_get(list, i), error) && check_entry(bundle, entry, error);
        g_ptr_array_add(bundle->entries, entry);
        if (!ok)
            return false;
    }
    return bundle->entries->len > 0 || invalid(error, "it has no log entry");
}

static bool
read_timestamps(SigstoreBundle *bundle, const json_t *material, GError **error)
{
    const json_t *data = NULL;
    const json_t *list = NULL;

    bundle->timestamps = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    if (!sigstore_find_object(material, "timestampVerificationData", &data, error) ||
        !sigstore_find_array(data, "rfc3161Timestamps", LIMIT_BUNDLE_TIMESTAMPS, &list, error))
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        GBytes *stamp = sigstore_need_bytes(json_array_get(list, i), "signedTimestamp",
                                            LIMIT_TIMESTAMP_BYTES, error);
        if (stamp == NULL)
            return false;
        g_ptr_array_add(bundle->timestamps, stamp);
        for (guint j = 0; j + 1 < bundle->timestamps->len; j++) {
            if (g_bytes_equal(bundle->timestamps->pdata[j], stamp))
                return invalid(error, "a timestamp is there twice");
        }
    }
    return true;
}

/* The certificate or key: exactly one of three members, and which ones depends on the version. */
static bool
read_signer(SigstoreBundle *bundle, const json_t *material, GError **error)
{
    const json_t *key = NULL;
    const json_t *chain = NULL;
    const json_t *certificate = NULL;

    if (!sigstore_find_object(material, "publicKey", &key, error) ||
        !sigstore_find_object(material, "x509CertificateChain", &chain, error) ||
        !sigstore_find_object(material, "certificate", &certificate, error))
        return false;
    if ((key != NULL) + (chain != NULL) + (certificate != NULL) != 1)
        return invalid(error, "it wants one of publicKey, x509CertificateChain and certificate");
    if (chain != NULL && bundle->version == SIGSTORE_BUNDLE_V03)
        return invalid(error, "a v0.3 bundle has one certificate, not a chain");
    if (chain != NULL) {
        bundle->certificates = sigstore_need_certificates(chain, error);
        return bundle->certificates != NULL;
    }
    bundle->certificates = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    if (certificate != NULL) {
        GBytes *der = sigstore_need_bytes(certificate, "rawBytes", LIMIT_CERTIFICATE_BYTES, error);
        if (der != NULL)
            g_ptr_array_add(bundle->certificates, der);
        return der != NULL;
    }
    const char *hint = json_string_value(json_object_get(key, "hint"));
    bundle->hint = g_strdup(hint != NULL ? hint : "");
    return true;
}

static bool
read_message(SigstoreBundle *bundle, const json_t *message, GError **error)
{
    const json_t *digest = NULL;

    if (!sigstore_find_object(message, "messageDigest", &digest, error))
        return false;
    if (digest != NULL) {
        const char *name = json_need_string(digest, "algorithm", "messageDigest", error);
        if (name == NULL)
            return false;
        bundle->digest_hash = sigstore_hash_of(name);
        if (bundle->digest_hash == X509_HASH_NONE) {
            error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                      "its message digest is a '%s', wanted SHA-256, SHA-384 or SHA-512", name);
            return false;
        }
        bundle->digest = sigstore_need_bytes(digest, "digest", X509_MAX_HASH_SIZE, error);
        if (bundle->digest == NULL)
            return false;
        if (g_bytes_get_size(bundle->digest) != x509_hash_size(bundle->digest_hash))
            return invalid(error, "its message digest is of another length than its algorithm");
    }
    bundle->signature =
        sigstore_need_bytes(message, "signature", LIMIT_BUNDLE_SIGNATURE_BYTES, error);
    return bundle->signature != NULL;
}

static bool
read_envelope(SigstoreBundle *bundle, const json_t *object, GError **error)
{
    const json_t *signatures = json_object_get(object, "signatures");

    /* Before anything is decoded: one signature is all a bundle may have. */
    if (!json_is_array(signatures) || json_array_size(signatures) != 1)
        return invalid(error, "its envelope must have exactly one signature");
    bundle->envelope = dsse_from_json(object, error);
    if (bundle->envelope == NULL)
        return false;
    const DsseSignature *signature = bundle->envelope->signatures->pdata[0];
    size_t len = g_bytes_get_size(signature->sig);
    if (len == 0 || len > LIMIT_BUNDLE_SIGNATURE_BYTES)
        return invalid(error, "its signature is empty or too long");
    bundle->signature = g_bytes_ref(signature->sig);
    bundle->pae =
        dsse_pae(bundle->envelope->payload_type, span_of_bytes(bundle->envelope->payload));
    return true;
}

static bool
read_content(SigstoreBundle *bundle, const json_t *object, GError **error)
{
    const json_t *message = NULL;
    const json_t *envelope = NULL;

    if (!sigstore_find_object(object, "messageSignature", &message, error) ||
        !sigstore_find_object(object, "dsseEnvelope", &envelope, error))
        return false;
    if ((message != NULL) == (envelope != NULL))
        return invalid(error, "it wants one of messageSignature and dsseEnvelope");
    return message != NULL ? read_message(bundle, message, error)
                           : read_envelope(bundle, envelope, error);
}

static bool
read_version(SigstoreBundle *bundle, const json_t *object, GError **error)
{
    const char *type = json_need_string(object, "mediaType", WHERE, error);

    if (type == NULL)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(media_types); i++) {
        if (strcmp(media_types[i].type, type) == 0)
            bundle->version = media_types[i].version;
    }
    if (bundle->version != SIGSTORE_BUNDLE_NONE)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
              "its media type is '%s', wanted a Sigstore bundle v0.1, v0.2 or v0.3", type);
    return false;
}

SigstoreBundle *
sigstore_bundle_parse(Span json, GError **error)
{
    g_autoptr(json_t) object = json_parse(json, LIMIT_BUNDLE_BYTES, error);
    g_autoptr(SigstoreBundle) bundle = g_new0(SigstoreBundle, 1);
    const json_t *material = NULL;

    if (object == NULL || !read_version(bundle, object, error) ||
        (material = json_need_object(object, "verificationMaterial", WHERE, error)) == NULL ||
        !read_signer(bundle, material, error) || !read_entries(bundle, material, error) ||
        !read_timestamps(bundle, material, error) || !read_content(bundle, object, error)) {
        error_prefix(error, "cannot read bundle");
        return NULL;
    }
    return g_steal_pointer(&bundle);
}

void
sigstore_bundle_free(SigstoreBundle *bundle)
{
    if (bundle == NULL)
        return;
    g_clear_pointer(&bundle->certificates, g_ptr_array_unref);
    g_free(bundle->hint);
    g_clear_pointer(&bundle->entries, g_ptr_array_unref);
    g_clear_pointer(&bundle->timestamps, g_ptr_array_unref);
    dsse_free(bundle->envelope);
    g_clear_pointer(&bundle->pae, g_bytes_unref);
    g_clear_pointer(&bundle->signature, g_bytes_unref);
    g_clear_pointer(&bundle->digest, g_bytes_unref);
    g_free(bundle);
}
