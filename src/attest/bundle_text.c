/* SPDX-License-Identifier: Apache-2.0
 * bundle_text: our own bundles as one fixed text with holes, written and read. A verifier of many
 * bundles is as fast as its signature checks only if reading them costs next to nothing. */
#include "attest/bundle_text_priv.h"
#include "attest/dsse_priv.h"
#include "attest/leaf.h"
#include "attest/text_priv.h"
#include "base/limits.h"
#include "base/banned.h"

#define TEXT_PAYLOAD      "{\"dsseEnvelope\":{\"payload\":\""
#define TEXT_PAYLOAD_TYPE "\",\"payloadType\":\""
#define TEXT_KEYID        "\",\"signatures\":[{\"keyid\":\""
#define TEXT_SIG          "\",\"sig\":\""
#define TEXT_SIG_END      "\"}"
#define TEXT_HINT                                                                                  \
    "]},\"mediaType\":\"" BUNDLE_MEDIA_TYPE                                                        \
    "\",\"verificationMaterial\":{\"publicKey\":{\"hint\":\""
#define TEXT_STAMPS      "\"},\"timestampVerificationData\":{\"rfc3161Timestamps\":["
#define TEXT_STAMP       "{\"signedTimestamp\":\""
#define TEXT_STAMP_END   "\"}"
#define TEXT_STAMPS_END  "]},\"tlogEntries\":[{\"canonicalizedBody\":\""
#define TEXT_NO_STAMPS   "\"},\"tlogEntries\":[{\"canonicalizedBody\":\""
#define TEXT_CHECKPOINT  "\",\"inclusionProof\":{\"checkpoint\":{\"envelope\":\""
#define TEXT_HASHES      "\"},\"hashes\":["
#define TEXT_PROOF_INDEX "],\"logIndex\":\""
#define TEXT_ROOT        "\",\"rootHash\":\""
#define TEXT_SIZE        "\",\"treeSize\":\""
#define TEXT_LOG_ID                                                                                \
    "\"},\"kindVersion\":{\"kind\":\"hashedrekord\",\"version\":\"0.0.2\"},\"logId\":{\"keyId\":"  \
    "\""
#define TEXT_INDEX "\"},\"logIndex\":\""
#define TEXT_END   "\"}]}}\n"

static void
put_stamps(GString *out, const BundleParts *parts)
{
    g_string_append(out, parts->n_timestamps > 0 ? TEXT_STAMPS : TEXT_NO_STAMPS);
    for (size_t i = 0; i < parts->n_timestamps; i++) {
        g_string_append(out, i > 0 ? "," TEXT_STAMP : TEXT_STAMP);
        text_put_base64(out, parts->timestamps[i]);
        g_string_append(out, TEXT_STAMP_END);
    }
    if (parts->n_timestamps > 0)
        g_string_append(out, TEXT_STAMPS_END);
}

static bool
put_proof(GString *out, const BundleParts *parts)
{
    g_string_append(out, TEXT_CHECKPOINT);
    if (!text_put_escaped(out, parts->checkpoint))
        return false;
    g_string_append(out, TEXT_HASHES);
    for (size_t i = 0; i < parts->proof.n_hashes; i++) {
        g_string_append(out, i > 0 ? ",\"" : "\"");
        text_put_base64(out, span_of(parts->proof.hashes[i].bytes, DIGEST_SIZE));
        g_string_append_c(out, '"');
    }
    g_string_append_printf(out, TEXT_PROOF_INDEX "%" G_GUINT64_FORMAT TEXT_ROOT, parts->index);
    text_put_base64(out, span_of(parts->head.root.bytes, DIGEST_SIZE));
    g_string_append_printf(out, TEXT_SIZE "%" G_GUINT64_FORMAT, parts->head.size);
    return true;
}

/* Everything before the log entry: envelope and key. */
static bool
put_envelope(GString *out, const BundleParts *parts, const Leaf *leaf)
{
    g_autofree char *keyid = public_key_fingerprint_of_spki(span_of_bytes(leaf->spki));
    Span type, payload;

    if (keyid == NULL || !dsse_pae_split(parts->pae, &type, &payload, NULL))
        return false;
    g_string_append(out, TEXT_PAYLOAD);
    text_put_base64(out, payload);
    g_string_append(out, TEXT_PAYLOAD_TYPE);
    if (!text_put_escaped(out, type))
        return false;
    g_string_append(out, TEXT_KEYID);
    g_string_append(out, keyid);
    g_string_append(out, TEXT_SIG);
    text_put_base64(out, span_of_bytes(leaf->signature));
    g_string_append(out, TEXT_SIG_END TEXT_HINT);
    text_put_base64(out, span_of(leaf->keyid.bytes, DIGEST_SIZE));
    return true;
}

char *
bundle_build(const BundleParts *parts, GError **error)
{
    g_autoptr(Leaf) leaf = leaf_parse(parts->leaf, error);

    if (leaf == NULL) {
        error_prefix(error, "cannot write bundle");
        return NULL;
    }
    size_t expected = 1024 + 2 * (parts->pae.len + parts->leaf.len + parts->checkpoint.len);
    g_autoptr(GString) out = g_string_sized_new(expected);
    bool ok = put_envelope(out, parts, leaf);
    put_stamps(out, parts);
    text_put_base64(out, parts->leaf);
    if (!ok || !put_proof(out, parts)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot write bundle: signed bytes or checkpoint are malformed");
        return NULL;
    }
    g_string_append(out, TEXT_LOG_ID);
    text_put_base64(out, span_of(parts->log_id.bytes, DIGEST_SIZE));
    g_string_append_printf(out, TEXT_INDEX "%" G_GUINT64_FORMAT TEXT_END, parts->index);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static bool
take_stamps(Span *rest, GPtrArray *stamps)
{
    if (text_take(rest, TEXT_NO_STAMPS))
        return true;
    if (!text_take(rest, TEXT_STAMPS))
        return false;
    do {
        GBytes *stamp = text_take(rest, TEXT_STAMP) ? text_take_base64(rest) : NULL;
        if (stamp == NULL || stamps->len >= BUNDLE_MAX_TIMESTAMPS) {
            g_clear_pointer(&stamp, g_bytes_unref);
            return false;
        }
        g_ptr_array_add(stamps, stamp);
    } while (text_take(rest, TEXT_STAMP_END ","));
    return text_take(rest, TEXT_STAMP_END TEXT_STAMPS_END);
}

static bool
take_hashes(Span *rest, Bundle *bundle)
{
    bundle->hashes = g_new0(Digest, LIMIT_PROOF_HASHES);
    if (text_take(rest, TEXT_PROOF_INDEX))
        return true;
    do {
        if (bundle->n_hashes >= LIMIT_PROOF_HASHES || !text_take(rest, "\"") ||
            !text_take_hash(rest, &bundle->hashes[bundle->n_hashes++]))
            return false;
    } while (text_take(rest, "\","));
    return text_take(rest, "\"" TEXT_PROOF_INDEX);
}

static bool
take_entry(Span *rest, Bundle *bundle)
{
    uint64_t index = 0;

    return (bundle->leaf = text_take_base64(rest)) != NULL && text_take(rest, TEXT_CHECKPOINT) &&
           (bundle->checkpoint = text_take_escaped(rest)) != NULL && text_take(rest, TEXT_HASHES) &&
           take_hashes(rest, bundle) && text_take_number(rest, &index) &&
           text_take(rest, TEXT_ROOT) && text_take_hash(rest, &bundle->head.root) &&
           text_take(rest, TEXT_SIZE) && text_take_number(rest, &bundle->head.size) &&
           text_take(rest, TEXT_LOG_ID) && text_take_hash(rest, &bundle->log_id) &&
           text_take(rest, TEXT_INDEX) && text_take_number(rest, &bundle->index) &&
           index == bundle->index;
}

Bundle *
bundle_from_text(Span text)
{
    g_autoptr(Bundle) bundle = g_new0(Bundle, 1);
    Span rest = text;

    if (text.len > LIMIT_JSON_BYTES)
        return NULL;
    bundle->envelope = dsse_new_empty();
    bundle->timestamps = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    if (!text_take(&rest, TEXT_PAYLOAD) || !dsse_take_payload(&rest, bundle->envelope) ||
        !dsse_take_signature(&rest, bundle->envelope) || !text_take(&rest, TEXT_HINT) ||
        !text_take_hash(&rest, &bundle->hint) || !take_stamps(&rest, bundle->timestamps) ||
        !take_entry(&rest, bundle) || !text_take(&rest, TEXT_END) || rest.len != 0)
        return NULL;
    return g_steal_pointer(&bundle);
}
