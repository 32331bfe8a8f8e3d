/* SPDX-License-Identifier: Apache-2.0
 * attest_slsa_gcb: what gcloud prints of an image. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/slsa_gcb.h"
#include "base/limits.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(json_t) document = json_parse(span_of(data, size), LIMIT_JSON_BYTES, NULL);
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    Digest image = { 0 };
    g_autoptr(GPtrArray) list = document != NULL ? slsa_gcb_read(document, &image, NULL) : NULL;

    for (unsigned i = 0; list != NULL && i < list->len; i++) {
        if (slsa_gcb_verify(list->pdata[i], keys, &image, NULL)) /* signed by nobody */
            abort();
    }
    return 0;
}
