/* SPDX-License-Identifier: Apache-2.0
 * proof_openpgp_layout: the signature inside an armored packet of our layout. */
#include <stdint.h>
#include <stdlib.h>
#include "proof/openpgp_layout.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t raw[32] = { 1 };
    g_autoptr(PublicKey) key = public_key_ed25519_from_raw(span_of(raw, sizeof raw), NULL);
    g_auto(OpenpgpDraft) draft = { 0 };
    uint8_t signature[OPENPGP_SIGNATURE_SIZE];
    uint8_t again[OPENPGP_SIGNATURE_SIZE];
    Span hash = span_of(raw, sizeof raw);

    if (key == NULL || !openpgp_draft_begin(&draft, OPENPGP_BINARY, key, 1700000000, NULL) ||
        !openpgp_draft_find_signature(&draft, span_of(data, size), signature, NULL))
        return 0;
    /* What was found is found again in what is written of it. */
    g_autoptr(GByteArray) packet = g_byte_array_new();
    openpgp_draft_end(&draft, hash, span_of(signature, sizeof signature), packet);
    g_autofree char *text = openpgp_armor("SIGNATURE", packet);
    if (!openpgp_draft_find_signature(&draft, span_of_text(text), again, NULL) ||
        memcmp(signature, again, sizeof again) != 0)
        abort();
    return 0;
}
