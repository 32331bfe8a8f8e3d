/* SPDX-License-Identifier: Apache-2.0
 * bundle: Sigstore bundle v0.3 as protobuf JSON, by whomever it was written: 64-bit numbers are
 * strings, bytes are base64, members in any order. bundle_text.c writes them, and reads those we
 * wrote. */
#include "attest/bundle.h"
#include "attest/bundle_text_priv.h"
#include "attest/json_bytes_priv.h"
#include "base/limits.h"
#include "base/banned.h"

#define WHERE        "bundle"
#define KIND         "hashedrekord"
#define KIND_VERSION "0.0.2"

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, WHERE ".%s", why);
    return false;
}

static bool
unavailable(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "%s", why);
    return false;
}

/* A 64-bit number of protobuf JSON: a string, or a number from lenient writers. */
static bool
need_number(const json_t *object, const char *key, uint64_t *out, GError **error)
{
    const json_t *value = json_object_get(object, key);
    const char *text = json_string_value(value);
    int64_t number = 0;

    if (text == NULL) {
        if (!json_need_uint(object, key, WHERE, &number, error))
            return false;
        *out = (uint64_t)number;
        return true;
    }
    size_t len = strlen(text);
    if (len < 1 || len > 18 || strspn(text, "0123456789") != len || (len > 1 && *text == '0'))
        return invalid(error, "a 64-bit number is malformed");
    *out = g_ascii_strtoull(text, NULL, 10);
    return true;
}

static bool
read_proof(Bundle *bundle, const json_t *entry, GError **error)
{
    const json_t *proof = json_need_object(entry, "inclusionProof", WHERE, error);
    const json_t *checkpoint =
        proof != NULL ? json_need_object(proof, "checkpoint", WHERE, error) : NULL;
    const char *note =
        checkpoint != NULL ? json_need_string(checkpoint, "envelope", WHERE, error) : NULL;
    uint64_t index = 0;

    if (note == NULL || !need_number(proof, "logIndex", &index, error) ||
        !need_number(proof, "treeSize", &bundle->head.size, error) ||
        !json_need_hash(proof, "rootHash", WHERE, &bundle->head.root, error) ||
        !json_need_hashes(proof, "hashes", WHERE, &bundle->hashes, &bundle->n_hashes, error))
        return false;
    if (index != bundle->index)
        return invalid(error, "inclusionProof.logIndex is not the entry's");
    bundle->checkpoint = g_bytes_new(note, strlen(note));
    return true;
}

static bool
read_entry(Bundle *bundle, const json_t *entry, GError **error)
{
    const json_t *log_id = json_need_object(entry, "logId", WHERE, error);
    const json_t *kind =
        log_id != NULL ? json_need_object(entry, "kindVersion", WHERE, error) : NULL;
    const char *name = kind != NULL ? json_need_string(kind, "kind", WHERE, error) : NULL;
    const char *version = name != NULL ? json_need_string(kind, "version", WHERE, error) : NULL;

    if (version == NULL)
        return false;
    if (strcmp(name, KIND) != 0 || strcmp(version, KIND_VERSION) != 0)
        return unavailable(error, "its log entry is not a " KIND " " KIND_VERSION);
    return need_number(entry, "logIndex", &bundle->index, error) &&
           json_need_hash(log_id, "keyId", WHERE, &bundle->log_id, error) &&
           (bundle->leaf = json_need_bytes(entry, "canonicalizedBody", WHERE, error)) != NULL &&
           read_proof(bundle, entry, error);
}

static bool
read_timestamps(Bundle *bundle, const json_t *material, GError **error)
{
    const json_t *data = json_object_get(material, "timestampVerificationData");
    const json_t *list = json_object_get(data, "rfc3161Timestamps");

    bundle->timestamps = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    if (json_array_size(list) > BUNDLE_MAX_TIMESTAMPS)
        return invalid(error, "rfc3161Timestamps has too many members");
    for (size_t i = 0; i < json_array_size(list); i++) {
        GBytes *stamp = json_need_bytes(json_array_get(list, i), "signedTimestamp", WHERE, error);
        if (stamp == NULL)
            return false;
        g_ptr_array_add(bundle->timestamps, stamp);
    }
    return true;
}

static bool
read_material(Bundle *bundle, const json_t *material, GError **error)
{
    const json_t *public_key = json_object_get(material, "publicKey");
    const json_t *entries = json_need_array(material, "tlogEntries", WHERE, error);

    if (entries == NULL)
        return false;
    if (!json_is_object(public_key))
        return unavailable(error, "it is not by a managed public key");
    if (json_array_size(entries) != 1)
        return invalid(error, "tlogEntries must have one member");
    return json_need_hash(public_key, "hint", WHERE, &bundle->hint, error) &&
           read_entry(bundle, json_array_get(entries, 0), error) &&
           read_timestamps(bundle, material, error);
}

static Bundle *
read_bundle(const json_t *object, GError **error)
{
    g_autoptr(Bundle) bundle = g_new0(Bundle, 1);
    const char *type = json_need_string(object, "mediaType", WHERE, error);
    const json_t *envelope = json_object_get(object, "dsseEnvelope");
    const json_t *material = NULL;

    if (type == NULL)
        return NULL;
    if (strcmp(type, BUNDLE_MEDIA_TYPE) != 0 || !json_is_object(envelope)) {
        (void)unavailable(error, "it is not a v0.3 bundle with a DSSE envelope");
        return NULL;
    }
    material = json_need_object(object, "verificationMaterial", WHERE, error);
    if (material == NULL || !read_material(bundle, material, error) ||
        (bundle->envelope = dsse_from_json(envelope, error)) == NULL)
        return NULL;
    if (bundle->envelope->signatures->len != 1) {
        (void)invalid(error, "dsseEnvelope must have one signature");
        return NULL;
    }
    return g_steal_pointer(&bundle);
}

Bundle *
bundle_parse(Span json, GError **error)
{
    Bundle *own = bundle_from_text(json);
    if (own != NULL)
        return own;

    g_autoptr(json_t) object = json_parse(json, LIMIT_JSON_BYTES, error);
    Bundle *bundle = object != NULL ? read_bundle(object, error) : NULL;

    if (bundle == NULL)
        error_prefix(error, "cannot read bundle");
    return bundle;
}

GBytes *
bundle_pae(const Bundle *bundle)
{
    return dsse_pae(bundle->envelope->payload_type, span_of_bytes(bundle->envelope->payload));
}

void
bundle_free(Bundle *bundle)
{
    if (bundle == NULL)
        return;
    dsse_free(bundle->envelope);
    g_clear_pointer(&bundle->leaf, g_bytes_unref);
    g_free(bundle->hashes);
    g_clear_pointer(&bundle->checkpoint, g_bytes_unref);
    g_clear_pointer(&bundle->timestamps, g_ptr_array_unref);
    g_free(bundle);
}
