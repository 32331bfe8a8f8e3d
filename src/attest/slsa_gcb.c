/* SPDX-License-Identifier: Apache-2.0
 * slsa_gcb: signatures by regional keys are over the bare payload, without its type; so those keys
 * are good for nothing else, and their key ids are demanded. */
#include "attest/slsa_gcb.h"
#include "base/limits.h"
#include "base/banned.h"

#define KEYID_BEFORE "projects/verified-builder/locations/"
#define KEYID_AFTER  "/keyRings/attestor/cryptoKeys/builtByGCB/cryptoKeyVersions/1"

static void
provenance_free(void *data)
{
    SlsaGcb *provenance = data;

    dsse_free(provenance->envelope);
    g_free(provenance->kind);
    g_free(provenance->resource);
    json_decref(provenance->text);
    g_free(provenance);
}

bool
slsa_gcb_is_one(const json_t *document)
{
    return json_is_object(json_object_get(document, "provenance_summary"));
}

static bool
read_one(GPtrArray *list, const json_t *item, GError **error)
{
    const char *kind = json_need_string(item, "kind", "provenance", error);
    const char *resource =
        kind != NULL ? json_need_string(item, "resourceUri", "provenance", error) : NULL;
    const json_t *build =
        resource != NULL ? json_need_object(item, "build", "provenance", error) : NULL;
    const json_t *object =
        build != NULL ? json_need_object(item, "envelope", "provenance", error) : NULL;
    g_autoptr(DsseEnvelope) envelope = object != NULL ? dsse_from_json(object, error) : NULL;
    json_t *text = json_object_get(build, "intotoStatement");

    if (envelope == NULL)
        return false;
    SlsaGcb *provenance = g_new0(SlsaGcb, 1);
    provenance->envelope = g_steal_pointer(&envelope);
    provenance->kind = g_strdup(kind);
    provenance->resource = g_strdup(resource);
    provenance->text =
        json_incref(text != NULL ? text : json_object_get(build, "inTotoSlsaProvenanceV1"));
    g_ptr_array_add(list, provenance);
    return true;
}

GPtrArray *
slsa_gcb_read(const json_t *document, Digest *image_out, GError **error)
{
    const json_t *image = json_need_object(document, "image_summary", "document", error);
    const json_t *summary =
        image != NULL ? json_need_object(document, "provenance_summary", "document", error) : NULL;
    const json_t *items = summary != NULL
                              ? json_need_array(summary, "provenance", "provenance_summary", error)
                              : NULL;
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(provenance_free);

    if (items == NULL || !json_need_digest(image, "digest", "image_summary", image_out, error))
        return NULL;
    if (json_array_size(items) > SLSA_GCB_MAX) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "provenance_summary.provenance has %zu members, the limit is %d",
                  json_array_size(items), SLSA_GCB_MAX);
        return NULL;
    }
    for (size_t i = 0; i < json_array_size(items); i++) {
        if (!read_one(list, json_array_get(items, i), error))
            return NULL;
    }
    return g_steal_pointer(&list);
}

char *
slsa_gcb_keyid(const char *region)
{
    return g_strconcat(KEYID_BEFORE, region, KEYID_AFTER, NULL);
}

static bool
untrusted(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "%s", why);
    return false;
}

/* Every member of the copy is what the payload says; an older name of the predicate is allowed. */
static bool
text_is_payload(const SlsaGcb *provenance, GError **error)
{
    g_autoptr(json_t) payload =
        json_parse(span_of_bytes(provenance->envelope->payload), LIMIT_STATEMENT_BYTES, error);
    static const char *const needed[] = { "_type", "predicateType", "subject" };
    const char *name;
    json_t *value;

    if (payload == NULL)
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        if (json_object_get(provenance->text, needed[i]) == NULL)
            return untrusted(error, "the copy for people lacks what is signed");
    }
    json_object_foreach (provenance->text, name, value) {
        const json_t *said = json_object_get(payload, name);
        if (said == NULL && strcmp(name, "slsaProvenance") == 0)
            said = json_object_get(payload, "predicate");
        if (said == NULL || !json_equal(said, value))
            return untrusted(error, "the copy for people does not say what is signed");
    }
    return true;
}

bool
slsa_gcb_verify(const SlsaGcb *provenance, const GPtrArray *keys, const Digest *image,
                GError **error)
{
    g_autoptr(GPtrArray) named = g_ptr_array_new_with_free_func((GDestroyNotify)dsse_key_free);
    char hex[DIGEST_HEX_SIZE];
    g_autofree char *ending = NULL;

    for (unsigned i = 0; i < keys->len; i++) {
        const DsseKey *key = keys->pdata[i];
        if (key->keyid == NULL || *key->keyid == '\0')
            continue;
        g_autofree char *keyid =
            strchr(key->keyid, '/') != NULL ? g_strdup(key->keyid) : slsa_gcb_keyid(key->keyid);
        g_ptr_array_add(named, dsse_key_new(keyid, key->key));
    }
    if (strcmp(provenance->envelope->payload_type, DSSE_TYPE_INTOTO) != 0)
        return untrusted(error, "the envelope holds no in-toto statement");
    if (!dsse_verify_threshold(provenance->envelope, named, 1, DSSE_KEYS_BARE_PAYLOAD, NULL, error))
        return false;
    digest_to_hex(image, hex);
    ending = g_strconcat("@sha256:", hex, NULL);
    if (strcmp(provenance->kind, "BUILD") != 0 || !g_str_has_suffix(provenance->resource, ending))
        return untrusted(error, "the provenance is of another image");
    return text_is_payload(provenance, error);
}
