/* SPDX-License-Identifier: Apache-2.0
 * attest_manifest: the body of a seal is what it builds. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/manifest.h"
#include "base/limits.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(json_t) json = json_parse(span_of(data, size), LIMIT_STATEMENT_BYTES, NULL);
    g_autoptr(Manifest) manifest = json != NULL ? manifest_parse(json, NULL) : NULL;

    if (manifest != NULL) {
        g_autoptr(json_t) again = manifest_build(manifest, NULL);
        if (again == NULL || !json_equal(again, json))
            abort();
    }
    return 0;
}
