/* SPDX-License-Identifier: Apache-2.0
 * openpgp_layout: packets, the three things that are hashed, and the armor around them. */
#include "proof/openpgp_layout.h"
#include <string.h>
#include "base/encoding.h"
#include "base/banned.h"

#define HASH_ID         10
#define ALGORITHM_EDDSA 22
#define VERSION         4
#define ARMOR_LINE      64
#define ARMOR_BEGIN     "-----BEGIN PGP SIGNATURE-----\n\n"
#define TAG_SIGNATURE   2
#define TAG_KEY         6
#define TAG_USER_ID     13
#define SUB_CREATED     2
#define SUB_ISSUER      16
#define SUB_KEY_FLAGS   27
#define SUB_FINGERPRINT 33
#define FLAGS_CERT_SIGN 0x03
#define ISSUER_SIZE     8 /* the end of the fingerprint */
#define HALF_SIGNATURE  (OPENPGP_SIGNATURE_SIZE / 2)
#define MAX_ARMOR       1024 /* of one signature, in base64 */

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

GByteArray *
openpgp_hashed_key(const PublicKey *key, GError **error)
{
    g_autoptr(GByteArray) body = key_body(key, error);
    GByteArray *out = NULL;

    if (body == NULL)
        return NULL;
    out = g_byte_array_new();
    put_u8(out, 0x99);
    put_be(out, body->len, 2);
    put_array(out, body);
    return out;
}

bool
openpgp_put_key(GByteArray *out, const PublicKey *key, const char *user_id, GError **error)
{
    g_autoptr(GByteArray) body = key_body(key, error);

    if (body == NULL)
        return false;
    put_packet(out, TAG_KEY, span_of(body->data, body->len));
    put_packet(out, TAG_USER_ID, span_of_text(user_id));
    return true;
}

bool
openpgp_put_fingerprint(const PublicKey *key, uint8_t out[OPENPGP_FINGERPRINT_SIZE], GError **error)
{
    g_autoptr(GByteArray) hashed = openpgp_hashed_key(key, error);
    FileHash hash;

    if (hashed == NULL ||
        !bytes_hash("SHA1", span_of(hashed->data, hashed->len), span_of(NULL, 0), &hash, error))
        return false;
    memcpy(out, hash.bytes, OPENPGP_FINGERPRINT_SIZE);
    return true;
}

/* ---- signatures
 * -------------------------------------------------------------------------------- */

void
openpgp_draft_clear(OpenpgpDraft *draft)
{
    g_clear_pointer(&draft->hashed, g_byte_array_unref);
    g_clear_pointer(&draft->trailer, g_byte_array_unref);
}

static GByteArray *
hashed_subpackets(const OpenpgpDraft *draft, OpenpgpType type, int64_t made_at_s)
{
    GByteArray *subs = g_byte_array_new();
    g_autoptr(GByteArray) part = g_byte_array_new();

    put_u8(part, VERSION);
    put_span(part, span_of(draft->fingerprint, OPENPGP_FINGERPRINT_SIZE));
    put_subpacket(subs, SUB_FINGERPRINT, span_of(part->data, part->len));
    g_byte_array_set_size(part, 0);
    put_be(part, (uint32_t)made_at_s, 4);
    put_subpacket(subs, SUB_CREATED, span_of(part->data, part->len));
    if (type == OPENPGP_CERTIFY)
        put_subpacket(subs, SUB_KEY_FLAGS, span_of(&(uint8_t){ FLAGS_CERT_SIGN }, 1));
    return subs;
}

bool
openpgp_draft_begin(OpenpgpDraft *draft, OpenpgpType type, const PublicKey *key, int64_t made_at_s,
                    GError **error)
{
    g_autoptr(GByteArray) subs = NULL;

    if (!openpgp_put_fingerprint(key, draft->fingerprint, error))
        return false;
    if (made_at_s < OPENPGP_KEY_CREATED_S || made_at_s > UINT32_MAX) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "an OpenPGP signature cannot be made at %lld", (long long)made_at_s);
        return false;
    }
    subs = hashed_subpackets(draft, type, made_at_s);
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

/* What stands before the left 16 bits of the hash. */
static void
put_head(const OpenpgpDraft *draft, GByteArray *out)
{
    g_autoptr(GByteArray) subs = g_byte_array_new();

    put_subpacket(
        subs, SUB_ISSUER,
        span_of(draft->fingerprint + OPENPGP_FINGERPRINT_SIZE - ISSUER_SIZE, ISSUER_SIZE));
    put_array(out, draft->hashed);
    put_be(out, subs->len, 2);
    put_array(out, subs);
}

void
openpgp_draft_end(const OpenpgpDraft *draft, Span hash, Span signature, GByteArray *out)
{
    g_autoptr(GByteArray) body = g_byte_array_new();

    put_head(draft, body);
    put_span(body, span_of(hash.data, 2));
    put_mpi(body, span_of(signature.data, HALF_SIGNATURE));
    put_mpi(body, span_of(signature.data + HALF_SIGNATURE, HALF_SIGNATURE));
    put_packet(out, TAG_SIGNATURE, span_of(body->data, body->len));
}

/* Takes an integer of at most 32 bytes from the front, its end at the end of @out. */
static bool
take_mpi(Span *rest, uint8_t out[HALF_SIGNATURE])
{
    size_t bits = rest->len >= 2 ? (size_t)rest->data[0] << 8 | rest->data[1] : SIZE_MAX;
    size_t len = bits == SIZE_MAX ? SIZE_MAX : (bits + 7) / 8;

    if (len > HALF_SIGNATURE || rest->len - 2 < len)
        return false;
    memset(out, 0, HALF_SIGNATURE);
    memcpy(out + HALF_SIGNATURE - len, rest->data + 2, len);
    *rest = span_of(rest->data + 2 + len, rest->len - 2 - len);
    return true;
}

/* The packets in the armor at the end of @text. Owned, or NULL. */
static GBytes *
dearmor(Span text)
{
    const size_t begin = strlen(ARMOR_BEGIN);
    size_t at = text.len > MAX_ARMOR ? text.len - MAX_ARMOR : 0;
    g_autofree char *tail = g_strndup((const char *)text.data + at, text.len - at);
    g_autoptr(GString) base64 = g_string_new(NULL);
    const char *p = strstr(tail, ARMOR_BEGIN);

    if (p == NULL)
        return NULL;
    for (p += begin; *p != '\0' && strncmp(p, "\n=", 2) != 0; p++) {
        if (*p != '\n')
            g_string_append_c(base64, *p);
    }
    return base64_decode(base64->str, NULL);
}

bool
openpgp_draft_find_signature(const OpenpgpDraft *draft, Span text,
                             uint8_t signature_out[OPENPGP_SIGNATURE_SIZE], GError **error)
{
    g_autoptr(GByteArray) head = g_byte_array_new();
    g_autoptr(GBytes) packet = dearmor(text);
    uint8_t signature[OPENPGP_SIGNATURE_SIZE];
    Span rest = packet != NULL ? span_of_bytes(packet) : span_of(NULL, 0);
    size_t skipped = 0;

    put_head(draft, head);
    skipped = 2 + head->len + 2; /* the packet's own head before, the hash's bits after */
    if (rest.len <= skipped) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "holds no OpenPGP signature of ours");
        return false;
    }
    rest = span_of(rest.data + skipped, rest.len - skipped);
    if (!take_mpi(&rest, signature) || !take_mpi(&rest, signature + HALF_SIGNATURE) ||
        rest.len != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "its OpenPGP signature is malformed");
        return false;
    }
    memcpy(signature_out, signature, sizeof signature);
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

char *
openpgp_armor(const char *what, const GByteArray *packets)
{
    GString *out = g_string_new(NULL);

    append_armor(out, what, packets);
    return g_string_free(out, FALSE);
}

GString *
openpgp_canonical_text(const char *text)
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
openpgp_clear_text(const char *text, const GByteArray *packet)
{
    GString *out = g_string_new("-----BEGIN PGP SIGNED MESSAGE-----\nHash: " OPENPGP_HASH "\n\n");

    append_escaped(out, text);
    append_armor(out, "SIGNATURE", packet);
    return g_string_free(out, FALSE);
}
