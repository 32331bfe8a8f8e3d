/* SPDX-License-Identifier: Apache-2.0
 * verify_attestation: files of attestations, judged by a key that signed none of them. */
#include <stdint.h>
#include <stdlib.h>
#include "verify/attestation.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t raw[32] = { 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
                                     0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
                                     0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
                                     0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a };
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)dsse_key_free);
    g_autoptr(ForeignKey) key = foreign_key_from_ed25519(span_of(raw, sizeof raw), NULL);
    AttestationQuestion question = {
        .subject = "x", .algorithm = "sha256", .value = "00", .keys = keys, .threshold = 1
    };

    g_ptr_array_add(keys, dsse_key_new(NULL, key));
    g_autoptr(VerifyReport) report = attestation_verify(span_of(data, size), &question);
    if (verify_report_result(report) == VERIFY_OK)
        abort();
    return 0;
}
