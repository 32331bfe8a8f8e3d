/* SPDX-License-Identifier: Apache-2.0
 * proof_public_key: keys that are taken are spelled in the bytes they came from. */
#include <stdint.h>
#include <stdlib.h>
#include "proof/public_key.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(PublicKey) key = public_key_from_spki(span_of(data, size), NULL);
    g_autoptr(PublicKey) from_pem = public_key_from_pem(span_of(data, size), NULL);

    if (key != NULL) {
        Span spki = public_key_spki(key);
        if (spki.len != size || memcmp(spki.data, data, size) != 0)
            abort();
        (void)!public_key_verify(key, span_of(data, size), span_of(data, size), NULL);
    }
    if (from_pem != NULL) {
        g_autofree char *pem = public_key_to_pem(from_pem);
        g_autoptr(PublicKey) again = public_key_from_pem(span_of_text(pem), NULL);
        if (again == NULL || !public_key_equal(again, from_pem))
            abort();
    }
    return 0;
}
