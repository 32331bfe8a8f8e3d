/* SPDX-License-Identifier: Apache-2.0
 * proof_rfc3161: time-stamp responses; none is over two messages. */
#include <stdint.h>
#include <stdlib.h>
#include "proof/rfc3161.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Rfc3161) stamp = rfc3161_parse(span_of(data, size), NULL);

    if (stamp == NULL)
        return 0;
    if (rfc3161_covers(stamp, span_of("a", 1), NULL) &&
        rfc3161_covers(stamp, span_of("b", 1), NULL))
        abort();
    return 0;
}
