/* SPDX-License-Identifier: Apache-2.0
 * keys_pkcs8: private keys in DER; what reads signs. */
#include <stdint.h>
#include <stdlib.h>
#include "keys/memory_signer.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Signer) signer = memory_signer_from_pkcs8(span_of(data, size), NULL);
    g_autoptr(GBytes) signature = NULL;

    if (signer != NULL && signer_sign(signer, span_of(data, size), &signature, NULL) &&
        !public_key_verify(signer_public_key(signer), span_of(data, size), span_of_bytes(signature),
                           NULL))
        abort();
    return 0;
}
