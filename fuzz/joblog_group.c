/* SPDX-License-Identifier: Apache-2.0
 * joblog_group: names stay inside their line, levels inside their bounds, and plain text is text. */
#include <stdint.h>
#include <stdlib.h>
#include "joblog/first_error.h"
#include "joblog/group.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GroupState state = { 0 };
    const uint8_t *at = data;
    const uint8_t *end = data + size;

    while (at < end) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        Span line = span_of(at, (size_t)((newline == NULL ? end : newline) - at));
        GroupMark mark = group_mark_of(line);
        g_autofree char *plain = first_error_plain(line);

        if (mark.name.len > 0 &&
            (mark.name.data < line.data || mark.name.data + mark.name.len > line.data + line.len))
            abort();
        if (group_state_take(&state, &mark) > GROUP_MAX_LEVEL || !g_utf8_validate(plain, -1, NULL))
            abort();
        (void)first_error_rank(line);
        if (newline == NULL)
            break;
        at = newline + 1;
    }
    return 0;
}
