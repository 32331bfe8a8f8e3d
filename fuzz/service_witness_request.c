/* SPDX-License-Identifier: Apache-2.0
 * service_witness_request: add-checkpoint requests. */
#include <stdint.h>
#include <stdlib.h>
#include "service/witness.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WitnessRequest request = { 0 };

    if (witness_request_parse(span_of(data, size), &request, NULL) &&
        (request.note.len == 0 || request.note.data + request.note.len != data + size))
        abort();
    return 0;
}
