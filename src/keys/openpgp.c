/* SPDX-License-Identifier: Apache-2.0
 * openpgp: hashing, signing, and the layout of proof/openpgp_layout around it. */
#include "keys/openpgp.h"
#include "base/encoding.h"
#include "keys/content_hash.h"
#include "base/banned.h"

#define MAX_USER_ID 1024

char *
openpgp_fingerprint(const PublicKey *key, GError **error)
{
    uint8_t raw[OPENPGP_FINGERPRINT_SIZE];

    if (!openpgp_put_fingerprint(key, raw, error))
        return NULL;
    g_autofree char *hex = hex_encode(span_of(raw, sizeof raw));
    return g_ascii_strup(hex, -1);
}

/* The signature packet over @hash, appended to @out. */
static bool
sign(const OpenpgpDraft *draft, Signer *signer, const ContentHash *hash, GByteArray *out,
     GError **error)
{
    g_autoptr(GBytes) signature = NULL;
    Span hashed = span_of(hash->bytes, hash->len);

    if (!signer_sign(signer, hashed, &signature, error))
        return false;
    openpgp_draft_end(draft, hashed, span_of_bytes(signature), out);
    return true;
}

static Span
trailer_of(const OpenpgpDraft *draft)
{
    return span_of(draft->trailer->data, draft->trailer->len);
}

char *
openpgp_certificate(Signer *signer, const char *user_id, GError **error)
{
    const PublicKey *key = signer_public_key(signer);
    g_autoptr(GByteArray) content = openpgp_hashed_key(key, error);
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_auto(OpenpgpDraft) draft = { 0 };
    size_t len = strlen(user_id);
    const uint8_t head[5] = { 0xb4, (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
                              (uint8_t)len };
    ContentHash hash;

    if (content == NULL)
        return NULL;
    if (len == 0 || len > MAX_USER_ID || !utf8_is_valid(span_of_text(user_id)) ||
        strpbrk(user_id, "\r\n") != NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "an OpenPGP user id is one line of at most %d bytes: 'Name <address>'",
                  MAX_USER_ID);
        return NULL;
    }
    g_byte_array_append(content, head, sizeof head);
    g_byte_array_append(content, (const uint8_t *)user_id, (guint)len);
    if (!openpgp_put_key(out, key, user_id, error) ||
        !openpgp_draft_begin(&draft, OPENPGP_CERTIFY, key, OPENPGP_KEY_CREATED_S, error) ||
        !content_hash_span(OPENPGP_HASH, span_of(content->data, content->len), trailer_of(&draft),
                           &hash, error) ||
        !sign(&draft, signer, &hash, out, error))
        return NULL;
    return openpgp_armor("PUBLIC KEY BLOCK", out);
}

char *
openpgp_sign_fd(Signer *signer, int fd, int64_t made_at_s, GError **error)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_auto(OpenpgpDraft) draft = { 0 };
    ContentHash hash;

    if (!openpgp_draft_begin(&draft, OPENPGP_BINARY, signer_public_key(signer), made_at_s, error) ||
        !content_hash_fd(OPENPGP_HASH, fd, trailer_of(&draft), &hash, error) ||
        !sign(&draft, signer, &hash, out, error))
        return NULL;
    return openpgp_armor("SIGNATURE", out);
}

char *
openpgp_clearsign(Signer *signer, const char *text, int64_t made_at_s, GError **error)
{
    g_autoptr(GByteArray) packet = g_byte_array_new();
    g_auto(OpenpgpDraft) draft = { 0 };
    ContentHash hash;

    if (!g_str_has_suffix(text, "\n") || !utf8_is_valid(span_of_text(text))) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "what is clear-signed is UTF-8 text that ends with a newline");
        return NULL;
    }
    g_autoptr(GString) canonical = openpgp_canonical_text(text);
    if (!openpgp_draft_begin(&draft, OPENPGP_TEXT, signer_public_key(signer), made_at_s, error) ||
        !content_hash_span(OPENPGP_HASH, span_of(canonical->str, canonical->len),
                           trailer_of(&draft), &hash, error) ||
        !sign(&draft, signer, &hash, packet, error))
        return NULL;
    return openpgp_clear_text(text, packet);
}
