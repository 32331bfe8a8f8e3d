/* SPDX-License-Identifier: Apache-2.0
 * test_rfc3161: time-stamp responses, good and bad, at their own time. */
#include "vectors.h"
#include "proof/rfc3161.h"
#include "base/banned.h"

typedef struct {
    const char *name, *response;
    const char *chain[3]; /* PEM files, one after the other */
    const char *message;  /* a file; or "=" and the text itself */
    bool wanted;
} Case;

#define MADE "made/rfc3161/"
#define TSA  "rfc3161/test_tsa/"
#define MOCK "rfc3161/sigstore.mock/"

static const Case cases[] = {
    { "sha256", MADE "sha256.tsr", { MADE "tsa.pem", MADE "ca.pem" }, MADE "a.bin", true },
    { "sha512", MADE "sha512.tsr", { MADE "tsa.pem", MADE "ca.pem" }, MADE "a.bin", true },
    { "other message", MADE "sha256.tsr", { MADE "tsa.pem", MADE "ca.pem" }, MADE "ca.pem", false },
    { "other authority", MADE "sha256.tsr", { TSA "ts_chain.pem" }, MADE "a.bin", false },
    { "test_tsa", TSA "response.tsr", { TSA "ts_chain.pem" }, "=hello", true },
    { "test_tsa, other message", TSA "response.tsr", { TSA "ts_chain.pem" }, "=hellp", false },
    { "test_tsa, other response",
      TSA "other_response.tsr",
      { TSA "ts_chain.pem" },
      "=hello",
      false },
    { "injected certificates",
      TSA "response-injected-certs.tsr",
      { TSA "ts_chain.pem" },
      "=hello",
      false },
    /* Expired today; every certificate was valid when it was made, which is what counts. */
    { "expired", MOCK "response-expired.tsr", { MOCK "ts_chain.pem" }, MOCK "payload", true },
};

#define PEM_BEGIN "-----BEGIN CERTIFICATE-----"
#define PEM_END   "-----END CERTIFICATE-----"

static void
add_certificates(Vectors *v, GPtrArray *ders, const char *path)
{
    g_autoptr(GBytes) bytes = vectors_read(v, path);
    g_autofree char *text = g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));

    for (char *at = strstr(text, PEM_BEGIN); at != NULL; at = strstr(at, PEM_BEGIN)) {
        char *end = strstr(at, PEM_END);
        g_autofree char *body =
            g_strndup(at + strlen(PEM_BEGIN), (size_t)(end - at) - strlen(PEM_BEGIN));
        g_auto(GStrv) lines = g_strsplit(body, "\n", -1);
        g_autofree char *base64 = g_strjoinv("", lines);
        g_ptr_array_add(ders, base64_decode(base64, &v->error));
        assert_no_gerror(v->error);
        at = end;
    }
}

static X509Chain *
chain_of(Vectors *v, const Case *c)
{
    g_autoptr(GPtrArray) ders = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

    for (size_t i = 0; i < G_N_ELEMENTS(c->chain) && c->chain[i] != NULL; i++)
        add_certificates(v, ders, c->chain[i]);
    X509Chain *chain = x509_chain_new(ders, &v->error);
    assert_no_gerror(v->error);
    return chain;
}

static bool
holds(Span response, const X509Chain *chain, Span message)
{
    g_autoptr(Rfc3161) stamp = rfc3161_parse(response, NULL);

    return stamp != NULL && rfc3161_verify(stamp, chain, NULL) &&
           rfc3161_covers(stamp, message, NULL);
}

static GBytes *
message_of(Vectors *v, const Case *c)
{
    return c->message[0] == '=' ? g_bytes_new(c->message + 1, strlen(c->message) - 1)
                                : vectors_read(v, c->message);
}

static void
responses_are_judged_as_named(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "signatures");
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        g_autoptr(X509Chain) chain = chain_of(v, c);
        g_autoptr(GBytes) response = vectors_read(v, c->response);
        g_autoptr(GBytes) message = message_of(v, c);
        vectors_case(v, c->name,
                     holds(span_of_bytes(response), chain, span_of_bytes(message)) == c->wanted);
    }
    vectors_done(v, G_N_ELEMENTS(cases));
}

/* The status (granted, or with changes), the CMS version, and names of algorithms that are said twice,
 * of which the other one counts: no signature covers them, and they decide nothing. */
#define MAX_UNBOUND 16

/* Where the token carries a copy of the signer's certificate, which nothing binds: the one that
 * counts is in the chain that was given. */
static Span
copy_of_certificate(Span response, const X509Chain *chain)
{
    Span der = x509_cert_der(x509_chain_first(chain));

    for (size_t i = 0; i + der.len <= response.len; i++) {
        if (memcmp(response.data + i, der.data, der.len) == 0)
            return span_of(response.data + i, der.len);
    }
    return span_of(response.data, 0);
}

static void
changed_response_does_not_hold(void **state)
{
    Vectors *v = *state;

    vectors_open(v, "signatures");
    const Case *c = &cases[0];
    g_autoptr(X509Chain) chain = chain_of(v, c);
    g_autoptr(GBytes) response = vectors_read(v, c->response);
    g_autoptr(GBytes) message = message_of(v, c);
    size_t len = g_bytes_get_size(response);
    g_autofree uint8_t *copy = g_memdup2(g_bytes_get_data(response, NULL), len);
    g_autoptr(GString) unbound = g_string_new(NULL);
    unsigned n_unbound = 0;
    Span cert = copy_of_certificate(span_of(copy, len), chain);
    for (size_t i = 0; i < len; i++) {
        g_autofree char *name = g_strdup_printf("byte %zu", i);
        bool in_copy = copy + i >= cert.data && copy + i < cert.data + cert.len;
        vectors_case(v, name, !holds(span_of(copy, i), chain, span_of_bytes(message)));
        copy[i] ^= 1;
        bool accepted = !in_copy && holds(span_of(copy, len), chain, span_of_bytes(message));
        copy[i] ^= 1;
        if (accepted)
            g_string_append_printf(unbound, " %zu", i);
        n_unbound += accepted;
    }
    print_message("# not bound, of %zu bytes:%s\n", len, unbound->str);
    vectors_case(v, "no more is unbound", n_unbound <= MAX_UNBOUND);
    vectors_done(v, 500);
}

#define VECTOR_TEST(name) cmocka_unit_test_setup_teardown(name, vectors_setup, vectors_teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VECTOR_TEST(responses_are_judged_as_named),
        VECTOR_TEST(changed_response_does_not_hold),
    };

    return cmocka_run_group_tests_name("rfc3161", tests, NULL, NULL);
}
