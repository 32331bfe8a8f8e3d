/* SPDX-License-Identifier: Apache-2.0
 * hook_load: sends signed deliveries of 8 KiB over a number of connections and says how long each
 * waited for its answer. Bodies and signatures are made before the clock starts, so that the client
 * costs little beside what it measures. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include "base/digest.h"
#include "base/encoding.h"
#include "bench_util.h"
#include "http_load.h"
#include "base/banned.h"

#define BODY_BYTES 8192

/* A push of a ref of its own; @commit NULL: of a commit of its own, which nobody has. */
static GBytes *
make_request(const char *host, const char *path, const char *secret, const char *commit,
             uint64_t number)
{
    g_autofree char *seed = g_strdup_printf("%" PRIu64, number);
    Digest digest = digest_of(span_of_text(seed));
    g_autofree char *hex =
        commit != NULL ? g_strdup(commit) : hex_encode(span_of(digest.bytes, 20));
    g_autoptr(GString) body = g_string_new(NULL);
    g_autofree char *signature = NULL;
    uint8_t mac[DIGEST_SIZE];
    unsigned n_mac = 0;
    GString *all = g_string_new(NULL);

    g_string_append_printf(body,
                           "{\"ref\":\"refs/heads/b%" PRIu64 "\",\"before\":\"%040d\",\"after\":"
                           "\"%s\",\"repository\":{\"full_name\":\"o/r\"},\"sender\":{\"login\":"
                           "\"a\"},\"head_commit\":{\"id\":\"%s\",\"message\":\"m\"},\"pad\":\"",
                           number, 0, hex, hex);
    while (body->len < BODY_BYTES - 2)
        g_string_append_c(body, 'x');
    g_string_append(body, "\"}");
    if (HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)body->str, body->len,
             mac, &n_mac) == NULL)
        bench_fail("cannot sign", NULL);
    signature = hex_encode(span_of(mac, n_mac));
    g_string_append_printf(all,
                           "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: GitHub-Hookshot/1\r\n"
                           "Accept: */*\r\nContent-Type: application/json\r\n"
                           "X-GitHub-Event: push\r\nX-GitHub-Delivery: d%" PRIu64 "\r\n"
                           "X-Hub-Signature-256: sha256=%s\r\nContent-Length: %zu\r\n\r\n",
                           path, host, number, signature, body->len);
    g_string_append_len(all, body->str, (gssize)body->len);
    return g_string_free_to_bytes(all);
}

int
main(int argc, char **argv)
{
    const char *host = bench_option(argc, argv, "--host", "127.0.0.1:8080");
    const char *path = bench_option(argc, argv, "--path", "/hooks/github/p");
    const char *secret = bench_option(argc, argv, "--secret", "");
    const char *commit = bench_option(argc, argv, "--commit", NULL);
    uint64_t first = (uint64_t)bench_number(argc, argv, "--first", "0");
    size_t count = (size_t)bench_number(argc, argv, "--count", "200");
    g_autoptr(GPtrArray) requests = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

    for (size_t i = 0; i < count; i++)
        g_ptr_array_add(requests, make_request(host, path, secret, commit, first + i));
    http_load_run(host, requests, (size_t)bench_number(argc, argv, "--connections", "1"), 202);
    return 0;
}
