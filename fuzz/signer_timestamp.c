/* SPDX-License-Identifier: Apache-2.0
 * signer_timestamp: what anybody asks our time-stamp authority (RFC 3161). Every answer is one that
 * our own reader takes apart, and one that was granted holds by our chain. */
#include <stdint.h>
#include <stdlib.h>
#include "keys/memory_signer.h"
#include "proof/rfc3161.h"
#include "signer/timestamp_priv.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    Signer *signer;
    GPtrArray *certs;
    X509Chain *chain;
} Authority;

/* Made once, for all inputs. */
static Authority
authority_new(void)
{
    Authority a = { 0 };

    a.signer = memory_signer_generate(PUBLIC_KEY_P256, NULL);
    a.certs = timestamp_make_chain(a.signer, "log.example/fuzz", NULL);
    a.chain = a.certs != NULL ? x509_chain_new(a.certs, NULL) : NULL;
    if (a.chain == NULL)
        abort();
    return a;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Authority a;

    if (a.chain == NULL)
        a = authority_new();
    g_autoptr(GBytes) answer = timestamp_respond(a.signer, a.certs, span_of(data, size), NULL);
    if (answer == NULL || !timestamp_is_granted(span_of_bytes(answer), NULL))
        return 0;
    g_autoptr(Rfc3161) stamp = rfc3161_parse(span_of_bytes(answer), NULL);
    if (stamp == NULL || !rfc3161_verify(stamp, a.chain, NULL))
        abort();
    return 0;
}
