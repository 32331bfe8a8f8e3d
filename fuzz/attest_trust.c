/* SPDX-License-Identifier: Apache-2.0
 * attest_trust: a trust file that reads is written and reads alike. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/trust.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Trust) trust = trust_parse(span_of(data, size), NULL);

    if (trust != NULL) {
        g_autofree char *text = trust_build(trust, NULL);
        g_autoptr(Trust) again = text != NULL ? trust_parse(span_of_text(text), NULL) : NULL;
        g_autofree char *text_again = again != NULL ? trust_build(again, NULL) : NULL;
        if (text_again == NULL || strcmp(text, text_again) != 0)
            abort();
    }
    return 0;
}
