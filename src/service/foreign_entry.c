/* SPDX-License-Identifier: Apache-2.0
 * foreign_entry: hashedrekord and dsse 0.0.2 of Rekor v2. */
#include "service/foreign_entry.h"
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "attest/dsse.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "proof/merkle.h"
#include "base/banned.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)

#define WHERE "request"

typedef struct { /* a PublicKeyDetails of Sigstore's protobuf-specs that we take */
    const char *name;
    const char *hash_name; /* HashAlgorithm */
    const char *md;        /* OpenSSL's name; NULL: the signature is over the message itself */
    size_t digest_size;
    int type; /* EVP_PKEY_… */
    int bits; /* 0: the type says it */
} KeyDetails;

static const KeyDetails key_details[] = {
    { "PKIX_ECDSA_P256_SHA_256", "SHA2_256", "SHA256", 32, EVP_PKEY_EC, 256 },
    { "PKIX_ECDSA_P384_SHA_384", "SHA2_384", "SHA384", 48, EVP_PKEY_EC, 384 },
    { "PKIX_ECDSA_P521_SHA_512", "SHA2_512", "SHA512", 64, EVP_PKEY_EC, 521 },
    { "PKIX_RSA_PKCS1V15_2048_SHA256", "SHA2_256", "SHA256", 32, EVP_PKEY_RSA, 2048 },
    { "PKIX_RSA_PKCS1V15_3072_SHA256", "SHA2_256", "SHA256", 32, EVP_PKEY_RSA, 3072 },
    { "PKIX_RSA_PKCS1V15_4096_SHA256", "SHA2_256", "SHA256", 32, EVP_PKEY_RSA, 4096 },
    { "PKIX_ED25519", "SHA2_256", NULL, 32, EVP_PKEY_ED25519, 0 },
};

typedef struct { /* who signed, as the request says */
    const KeyDetails *details;
    bool is_certificate;
    GBytes *raw;   /* owned; DER */
    EVP_PKEY *key; /* owned */
} Verifier;

static void
verifier_clear(Verifier *verifier)
{
    g_clear_pointer(&verifier->raw, g_bytes_unref);
    g_clear_pointer(&verifier->key, EVP_PKEY_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Verifier, verifier_clear)

void
foreign_entry_clear(ForeignEntry *entry)
{
    g_clear_pointer(&entry->leaf, g_bytes_unref);
}

static bool
bad(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot log this: %s", why);
    return false;
}

static GBytes *
need_bytes(const json_t *object, const char *key, GError **error)
{
    const char *text = json_need_string(object, key, WHERE, error);
    GBytes *bytes = text != NULL ? base64_decode_lenient(text, error) : NULL;

    if (bytes != NULL && g_bytes_get_size(bytes) == 0) {
        g_bytes_unref(bytes);
        (void)bad(error, "an empty value");
        return NULL;
    }
    return bytes;
}

/* ---- keys and signatures ---- */

static EVP_PKEY *
key_of_der(Span der, bool is_certificate)
{
    const unsigned char *at = der.data;
    EVP_PKEY *key = NULL;

    if (is_certificate) {
        g_autoptr(X509) certificate = d2i_X509(NULL, &at, (long)der.len);

        key = certificate != NULL ? X509_get_pubkey(certificate) : NULL;
    } else {
        key = d2i_PUBKEY(NULL, &at, (long)der.len);
    }
    if (key != NULL && at != der.data + der.len)
        g_clear_pointer(&key, EVP_PKEY_free);
    return key;
}

static const KeyDetails *
find_details(const char *name, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(key_details); i++) {
        if (strcmp(key_details[i].name, name) == 0)
            return &key_details[i];
    }
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "cannot log this: keys of kind '%.64s' are not supported here", name);
    return NULL;
}

static bool
parse_verifier(const json_t *object, Verifier *out, GError **error)
{
    const json_t *public = json_object_get(object, "publicKey");
    const json_t *certificate = json_object_get(object, "x509Certificate");
    const char *name = json_need_string(object, "keyDetails", WHERE, error);

    out->details = name != NULL ? find_details(name, error) : NULL;
    if (out->details == NULL)
        return false;
    if ((public == NULL) == (certificate == NULL))
        return bad(error, "a verifier is either a publicKey or an x509Certificate");
    out->is_certificate = certificate != NULL;
    out->raw = need_bytes(out->is_certificate ? certificate : public, "rawBytes", error);
    if (out->raw == NULL)
        return false;
    if (g_bytes_get_size(out->raw) > LIMIT_LEAF_BYTES)
        return bad(error, "the key or certificate is too long");
    out->key = key_of_der(span_of_bytes(out->raw), out->is_certificate);
    if (out->key == NULL)
        return bad(error, "the key or certificate is not DER of one");
    if (EVP_PKEY_get_base_id(out->key) != out->details->type ||
        (out->details->bits != 0 && EVP_PKEY_get_bits(out->key) != out->details->bits))
        return bad(error, "keyDetails is not what the key is");
    return true;
}

static bool
verify_digest(const Verifier *verifier, Span digest, Span signature)
{
    g_autoptr(EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_pkey(NULL, verifier->key, NULL);
    const EVP_MD *md = EVP_get_digestbyname(verifier->details->md);

    return context != NULL && EVP_PKEY_verify_init(context) == 1 &&
           (verifier->details->type != EVP_PKEY_RSA ||
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1) &&
           EVP_PKEY_CTX_set_signature_md(context, md) == 1 &&
           EVP_PKEY_verify(context, signature.data, signature.len, digest.data, digest.len) == 1;
}

static bool
verify_message(const Verifier *verifier, Span message, Span signature)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (verifier->details->md == NULL) {
        g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();

        return EVP_DigestVerifyInit(context, NULL, NULL, NULL, verifier->key) == 1 &&
               EVP_DigestVerify(context, signature.data, signature.len, message.data,
                                message.len) == 1;
    }
    return EVP_Digest(message.data, message.len, digest, &len,
                      EVP_get_digestbyname(verifier->details->md), NULL) == 1 &&
           verify_digest(verifier, span_of(digest, len), signature);
}

/* ---- what is logged ---- */

static json_t *
json_base64(Span bytes)
{
    g_autofree char *text = base64_encode(bytes);

    return json_string(text);
}

static json_t *
verifier_to_json(const Verifier *verifier)
{
    return json_pack("{s:s, s:{s:o}}", "keyDetails", verifier->details->name,
                     verifier->is_certificate ? "x509Certificate" : "publicKey", "rawBytes",
                     json_base64(span_of_bytes(verifier->raw)));
}

static json_t *
signature_to_json(Span signature, const Verifier *verifier)
{
    return json_pack("{s:o, s:o}", "content", json_base64(signature), "verifier",
                     verifier_to_json(verifier));
}

/* @spec: taken. */
static bool
finish(const char *kind, const char *spec_name, json_t *spec, ForeignEntry *out, GError **error)
{
    g_autoptr(json_t) body = json_pack("{s:s, s:s, s:{s:o}}", "apiVersion", FOREIGN_ENTRY_VERSION,
                                       "kind", kind, "spec", spec_name, spec);
    size_t len = 0;
    char *text = body != NULL ? json_canonical(body, &len, error) : NULL;

    if (text == NULL)
        return body == NULL && bad(error, "it cannot be written as an entry");
    g_autoptr(GBytes) leaf = g_bytes_new_take(text, len);
    if (len > LIMIT_LEAF_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "the entry would have %zu bytes, the limit is %u", len, LIMIT_LEAF_BYTES);
        return false;
    }
    out->kind = kind;
    out->hash = merkle_leaf_hash(span_of_bytes(leaf));
    out->leaf = g_steal_pointer(&leaf);
    return true;
}

static bool
parse_hashedrekord(const json_t *request, ForeignEntry *out, GError **error)
{
    g_auto(Verifier) verifier = { 0 };
    g_autoptr(GBytes) digest = need_bytes(request, "digest", error);
    json_t *signature =
        digest != NULL ? json_need_object(request, "signature", WHERE, error) : NULL;
    g_autoptr(GBytes) content = signature != NULL ? need_bytes(signature, "content", error) : NULL;
    json_t *object = content != NULL ? json_need_object(signature, "verifier", WHERE, error) : NULL;

    if (object == NULL || !parse_verifier(object, &verifier, error))
        return false;
    if (verifier.details->md == NULL)
        return bad(error,
                   "an Ed25519 signature over an artifact cannot be checked from its digest");
    if (g_bytes_get_size(digest) != verifier.details->digest_size)
        return bad(error, "the digest has not the length that keyDetails asks for");
    if (!verify_digest(&verifier, span_of_bytes(digest), span_of_bytes(content)))
        return bad(error, "the signature does not hold");
    return finish("hashedrekord", "hashedRekordV002",
                  json_pack("{s:{s:s, s:o}, s:o}", "data", "algorithm", verifier.details->hash_name,
                            "digest", json_base64(span_of_bytes(digest)), "signature",
                            signature_to_json(span_of_bytes(content), &verifier)),
                  out, error);
}

static int
by_signature(gconstpointer a, gconstpointer b)
{
    const DsseSignature *left = *(const DsseSignature *const *)a;
    const DsseSignature *right = *(const DsseSignature *const *)b;

    return g_bytes_compare(left->sig, right->sig);
}

/* The verifier of @signature, which is then spent. */
static const Verifier *
find_verifier(const GArray *verifiers, bool *used, Span pae, Span signature)
{
    for (guint i = 0; i < verifiers->len; i++) {
        const Verifier *verifier = &g_array_index(verifiers, Verifier, i);

        if (used[i] || !verify_message(verifier, pae, signature))
            continue;
        used[i] = true;
        return verifier;
    }
    return NULL;
}

static json_t *
match_signatures(const DsseEnvelope *envelope, const GArray *verifiers, GError **error)
{
    g_autoptr(GBytes) pae = dsse_pae(envelope->payload_type, span_of_bytes(envelope->payload));
    g_autofree bool *used = g_new0(bool, verifiers->len + 1);
    g_autoptr(json_t) list = json_array();

    g_ptr_array_sort(envelope->signatures, by_signature); /* as Rekor orders them */
    for (guint i = 0; i < envelope->signatures->len; i++) {
        const DsseSignature *signature = envelope->signatures->pdata[i];
        Span bytes = span_of_bytes(signature->sig);
        const Verifier *verifier = find_verifier(verifiers, used, span_of_bytes(pae), bytes);

        if (verifier == NULL) {
            (void)bad(error, "a signature holds with none of the verifiers");
            return NULL;
        }
        json_array_append_new(list, signature_to_json(bytes, verifier));
    }
    return g_steal_pointer(&list);
}

static bool
parse_verifiers(const json_t *list, GArray *verifiers, GError **error)
{
    size_t n = json_array_size(list);

    if (n < 1 || n > FOREIGN_MAX_SIGNATURES)
        return bad(error, "wanted 1 to 16 verifiers");
    g_array_set_size(verifiers, (guint)n);
    for (size_t i = 0; i < n; i++) {
        if (!parse_verifier(json_array_get(list, i), &g_array_index(verifiers, Verifier, i), error))
            return false;
    }
    return true;
}

static bool
parse_dsse(const json_t *request, ForeignEntry *out, GError **error)
{
    g_autoptr(GArray) verifiers = g_array_new(FALSE, TRUE, sizeof(Verifier));
    json_t *object = json_need_object(request, "envelope", WHERE, error);
    g_autoptr(DsseEnvelope) envelope = object != NULL ? dsse_from_json(object, error) : NULL;
    json_t *list = envelope != NULL ? json_need_array(request, "verifiers", WHERE, error) : NULL;

    g_array_set_clear_func(verifiers, (GDestroyNotify)verifier_clear);
    if (list == NULL || !parse_verifiers(list, verifiers, error))
        return false;
    if (envelope->signatures->len > FOREIGN_MAX_SIGNATURES)
        return bad(error, "more than 16 signatures");
    json_t *signatures = match_signatures(envelope, verifiers, error);
    if (signatures == NULL)
        return false;
    Digest payload = digest_of(span_of_bytes(envelope->payload));
    return finish("dsse", "dsseV002",
                  json_pack("{s:{s:s, s:o}, s:o}", "payloadHash", "algorithm", "SHA2_256", "digest",
                            json_base64(span_of(payload.bytes, DIGEST_SIZE)), "signatures",
                            signatures),
                  out, error);
}

bool
foreign_entry_parse(Span request, ForeignEntry *out, GError **error)
{
    g_autoptr(json_t) root = json_parse(request, FOREIGN_REQUEST_MAX_BYTES, error);
    const json_t *hashed = json_object_get(root, "hashedRekordRequestV002");
    const json_t *dsse = json_object_get(root, "dsseRequestV002");

    if (root == NULL)
        return false;
    if (json_is_object(hashed) && dsse == NULL)
        return parse_hashedrekord(hashed, out, error);
    if (json_is_object(dsse) && hashed == NULL)
        return parse_dsse(dsse, out, error);
    return bad(error, "wanted one of hashedRekordRequestV002 and dsseRequestV002");
}

/* ---- reading what was logged ---- */

static bool
key_id_of(const json_t *verifier, Digest *out)
{
    const json_t *certificate = json_object_get(verifier, "x509Certificate");
    const json_t *holder =
        certificate != NULL ? certificate : json_object_get(verifier, "publicKey");
    const char *text = json_string_value(json_object_get(holder, "rawBytes"));
    g_autoptr(GBytes) der = text != NULL ? base64_decode(text, NULL) : NULL;
    g_autoptr(EVP_PKEY) key =
        der != NULL ? key_of_der(span_of_bytes(der), certificate != NULL) : NULL;
    unsigned char *spki = NULL;
    int len = key != NULL ? i2d_PUBKEY(key, &spki) : -1;

    if (len <= 0)
        return false;
    *out = digest_of(span_of(spki, (size_t)len));
    OPENSSL_free(spki);
    return true;
}

size_t
foreign_entry_signers(Span leaf, Digest out[FOREIGN_MAX_SIGNATURES])
{
    g_autoptr(json_t) body = json_parse(leaf, LIMIT_JSON_BYTES, NULL);
    const json_t *spec = json_object_get(body, "spec");
    const json_t *hashed = json_object_get(spec, "hashedRekordV002");
    const json_t *list = json_object_get(json_object_get(spec, "dsseV002"), "signatures");
    size_t n = 0;

    if (hashed != NULL &&
        key_id_of(json_object_get(json_object_get(hashed, "signature"), "verifier"), &out[n]))
        n++;
    for (size_t i = 0; i < json_array_size(list) && n < FOREIGN_MAX_SIGNATURES; i++) {
        if (key_id_of(json_object_get(json_array_get(list, i), "verifier"), &out[n]))
            n++;
    }
    return n;
}
