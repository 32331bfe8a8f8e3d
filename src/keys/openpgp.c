/* SPDX-License-Identifier: Apache-2.0
 * openpgp: packets, the three things that are hashed, and the armor around them. */
#include "keys/openpgp.h"
#include <openssl/evp.h>
#include "base/encoding.h"
#include "keys/content_hash.h"
#include "base/banned.h"

#define HASH            "SHA512"
#define HASH_ID         10
#define ALGORITHM_EDDSA 22
#define VERSION         4
#define FINGERPRINT     20 /* bytes */
#define MAX_USER_ID     1024
#define ARMOR_LINE      64
#define TAG_SIGNATURE   2
#define TAG_KEY         6
#define TAG_USER_ID     13
#define TYPE_BINARY     0x00
#define TYPE_TEXT       0x01
#define TYPE_CERTIFY    0x13
#define SUB_CREATED     2
#define SUB_ISSUER      16
#define SUB_KEY_FLAGS   27
#define SUB_FINGERPRINT 33
#define FLAGS_CERT_SIGN 0x03
#define HALF_SIGNATURE  32

static void
put_u8(GByteArray *out, unsigned value)
{
    const uint8_t byte = (uint8_t)value;

    g_byte_array_append(out, &byte, 1);
}

static void
put_be(GByteArray *out, uint32_t value, unsigned n_bytes)
{
    for (unsigned i = n_bytes; i > 0; i--)
        put_u8(out, value >> (8 * (i - 1)));
}

static void
put_span(GByteArray *out, Span span)
{
    g_byte_array_append(out, span.data, (guint)span.len);
}

static void
put_array(GByteArray *out, const GByteArray *array)
{
    g_byte_array_append(out, array->data, array->len);
}

/* A multiprecision integer: its length in bits, then no leading zero. */
static void
put_mpi(GByteArray *out, Span number)
{
    unsigned bits = 0;

    while (number.len > 0 && number.data[0] == 0)
        number = span_of(number.data + 1, number.len - 1);
    if (number.len > 0)
        bits = (unsigned)number.len * 8 - (unsigned)__builtin_clz((unsigned)number.data[0] << 24);
    put_be(out, bits, 2);
    if (number.len > 0)
        put_span(out, number);
}

/* Lengths of packets in the new format (section 4.2.2) and of subpackets are written alike. */
static void
put_length(GByteArray *out, size_t len)
{
    if (len < 192) {
        put_u8(out, (unsigned)len);
    } else if (len < 8384) {
        put_u8(out, 192 + (unsigned)((len - 192) >> 8));
        put_u8(out, (unsigned)((len - 192) & 0xff));
    } else {
        put_u8(out, 0xff);
        put_be(out, (uint32_t)len, 4);
    }
}

static void
put_packet(GByteArray *out, unsigned tag, Span body)
{
    put_u8(out, 0xc0 | tag);
    put_length(out, body.len);
    put_span(out, body);
}

static void
put_subpacket(GByteArray *out, unsigned type, Span body)
{
    put_length(out, body.len + 1);
    put_u8(out, type);
    put_span(out, body);
}

/* ---- the key
 * ----------------------------------------------------------------------------------- */

static GByteArray *
key_body(const PublicKey *key, GError **error)
{
    static const uint8_t oid[] = { 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01 };
    uint8_t point[33] = { 0x40 }; /* "the native form" */
    GByteArray *body = NULL;

    if (public_key_kind(key) != PUBLIC_KEY_ED25519) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "OpenPGP signatures by our own keys are Ed25519 only, and this one is %s; "
                  "'gpg:FINGERPRINT' signs with the keys of gpg",
                  public_key_kind_name(public_key_kind(key)));
        return NULL;
    }
    memcpy(point + 1, public_key_raw(key).data, 32);
    body = g_byte_array_new();
    put_u8(body, VERSION);
    put_be(body, OPENPGP_KEY_CREATED_S, 4);
    put_u8(body, ALGORITHM_EDDSA);
    put_span(body, span_of(oid, sizeof oid));
    put_mpi(body, span_of(point, sizeof point));
    return body;
}

/* The key as it is hashed (section 5.2.4). */
static GByteArray *
hashed_key(const GByteArray *body)
{
    GByteArray *out = g_byte_array_new();

    put_u8(out, 0x99);
    put_be(out, body->len, 2);
    put_array(out, body);
    return out;
}

static bool
fingerprint(const GByteArray *body, uint8_t out[FINGERPRINT], GError **error)
{
    g_autoptr(GByteArray) hashed = hashed_key(body);
    ContentHash hash;

    if (!content_hash_span("SHA1", span_of(hashed->data, hashed->len), span_of(NULL, 0), &hash,
                           error))
        return false;
    memcpy(out, hash.bytes, FINGERPRINT);
    return true;
}

char *
openpgp_fingerprint(const PublicKey *key, GError **error)
{
    g_autoptr(GByteArray) body = key_body(key, error);
    uint8_t raw[FINGERPRINT];

    if (body == NULL || !fingerprint(body, raw, error))
        return NULL;
    g_autofree char *hex = hex_encode(span_of(raw, sizeof raw));
    return g_ascii_strup(hex, -1);
}

/* ---- signatures
 * -------------------------------------------------------------------------------- */

typedef struct {
    unsigned type;
    uint8_t fingerprint[FINGERPRINT];
    GByteArray *hashed;  /* owned: from the version to the end of the hashed subpackets */
    GByteArray *trailer; /* owned: what is hashed behind the content */
} Draft;

static void
draft_clear(Draft *draft)
{
    g_clear_pointer(&draft->hashed, g_byte_array_unref);
    g_clear_pointer(&draft->trailer, g_byte_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Draft, draft_clear)

static bool
draft_begin(Draft *draft, unsigned type, const PublicKey *key, int64_t made_at_s, GError **error)
{
    g_autoptr(GByteArray) body = key_body(key, error);
    g_autoptr(GByteArray) subs = g_byte_array_new();
    g_autoptr(GByteArray) part = g_byte_array_new();

    if (body == NULL || !fingerprint(body, draft->fingerprint, error))
        return false;
    if (made_at_s < OPENPGP_KEY_CREATED_S || made_at_s > UINT32_MAX) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "an OpenPGP signature cannot be made at %lld", (long long)made_at_s);
        return false;
    }
    put_u8(part, VERSION);
    put_span(part, span_of(draft->fingerprint, FINGERPRINT));
    put_subpacket(subs, SUB_FINGERPRINT, span_of(part->data, part->len));
    g_byte_array_set_size(part, 0);
    put_be(part, (uint32_t)made_at_s, 4);
    put_subpacket(subs, SUB_CREATED, span_of(part->data, part->len));
    if (type == TYPE_CERTIFY)
        put_subpacket(subs, SUB_KEY_FLAGS, span_of(&(uint8_t){ FLAGS_CERT_SIGN }, 1));
    draft->hashed = g_byte_array_new();
    put_u8(draft->hashed, VERSION);
    put_u8(draft->hashed, type);
    put_u8(draft->hashed, ALGORITHM_EDDSA);
    put_u8(draft->hashed, HASH_ID);
    put_be(draft->hashed, subs->len, 2);
    put_array(draft->hashed, subs);
    draft->trailer = g_byte_array_new();
    put_array(draft->trailer, draft->hashed);
    put_u8(draft->trailer, VERSION);
    put_u8(draft->trailer, 0xff);
    put_be(draft->trailer, draft->hashed->len, 4);
    return true;
}

/* The signature packet over @hash, appended to @out. */
static bool
draft_sign(const Draft *draft, Signer *signer, const ContentHash *hash, GByteArray *out,
           GError **error)
{
    g_autoptr(GBytes) signature = NULL;
    g_autoptr(GByteArray) body = g_byte_array_new();
    g_autoptr(GByteArray) subs = g_byte_array_new();

    if (!signer_sign(signer, span_of(hash->bytes, hash->len), &signature, error))
        return false;
    Span raw = span_of_bytes(signature);
    put_subpacket(subs, SUB_ISSUER, span_of(draft->fingerprint + FINGERPRINT - 8, 8));
    put_array(body, draft->hashed);
    put_be(body, subs->len, 2);
    put_array(body, subs);
    put_span(body, span_of(hash->bytes, 2));
    put_mpi(body, span_of(raw.data, HALF_SIGNATURE));
    put_mpi(body, span_of(raw.data + HALF_SIGNATURE, HALF_SIGNATURE));
    put_packet(out, TAG_SIGNATURE, span_of(body->data, body->len));
    return true;
}

/* ---- armor
 * ------------------------------------------------------------------------------------- */

static uint32_t
crc24(Span data)
{
    uint32_t crc = 0xb704ce;

    for (size_t i = 0; i < data.len; i++) {
        crc ^= (uint32_t)data.data[i] << 16;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc << 1) ^ ((crc & 0x800000) != 0 ? 0x1864cfb : 0);
        crc &= 0xffffff;
    }
    return crc;
}

static void
append_armor(GString *out, const char *what, const GByteArray *packets)
{
    uint32_t crc = crc24(span_of(packets->data, packets->len));
    const uint8_t sum[3] = { (uint8_t)(crc >> 16), (uint8_t)(crc >> 8), (uint8_t)crc };
    g_autofree char *base64 = base64_encode(span_of(packets->data, packets->len));
    g_autofree char *sum64 = base64_encode(span_of(sum, sizeof sum));

    g_string_append_printf(out, "-----BEGIN PGP %s-----\n\n", what);
    for (const char *at = base64; *at != '\0';) {
        size_t n = MIN(strlen(at), (size_t)ARMOR_LINE);
        g_string_append_len(out, at, (gssize)n);
        g_string_append_c(out, '\n');
        at += n;
    }
    g_string_append_printf(out, "=%s\n-----END PGP %s-----\n", sum64, what);
}

static char *
armor(const char *what, const GByteArray *packets)
{
    GString *out = g_string_new(NULL);

    append_armor(out, what, packets);
    return g_string_free(out, FALSE);
}

/* ---- the three things we make
 * ------------------------------------------------------------------ */

char *
openpgp_certificate(Signer *signer, const char *user_id, GError **error)
{
    g_autoptr(GByteArray) body = key_body(signer_public_key(signer), error);
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_auto(Draft) draft = { 0 };
    ContentHash hash;
    size_t len = strlen(user_id);

    if (body == NULL)
        return NULL;
    if (len == 0 || len > MAX_USER_ID || !utf8_is_valid(span_of_text(user_id)) ||
        strpbrk(user_id, "\r\n") != NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "an OpenPGP user id is one line of at most %d bytes: 'Name <address>'",
                  MAX_USER_ID);
        return NULL;
    }
    g_autoptr(GByteArray) content = hashed_key(body);
    put_u8(content, 0xb4);
    put_be(content, (uint32_t)len, 4);
    put_span(content, span_of_text(user_id));
    put_packet(out, TAG_KEY, span_of(body->data, body->len));
    put_packet(out, TAG_USER_ID, span_of_text(user_id));
    if (!draft_begin(&draft, TYPE_CERTIFY, signer_public_key(signer), OPENPGP_KEY_CREATED_S,
                     error) ||
        !content_hash_span(HASH, span_of(content->data, content->len),
                           span_of(draft.trailer->data, draft.trailer->len), &hash, error) ||
        !draft_sign(&draft, signer, &hash, out, error))
        return NULL;
    return armor("PUBLIC KEY BLOCK", out);
}

char *
openpgp_sign_fd(Signer *signer, int fd, int64_t made_at_s, GError **error)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_auto(Draft) draft = { 0 };
    ContentHash hash;

    if (!draft_begin(&draft, TYPE_BINARY, signer_public_key(signer), made_at_s, error) ||
        !content_hash_fd(HASH, fd, span_of(draft.trailer->data, draft.trailer->len), &hash,
                         error) ||
        !draft_sign(&draft, signer, &hash, out, error))
        return NULL;
    return armor("SIGNATURE", out);
}

/* @text as it is signed: lines without white space at their ends, parted (not ended) by CR LF. */
static GString *
canonical_text(const char *text)
{
    GString *out = g_string_new(NULL);

    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n"), kept = len;
        while (kept > 0 && strchr(" \t\r", line[kept - 1]) != NULL)
            kept--;
        if (line != text)
            g_string_append(out, "\r\n");
        g_string_append_len(out, line, (gssize)kept);
        line += len + (line[len] == '\n' ? 1 : 0);
    }
    return out;
}

static void
append_escaped(GString *out, const char *text)
{
    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        if (*line == '-' || g_str_has_prefix(line, "From "))
            g_string_append(out, "- ");
        g_string_append_len(out, line, (gssize)len);
        g_string_append_c(out, '\n');
        line += len + (line[len] == '\n' ? 1 : 0);
    }
}

char *
openpgp_clearsign(Signer *signer, const char *text, int64_t made_at_s, GError **error)
{
    g_autoptr(GByteArray) packets = g_byte_array_new();
    g_auto(Draft) draft = { 0 };
    ContentHash hash;

    if (!g_str_has_suffix(text, "\n") || !utf8_is_valid(span_of_text(text))) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "what is clear-signed is UTF-8 text that ends with a newline");
        return NULL;
    }
    g_autoptr(GString) canonical = canonical_text(text);
    if (!draft_begin(&draft, TYPE_TEXT, signer_public_key(signer), made_at_s, error) ||
        !content_hash_span(HASH, span_of(canonical->str, canonical->len),
                           span_of(draft.trailer->data, draft.trailer->len), &hash, error) ||
        !draft_sign(&draft, signer, &hash, packets, error))
        return NULL;
    GString *out = g_string_new("-----BEGIN PGP SIGNED MESSAGE-----\nHash: " HASH "\n\n");
    append_escaped(out, text);
    append_armor(out, "SIGNATURE", packets);
    return g_string_free(out, FALSE);
}
