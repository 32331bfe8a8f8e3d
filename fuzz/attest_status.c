/* SPDX-License-Identifier: Apache-2.0
 * attest_status: a status that reads is the bytes it builds. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/status.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Status) status = status_parse(span_of(data, size), NULL);

    if (status != NULL) {
        g_autoptr(GBytes) again = status_build(status, NULL);
        if (again == NULL || g_bytes_get_size(again) != size ||
            memcmp(span_of_bytes(again).data, data, size) != 0)
            abort();
    }
    return 0;
}
