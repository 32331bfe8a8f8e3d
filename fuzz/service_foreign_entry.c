/* SPDX-License-Identifier: Apache-2.0
 * service_foreign_entry: entries that others want logged. */
#include <stdint.h>
#include <stdlib.h>
#include "service/foreign_entry.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_auto(ForeignEntry) entry = { 0 };

    (void)!foreign_entry_parse(span_of(data, size), &entry, NULL);
    return 0;
}
