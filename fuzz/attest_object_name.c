/* SPDX-License-Identifier: Apache-2.0
 * attest_object_name: names that read are spelled as they were read. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/object_name.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    ObjectName name;

    if (object_name_parse(text, &name, NULL)) {
        char again[OBJECT_NAME_SIZE];
        object_name_format(&name, again);
        if (strcmp(again, text) != 0)
            abort();
    }
    return 0;
}
