/* SPDX-License-Identifier: Apache-2.0
 * timestamp: libcrypto's time-stamp authority with our key and clock. */
#include "signer/timestamp_priv.h"
#include <openssl/err.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <string.h>
#include "base/random.h"
#include "keys/memory_signer.h"
#include "base/banned.h"

/* The policy of our tokens: the clock of the machine, no promise about its accuracy. Below the arc
 * for examples (ITU-T X.660), as we have none of our own; arcs made of a UUID are too large for
 * some readers. */
#define TIMESTAMP_POLICY     "2.999.3161.1"
#define TIMESTAMP_YEARS_DAYS (20 * 365L)
#define TIMESTAMP_MAX_NAME   64 /* bytes of a common name (RFC 5280, ub-common-name) */
#define TIMESTAMP_SERIAL     16 /* random bytes of a serial number */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TS_REQ, TS_REQ_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TS_RESP, TS_RESP_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TS_RESP_CTX, TS_RESP_CTX_free)

static void *
internal(GError **error, const char *what)
{
    char reason[160] = "unknown reason";

    ERR_error_string_n(ERR_peek_last_error(), reason, sizeof reason);
    ERR_clear_error();
    error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "cannot %s: %s", what, reason);
    return NULL;
}

/* --- certificates --------------------------------------------------------------------------- */

static bool
set_serial(ASN1_INTEGER *serial)
{
    uint8_t bytes[TIMESTAMP_SERIAL];

    random_fill(bytes, sizeof bytes);
    bytes[0] = (uint8_t)((bytes[0] & 0x3f) | 0x40); /* positive, and never shorter */
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    bool ok = number != NULL && BN_to_ASN1_INTEGER(number, serial) != NULL;
    BN_free(number);
    return ok;
}

static bool
set_name(X509_NAME *name, const char *origin, const char *what)
{
    g_autofree char *text =
        g_strdup_printf("%.*s %s", (int)(TIMESTAMP_MAX_NAME - 1 - strlen(what)), origin, what);

    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const uint8_t *)"Slipway", -1, -1,
                                      0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)text, -1, -1,
                                      0) == 1;
}

static bool
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool ok = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return ok;
}

/* All but the names, extensions and signature. */
static X509 *
certificate_new(EVP_PKEY *key)
{
    g_autoptr(X509) cert = X509_new();

    if (cert == NULL || X509_set_version(cert, X509_VERSION_3) != 1 ||
        !set_serial(X509_get_serialNumber(cert)) ||
        X509_gmtime_adj(X509_getm_notBefore(cert), 0) == NULL ||
        X509_time_adj_ex(X509_getm_notAfter(cert), TIMESTAMP_YEARS_DAYS, 0, NULL) == NULL ||
        X509_set_pubkey(cert, key) != 1)
        return NULL;
    return g_steal_pointer(&cert);
}

static X509 *
make_authority(EVP_PKEY *key, const char *origin)
{
    g_autoptr(X509) cert = certificate_new(key);

    if (cert == NULL || !set_name(X509_get_subject_name(cert), origin, "timestamp authority") ||
        X509_set_issuer_name(cert, X509_get_subject_name(cert)) != 1 ||
        !add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
        !add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(cert, cert, NID_subject_key_identifier, "hash") ||
        X509_sign(cert, key, EVP_sha256()) == 0)
        return NULL;
    return g_steal_pointer(&cert);
}

static X509 *
make_leaf(EVP_PKEY *key, X509 *authority, EVP_PKEY *authority_key, const char *origin)
{
    g_autoptr(X509) cert = certificate_new(key);

    if (cert == NULL || !set_name(X509_get_subject_name(cert), origin, "timestamps") ||
        X509_set_issuer_name(cert, X509_get_subject_name(authority)) != 1 ||
        !add_extension(cert, authority, NID_basic_constraints, "critical,CA:FALSE") ||
        !add_extension(cert, authority, NID_key_usage, "critical,digitalSignature") ||
        !add_extension(cert, authority, NID_ext_key_usage, "critical,timeStamping") ||
        !add_extension(cert, authority, NID_subject_key_identifier, "hash") ||
        !add_extension(cert, authority, NID_authority_key_identifier, "keyid:always") ||
        X509_sign(cert, authority_key, EVP_sha256()) == 0)
        return NULL;
    return g_steal_pointer(&cert);
}

static bool
add_der(GPtrArray *certs, const X509 *cert)
{
    uint8_t *der = NULL;
    int len = i2d_X509(cert, &der);

    if (len > 0)
        g_ptr_array_add(certs, g_bytes_new(der, (size_t)len));
    OPENSSL_free(der);
    return len > 0;
}

GPtrArray *
timestamp_make_chain(const Signer *signer, const char *origin, GError **error)
{
    g_autoptr(GPtrArray) certs = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(Signer) issuer = memory_signer_generate(PUBLIC_KEY_P256, error);

    if (issuer == NULL)
        return NULL;
    EVP_PKEY *issuer_key = memory_signer_pkey(issuer);
    g_autoptr(X509) authority = make_authority(issuer_key, origin);
    g_autoptr(X509) leaf =
        authority == NULL ? NULL
                          : make_leaf(memory_signer_pkey(signer), authority, issuer_key, origin);
    if (leaf == NULL || !add_der(certs, leaf) || !add_der(certs, authority))
        return internal(error, "make a time-stamp certificate");
    return g_steal_pointer(&certs);
}

static X509 *
parse_certificate(const GPtrArray *certs, unsigned i)
{
    Span der = span_of_bytes(certs->pdata[i]);
    const uint8_t *at = der.data;

    return d2i_X509(NULL, &at, (long)der.len);
}

/* --- requests ------------------------------------------------------------------------------- */

static bool
fill_request(TS_REQ *request, const Digest *imprint)
{
    TS_MSG_IMPRINT *wanted = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    bool ok = wanted != NULL && algorithm != NULL &&
              X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
              TS_MSG_IMPRINT_set_algo(wanted, algorithm) == 1 &&
              TS_MSG_IMPRINT_set_msg(wanted, (unsigned char *)imprint->bytes, DIGEST_SIZE) == 1 &&
              TS_REQ_set_version(request, 1) == 1 && TS_REQ_set_msg_imprint(request, wanted) == 1 &&
              TS_REQ_set_cert_req(request, 1) == 1;

    TS_MSG_IMPRINT_free(wanted);
    X509_ALGOR_free(algorithm);
    return ok;
}

GBytes *
timestamp_request(const Digest *imprint, GError **error)
{
    g_autoptr(TS_REQ) request = TS_REQ_new();
    uint8_t *der = NULL;
    int len = request != NULL && fill_request(request, imprint) ? i2d_TS_REQ(request, &der) : 0;

    if (len <= 0)
        return internal(error, "make a time-stamp request");
    GBytes *bytes = g_bytes_new(der, (size_t)len);
    OPENSSL_free(der);
    return bytes;
}

/* --- answers -------------------------------------------------------------------------------- */

static ASN1_INTEGER *
next_serial(TS_RESP_CTX *context, void *data)
{
    ASN1_INTEGER *serial = ASN1_INTEGER_new();

    (void)context;
    (void)data;
    if (serial != NULL && !set_serial(serial)) {
        ASN1_INTEGER_free(serial);
        serial = NULL;
    }
    return serial;
}

/* Takes the chain into the context, which makes copies. */
static bool
set_certificates(TS_RESP_CTX *context, const GPtrArray *certs)
{
    g_autoptr(X509) leaf = parse_certificate(certs, 0);

    return leaf != NULL && TS_RESP_CTX_set_signer_cert(context, leaf) == 1;
}

static TS_RESP_CTX *
context_new(const Signer *signer, const GPtrArray *certs)
{
    g_autoptr(TS_RESP_CTX) context = TS_RESP_CTX_new();
    ASN1_OBJECT *policy = OBJ_txt2obj(TIMESTAMP_POLICY, 1);
    bool ok = context != NULL && policy != NULL && certs != NULL && certs->len > 0 &&
              set_certificates(context, certs) &&
              TS_RESP_CTX_set_signer_key(context, memory_signer_pkey(signer)) == 1 &&
              TS_RESP_CTX_set_def_policy(context, policy) == 1 &&
              TS_RESP_CTX_add_md(context, EVP_sha256()) == 1 &&
              TS_RESP_CTX_add_md(context, EVP_sha384()) == 1 &&
              TS_RESP_CTX_add_md(context, EVP_sha512()) == 1 &&
              TS_RESP_CTX_set_signer_digest(context, EVP_sha256()) == 1 &&
              TS_RESP_CTX_set_ess_cert_id_digest(context, EVP_sha256()) == 1;

    ASN1_OBJECT_free(policy);
    if (!ok)
        return NULL;
    TS_RESP_CTX_set_serial_cb(context, next_serial, NULL);
    return g_steal_pointer(&context);
}

GBytes *
timestamp_respond(const Signer *signer, const GPtrArray *certs, Span request, GError **error)
{
    g_autoptr(TS_RESP_CTX) context = context_new(signer, certs);
    BIO *input = BIO_new_mem_buf(request.data, (int)request.len);
    g_autoptr(TS_RESP) response =
        context == NULL || input == NULL ? NULL : TS_RESP_create_response(context, input);
    uint8_t *der = NULL;
    int len = response == NULL ? 0 : i2d_TS_RESP(response, &der);

    BIO_free(input);
    if (len <= 0)
        return internal(error, "make a time stamp");
    ERR_clear_error(); /* why a request was not granted is in the answer */
    GBytes *bytes = g_bytes_new(der, (size_t)len);
    OPENSSL_free(der);
    return bytes;
}

bool
timestamp_is_granted(Span response, GError **error)
{
    const uint8_t *at = response.data;
    g_autoptr(TS_RESP) parsed = d2i_TS_RESP(NULL, &at, (long)response.len);

    if (parsed != NULL && ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(
                              TS_RESP_get_status_info(parsed))) == TS_STATUS_GRANTED)
        return true;
    ERR_clear_error();
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the time-stamp authority did not grant it");
    return false;
}
