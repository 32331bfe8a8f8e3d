/* SPDX-License-Identifier: Apache-2.0
 * format_glob: PATTERN NUL PATH; what matches must be reachable through each folder above it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/span.h"
#include "format/glob.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    size_t pattern_len = strlen(text);
    g_autofree char *path =
        pattern_len < size ? g_strndup((const char *)data + pattern_len + 1, size - pattern_len - 1)
                           : g_strdup("a/b");

    if (!glob_check(text, NULL) || !glob_match(text, path))
        return 0;
    for (char *slash = strrchr(path, '/'); slash != NULL; slash = strrchr(path, '/')) {
        *slash = '\0';
        if (!glob_match_below(text, path))
            abort();
    }
    return 0;
}
