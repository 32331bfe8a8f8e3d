/* SPDX-License-Identifier: Apache-2.0
 * attest_dsse: envelopes keep their signed bytes; a PAE is what its parts give. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/dsse.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Span input = span_of(data, size), type, payload;
    g_autoptr(DsseEnvelope) envelope = dsse_parse(input, NULL);

    if (dsse_pae_split(input, &type, &payload, NULL)) {
        g_autofree char *name = g_strndup((const char *)type.data, type.len);
        g_autoptr(GBytes) again = dsse_pae(name, payload);
        Span pae = span_of_bytes(again);
        if (strlen(name) == type.len && (pae.len != size || memcmp(pae.data, data, size) != 0))
            abort();
    }
    if (envelope != NULL) {
        g_autofree char *text = dsse_format(envelope);
        g_autoptr(DsseEnvelope) again = dsse_parse(span_of_text(text), NULL);
        if (again == NULL || !g_bytes_equal(again->payload, envelope->payload))
            abort();
    }
    return 0;
}
