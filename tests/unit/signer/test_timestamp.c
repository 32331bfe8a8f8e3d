/* SPDX-License-Identifier: Apache-2.0
 * test_timestamp: our time-stamp authority answers the requests of others' programs, and the checks of
 * those programs hold for its answers. */
#include "../proof/vectors.h"
#include <openssl/err.h>
#include <openssl/ts.h>
#include "keys/memory_signer.h"
#include "proof/rfc3161.h"
#include "signer/timestamp_priv.h"
#include "base/banned.h"

static const char *const requests[] = {
    "made/rfc3161/sha256.tsq",
    "made/rfc3161/sha512.tsq",
    "rfc3161/test_tsa/request.der",
    "rfc3161/test_tsa/other_request.der",
};

typedef struct {
    Signer *signer;
    GPtrArray *certs;
} Authority;

static void
authority_clear(Authority *a)
{
    signer_free(a->signer);
    g_clear_pointer(&a->certs, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Authority, authority_clear)

static TS_REQ *
read_request(Span der)
{
    const uint8_t *at = der.data;

    return d2i_TS_REQ(NULL, &at, (long)der.len);
}

/* As `openssl ts -verify -queryfile`: signature, imprint, nonce and policy are those asked for. */
static bool
answers(Span request_der, Span answer, const GPtrArray *certs)
{
    TS_REQ *request = read_request(request_der);
    const uint8_t *at = answer.data;
    TS_RESP *response = d2i_TS_RESP(NULL, &at, (long)answer.len);
    TS_VERIFY_CTX *ctx = TS_REQ_to_TS_VERIFY_CTX(request, NULL);
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *untrusted = sk_X509_new_null();

    for (guint i = 0; i < certs->len; i++) {
        Span der = span_of_bytes(certs->pdata[i]);
        const uint8_t *start = der.data;
        X509 *cert = d2i_X509(NULL, &start, (long)der.len);
        if (i + 1 == certs->len)
            X509_STORE_add_cert(store, cert);
        sk_X509_push(untrusted, cert);
    }
    TS_VERIFY_CTX_add_flags(ctx, TS_VFY_SIGNATURE);
    TS_VERIFY_CTX_set_store(ctx, store);
    TS_VERIFY_CTX_set_certs(ctx, untrusted);
    bool ok = response != NULL && TS_RESP_verify_response(ctx, response) == 1;
    ERR_clear_error();
    TS_VERIFY_CTX_free(ctx); /* with store and certificates */
    TS_RESP_free(response);
    TS_REQ_free(request);
    return ok;
}

static Authority
authority_new(Vectors *v)
{
    Authority a = { .signer = memory_signer_generate(PUBLIC_KEY_P256, &v->error) };

    assert_no_gerror(v->error);
    a.certs = timestamp_make_chain(a.signer, "log.example/main", &v->error);
    assert_no_gerror(v->error);
    return a;
}

static void
requests_of_other_programs_are_answered(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "signatures");
    g_auto(Authority) a = authority_new(v);
    for (size_t i = 0; i < G_N_ELEMENTS(requests); i++) {
        g_autoptr(GBytes) request = vectors_read(v, requests[i]);
        g_autoptr(GBytes) other = vectors_read(v, requests[(i + 1) % G_N_ELEMENTS(requests)]);
        g_autoptr(GBytes) answer =
            timestamp_respond(a.signer, a.certs, span_of_bytes(request), &v->error);
        assert_no_gerror(v->error);
        Span bytes = span_of_bytes(answer);
        vectors_case(v, requests[i], answers(span_of_bytes(request), bytes, a.certs));
        g_autofree char *name = g_strdup_printf("%s, to another request", requests[i]);
        vectors_case(v, name, !answers(span_of_bytes(other), bytes, a.certs));
    }
    vectors_done(v, 2 * G_N_ELEMENTS(requests));
}

static void
a_broken_request_gets_a_refusal(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "signatures");
    g_auto(Authority) a = authority_new(v);
    g_autoptr(GBytes) request = vectors_read(v, requests[0]);
    Span whole = span_of_bytes(request);
    for (size_t len = 0; len < whole.len; len++) {
        g_autofree char *name = g_strdup_printf("the first %zu bytes", len);
        g_autoptr(GBytes) answer =
            timestamp_respond(a.signer, a.certs, span_of(whole.data, len), &v->error);
        assert_no_gerror(v->error);
        vectors_case(v, name, !timestamp_is_granted(span_of_bytes(answer), NULL));
    }
    vectors_done(v, 30);
}

#define VECTOR_TEST(name) cmocka_unit_test_setup_teardown(name, vectors_setup, vectors_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VECTOR_TEST(requests_of_other_programs_are_answered),
        VECTOR_TEST(a_broken_request_gets_a_refusal),
    };

    return cmocka_run_group_tests_name("timestamp", tests, NULL, NULL);
}
