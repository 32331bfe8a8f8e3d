/* SPDX-License-Identifier: Apache-2.0
 * base_encoding: base64 and hex: what the strict decoders take is what the encoders write. */
#include <stdint.h>
#include <stdlib.h>
#include "base/clock.h"
#include "base/encoding.h"
#include "base/ulid.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(GBytes) from_base64 = base64_decode(text, NULL);
    g_autoptr(GBytes) from_hex = hex_decode(text, NULL);
    g_autoptr(GBytes) lenient = base64_decode_lenient(text, NULL);
    g_autofree char *printable = error_printable(text);
    int64_t time_us = 0;

    if (from_base64 != NULL) {
        g_autofree char *back = base64_encode(span_of_bytes(from_base64));

        if (strcmp(back, text) != 0 || lenient == NULL || !g_bytes_equal(lenient, from_base64))
            abort();
    }
    if (from_hex != NULL) {
        g_autofree char *back = hex_encode(span_of_bytes(from_hex));

        if (strcmp(back, text) != 0)
            abort();
    }
    if (!utf8_is_valid(span_of_text(printable)))
        abort();
    (void)clock_parse(text, &time_us);
    (void)ulid_is_valid(text);
    return 0;
}
