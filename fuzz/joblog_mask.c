/* SPDX-License-Identifier: Apache-2.0
 * joblog_mask: SECRET NUL TEXT; whatever the text, the secret is not in what comes out. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "joblog/mask.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size == 0 ? NULL : memchr(data, 0, size);
    size_t secret_len = nul == NULL ? size : (size_t)(nul - data);
    Span text = nul == NULL ? span_of(data, size) : span_of(nul + 1, size - secret_len - 1);
    g_autoptr(Mask) mask = mask_new();
    g_auto(Buffer) out = { 0 };

    if (secret_len > 200 || !mask_add(mask, span_of(data, secret_len), NULL))
        return 0;
    buffer_init(&out, size + 1);
    mask_apply(mask, text, SIZE_MAX, &out);
    Span masked = buffer_get(&out);
    if (out.full || masked.len > text.len)
        abort();
    /* a secret with a star may come to be where one was hidden */
    if (memchr(data, '*', secret_len) == NULL && masked.len > 0 &&
        memmem(masked.data, masked.len, data, secret_len) != NULL)
        abort();
    return 0;
}
