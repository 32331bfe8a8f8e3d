/* SPDX-License-Identifier: Apache-2.0
 * verify_many: how long a Sigstore bundle takes when the process and its trusted root are there already.
 * bench_verify_many ROOT ARTIFACT N (--key PEM | IDENTITY ISSUER) BUNDLE...: each bundle in turn until N
 * were verified; prints one JSON object. */
#include <fcntl.h>
#include <stdio.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/limits.h"
#include "verify/sigstore.h"
#include "base/banned.h"

typedef struct {
    SigstoreTrust *trust; /* owned */
    X509Key *key;         /* owned; or NULL */
    GPtrArray *bundles;   /* owned; of GBytes */
    SigstoreArtifact artifact;
    SigstorePolicy policy;
    size_t n;
} Bench;

static GBytes *
need_file(const char *path)
{
    g_autoptr(GError) error = NULL;
    GBytes *bytes = file_read(AT_FDCWD, path, LIMIT_BUNDLE_BYTES, &error);

    if (bytes == NULL) {
        fprintf(stderr, "%s\n", error->message);
        exit(1);
    }
    return bytes;
}

static void
prepare(Bench *bench, char **argv)
{
    g_autoptr(GBytes) root = need_file(argv[1]);
    g_autoptr(GBytes) artifact = need_file(argv[2]);
    bool by_key = strcmp(argv[4], "--key") == 0;

    bench->trust = sigstore_trust_parse(span_of_bytes(root), NULL);
    bench->artifact = (SigstoreArtifact){ .sha256 = digest_of(span_of_bytes(artifact)), .fd = -1 };
    bench->n = (size_t)g_ascii_strtoull(argv[3], NULL, 10);
    bench->policy = (SigstorePolicy){ SIGSTORE_POLICY_INIT };
    if (by_key) {
        g_autoptr(GBytes) pem = need_file(argv[5]);
        bench->key = x509_key_from_pem(span_of_bytes(pem), NULL);
        bench->policy.key = bench->key;
    } else {
        bench->policy.identity = argv[4];
        bench->policy.issuer = argv[5];
    }
    bench->bundles = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    for (size_t i = 6; argv[i] != NULL; i++)
        g_ptr_array_add(bench->bundles, need_file(argv[i]));
}

int
main(int argc, char **argv)
{
    Bench bench = { 0 };
    size_t n_good = 0;

    if (argc < 7) {
        fprintf(
            stderr,
            "usage: bench_verify_many ROOT ARTIFACT N (--key PEM | IDENTITY ISSUER) BUNDLE...\n");
        return 2;
    }
    prepare(&bench, argv);
    int64_t start_us = clock_monotonic_us();
    for (size_t i = 0; i < bench.n; i++) {
        GBytes *bundle = bench.bundles->pdata[i % bench.bundles->len];
        g_autoptr(VerifyReport) report =
            sigstore_verify_bytes(span_of_bytes(bundle), &bench.artifact, bench.trust,
                                  &bench.policy, clock_now_us(&clock_system));
        n_good += verify_report_result(report) == VERIFY_OK;
    }
    int64_t taken_us = clock_monotonic_us() - start_us;
    printf("{\"n\": %zu, \"verified\": %zu, \"total_us\": %" G_GINT64_FORMAT
           ", \"each_us\": %.1f}\n",
           bench.n, n_good, taken_us, (double)taken_us / (double)MAX(bench.n, 1));
    sigstore_trust_free(bench.trust);
    x509_key_unref(bench.key);
    g_ptr_array_unref(bench.bundles);
    return n_good == bench.n ? 0 : 1;
}
