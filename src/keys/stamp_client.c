/* SPDX-License-Identifier: Apache-2.0
 * stamp_client: questions and answers by libcrypto's TS. */
#include "keys/stamp_client.h"
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ts.h>
#include "base/digest.h"
#include "base/random.h"
#include "sys/fetch.h"
#include "base/banned.h"

#define MAX_ANSWER (64u << 10)
#define NONCE_BITS 48 /* within what every authority's number type holds */

static bool
fill_question(TS_REQ *request, TS_MSG_IMPRINT *imprint, X509_ALGOR *algorithm,
              ASN1_INTEGER *nonce_out, Span message, uint64_t nonce)
{
    Digest digest = digest_of(message);

    return X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
           TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
           TS_MSG_IMPRINT_set_msg(imprint, digest.bytes, sizeof digest.bytes) == 1 &&
           ASN1_INTEGER_set_uint64(nonce_out, nonce) == 1 && TS_REQ_set_version(request, 1) == 1 &&
           TS_REQ_set_msg_imprint(request, imprint) == 1 &&
           TS_REQ_set_nonce(request, nonce_out) == 1 && TS_REQ_set_cert_req(request, 1) == 1;
}

GBytes *
stamp_client_question(Span message, uint64_t nonce, GError **error)
{
    TS_REQ *request = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    uint8_t *der = NULL;
    GBytes *bytes = NULL;
    int len = 0;

    if (request != NULL && imprint != NULL && algorithm != NULL && number != NULL &&
        fill_question(request, imprint, algorithm, number, message, nonce))
        len = i2d_TS_REQ(request, &der);
    if (len > 0)
        bytes = g_bytes_new(der, (gsize)len);
    else
        error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "cannot write a time-stamp request");
    OPENSSL_free(der);
    ASN1_INTEGER_free(number);
    X509_ALGOR_free(algorithm);
    TS_MSG_IMPRINT_free(imprint);
    TS_REQ_free(request);
    ERR_clear_error();
    return bytes;
}

/* Whether @info is about @message and carries @nonce. */
static bool
is_ours(TS_TST_INFO *info, Span message, uint64_t nonce)
{
    Digest digest = digest_of(message);
    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
    const ASN1_INTEGER *number = TS_TST_INFO_get_nonce(info);
    ASN1_OCTET_STRING *hash = imprint != NULL ? TS_MSG_IMPRINT_get_msg(imprint) : NULL;
    X509_ALGOR *algorithm = imprint != NULL ? TS_MSG_IMPRINT_get_algo(imprint) : NULL;
    const ASN1_OBJECT *name = NULL;
    uint64_t got = 0;

    if (algorithm != NULL)
        X509_ALGOR_get0(&name, NULL, NULL, algorithm);
    return name != NULL && OBJ_obj2nid(name) == NID_sha256 && hash != NULL &&
           ASN1_STRING_length(hash) == (int)sizeof digest.bytes &&
           memcmp(ASN1_STRING_get0_data(hash), digest.bytes, sizeof digest.bytes) == 0 &&
           number != NULL && ASN1_INTEGER_get_uint64(&got, number) == 1 && got == nonce;
}

bool
stamp_client_check(Span answer, Span message, uint64_t nonce, GError **error)
{
    const uint8_t *at = answer.data;
    TS_RESP *response = answer.len <= MAX_ANSWER ? d2i_TS_RESP(NULL, &at, (long)answer.len) : NULL;
    TS_STATUS_INFO *status = response != NULL ? TS_RESP_get_status_info(response) : NULL;
    long code =
        status != NULL ? ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(status)) : TS_STATUS_REJECTION;
    bool is_granted = code == TS_STATUS_GRANTED || code == TS_STATUS_GRANTED_WITH_MODS;
    TS_TST_INFO *info = response != NULL ? TS_RESP_get_tst_info(response) : NULL;
    bool ok = false;

    if (response == NULL || at != answer.data + answer.len || (is_granted && info == NULL))
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "its answer is no time-stamp response");
    else if (!is_granted)
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "it refused with status %ld", code);
    else if (!is_ours(info, message, nonce))
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "its time stamp is about something else");
    else
        ok = true;
    TS_RESP_free(response);
    ERR_clear_error();
    return ok;
}

GBytes *
stamp_client_ask(const char *url, Span message, GError **error)
{
    static const char *const headers[] = { "Content-Type: application/timestamp-query",
                                           "Accept: application/timestamp-reply", NULL };
    uint64_t nonce = 0;

    random_fill(&nonce, sizeof nonce);
    nonce >>= 64 - NONCE_BITS;
    g_autoptr(GBytes) question = stamp_client_question(message, nonce, error);
    if (question == NULL)
        return NULL;
    const FetchRequest request = {
        .url = url, .headers = headers, .body = span_of_bytes(question), .limit_bytes = MAX_ANSWER
    };
    g_autoptr(GBytes) answer = fetch_bytes(&request, NULL, error);
    if (answer == NULL || !stamp_client_check(span_of_bytes(answer), message, nonce, error)) {
        error_prefix(error, "cannot get a time stamp from '%s'", url);
        return NULL;
    }
    return g_steal_pointer(&answer);
}
