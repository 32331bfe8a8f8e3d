/* SPDX-License-Identifier: Apache-2.0
 * keyless: one question to Fulcio; the answer is read as strictly as anybody's. */
#include "keys/keyless.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "base/encoding.h"
#include "base/json.h"
#include "keys/memory_signer.h"
#include "sys/fetch.h"
#include "base/banned.h"

#define PATH       "/api/v2/signingCert"
#define MAX_TOKEN  (16u << 10)
#define MAX_ANSWER (256u << 10)

void
keyless_free(Keyless *keyless)
{
    if (keyless == NULL)
        return;
    signer_free(keyless->signer);
    g_clear_pointer(&keyless->certificate, g_bytes_unref);
    g_free(keyless);
}

static bool
invalid(GError **error, const char *what, const char *why)
{
    ERR_clear_error();
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "cannot use %s: %s", what, why);
    return false;
}

/* The claims in the middle of a JWT. Its signature is Fulcio's to check. */
static json_t *
claims_of(const char *token, GError **error)
{
    g_auto(GStrv) parts = strlen(token) <= MAX_TOKEN ? g_strsplit(token, ".", 4) : NULL;

    if (parts == NULL || g_strv_length(parts) != 3) {
        (void)invalid(error, "the identity token", "it is no JSON Web Token");
        return NULL;
    }
    g_autoptr(GBytes) bytes = base64_decode_lenient(parts[1], error);
    g_autoptr(json_t) claims =
        bytes != NULL ? json_parse(span_of_bytes(bytes), MAX_TOKEN, error) : NULL;
    if (claims == NULL)
        error_prefix(error, "cannot use the identity token");
    return g_steal_pointer(&claims);
}

char *
keyless_subject(const char *token, GError **error)
{
    g_autoptr(json_t) claims = claims_of(token, error);
    const char *email = json_string_value(json_object_get(claims, "email"));
    const json_t *verified = json_object_get(claims, "email_verified");

    if (claims == NULL)
        return NULL;
    if (email != NULL && *email != '\0') {
        if (json_is_true(verified) || g_strcmp0(json_string_value(verified), "true") == 0)
            return g_strdup(email);
        (void)invalid(error, "the identity token", "its email is not verified");
        return NULL;
    }
    return g_strdup(json_need_string(claims, "sub", "identity token", error));
}

static GBytes *
build_question(Signer *signer, const char *token, GError **error)
{
    g_autofree char *subject = keyless_subject(token, error);
    g_autoptr(GBytes) proof = NULL;

    if (subject == NULL || !signer_sign(signer, span_of_text(subject), &proof, error))
        return NULL;
    g_autofree char *pem = public_key_to_pem(signer_public_key(signer));
    g_autofree char *encoded = base64_encode(span_of_bytes(proof));
    g_autoptr(json_t) json =
        json_pack("{s:{s:s}, s:{s:{s:s, s:s}, s:s}}", "credentials", "oidcIdentityToken", token,
                  "publicKeyRequest", "publicKey", "algorithm", "ECDSA", "content", pem,
                  "proofOfPossession", encoded);
    if (json == NULL) {
        (void)invalid(error, "the identity token", "it is no UTF-8 text");
        return NULL;
    }
    char *text = json_dumps(json, JSON_COMPACT);
    return g_bytes_new_with_free_func(text, strlen(text), free, text);
}

/* The first certificate of @pem in DER, its key in @spki_out. */
static GBytes *
first_certificate(const char *pem, GBytes **spki_out)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    uint8_t *der = NULL, *spki = NULL;
    int len = certificate != NULL ? i2d_X509(certificate, &der) : 0;
    int spki_len = len > 0 ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki) : 0;
    GBytes *bytes = NULL;

    if (spki_len > 0) {
        bytes = g_bytes_new(der, (gsize)len);
        *spki_out = g_bytes_new(spki, (gsize)spki_len);
    }
    OPENSSL_free(der);
    OPENSSL_free(spki);
    X509_free(certificate);
    BIO_free(bio);
    ERR_clear_error();
    return bytes;
}

GBytes *
keyless_certificate(Span answer, const PublicKey *key, GError **error)
{
    g_autoptr(json_t) json = json_parse(answer, MAX_ANSWER, error);
    const json_t *embedded = json_object_get(json, "signedCertificateEmbeddedSct");
    const json_t *chain = json_object_get(embedded, "chain");
    const char *pem = json_string_value(json_array_get(json_object_get(chain, "certificates"), 0));
    g_autoptr(GBytes) spki = NULL;

    if (json == NULL)
        return NULL;
    if (pem == NULL) {
        (void)invalid(error, "Fulcio's answer",
                      json_object_get(json, "signedCertificateDetachedSct") != NULL
                          ? "its certificate is in no CT log yet (detached SCT)"
                          : "it has no certificate");
        return NULL;
    }
    g_autoptr(GBytes) certificate = first_certificate(pem, &spki);
    if (certificate == NULL) {
        (void)invalid(error, "Fulcio's answer", "its certificate is malformed");
        return NULL;
    }
    Span got = span_of_bytes(spki), wanted = public_key_spki(key);
    if (got.len != wanted.len || memcmp(got.data, wanted.data, got.len) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "Fulcio's certificate is for another key");
        return NULL;
    }
    return g_steal_pointer(&certificate);
}

Keyless *
keyless_open(const char *url, const char *token, GError **error)
{
    g_autoptr(Keyless) keyless = g_new0(Keyless, 1);
    g_autofree char *full = g_strconcat(url, PATH, NULL);
    static const char *const headers[] = { "Content-Type: application/json",
                                           "Accept: application/json", NULL };

    keyless->signer = memory_signer_generate(PUBLIC_KEY_P256, error);
    g_autoptr(GBytes) question =
        keyless->signer != NULL ? build_question(keyless->signer, token, error) : NULL;
    if (question == NULL)
        return NULL;
    const FetchRequest request = {
        .url = full, .headers = headers, .body = span_of_bytes(question), .limit_bytes = MAX_ANSWER
    };
    g_autoptr(GBytes) answer = fetch_bytes(&request, NULL, error);
    if (answer != NULL)
        keyless->certificate =
            keyless_certificate(span_of_bytes(answer), signer_public_key(keyless->signer), error);
    if (keyless->certificate == NULL) {
        error_prefix(error, "cannot get a certificate from '%s'", url);
        return NULL;
    }
    return g_steal_pointer(&keyless);
}
