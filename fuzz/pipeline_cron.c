/* SPDX-License-Identifier: Apache-2.0
 * pipeline_cron: what is read has a next time, a full minute later than asked. */
#include <stdint.h>
#include <stdlib.h>
#include "pipeline/cron.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int64_t now_us = 1767225600000000; /* 2026-01-01 */
    g_autofree char *text = g_strndup(size == 0 ? "" : (const char *)data, size);
    Cron cron = { 0 };

    if (!cron_parse(text, &cron, NULL))
        return 0;
    int64_t next_us = cron_next_us(&cron, now_us);

    if (next_us <= now_us || next_us % 60000000 != 0 || next_us == INT64_MAX)
        abort();
    return 0;
}
