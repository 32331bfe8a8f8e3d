/* SPDX-License-Identifier: Apache-2.0
 * attest_sigstore_classic: what cosign wrote before bundles: annotations as JSON, an empty line, the
 * layer. What is read is a whole v0.1 bundle. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/sigstore_classic.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_as(const char *media_type, Span layer, const json_t *annotations)
{
    g_autoptr(SigstoreBundle) bundle = sigstore_classic_read(media_type, layer, annotations, NULL);

    if (bundle != NULL && (bundle->signature == NULL || bundle->certificates == NULL ||
                           bundle->entries == NULL || bundle->timestamps == NULL))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *split = size > 2 ? memmem(data, size, "\n\n", 2) : NULL;
    const Digest image = { 0 };

    if (split == NULL)
        return 0;
    g_autoptr(json_t) annotations =
        json_parse(span_of(data, (size_t)(split - data)), LIMIT_JSON_BYTES, NULL);
    Span layer = span_of(split + 2, size - (size_t)(split + 2 - data));

    (void)!sigstore_classic_names(layer, &image, NULL);
    if (annotations == NULL)
        return 0;
    read_as(SIGSTORE_CLASSIC_SIGNATURE, layer, annotations);
    read_as(SIGSTORE_CLASSIC_ATTESTATION, layer, annotations);
    return 0;
}
