/* SPDX-License-Identifier: Apache-2.0
 * attest_leaf: a leaf that reads is the leaf its parts build. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/leaf.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Leaf) leaf = leaf_parse(span_of(data, size), NULL);

    if (leaf != NULL) {
        g_autoptr(GBytes) again =
            leaf_build(&leaf->pae, span_of_bytes(leaf->signature), span_of_bytes(leaf->spki));
        Span bytes = span_of_bytes(again);
        if (bytes.len != size || memcmp(bytes.data, data, size) != 0)
            abort();
        (void)!leaf_check(leaf, span_of(data, size), NULL, NULL);
    }
    return 0;
}
