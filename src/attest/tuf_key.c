/* SPDX-License-Identifier: Apache-2.0
 * tuf_key: signatures of the schemes that TUF repositories use (TUF specification 1.0 section
 * 4.2), checked by libcrypto. A scheme is a row. */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>
#include "attest/tuf_priv.h"
#include "base/encoding.h"
#include "base/banned.h"

#define MIN_RSA_BITS 2048
#define MAX_RSA_BITS 16384

typedef struct Scheme {
    const char *name;
    const char *digest; /* NULL: the scheme hashes itself */
    int key_type;       /* EVP_PKEY_… */
    int padding;        /* RSA_…_PADDING; 0: none */
} Scheme;

static const Scheme schemes[] = {
    { "ed25519", NULL, EVP_PKEY_ED25519, 0 },
    { "ecdsa-sha2-nistp256", "SHA256", EVP_PKEY_EC, 0 },
    { "ecdsa-sha2-nistp384", "SHA384", EVP_PKEY_EC, 0 },
    { "ecdsa-sha2-nistp521", "SHA512", EVP_PKEY_EC, 0 },
    { "rsassa-pss-sha256", "SHA256", EVP_PKEY_RSA, RSA_PKCS1_PSS_PADDING },
    { "rsassa-pss-sha384", "SHA384", EVP_PKEY_RSA, RSA_PKCS1_PSS_PADDING },
    { "rsassa-pss-sha512", "SHA512", EVP_PKEY_RSA, RSA_PKCS1_PSS_PADDING },
    { "rsa-pkcs1v15-sha256", "SHA256", EVP_PKEY_RSA, RSA_PKCS1_PADDING },
    { "rsa-pkcs1v15-sha384", "SHA384", EVP_PKEY_RSA, RSA_PKCS1_PADDING },
    { "rsa-pkcs1v15-sha512", "SHA512", EVP_PKEY_RSA, RSA_PKCS1_PADDING },
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_MD_CTX, EVP_MD_CTX_free)

static const Scheme *
find_scheme(const char *name)
{
    for (size_t i = 0; name != NULL && i < G_N_ELEMENTS(schemes); i++) {
        if (strcmp(schemes[i].name, name) == 0)
            return &schemes[i];
    }
    return NULL;
}

/* Ed25519 keys are hex of 32 bytes or a PEM block, all others a PEM block. */
static EVP_PKEY *
read_key(const Scheme *scheme, const char *text)
{
    EVP_PKEY *key = NULL;
    BIO *bio = NULL;

    if (scheme->key_type == EVP_PKEY_ED25519 && strncmp(text, "-----", 5) != 0) {
        g_autoptr(GBytes) raw = hex_decode(text, NULL);

        return raw != NULL && g_bytes_get_size(raw) == 32
                   ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
                                                 g_bytes_get_data(raw, NULL), 32)
                   : NULL;
    }
    bio = BIO_new_mem_buf(text, -1);
    key = bio != NULL ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    return key;
}

static bool
key_is_fit(const Scheme *scheme, EVP_PKEY *key)
{
    int bits = EVP_PKEY_get_bits(key);

    if (EVP_PKEY_get_base_id(key) != scheme->key_type)
        return false;
    return scheme->key_type != EVP_PKEY_RSA || (bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS);
}

static bool
check_signature(const Scheme *scheme, EVP_PKEY *key, Span message, Span signature)
{
    g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *parameters = NULL;

    if (context == NULL ||
        EVP_DigestVerifyInit_ex(context, &parameters, scheme->digest, NULL, NULL, key, NULL) != 1)
        return false;
    if (scheme->padding != 0 && EVP_PKEY_CTX_set_rsa_padding(parameters, scheme->padding) != 1)
        return false;
    if (scheme->padding == RSA_PKCS1_PSS_PADDING &&
        EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_AUTO) != 1)
        return false;
    return EVP_DigestVerify(context, signature.data, signature.len, message.data, message.len) == 1;
}

bool
tuf_key_verify(const json_t *key, Span message, const char *signature_hex)
{
    const char *text = json_string_value(json_object_get(json_object_get(key, "keyval"), "public"));
    const Scheme *scheme = find_scheme(json_string_value(json_object_get(key, "scheme")));
    g_autoptr(GBytes) signature = hex_decode(signature_hex, NULL);
    g_autoptr(EVP_PKEY) public_key = NULL;
    bool ok = false;

    if (text == NULL || scheme == NULL || signature == NULL)
        return false;
    public_key = read_key(scheme, text);
    ok = public_key != NULL && key_is_fit(scheme, public_key) &&
         check_signature(scheme, public_key, message, span_of_bytes(signature));
    ERR_clear_error();
    return ok;
}
