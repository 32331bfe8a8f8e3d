/* SPDX-License-Identifier: Apache-2.0
 * token: modules by p11-kit, or the one the URI names; then slots, a session, the login, the key. */
#include "pkcs11/token.h"
#include <fcntl.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>
#include <stdlib.h>
#include "base/files.h"
#include "base/banned.h"

#define MAX_SLOTS       256
#define MAX_VALUE       2048 /* bytes of one attribute */
#define MAX_SIGNATURE   1024
#define PIN_FILE_BYTES  1024
#define KEY_TYPE_EDDSA  0x40ul   /* CKK_EC_EDWARDS */
#define MECHANISM_EDDSA 0x1057ul /* CKM_EDDSA */

typedef struct {
    uint8_t data[MAX_VALUE];
    size_t len;
} Value;

struct Token {
    P11KitUri *uri;             /* owned */
    CK_FUNCTION_LIST **modules; /* owned, when p11-kit listed them */
    CK_FUNCTION_LIST *own;      /* owned, when the URI named it */
    CK_FUNCTION_LIST *module;   /* of the key; borrowed from the above */
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    CK_KEY_TYPE type;
};

static bool
fail(GError **error, int code, const char *what, CK_RV rv)
{
    error_set(error, BASE_ERROR, code, "%s: %s", what, p11_kit_strerror(rv));
    return false;
}

static bool
get_value(const Token *token, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, Value *out)
{
    CK_ATTRIBUTE attribute = { type, out->data, sizeof out->data };

    if (token->module->C_GetAttributeValue(token->session, object, &attribute, 1) != CKR_OK ||
        attribute.ulValueLen == (CK_ULONG)-1 || attribute.ulValueLen > sizeof out->data)
        return false;
    out->len = attribute.ulValueLen;
    return true;
}

/* ---- finding
 * ----------------------------------------------------------------------------------- */

static bool
load_modules(Token *token, GError **error)
{
    const char *path = p11_kit_uri_get_module_path(token->uri);

    if (path == NULL) {
        token->modules = p11_kit_modules_load_and_initialize(0);
        if (token->modules != NULL)
            return true;
    } else if ((token->own = p11_kit_module_load(path, 0)) != NULL) {
        CK_RV rv = p11_kit_module_initialize(token->own);
        if (rv == CKR_OK)
            return true;
        p11_kit_module_release(g_steal_pointer(&token->own));
        return fail(error, BASE_ERROR_UNAVAILABLE, "its module does not start", rv);
    }
    const char *why = p11_kit_message();
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "cannot load its module: %s",
              why != NULL ? why : "p11-kit gives no reason");
    return false;
}

/* The PIN of the URI itself, or @given. NULL: none. Owned. */
static char *
choose_pin(const Token *token, const char *given, GError **error)
{
    const char *source = p11_kit_uri_get_pin_source(token->uri);
    const char *value = p11_kit_uri_get_pin_value(token->uri);

    if (value != NULL)
        return g_strdup(value);
    if (source == NULL)
        return g_strdup(given);
    if (g_str_has_prefix(source, "file:"))
        source += strlen("file:");
    char *pin = file_read_text(AT_FDCWD, source, PIN_FILE_BYTES, error);
    return pin != NULL ? g_strchomp(pin) : NULL;
}

static bool
find_object(Token *token, CK_OBJECT_CLASS class, const Value *id, CK_OBJECT_HANDLE *out,
            bool *several)
{
    CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(token->uri, CKA_LABEL);
    CK_ATTRIBUTE *uri_id = p11_kit_uri_get_attribute(token->uri, CKA_ID);
    CK_ATTRIBUTE wanted[3] = { { CKA_CLASS, &class, sizeof class } };
    CK_OBJECT_HANDLE found[2];
    CK_ULONG n = 1, n_found = 0;
    Value copy;

    if (id != NULL) {
        copy = *id;
        wanted[n++] = (CK_ATTRIBUTE){ CKA_ID, copy.data, copy.len };
    } else {
        if (label != NULL)
            wanted[n++] = *label;
        if (uri_id != NULL)
            wanted[n++] = *uri_id;
    }
    if (token->module->C_FindObjectsInit(token->session, wanted, n) != CKR_OK)
        return false;
    CK_RV rv = token->module->C_FindObjects(token->session, found, 2, &n_found);
    (void)token->module->C_FindObjectsFinal(token->session);
    if (rv != CKR_OK || n_found == 0)
        return false;
    *several = n_found > 1;
    *out = found[0];
    return true;
}

/* The key in @slot. False without an error: it is not there. */
static bool
try_slot(Token *token, CK_FUNCTION_LIST *module, CK_SLOT_ID slot, const char *pin, GError **error)
{
    CK_TOKEN_INFO info;
    bool several = false;

    if (module->C_GetTokenInfo(slot, &info) != CKR_OK ||
        p11_kit_uri_match_token_info(token->uri, &info) != 1)
        return false;
    CK_RV rv = module->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &token->session);
    if (rv != CKR_OK)
        return fail(error, BASE_ERROR_UNAVAILABLE, "cannot open a session at its token", rv);
    token->module = module;
    if (pin != NULL && (info.flags & CKF_LOGIN_REQUIRED) != 0) {
        rv = module->C_Login(token->session, CKU_USER, (CK_UTF8CHAR *)pin, strlen(pin));
        if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN)
            return fail(error, BASE_ERROR_DENIED, "its token does not take the PIN", rv);
    }
    if (!find_object(token, CKO_PRIVATE_KEY, NULL, &token->key, &several)) {
        (void)module->C_CloseSession(token->session);
        token->module = NULL;
        return false;
    }
    if (several) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "it names several keys; add 'id' or 'object'");
        return false;
    }
    CK_ATTRIBUTE type = { CKA_KEY_TYPE, &token->type, sizeof token->type };
    rv = module->C_GetAttributeValue(token->session, token->key, &type, 1);
    return rv == CKR_OK || fail(error, BASE_ERROR_UNAVAILABLE, "its kind is not to be learnt", rv);
}

static bool
try_module(Token *token, CK_FUNCTION_LIST *module, const char *pin, GError **error)
{
    CK_SLOT_ID slots[MAX_SLOTS];
    CK_ULONG n = MAX_SLOTS;
    GError *local = NULL;

    if (module->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
        return false;
    for (CK_ULONG i = 0; i < n; i++) {
        if (try_slot(token, module, slots[i], pin, &local))
            return true;
        if (local != NULL) {
            g_propagate_error(error, local);
            return false;
        }
    }
    return false;
}

static bool
find_key(Token *token, const char *pin, GError **error)
{
    GError *local = NULL;

    if (token->own != NULL && try_module(token, token->own, pin, &local))
        return true;
    for (size_t i = 0; token->modules != NULL && token->modules[i] != NULL && local == NULL; i++) {
        if (try_module(token, token->modules[i], pin, &local))
            return true;
    }
    if (local != NULL)
        g_propagate_error(error, local);
    else
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no token here has such a private key");
    return false;
}

Token *
token_open(const char *uri, const char *pin, GError **error)
{
    g_autoptr(Token) token = g_new0(Token, 1);
    g_autoptr(GError) local = NULL;

    token->uri = p11_kit_uri_new();
    if (p11_kit_uri_parse(uri, P11_KIT_URI_FOR_ANY, token->uri) != P11_KIT_URI_OK ||
        p11_kit_uri_any_unrecognized(token->uri) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "it is no PKCS#11 URI (RFC 7512)");
        return NULL;
    }
    g_autofree char *chosen = choose_pin(token, pin, &local);
    if (local != NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    if (!load_modules(token, error) || !find_key(token, chosen, error))
        return NULL;
    return g_steal_pointer(&token);
}

void
token_free(Token *token)
{
    if (token == NULL)
        return;
    if (token->modules != NULL)
        p11_kit_modules_finalize_and_release(token->modules);
    if (token->own != NULL) {
        (void)p11_kit_module_finalize(token->own);
        p11_kit_module_release(token->own);
    }
    p11_kit_uri_free(token->uri);
    g_free(token);
}

/* ---- the public half
 * ---------------------------------------------------------------------------- */

static void
put_string(GByteArray *out, Span span)
{
    const uint8_t len[4] = { (uint8_t)(span.len >> 24), (uint8_t)(span.len >> 16),
                             (uint8_t)(span.len >> 8), (uint8_t)span.len };

    g_byte_array_append(out, len, sizeof len);
    g_byte_array_append(out, span.data, (guint)span.len);
}

static void
put_number(GByteArray *out, const Value *value)
{
    uint8_t bytes[MAX_VALUE + 1] = { 0 };

    memcpy(bytes + 1, value->data, value->len);
    if (value->len > 0 && (value->data[0] & 0x80) != 0)
        put_string(out, span_of(bytes, value->len + 1));
    else
        put_string(out, span_of(bytes + 1, value->len));
}

/* The point inside CKA_EC_POINT, a DER OCTET STRING; some modules leave that away. */
static Span
inner_point(const Value *point)
{
    bool is_der = point->len > 2 && point->data[0] == 0x04 && point->data[1] == point->len - 2;

    return is_der ? span_of(point->data + 2, point->len - 2) : span_of(point->data, point->len);
}

static bool
put_point(GByteArray *out, CK_KEY_TYPE type, Span point)
{
    const char *curve = point.len == 65 ? "nistp256" : "nistp384";

    if (type == KEY_TYPE_EDDSA && point.len == 32) {
        put_string(out, span_of_text("ssh-ed25519"));
    } else if (type == CKK_EC && (point.len == 65 || point.len == 97)) {
        g_autofree char *name = g_strconcat("ecdsa-sha2-", curve, NULL);
        put_string(out, span_of_text(name));
        put_string(out, span_of_text(curve));
    } else {
        return false;
    }
    put_string(out, point);
    return true;
}

/* What of @object says the public key. False: nothing we know. */
static bool
put_public(const Token *token, CK_OBJECT_HANDLE object, GByteArray *out)
{
    Value first, second;

    if (token->type == CKK_RSA) {
        if (!get_value(token, object, CKA_PUBLIC_EXPONENT, &first) ||
            !get_value(token, object, CKA_MODULUS, &second) || second.len == 0)
            return false;
        put_string(out, span_of_text("ssh-rsa"));
        put_number(out, &first);
        put_number(out, &second);
        return true;
    }
    return get_value(token, object, CKA_EC_POINT, &first) &&
           put_point(out, token->type, inner_point(&first));
}

GBytes *
token_public(Token *token, GError **error)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    CK_OBJECT_HANDLE public_key = 0;
    bool several = false;
    Value id;

    bool ok = get_value(token, token->key, CKA_ID, &id) && id.len > 0 &&
              find_object(token, CKO_PUBLIC_KEY, &id, &public_key, &several) &&
              put_public(token, public_key, out);
    if (!ok && !put_public(token, token->key, out)) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "it has no public half there, or is no Ed25519, P-256, P-384 or RSA key");
        return NULL;
    }
    return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

/* ---- signing
 * ----------------------------------------------------------------------------------- */

/* r and s side by side, as tokens give them, in DER. */
static GBytes *
der_of(Span pair)
{
    size_t half = pair.len / 2;
    BIGNUM *r = BN_bin2bn(pair.data, (int)half, NULL);
    BIGNUM *s = BN_bin2bn(pair.data + half, (int)half, NULL);
    ECDSA_SIG *sig = ECDSA_SIG_new();
    uint8_t *der = NULL;

    if (sig == NULL || ECDSA_SIG_set0(sig, r, s) != 1)
        abort(); /* out of memory */
    int len = i2d_ECDSA_SIG(sig, &der);
    GBytes *bytes = g_bytes_new(der, len > 0 ? (gsize)len : 0);
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    return bytes;
}

/* How this kind of key signs, and what it is given: a digest for ECDSA, else the message. */
static bool
prepare(Token *token, Span message, CK_MECHANISM *mechanism, Value *digest, Span *input,
        GError **error)
{
    *input = message;
    if (token->type == CKK_RSA) {
        mechanism->mechanism = CKM_SHA256_RSA_PKCS_PSS;
        return true; /* its parameter is the caller's */
    }
    if (token->type == KEY_TYPE_EDDSA) {
        *mechanism = (CK_MECHANISM){ MECHANISM_EDDSA, NULL, 0 };
        return true;
    }
    g_autoptr(GBytes) blob = token_public(token, error);
    if (blob == NULL)
        return false;
    bool is_p384 = g_bytes_get_size(blob) > 110; /* a P-256 blob has 104 bytes */
    digest->len = sizeof digest->data;
    if (EVP_Q_digest(NULL, is_p384 ? "SHA384" : "SHA256", NULL, message.data, message.len,
                     digest->data, &digest->len) != 1) {
        error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "libcrypto does not hash");
        return false;
    }
    *mechanism = (CK_MECHANISM){ CKM_ECDSA, NULL, 0 };
    *input = span_of(digest->data, digest->len);
    return true;
}

GBytes *
token_sign(Token *token, Span message, GError **error)
{
    struct {
        CK_ULONG hash, mgf, salt;
    } pss = { CKM_SHA256, 2 /* CKG_MGF1_SHA256 */, 32 };
    CK_MECHANISM mechanism = { 0, &pss, sizeof pss };
    uint8_t signature[MAX_SIGNATURE];
    CK_ULONG len = sizeof signature;
    Value digest;
    Span input;

    if (!prepare(token, message, &mechanism, &digest, &input, error))
        return NULL;
    CK_RV rv = token->module->C_SignInit(token->session, &mechanism, token->key);
    if (rv == CKR_OK)
        rv = token->module->C_Sign(token->session, (CK_BYTE *)input.data, input.len, signature,
                                   &len);
    if (rv != CKR_OK) {
        (void)fail(error, BASE_ERROR_DENIED, "its token did not sign", rv);
        return NULL;
    }
    return token->type == CKK_EC ? der_of(span_of(signature, len)) : g_bytes_new(signature, len);
}
