/* SPDX-License-Identifier: Apache-2.0
 * executor_job_output: what a job writes to $OUTPUT; only declared names may come out. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "executor/job_output.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const declared[] = { "version", "notes", NULL };
    g_autoptr(GHashTable) values = job_output_parse(span_of(data, size), declared, NULL);
    GHashTableIter iter;
    void *key = NULL;

    if (values == NULL)
        return 0;
    g_hash_table_iter_init(&iter, values);
    while (g_hash_table_iter_next(&iter, &key, NULL))
        if (strcmp(key, "version") != 0 && strcmp(key, "notes") != 0)
            abort();
    return 0;
}
