/* SPDX-License-Identifier: Apache-2.0
 * entry_load: benchmark 1 (d): entries posted over HTTP: to Rekor v2's address, each with a signature of
 * its own made before the clock starts, or 256 raw bytes to the peer.
 *
 * --host ADDRESS:PORT --count N --connections N --first N --raw 1
 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "base/digest.h"
#include "bench_util.h"
#include "http_load.h"
#include "base/banned.h"

#define SIGNATURE_BYTES 128

static GBytes *
post(const char *host, const char *path, const char *type, const void *body, size_t size)
{
    GString *all = g_string_new(NULL);

    g_string_append_printf(all,
                           "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: "
                           "%zu\r\n\r\n",
                           path, host, type, size);
    g_string_append_len(all, body, (gssize)size);
    return g_string_free_to_bytes(all);
}

static char *
spki_of(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(key, &der);
    char *text = size > 0 ? g_base64_encode(der, (gsize)size) : NULL;

    OPENSSL_free(der);
    if (text == NULL)
        bench_fail("cannot write a key", NULL);
    return text;
}

/* A hashedrekord of an artifact that is the number. */
static GBytes *
rekor_request(const char *host, EVP_PKEY *key, const char *spki, uint64_t number)
{
    g_autofree char *artifact = g_strdup_printf("%" PRIu64, number);
    Digest digest = digest_of(span_of_text(artifact));
    g_autofree char *digest_text = g_base64_encode(digest.bytes, sizeof digest.bytes);
    g_autofree char *signature_text = NULL;
    g_autofree char *body = NULL;
    unsigned char signature[SIGNATURE_BYTES];
    size_t size = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(context, signature, &size, (const unsigned char *)artifact,
                       strlen(artifact)) != 1)
        bench_fail("cannot sign", NULL);
    EVP_MD_CTX_free(context);
    signature_text = g_base64_encode(signature, size);
    body = g_strdup_printf("{\"hashedRekordRequestV002\":{\"digest\":\"%s\",\"signature\":{"
                           "\"content\":\"%s\",\"verifier\":{\"keyDetails\":"
                           "\"PKIX_ECDSA_P256_SHA_256\",\"publicKey\":{\"rawBytes\":\"%s\"}}}}}",
                           digest_text, signature_text, spki);
    return post(host, "/api/v2/log/entries", "application/json", body, strlen(body));
}

static GBytes *
raw_request(const char *host, uint64_t number)
{
    uint8_t entry[BENCH_ENTRY_SIZE] = { 0 };

    bench_entry(entry, number);
    return post(host, "/add", "application/octet-stream", entry, sizeof entry);
}

int
main(int argc, char **argv)
{
    const char *host = bench_option(argc, argv, "--host", "127.0.0.1:8080");
    size_t count = (size_t)bench_number(argc, argv, "--count", "5000");
    uint64_t first = (uint64_t)bench_number(argc, argv, "--first", "0");
    bool raw = bench_number(argc, argv, "--raw", "0") > 0;
    g_autoptr(GPtrArray) requests = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    g_autofree char *spki = spki_of(key);

    for (size_t i = 0; i < count; i++)
        g_ptr_array_add(requests, raw ? raw_request(host, first + i)
                                      : rekor_request(host, key, spki, first + i));
    EVP_PKEY_free(key);
    http_load_run(host, requests, (size_t)bench_number(argc, argv, "--connections", "512"), 201);
    return 0;
}
