/* SPDX-License-Identifier: Apache-2.0
 * attest_decision: a decision that reads is the bytes it builds; pairs likewise. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/decision.h"
#include "base/limits.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Decision) decision = decision_parse(span_of(data, size), NULL);
    g_autoptr(json_t) pair = json_parse(span_of(data, size), LIMIT_KEY_FILE_BYTES, NULL);
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(DecisionProof) proof = NULL;

    if (decision != NULL) {
        g_autoptr(GBytes) again = decision_build(decision, NULL);
        if (again == NULL || g_bytes_get_size(again) != size ||
            memcmp(span_of_bytes(again).data, data, size) != 0)
            abort();
    }
    if (pair != NULL && decision_pair_from_json(pair, &bytes, &proof, NULL)) {
        g_autoptr(json_t) again = decision_pair_to_json(span_of_bytes(bytes), proof, NULL);
        if (again == NULL || !json_equal(again, pair))
            abort();
        (void)!decision_verify(proof, span_of_bytes(bytes), span_of(data, size), NULL);
    }
    return 0;
}
