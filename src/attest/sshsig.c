/* SPDX-License-Identifier: Apache-2.0
 * sshsig: OpenSSH PROTOCOL.sshsig. A blob is "SSHSIG", version 1, and five strings (RFC 4251): key,
 * namespace, reserved, hash name, signature. Signed is "SSHSIG", namespace, reserved, hash name,
 * and the hash of the message. */
#include "attest/sshsig.h"
#include <openssl/evp.h>
#include "attest/sshsig_key.h"
#include "attest/sshsig_priv.h"
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
#define ARMOR_LINE      70 /* characters */

static bool
invalid(GError **error, const char *what)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read SSH %s", what);
    return false;
}

bool
sshsig_is_armored(Span text)
{
    return text.len >= strlen(ARMOR_BEGIN) &&
           memcmp(text.data, ARMOR_BEGIN, strlen(ARMOR_BEGIN)) == 0;
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

char *
sshsig_armor(Span blob)
{
    g_autofree char *base64 = base64_encode(blob);
    GString *out = g_string_new(ARMOR_BEGIN "\n");

    for (const char *at = base64; *at != '\0';) {
        size_t n = MIN(strlen(at), (size_t)ARMOR_LINE);
        g_string_append_len(out, at, (gssize)n);
        g_string_append_c(out, '\n');
        at += n;
    }
    g_string_append(out, ARMOR_END "\n");
    return g_string_free(out, FALSE);
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
    g_autoptr(SshKey) key = blob != NULL ? ssh_key_parse(span_of_bytes(blob), error) : NULL;
    if (key != NULL && strcmp(ssh_key_type(key), words[0]) != 0) {
        (void)invalid(error, "public key: its bytes are of another type than its first word");
        g_clear_pointer(&key, ssh_key_free);
    } else if (key != NULL && ssh_key_certificate(key) != NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "a certificate is not a key");
        g_clear_pointer(&key, ssh_key_free);
    }
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

    if (!ssh_take_string(&rest, &name)) {
        (void)invalid(error, "public key: it is cut short");
        return NULL;
    }
    bool is_ed25519 = ssh_span_is(name, NAME_ED25519);
    if (!is_ed25519 && !ssh_span_is(name, NAME_P256)) {
        g_autofree char *raw_name = g_strndup((const char *)name.data, name.len);
        g_autofree char *shown = error_printable(raw_name);
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "SSH key type '%s' is not supported, wanted " NAME_ED25519 " or " NAME_P256,
                  shown);
        return NULL;
    }
    if ((!is_ed25519 && (!ssh_take_string(&rest, &curve) || !ssh_span_is(curve, CURVE_P256))) ||
        !ssh_take_string(&rest, &raw) || rest.len != 0) {
        (void)invalid(error, "public key: it is cut short or goes on after its end");
        return NULL;
    }
    return is_ed25519 ? public_key_ed25519_from_raw(raw, error)
                      : public_key_p256_from_point(raw, error);
}

bool
sshsig_split(Span blob, SshsigParts *out, GError **error)
{
    size_t magic = strlen(MAGIC);
    Span rest = blob;
    uint32_t version = 0;

    if (blob.len < magic || memcmp(blob.data, MAGIC, magic) != 0)
        return invalid(error, "signature: it does not begin with '" MAGIC "'");
    rest = span_of(blob.data + magic, blob.len - magic);
    if (!ssh_take_u32(&rest, &version) || version != VERSION)
        return invalid(error, "signature: its version is not 1");
    if (!ssh_take_string(&rest, &out->key) || !ssh_take_string(&rest, &out->namespace) ||
        !ssh_take_string(&rest, &out->reserved) || !ssh_take_string(&rest, &out->hash) ||
        !ssh_take_string(&rest, &out->signature) || rest.len != 0)
        return invalid(error, "signature: it is cut short or goes on after its end");
    return true;
}

const char *
sshsig_hash_name(const SshsigParts *parts)
{
    return ssh_span_is(parts->hash, "sha512")   ? "SHA512"
           : ssh_span_is(parts->hash, "sha256") ? "SHA256"
                                                : NULL;
}

bool
sshsig_verify_hash(const SshsigParts *parts, Span hash, GError **error)
{
    g_autoptr(SshKey) key = ssh_key_parse(parts->key, error);
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    if (key == NULL)
        return false;
    g_byte_array_append(bytes, (const uint8_t *)MAGIC, strlen(MAGIC));
    ssh_put_string(bytes, parts->namespace);
    ssh_put_string(bytes, parts->reserved);
    ssh_put_string(bytes, parts->hash);
    ssh_put_string(bytes, hash);
    return ssh_key_verify(key, span_of(bytes->data, bytes->len), parts->signature, error);
}

bool
sshsig_verify(Span blob, Span message, Span key_blob, const char *name_space, GError **error)
{
    SshsigParts parts;
    uint8_t hash[MAX_HASH];
    size_t len = sizeof hash;

    if (!sshsig_split(blob, &parts, error))
        return false;
    if (parts.key.len != key_blob.len || memcmp(parts.key.data, key_blob.data, key_blob.len) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "the SSH signature is by another key");
        return false;
    }
    if (!ssh_span_is(parts.namespace, name_space)) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the SSH signature is of another namespace, wanted '%s'", name_space);
        return false;
    }

    const char *name = sshsig_hash_name(&parts);
    if (name == NULL ||
        EVP_Q_digest(NULL, name, NULL, message.data, message.len, hash, &len) != 1) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "the SSH signature's hash is neither sha256 nor sha512");
        return false;
    }
    return sshsig_verify_hash(&parts, span_of(hash, len), error);
}
