/* SPDX-License-Identifier: Apache-2.0
 * attest_ours: benchmark 4 in process: an in-toto statement of about 400 bytes signed (PAE,
 * signature, leaf and envelope) and verified (envelope parsed, signature, statement parsed), and a
 * large statement parsed.
 *
 * --seconds S    of CPU, for each of the two
 */
#include "attest/dsse.h"
#include "attest/leaf.h"
#include "attest/statement.h"
#include "bench_util.h"
#include "keys/memory_signer.h"

#define LARGE_SUBJECTS 10000

/* CPU, not wall: steadier where others use the machine too. */
static int64_t
cpu_us(void)
{
    return (int64_t)(bench_cpu_seconds(RUSAGE_SELF) * 1e6);
}

static GBytes *
make_payload(size_t n_subjects)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Statement) statement =
        statement_new(PREDICATE_TYPE_RELEASE, json_pack("{s:s}", "purl", "pkg:generic/cli@1.2.3"));

    for (size_t i = 0; i < n_subjects; i++) {
        g_autofree char *name = g_strdup_printf("cli-1.2.3-%zu.tar.gz", i);
        Digest digest = digest_of((Span){ (const uint8_t *)name, strlen(name) });

        statement_add_subject_sha256(statement, name, &digest);
    }
    GBytes *payload = statement_payload(statement, &error);
    if (payload == NULL)
        bench_fail("cannot make a statement", error);
    return payload;
}

static char *
sign_once(Signer *signer, Span payload)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) pae = dsse_pae(DSSE_TYPE_INTOTO, payload);
    g_autoptr(GBytes) signature = NULL;

    if (!signer_sign(signer, span_of_bytes(pae), &signature, &error))
        bench_fail("cannot sign", error);
    Digest name = fact_name(span_of_bytes(pae));
    g_autoptr(GBytes) leaf =
        leaf_build(&name, span_of_bytes(signature), public_key_spki(signer_public_key(signer)));
    g_autoptr(DsseEnvelope) envelope =
        dsse_new(DSSE_TYPE_INTOTO, payload, signer_public_key(signer), span_of_bytes(signature));

    return leaf != NULL ? dsse_format(envelope) : NULL;
}

static void
verify_once(const PublicKey *key, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DsseEnvelope) envelope =
        dsse_parse((Span){ (const uint8_t *)text, strlen(text) }, &error);
    g_autoptr(Statement) statement = NULL;

    if (envelope == NULL || !dsse_verify(envelope, key, &error))
        bench_fail("cannot verify", error);
    statement = statement_parse(span_of_bytes(envelope->payload), &error);
    if (statement == NULL)
        bench_fail("cannot parse", error);
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    int64_t span_us = (int64_t)(bench_number(argc, argv, "--seconds", "1") * 1e6);
    Signer *signer = memory_signer_generate(PUBLIC_KEY_P256, &error);
    g_autoptr(GBytes) payload = make_payload(1);
    g_autoptr(GBytes) large = make_payload(LARGE_SUBJECTS);
    g_autofree char *text = sign_once(signer, span_of_bytes(payload));
    g_autofree char *large_text = sign_once(signer, span_of_bytes(large));
    uint64_t n_signed = 0;
    uint64_t n_verified = 0;
    int64_t start_us = cpu_us();

    for (; cpu_us() - start_us < span_us; n_signed++)
        g_free(sign_once(signer, span_of_bytes(payload)));
    double sign_rate = (double)n_signed * 1e6 / (double)(cpu_us() - start_us);
    start_us = cpu_us();
    for (; cpu_us() - start_us < span_us; n_verified++)
        verify_once(signer_public_key(signer), text);
    double verify_rate = (double)n_verified * 1e6 / (double)(cpu_us() - start_us);
    start_us = cpu_us();
    verify_once(signer_public_key(signer), large_text);
    printf("{\"sign_per_s\":%.1f,\"verify_per_s\":%.1f,\"large_verify_us\":%" PRId64
           ",\"payload_bytes\":%zu,\"rss_kb\":%ld}\n",
           sign_rate, verify_rate, cpu_us() - start_us, g_bytes_get_size(payload), bench_rss_kb());
    signer_free(signer);
    return 0;
}
