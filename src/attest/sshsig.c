/* SPDX-License-Identifier: Apache-2.0
 * sshsig: OpenSSH PROTOCOL.sshsig. A blob is "SSHSIG", version 1, and five strings (RFC 4251): key,
 * namespace, reserved, hash name, signature. Signed is "SSHSIG", namespace, reserved, hash name,
 * and the hash of the message. */
#include "attest/sshsig.h"
#include <openssl/evp.h>
#include "base/encoding.h"
#include "base/banned.h"

#define MAGIC           "SSHSIG"
#define VERSION         1
#define ARMOR_BEGIN     "-----BEGIN SSH SIGNATURE-----"
#define ARMOR_END       "-----END SSH SIGNATURE-----"
#define NAME_ED25519    "ssh-ed25519"
#define NAME_P256       "ecdsa-sha2-nistp256"
#define CURVE_P256      "nistp256"
#define MAX_ARMOR_BYTES (64u << 10)
#define MAX_HASH        64

static bool
invalid(GError **error, const char *what)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read SSH %s", what);
    return false;
}

static bool
span_is(Span span, const char *text)
{
    return span.len == strlen(text) && memcmp(span.data, text, span.len) == 0;
}

static bool
take_u32(Span *rest, uint32_t *out)
{
    const uint8_t *at = rest->data;

    if (rest->len < 4)
        return false;
    *out = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    *rest = span_of(at + 4, rest->len - 4);
    return true;
}

static bool
take_string(Span *rest, Span *out)
{
    uint32_t len = 0;

    if (!take_u32(rest, &len) || rest->len < len)
        return false;
    *out = span_of(rest->data, len);
    *rest = span_of(rest->data + len, rest->len - len);
    return true;
}

static void
put_string(GByteArray *out, Span span)
{
    const uint8_t len[4] = { (uint8_t)(span.len >> 24), (uint8_t)(span.len >> 16),
                             (uint8_t)(span.len >> 8), (uint8_t)span.len };

    g_byte_array_append(out, len, sizeof len);
    g_byte_array_append(out, span.data, (guint)span.len);
}

GBytes *
sshsig_dearmor(Span text, GError **error)
{
    if (text.len > MAX_ARMOR_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot read SSH signature: %zu bytes, the limit is %u", text.len,
                  MAX_ARMOR_BYTES);
        return NULL;
    }

    g_autofree char *copy = g_strndup((const char *)text.data, text.len);
    g_autoptr(GString) base64 = g_string_new(NULL);
    char *end = g_str_has_prefix(copy, ARMOR_BEGIN "\n") ? strstr(copy, "\n" ARMOR_END) : NULL;
    if (end == NULL) {
        (void)invalid(error, "signature: no '" ARMOR_BEGIN "'");
        return NULL;
    }
    for (const char *at = copy + strlen(ARMOR_BEGIN); at < end; at++) {
        if (*at != '\n' && *at != '\r')
            g_string_append_c(base64, *at);
    }
    GBytes *blob = base64_decode(base64->str, error);
    if (blob == NULL)
        error_prefix(error, "cannot read SSH signature");
    return blob;
}

GBytes *
ssh_key_blob_from_line(const char *line, GError **error)
{
    g_auto(GStrv) words = g_strsplit_set(line, " \t\r\n", 3);

    if (g_strv_length(words) < 2) {
        (void)invalid(error, "public key: not 'TYPE BASE64 COMMENT'");
        return NULL;
    }
    g_autoptr(GBytes) blob = base64_decode(words[1], error);
    g_autoptr(PublicKey) key = blob != NULL ? ssh_key_from_blob(span_of_bytes(blob), error) : NULL;
    if (key == NULL) {
        error_prefix(error, "cannot use SSH public key '%s'", words[0]);
        return NULL;
    }
    return g_steal_pointer(&blob);
}

PublicKey *
ssh_key_from_blob(Span blob, GError **error)
{
    Span rest = blob, name, curve, raw;

    if (!take_string(&rest, &name)) {
        (void)invalid(error, "public key: it is cut short");
        return NULL;
    }
    bool is_ed25519 = span_is(name, NAME_ED25519);
    if (!is_ed25519 && !span_is(name, NAME_P256)) {
        g_autofree char *raw_name = g_strndup((const char *)name.data, name.len);
        g_autofree char *shown = error_printable(raw_name);
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "SSH key type '%s' is not supported, wanted " NAME_ED25519 " or " NAME_P256,
                  shown);
        return NULL;
    }
    if ((!is_ed25519 && (!take_string(&rest, &curve) || !span_is(curve, CURVE_P256))) ||
        !take_string(&rest, &raw) || rest.len != 0) {
        (void)invalid(error, "public key: it is cut short or goes on after its end");
        return NULL;
    }
    return is_ed25519 ? public_key_ed25519_from_raw(raw, error)
                      : public_key_p256_from_point(raw, error);
}

/* Appends an mpint (RFC 4251) as a DER INTEGER: both are minimal two's complement. */
static bool
put_der_integer(GByteArray *der, Span mpint)
{
    bool is_minimal = mpint.len > 0 && (mpint.data[0] & 0x80) == 0 &&
                      (mpint.data[0] != 0 || (mpint.len > 1 && (mpint.data[1] & 0x80) != 0));
    const uint8_t head[2] = { 0x02, (uint8_t)mpint.len };

    if (!is_minimal || mpint.len > 33)
        return false;
    g_byte_array_append(der, head, sizeof head);
    g_byte_array_append(der, mpint.data, (guint)mpint.len);
    return true;
}

/* An SSH ECDSA signature (two mpints) in DER; NULL if it is not one. */
static GBytes *
der_from_ssh(Span blob)
{
    g_autoptr(GByteArray) der = g_byte_array_new();
    static const uint8_t head[2] = { 0x30, 0 };
    Span rest = blob, r, s;

    g_byte_array_append(der, head, sizeof head);
    if (!take_string(&rest, &r) || !take_string(&rest, &s) || rest.len != 0 ||
        !put_der_integer(der, r) || !put_der_integer(der, s))
        return NULL;
    der->data[1] = (uint8_t)(der->len - 2);
    return g_byte_array_free_to_bytes(g_steal_pointer(&der));
}

typedef struct { /* a blob's parts; borrowed from it */
    Span key, name_space, reserved, hash, signature;
} Parts;

static bool
split_blob(Span blob, Parts *out, GError **error)
{
    size_t magic = strlen(MAGIC);
    Span rest = blob;
    uint32_t version = 0;

    if (blob.len < magic || memcmp(blob.data, MAGIC, magic) != 0)
        return invalid(error, "signature: it does not begin with '" MAGIC "'");
    rest = span_of(blob.data + magic, blob.len - magic);
    if (!take_u32(&rest, &version) || version != VERSION)
        return invalid(error, "signature: its version is not 1");
    if (!take_string(&rest, &out->key) || !take_string(&rest, &out->name_space) ||
        !take_string(&rest, &out->reserved) || !take_string(&rest, &out->hash) ||
        !take_string(&rest, &out->signature) || rest.len != 0)
        return invalid(error, "signature: it is cut short or goes on after its end");
    return true;
}

/* What was signed; NULL when the hash is none of the two that are allowed. */
static GByteArray *
signed_bytes(const Parts *parts, Span message)
{
    const char *name = span_is(parts->hash, "sha512")   ? "SHA512"
                       : span_is(parts->hash, "sha256") ? "SHA256"
                                                        : NULL;
    uint8_t hash[MAX_HASH];
    size_t len = sizeof hash;

    if (name == NULL || EVP_Q_digest(NULL, name, NULL, message.data, message.len, hash, &len) != 1)
        return NULL;
    GByteArray *out = g_byte_array_new();
    g_byte_array_append(out, (const uint8_t *)MAGIC, strlen(MAGIC));
    put_string(out, parts->name_space);
    put_string(out, parts->reserved);
    put_string(out, parts->hash);
    put_string(out, span_of(hash, len));
    return out;
}

static bool
check_signature(const PublicKey *key, Span bytes, Span signature, GError **error)
{
    bool is_ed25519 = public_key_kind(key) == PUBLIC_KEY_ED25519;
    Span rest = signature, name, raw;

    if (!take_string(&rest, &name) || !take_string(&rest, &raw) || rest.len != 0)
        return invalid(error, "signature: its inner signature is malformed");
    if (!span_is(name, is_ed25519 ? NAME_ED25519 : NAME_P256))
        return invalid(error, "signature: it is of another type than its key");
    if (is_ed25519)
        return public_key_verify(key, bytes, raw, error);

    g_autoptr(GBytes) der = der_from_ssh(raw);
    if (der == NULL)
        return invalid(error, "signature: its numbers are malformed");
    return public_key_verify(key, bytes, span_of_bytes(der), error);
}

bool
sshsig_verify(Span blob, Span message, Span key_blob, const char *name_space, GError **error)
{
    Parts parts;

    if (!split_blob(blob, &parts, error))
        return false;
    if (parts.key.len != key_blob.len || memcmp(parts.key.data, key_blob.data, key_blob.len) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "the SSH signature is by another key");
        return false;
    }
    if (!span_is(parts.name_space, name_space)) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the SSH signature is of another namespace, wanted '%s'", name_space);
        return false;
    }

    g_autoptr(PublicKey) key = ssh_key_from_blob(key_blob, error);
    if (key == NULL)
        return false;
    g_autoptr(GByteArray) bytes = signed_bytes(&parts, message);
    if (bytes == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "the SSH signature's hash is neither sha256 nor sha512");
        return false;
    }
    return check_signature(key, span_of(bytes->data, bytes->len), parts.signature, error);
}
