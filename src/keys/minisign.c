/* SPDX-License-Identifier: Apache-2.0
 * minisign: two lines of base64, each below its comment (jedisct1.github.io/minisign). */
#include "keys/minisign.h"
#include "base/banned.h"

#define MAX_COMMENT 8192 /* minisign reads no longer line */

static bool
check_kind(const PublicKey *key, GError **error)
{
    if (public_key_kind(key) == PUBLIC_KEY_ED25519)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
              "minisign knows Ed25519 keys only, and this one is %s",
              public_key_kind_name(public_key_kind(key)));
    return false;
}

char *
minisign_public_key(const PublicKey *key, GError **error)
{
    if (!check_kind(key, error))
        return NULL;
    g_autofree char *id = minisign_shown_id(key);
    g_autofree char *line = minisign_tagged("Ed", key, public_key_raw(key));
    return g_strdup_printf("untrusted comment: minisign public key %s\n%s\n", id, line);
}

char *
minisign_sign(Signer *signer, const ContentHash *hash, const char *trusted_comment, GError **error)
{
    const PublicKey *key = signer_public_key(signer);
    g_autoptr(GBytes) signature = NULL;
    g_autoptr(GBytes) global = NULL;
    g_autoptr(GByteArray) both = g_byte_array_new();

    if (!check_kind(key, error))
        return NULL;
    if (strpbrk(trusted_comment, "\r\n") != NULL || strlen(trusted_comment) > MAX_COMMENT) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "a trusted comment is one line of at most %u bytes", MAX_COMMENT);
        return NULL;
    }
    if (!signer_sign(signer, span_of(hash->bytes, hash->len), &signature, error))
        return NULL;
    Span raw = span_of_bytes(signature);
    g_byte_array_append(both, raw.data, (guint)raw.len);
    g_byte_array_append(both, (const uint8_t *)trusted_comment, (guint)strlen(trusted_comment));
    if (!signer_sign(signer, span_of(both->data, both->len), &global, error))
        return NULL;
    return minisign_format(key, raw, trusted_comment, span_of_bytes(global));
}
