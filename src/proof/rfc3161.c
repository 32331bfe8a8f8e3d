/* SPDX-License-Identifier: Apache-2.0
 * rfc3161: over libcrypto's TS. The message's imprint is compared here, since TS would take any
 * digest that the token names. */
#include "proof/rfc3161.h"
#include <openssl/err.h>
#include <openssl/ts.h>
#include "base/limits.h"
#include "proof/x509_priv.h"
#include "base/banned.h"

struct Rfc3161 {
    TS_RESP *response; /* owned */
    int64_t time_us;
    X509Hash hash; /* of the imprint */
};

static X509Hash
hash_of_nid(int nid)
{
    switch (nid) {
    case NID_sha256:
        return X509_SHA256;
    case NID_sha384:
        return X509_SHA384;
    case NID_sha512:
        return X509_SHA512;
    default:
        return X509_HASH_NONE;
    }
}

static TS_MSG_IMPRINT *
imprint_of(const Rfc3161 *stamp)
{
    return TS_TST_INFO_get_msg_imprint(TS_RESP_get_tst_info(stamp->response));
}

static Rfc3161 *
refuse(GError **error, BaseError code, const char *why)
{
    ERR_clear_error();
    error_set(error, BASE_ERROR, (int)code, "cannot read timestamp: %s", why);
    return NULL;
}

Rfc3161 *
rfc3161_parse(Span der, GError **error)
{
    if (der.len > LIMIT_TIMESTAMP_BYTES)
        return refuse(error, BASE_ERROR_LIMIT, "it is longer than 64 KiB");

    g_autoptr(Rfc3161) stamp = g_new0(Rfc3161, 1);
    const uint8_t *at = der.data;
    stamp->response = der.len > 0 ? d2i_TS_RESP(NULL, &at, (long)der.len) : NULL;
    if (stamp->response == NULL || at != der.data + der.len)
        return refuse(error, BASE_ERROR_INVALID, "not the DER of one TimeStampResp");

    long status =
        ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(stamp->response)));
    TS_TST_INFO *info = TS_RESP_get_tst_info(stamp->response);
    if ((status != TS_STATUS_GRANTED && status != TS_STATUS_GRANTED_WITH_MODS) || info == NULL)
        return refuse(error, BASE_ERROR_INVALID, "it was not granted or holds no token");
    if (TS_TST_INFO_get_version(info) != 1 ||
        !x509_time_us(TS_TST_INFO_get_time(info), &stamp->time_us))
        return refuse(error, BASE_ERROR_INVALID, "its version or time is malformed");

    const ASN1_OBJECT *algorithm = NULL;
    X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint_of(stamp)));
    stamp->hash = hash_of_nid(OBJ_obj2nid(algorithm));
    if (stamp->hash == X509_HASH_NONE)
        return refuse(error, BASE_ERROR_UNAVAILABLE,
                      "its imprint is not SHA-256, SHA-384 or SHA-512");
    return g_steal_pointer(&stamp);
}

void
rfc3161_free(Rfc3161 *stamp)
{
    if (stamp == NULL)
        return;
    TS_RESP_free(stamp->response);
    g_free(stamp);
}

int64_t
rfc3161_time_us(const Rfc3161 *stamp)
{
    return stamp->time_us;
}

bool
rfc3161_covers(const Rfc3161 *stamp, Span message, GError **error)
{
    const ASN1_OCTET_STRING *imprint = TS_MSG_IMPRINT_get_msg(imprint_of(stamp));
    uint8_t wanted[X509_MAX_HASH_SIZE];
    size_t size = x509_hash_size(stamp->hash);

    x509_hash(stamp->hash, message, wanted);
    if ((size_t)ASN1_STRING_length(imprint) == size &&
        memcmp(ASN1_STRING_get0_data(imprint), wanted, size) == 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "the timestamp is over other bytes");
    return false;
}

/* What the signature of the token is over. Owned; NULL where it cannot be written. */
static GBytes *
info_der(const Rfc3161 *stamp)
{
    uint8_t *der = NULL;
    int len = i2d_TS_TST_INFO(TS_RESP_get_tst_info(stamp->response), &der);
    GBytes *bytes = len > 0 ? g_bytes_new(der, (size_t)len) : NULL;

    OPENSSL_free(der);
    return bytes;
}

bool
rfc3161_says_same(const Rfc3161 *a, const Rfc3161 *b)
{
    g_autoptr(GBytes) first = info_der(a);
    g_autoptr(GBytes) second = info_der(b);

    return first == NULL || second == NULL || g_bytes_equal(first, second);
}

/* The certificates a signer may be found among, besides those in the token. Owned. */
static STACK_OF(X509) * known_certs(const X509Chain *chain)
{
    STACK_OF(X509) *certs = sk_X509_new_null();
    X509 *first = x509_chain_first(chain)->x509;

    if (certs != NULL && X509_up_ref(first) == 1 && sk_X509_push(certs, first) <= 0)
        X509_free(first);
    return certs;
}

/* Whether @signer is the authority's first certificate or was issued by it, and was valid. */
static bool
signer_is_of(X509 *signer, const X509Chain *chain, int64_t time_us)
{
    const X509Cert *first = x509_chain_first(chain);
    int64_t from_us = 0;
    int64_t to_us = 0;

    if (!x509_time_us(X509_get0_notBefore(signer), &from_us) ||
        !x509_time_us(X509_get0_notAfter(signer), &to_us) || time_us < from_us || time_us > to_us)
        return false;
    return X509_cmp(signer, first->x509) == 0 ||
           (X509_check_issued(first->x509, signer) == X509_V_OK &&
            X509_verify(signer, X509_get0_pubkey(first->x509)) == 1);
}

/* Whether the token carries the certificate of more than one that could have signed: only one did,
 * and a reader that picks by position would take another's name for the signer's. */
static bool
has_other_signers(const Rfc3161 *stamp)
{
    const PKCS7 *token = TS_RESP_get_token(stamp->response);
    const STACK_OF(X509) *certs = PKCS7_type_is_signed((PKCS7 *)token) ? token->d.sign->cert : NULL;
    int n_signers = 0;

    for (int i = 0; i < sk_X509_num(certs); i++)
        n_signers += X509_check_ca(sk_X509_value(certs, i)) == 0;
    return n_signers > 1;
}

bool
rfc3161_verify(const Rfc3161 *stamp, const X509Chain *chain, GError **error)
{
    if (!x509_chain_check_time(chain, stamp->time_us, error))
        return false;
    if (has_other_signers(stamp)) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the timestamp carries certificates of several signers");
        return false;
    }

    X509_STORE *store = x509_chain_store(chain);
    STACK_OF(X509) *certs = known_certs(chain);
    X509 *signer = NULL;
    bool ok =
        store != NULL && certs != NULL &&
        TS_RESP_verify_signature(TS_RESP_get_token(stamp->response), certs, store, &signer) == 1 &&
        signer_is_of(signer, chain, stamp->time_us);

    X509_free(signer);
    sk_X509_pop_free(certs, X509_free);
    X509_STORE_free(store);
    ERR_clear_error();
    if (!ok)
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the timestamp's signature or signer does not hold");
    return ok;
}
