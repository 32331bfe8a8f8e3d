/* SPDX-License-Identifier: Apache-2.0
 * attest_facts_line: a line of facts.jsonl that reads is the line it builds. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/facts_line.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(FactsLine) line = facts_line_parse(span_of(data, size), NULL);
    g_autoptr(GPtrArray) file = facts_file_parse(span_of(data, size), NULL);

    (void)file;
    if (line != NULL) {
        MerkleProof proof = { .hashes = line->hashes, .n_hashes = line->n_hashes };
        g_autofree char *again = facts_line_build(line->index, span_of_bytes(line->leaf),
                                                  span_of_bytes(line->pae), proof);
        size_t wanted = data[size - 1] == '\n' ? size : size + 1;
        if (strlen(again) != wanted || memcmp(again, data, wanted - 1) != 0)
            abort();
    }
    return 0;
}
