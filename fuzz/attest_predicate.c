/* SPDX-License-Identifier: Apache-2.0
 * attest_predicate: the first byte chooses the kind; what reads is written alike. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/predicate.h"
#include "base/limits.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PredicateKind kind = size > 0 ? (PredicateKind)(1 + data[0] % (PREDICATE_N_KINDS - 1)) : 1;
    g_autoptr(json_t) json =
        size > 0 ? json_parse(span_of(data + 1, size - 1), LIMIT_STATEMENT_BYTES, NULL) : NULL;
    g_autoptr(Predicate) predicate = json != NULL ? predicate_parse(kind, json, NULL) : NULL;

    if (predicate != NULL) {
        g_autoptr(json_t) again = predicate_to_json(predicate);
        if (!json_equal(again, json))
            abort();
    }
    return 0;
}
