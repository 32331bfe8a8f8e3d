/* SPDX-License-Identifier: Apache-2.0
 * joblog_junit: whatever is read, the numbers add up. */
#include <stdint.h>
#include <stdlib.h>
#include "joblog/junit.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *results = json_object();
    bool ok = junit_add(results, span_of(data, size), NULL);
    json_int_t tests = json_integer_value(json_object_get(results, "tests"));
    json_int_t ended = json_integer_value(json_object_get(results, "passed")) +
                       json_integer_value(json_object_get(results, "failed")) +
                       json_integer_value(json_object_get(results, "skipped"));

    json_decref(results);
    if (ended > tests || (ok && tests < 0))
        abort();
    return 0;
}
