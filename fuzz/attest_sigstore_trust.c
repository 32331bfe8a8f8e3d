/* SPDX-License-Identifier: Apache-2.0
 * attest_sigstore_trust: trusted roots; every log that is kept has a key and a start. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/sigstore_trust.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(SigstoreTrust) trust = sigstore_trust_parse(span_of(data, size), NULL);

    if (trust == NULL)
        return 0;
    for (guint i = 0; i < trust->logs->len; i++) {
        const SigstoreLog *log = trust->logs->pdata[i];
        if (log->key == NULL || log->rekor.key != log->key || log->name == NULL)
            abort();
    }
    for (size_t i = 0; i < trust->n_ct_logs; i++) {
        if (trust->ct_logs[i].key == NULL)
            abort();
    }
    return 0;
}
