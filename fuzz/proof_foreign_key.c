/* SPDX-License-Identifier: Apache-2.0
 * proof_foreign_key: key files of other tools; then the input as a signature over itself. */
#include <stdint.h>
#include <stdlib.h>
#include "proof/foreign_key.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Span input = span_of(data, size);
    g_autoptr(ForeignKey) parsed = foreign_key_parse(input, NULL);
    g_autoptr(ForeignKey) key =
        parsed != NULL ? g_steal_pointer(&parsed) : foreign_key_from_spki(input, NULL);

    if (key != NULL)
        (void)!foreign_key_verify(key, input, input, NULL);
    return 0;
}
