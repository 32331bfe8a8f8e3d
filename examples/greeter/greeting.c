/* SPDX-License-Identifier: Apache-2.0 */
#include "greeting.h"
#include <stdio.h>

bool
greeting_format(const char *name, char *out, size_t size)
{
    int written = snprintf(out, size, "hello, %s", name);

    if (written < 0 || (size_t)written >= size) {
        out[0] = '\0';
        return false;
    }
    return true;
}
