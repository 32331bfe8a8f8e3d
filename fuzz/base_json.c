/* SPDX-License-Identifier: Apache-2.0
 * base_json: what the canonical writer writes is its own canonical form. */
#include <stdint.h>
#include <stdlib.h>
#include "base/json.h"
#include "base/banned.h"

#define MAX_INPUT_BYTES (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(json_t) value = json_parse(span_of(data, size), MAX_INPUT_BYTES, NULL);
    size_t len = 0;
    g_autofree char *text = value != NULL ? json_canonical(value, &len, NULL) : NULL;

    if (text == NULL)
        return 0;
    /* Doubles from 2^53 on are written as integers that the reader, or the writer, refuses. */
    g_autoptr(json_t) again = json_parse(span_of(text, len), SIZE_MAX, NULL);
    g_autofree char *text_again = again != NULL ? json_canonical(again, NULL, NULL) : NULL;

    if (text_again != NULL && strcmp(text_again, text) != 0)
        abort();
    return 0;
}
