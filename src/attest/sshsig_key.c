/* SPDX-License-Identifier: Apache-2.0
 * sshsig_key: key types as a table. Certificates are read and their authority's signature checked;
 * whether the authority is one to believe is the caller's question. */
#include "attest/sshsig_key.h"
#include "attest/sshsig_priv.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/error.h"
#include "base/banned.h"

#define CERTIFICATE_USER  1
#define FLAG_USER_PRESENT 0x01
#define FLAG_ATTESTED     0x40 /* attested credential data follows; never in a signature */
#define FLAG_EXTENSIONS   0x80
#define MAX_FIELD         66 /* bytes of r or s on P-521 */
#define WEBAUTHN_P256     "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"

typedef struct {
    const char *name, *certificate; /* static */
    ForeignKeyKind kind;
    const char *curve;    /* NULL: no curve */
    ForeignScheme scheme; /* NONE: the signature says which */
    bool is_hardware;
    size_t field; /* bytes of r and of s */
} TypeRow;

static const TypeRow types[] = {
    { "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", FOREIGN_KEY_ED25519, NULL,
      FOREIGN_SCHEME_ED25519, false, 0 },
    { "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com", FOREIGN_KEY_P256,
      "nistp256", FOREIGN_SCHEME_ECDSA_SHA256, false, 32 },
    { "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com", FOREIGN_KEY_P384,
      "nistp384", FOREIGN_SCHEME_ECDSA_SHA384, false, 48 },
    { "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com", FOREIGN_KEY_P521,
      "nistp521", FOREIGN_SCHEME_ECDSA_SHA512, false, 66 },
    { "ssh-rsa", "ssh-rsa-cert-v01@openssh.com", FOREIGN_KEY_RSA, NULL, FOREIGN_SCHEME_NONE, false,
      0 },
    { "sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com", FOREIGN_KEY_ED25519,
      NULL, FOREIGN_SCHEME_ED25519, true, 0 },
    { "sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
      FOREIGN_KEY_P256, "nistp256", FOREIGN_SCHEME_ECDSA_SHA256, true, 32 },
};

struct SshKey {
    const TypeRow *row;
    ForeignKey *key;   /* owned */
    char *application; /* owned; of hardware keys */
    size_t application_len;
    bool has_certificate;
    SshCertificate certificate;
};

static bool
invalid(GError **error, const char *what)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot read SSH %s", what);
    return false;
}

static const TypeRow *
find_type(Span name, bool *is_certificate)
{
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        *is_certificate = ssh_span_is(name, types[i].certificate);
        if (*is_certificate || ssh_span_is(name, types[i].name))
            return &types[i];
    }
    return NULL;
}

static ForeignKey *
take_rsa(Span *rest, GError **error)
{
    Span exponent, modulus;

    if (!ssh_take_mpint(rest, &exponent) || !ssh_take_mpint(rest, &modulus)) {
        (void)invalid(error, "public key: its numbers are malformed");
        return NULL;
    }
    return foreign_key_from_rsa(modulus, exponent, error);
}

/* What is particular to a type: the key, and for hardware keys the application. */
static bool
take_key(SshKey *key, Span *rest, GError **error)
{
    const TypeRow *row = key->row;
    Span curve, raw, application;

    if (row->kind == FOREIGN_KEY_RSA)
        return (key->key = take_rsa(rest, error)) != NULL;
    if ((row->curve != NULL &&
         (!ssh_take_string(rest, &curve) || !ssh_span_is(curve, row->curve))) ||
        !ssh_take_string(rest, &raw))
        return invalid(error, "public key: it is cut short, or on another curve than it says");
    key->key = row->curve != NULL ? foreign_key_from_point(row->kind, raw, error)
                                  : foreign_key_from_ed25519(raw, error);
    if (key->key == NULL || !row->is_hardware)
        return key->key != NULL;
    if (!ssh_take_string(rest, &application))
        return invalid(error, "public key: its application is missing");
    key->application = g_memdup2(application.data, application.len);
    key->application_len = application.len;
    return true;
}

/* What follows the key in a certificate, up to and with the authority's signature. */
static bool
take_certificate(SshKey *key, Span blob, Span rest, GError **error)
{
    SshCertificate *cert = &key->certificate;
    Span critical, extensions, reserved, signature;
    uint64_t serial = 0;
    uint32_t type = 0;

    if (!ssh_take_u64(&rest, &serial) || !ssh_take_u32(&rest, &type) ||
        !ssh_take_string(&rest, &cert->id) || !ssh_take_string(&rest, &cert->principals) ||
        !ssh_take_u64(&rest, &cert->after_s) || !ssh_take_u64(&rest, &cert->before_s) ||
        !ssh_take_string(&rest, &critical) || !ssh_take_string(&rest, &extensions) ||
        !ssh_take_string(&rest, &reserved) || !ssh_take_string(&rest, &cert->authority))
        return invalid(error, "certificate: it is cut short");
    Span message = span_of(blob.data, blob.len - rest.len);
    if (!ssh_take_string(&rest, &signature) || rest.len != 0)
        return invalid(error, "certificate: it is cut short or goes on after its end");
    if (type != CERTIFICATE_USER)
        return invalid(error, "certificate: it is not one of a user");
    if (critical.len != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "the SSH certificate has critical options, of which we know none");
        return false;
    }

    g_autoptr(SshKey) authority = ssh_key_parse(cert->authority, error);
    if (authority == NULL)
        return false;
    if (authority->has_certificate)
        return invalid(error, "certificate: it is signed by a certificate");
    key->has_certificate = true;
    if (ssh_key_verify(authority, message, signature, error))
        return true;
    error_prefix(error, "the SSH certificate is not by its authority");
    return false;
}

SshKey *
ssh_key_parse(Span blob, GError **error)
{
    g_autoptr(SshKey) key = g_new0(SshKey, 1);
    bool is_certificate = false;
    Span rest = blob, name, nonce;

    if (blob.len > SSH_KEY_MAX_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "cannot read SSH public key: %zu bytes, the limit is %u", blob.len,
                  SSH_KEY_MAX_BYTES);
        return NULL;
    }
    if (!ssh_take_string(&rest, &name)) {
        (void)invalid(error, "public key: it is cut short");
        return NULL;
    }
    key->row = find_type(name, &is_certificate);
    if (key->row == NULL) {
        g_autofree char *raw = g_strndup((const char *)name.data, name.len);
        g_autofree char *shown = error_printable(raw);
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "SSH key type '%s' is not supported",
                  shown);
        return NULL;
    }
    if (is_certificate && !ssh_take_string(&rest, &nonce)) {
        (void)invalid(error, "certificate: it is cut short");
        return NULL;
    }
    if (!take_key(key, &rest, error))
        return NULL;
    if (!is_certificate && rest.len != 0) {
        (void)invalid(error, "public key: it goes on after its end");
        return NULL;
    }
    if (is_certificate && !take_certificate(key, blob, rest, error))
        return NULL;
    return g_steal_pointer(&key);
}

void
ssh_key_free(SshKey *key)
{
    if (key == NULL)
        return;
    foreign_key_unref(key->key);
    g_free(key->application);
    g_free(key);
}

const char *
ssh_key_type(const SshKey *key)
{
    return key->has_certificate ? key->row->certificate : key->row->name;
}

const SshCertificate *
ssh_key_certificate(const SshKey *key)
{
    return key->has_certificate ? &key->certificate : NULL;
}

/* Two mpints as r || s of the curve's size. */
static bool
raw_of_mpints(Span blob, size_t field, uint8_t out[2 * MAX_FIELD])
{
    Span rest = blob, numbers[2];

    if (!ssh_take_mpint(&rest, &numbers[0]) || !ssh_take_mpint(&rest, &numbers[1]) || rest.len != 0)
        return false;
    memset(out, 0, 2 * MAX_FIELD);
    for (size_t i = 0; i < 2; i++) {
        if (numbers[i].len > field)
            return false;
        memcpy(out + (i + 1) * field - numbers[i].len, numbers[i].data, numbers[i].len);
    }
    return true;
}

static bool
check_raw(const SshKey *key, ForeignScheme scheme, Span message, Span raw)
{
    uint8_t pair[2 * MAX_FIELD];
    size_t field = key->row->field;

    if (field == 0)
        return foreign_key_check(key->key, scheme, message, raw);
    return raw_of_mpints(raw, field, pair) &&
           foreign_key_check(key->key, scheme, message, span_of(pair, 2 * field));
}

/* PROTOCOL.u2f: what a security key signs: its application, flags and counter, whatever extensions
 * it adds, and the hash of the message or of a browser's words about it. */
static bool
check_hardware(const SshKey *key, Span message_hash, Span tail, Span extensions, Span raw)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    Digest application = digest_of(span_of(key->application, key->application_len));

    g_byte_array_append(bytes, application.bytes, DIGEST_SIZE);
    g_byte_array_append(bytes, tail.data, (guint)tail.len);
    g_byte_array_append(bytes, extensions.data, (guint)extensions.len);
    g_byte_array_append(bytes, message_hash.data, (guint)message_hash.len);
    return check_raw(key, key->row->scheme, span_of(bytes->data, bytes->len), raw);
}

/* The words of a browser begin as we would write them: type, challenge = the message, origin. */
static bool
client_data_is_about(Span client_data, Span message, Span origin)
{
    g_autofree char *base64 = base64_encode(message);
    g_autoptr(GString) wanted = g_string_new("{\"type\":\"webauthn.get\",\"challenge\":\"");

    for (const char *at = base64; *at != '\0' && *at != '='; at++)
        g_string_append_c(wanted, *at == '+' ? '-' : *at == '/' ? '_' : *at);
    g_string_append(wanted, "\",\"origin\":\"");
    g_string_append_len(wanted, (const char *)origin.data, (gssize)origin.len);
    g_string_append_c(wanted, '"');
    return memchr(origin.data, '"', origin.len) == NULL && client_data.len >= wanted->len &&
           memcmp(client_data.data, wanted->str, wanted->len) == 0;
}

static bool
verify_hardware(const SshKey *key, Span message, Span name, Span raw, Span rest, GError **error)
{
    Span tail = span_of(rest.data, MIN(rest.len, 5u)), origin, client_data;
    Span extensions = span_of(NULL, 0), about = message;
    bool is_web = ssh_span_is(name, WEBAUTHN_P256);
    uint8_t flags = 0;
    uint32_t counter = 0;

    if (!ssh_take_u8(&rest, &flags) || !ssh_take_u32(&rest, &counter))
        return invalid(error, "signature: flags and counter of the security key are missing");
    if (is_web) {
        if (!ssh_take_string(&rest, &origin) || !ssh_take_string(&rest, &client_data) ||
            !ssh_take_string(&rest, &extensions))
            return invalid(error, "signature: the browser's part of it is cut short");
        bool has_extensions = (flags & FLAG_EXTENSIONS) != 0;
        if (has_extensions != (extensions.len > 0) || (flags & FLAG_ATTESTED) != 0 ||
            !client_data_is_about(client_data, message, origin))
            return invalid(error, "signature: the browser signed something else");
        about = client_data;
    }
    if (rest.len != 0)
        return invalid(error, "signature: it goes on after its end");

    Digest hash = digest_of(about);
    if ((flags & FLAG_USER_PRESENT) == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the SSH signature was made without a touch of the security key");
        return false;
    }
    if (check_hardware(key, span_of(hash.bytes, DIGEST_SIZE), tail, extensions, raw))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "the signature by '%s' does not hold",
              key->row->name);
    return false;
}

/* The scheme a signature named @name by @key is of; NONE: another type than the key. */
static ForeignScheme
scheme_of(const SshKey *key, Span name)
{
    if (key->row->kind == FOREIGN_KEY_RSA)
        return ssh_span_is(name, "rsa-sha2-512")   ? FOREIGN_SCHEME_RSA_PKCS1_SHA512
               : ssh_span_is(name, "rsa-sha2-256") ? FOREIGN_SCHEME_RSA_PKCS1_SHA256
                                                   : FOREIGN_SCHEME_NONE;
    bool is_web = key->row->is_hardware && key->row->kind == FOREIGN_KEY_P256 &&
                  ssh_span_is(name, WEBAUTHN_P256);
    return is_web || ssh_span_is(name, key->row->name) ? key->row->scheme : FOREIGN_SCHEME_NONE;
}

bool
ssh_key_verify(const SshKey *key, Span message, Span signature, GError **error)
{
    Span rest = signature, name, raw;

    if (!ssh_take_string(&rest, &name) || !ssh_take_string(&rest, &raw))
        return invalid(error, "signature: its inner signature is malformed");
    ForeignScheme scheme = scheme_of(key, name);
    if (scheme == FOREIGN_SCHEME_NONE) {
        bool is_sha1 = key->row->kind == FOREIGN_KEY_RSA && ssh_span_is(name, "ssh-rsa");
        error_set(error, BASE_ERROR, is_sha1 ? BASE_ERROR_UNAVAILABLE : BASE_ERROR_INVALID,
                  is_sha1 ? "the SSH signature is over a SHA-1 hash, which proves nothing"
                          : "the SSH signature is of another type than its key");
        return false;
    }
    if (key->row->is_hardware)
        return verify_hardware(key, message, name, raw, rest, error);
    if (rest.len != 0)
        return invalid(error, "signature: it goes on after its end");
    if (check_raw(key, scheme, message, raw))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "the signature by '%s' does not hold",
              key->row->name);
    return false;
}
