/* SPDX-License-Identifier: Apache-2.0
 * attest_sigstore_bundle: bundles of any make and age; what was read keeps what each version promises. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/sigstore_body.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(SigstoreBundle) bundle = sigstore_bundle_parse(span_of(data, size), NULL);

    if (bundle == NULL)
        return 0;
    if (bundle->entries->len == 0 || bundle->signature == NULL ||
        (bundle->certificates->len == 0) != (bundle->hint != NULL) ||
        (bundle->envelope == NULL) != (bundle->pae == NULL))
        abort();
    for (guint i = 0; i < bundle->entries->len; i++) {
        const SigstoreEntry *entry = bundle->entries->pdata[i];
        g_autoptr(SigstoreBody) body =
            sigstore_body_parse(span_of_bytes(entry->body), entry->kind, NULL);

        if (!entry->has_proof && entry->promise == NULL)
            abort();
        if (body != NULL && (body->certificate == NULL) == (body->spki == NULL))
            abort();
    }
    return 0;
}
