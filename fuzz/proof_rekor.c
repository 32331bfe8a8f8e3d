/* SPDX-License-Identifier: Apache-2.0
 * proof_rekor: checkpoints of Sigstore's logs; without a signature by the key none is believed. */
#include <stdint.h>
#include <stdlib.h>
#include "proof/rekor.h"
#include "base/banned.h"

/* A key whose private half nobody has: a point of the curve by its number. */
static const uint8_t spki[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21,
                                0x00, 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b,
                                0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda,
                                0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(X509Key) key = x509_key_from_spki(span_of(spki, sizeof spki), NULL);
    const RekorLog log = { .name = "log.example.org/two", .note_hint = 0x6e2b1c0f, .key = key };
    MerkleHead head = { 0 };

    if (rekor_verify_checkpoint(&log, span_of(data, size), &head, NULL) && head.size == 0)
        abort();
    return 0;
}
