/* SPDX-License-Identifier: Apache-2.0
 * attest_floor: what benchmark 4 costs at least: OpenSSL signing and verifying 400 bytes with a
 * reused P-256 key and a new context each time; no parsing, no encoding. Same options as
 * attest_ours.
 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include "bench_util.h"

#define MESSAGE_SIZE   400
#define SIGNATURE_SIZE 128

static int64_t
cpu_us(void)
{
    return (int64_t)(bench_cpu_seconds(RUSAGE_SELF) * 1e6);
}

static size_t
sign_once(EVP_PKEY *key, EVP_MD *sha256, const uint8_t *message, uint8_t *signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t len = SIGNATURE_SIZE;

    if (EVP_DigestSignInit(context, NULL, sha256, NULL, key) != 1 ||
        EVP_DigestSign(context, signature, &len, message, MESSAGE_SIZE) != 1)
        bench_fail("cannot sign", NULL);
    EVP_MD_CTX_free(context);
    return len;
}

static void
verify_once(EVP_PKEY *key, EVP_MD *sha256, const uint8_t *message, const uint8_t *signature,
            size_t len)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    if (EVP_DigestVerifyInit(context, NULL, sha256, NULL, key) != 1 ||
        EVP_DigestVerify(context, signature, len, message, MESSAGE_SIZE) != 1)
        bench_fail("cannot verify", NULL);
    EVP_MD_CTX_free(context);
}

int
main(int argc, char **argv)
{
    int64_t span_us = (int64_t)(bench_number(argc, argv, "--seconds", "1") * 1e6);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    uint8_t message[MESSAGE_SIZE] = { 0 };
    uint8_t signature[SIGNATURE_SIZE];
    size_t len = sign_once(key, sha256, message, signature);
    uint64_t n_signed = 0;
    uint64_t n_verified = 0;
    int64_t start_us = cpu_us();

    for (; cpu_us() - start_us < span_us; n_signed++)
        len = sign_once(key, sha256, message, signature);
    double sign_rate = (double)n_signed * 1e6 / (double)(cpu_us() - start_us);
    start_us = cpu_us();
    for (; cpu_us() - start_us < span_us; n_verified++)
        verify_once(key, sha256, message, signature, len);
    printf("{\"sign_per_s\":%.1f,\"verify_per_s\":%.1f,\"rss_kb\":%ld}\n", sign_rate,
           (double)n_verified * 1e6 / (double)(cpu_us() - start_us), bench_rss_kb());
    EVP_PKEY_free(key);
    EVP_MD_free(sha256);
    return 0;
}
