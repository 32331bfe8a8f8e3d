/* SPDX-License-Identifier: Apache-2.0
 * proof_minisign: signature and key files by minisign and signify. */
#include <stdint.h>
#include <stdlib.h>
#include "proof/minisign.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Span input = span_of(data, size);
    g_autoptr(MinisignKey) key = minisign_key_parse(input, NULL);
    g_autoptr(Minisign) minisign = minisign_parse(input, NULL);
    static const uint8_t raw[32] = { 1 };
    g_autoptr(MinisignKey) other = g_new0(MinisignKey, 1);
    (void)key;

    other->key = public_key_ed25519_from_raw(span_of(raw, sizeof raw), NULL);
    if (other->key == NULL || minisign == NULL)
        return 0;
    memcpy(other->id, minisign->key_id, sizeof other->id);
    if (minisign_verify(minisign, other, input, NULL)) /* it would be a forgery */
        abort();
    return 0;
}
