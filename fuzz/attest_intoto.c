/* SPDX-License-Identifier: Apache-2.0
 * attest_intoto: payloads of anybody, read as provenance and as verification summary, and asked. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/intoto.h"
#include "attest/slsa.h"
#include "attest/vsa.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(IntotoPayload) payload = intoto_parse(span_of(data, size), NULL);
    Digest digest = { 0 };
    VsaView vsa;

    if (payload == NULL)
        return 0;
    (void)intoto_is_about(payload, &digest);
    if (payload->kind != INTOTO_STATEMENT)
        return 0;
    g_autoptr(SlsaProvenance) provenance = slsa_read(payload->statement, NULL);
    for (SlsaRule rule = SLSA_RULE_SOURCE; provenance != NULL && rule < SLSA_N_RULES; rule++) {
        if (provenance->tag != NULL)
            (void)!slsa_check(provenance, rule, provenance->tag, NULL);
        if (provenance->builder_id == NULL) /* no provenance without */
            abort();
    }
    if (vsa_read(payload->statement, &vsa, NULL))
        (void)!vsa_check(&vsa, VSA_RULE_LEVEL, "SLSA_BUILD_LEVEL_1", NULL);
    return 0;
}
