/* SPDX-License-Identifier: Apache-2.0
 * leaf: one fixed text with three base64 holes. It is RFC 8785 by construction (members sorted,
 * base64 needs no escapes), so reading is comparing: what does not fit the text is not a leaf of
 * ours. */
#include "attest/leaf.h"
#include <assert.h>
#include "attest/text_priv.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/banned.h"

#define TEXT_DIGEST                                                                                \
    "{\"apiVersion\":\"0.0.2\",\"kind\":\"hashedrekord\",\"spec\":{\"hashedRekordV002\":{"         \
    "\"data\":{\"algorithm\":\"SHA2_256\",\"digest\":\""
#define TEXT_SIGNATURE "\"},\"signature\":{\"content\":\""
#define TEXT_KEY                                                                                   \
    "\",\"verifier\":{\"keyDetails\":\"PKIX_ECDSA_P256_SHA_256\",\"publicKey\":{\"rawBytes\":\""
#define TEXT_END "\"}}}}}}"

GBytes *
leaf_build(const Digest *pae, Span signature, Span spki)
{
    assert(signature.len > 0 && signature.len <= PUBLIC_KEY_MAX_SIGNATURE);
    assert(spki.len == PUBLIC_KEY_P256_SPKI_SIZE);

    g_autofree char *digest64 = base64_encode(span_of(pae->bytes, DIGEST_SIZE));
    g_autofree char *signature64 = base64_encode(signature);
    g_autofree char *spki64 = base64_encode(spki);
    char *leaf = g_strconcat(TEXT_DIGEST, digest64, TEXT_SIGNATURE, signature64, TEXT_KEY, spki64,
                             TEXT_END, NULL);
    return g_bytes_new_take(leaf, strlen(leaf));
}

Leaf *
leaf_parse(Span bytes, GError **error)
{
    g_autoptr(Leaf) leaf = g_new0(Leaf, 1);
    g_autoptr(GBytes) digest = NULL;
    Span rest = bytes;

    if (bytes.len > LIMIT_LEAF_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot read log leaf: %zu bytes, the limit is %u", bytes.len, LIMIT_LEAF_BYTES);
        return NULL;
    }
    bool ok = text_take(&rest, TEXT_DIGEST) && (digest = text_take_base64(&rest)) != NULL &&
              text_take(&rest, TEXT_SIGNATURE) &&
              (leaf->signature = text_take_base64(&rest)) != NULL && text_take(&rest, TEXT_KEY) &&
              (leaf->spki = text_take_base64(&rest)) != NULL && text_take(&rest, TEXT_END) &&
              rest.len == 0;
    if (!ok || g_bytes_get_size(digest) != DIGEST_SIZE || g_bytes_get_size(leaf->signature) == 0 ||
        g_bytes_get_size(leaf->signature) > PUBLIC_KEY_MAX_SIGNATURE ||
        g_bytes_get_size(leaf->spki) != PUBLIC_KEY_P256_SPKI_SIZE) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "cannot read log leaf: not a canonical hashedrekord 0.0.2 with a P-256 key");
        return NULL;
    }
    memcpy(leaf->pae.bytes, span_of_bytes(digest).data, DIGEST_SIZE);
    leaf->keyid = digest_of(span_of_bytes(leaf->spki));
    return g_steal_pointer(&leaf);
}

bool
leaf_check(const Leaf *leaf, Span pae, const PublicKey *key, GError **error)
{
    g_autoptr(PublicKey) own = NULL;
    Digest digest = digest_of(pae);

    if (!digest_equal(&digest, &leaf->pae)) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the log leaf is not about these signed bytes");
        return false;
    }
    if (key == NULL) {
        own = public_key_from_spki(span_of_bytes(leaf->spki), error);
        if (own == NULL)
            return false;
        key = own;
    }

    Digest keyid = public_key_keyid(key);
    assert(digest_equal(&keyid, &leaf->keyid));
    return public_key_verify(key, pae, span_of_bytes(leaf->signature), error);
}

void
leaf_free(Leaf *leaf)
{
    if (leaf == NULL)
        return;
    g_clear_pointer(&leaf->signature, g_bytes_unref);
    g_clear_pointer(&leaf->spki, g_bytes_unref);
    g_free(leaf);
}
