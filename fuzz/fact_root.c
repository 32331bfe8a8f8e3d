/* SPDX-License-Identifier: Apache-2.0
 * fact_root: any JSON as the body of a root; what reads has a threshold that can be met. */
#include <stdint.h>
#include <stdlib.h>
#include "base/limits.h"
#include "fact/root.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(json_t) body = json_parse(span_of(data, size), LIMIT_STATEMENT_BYTES, NULL);
    g_autoptr(FactRoot) root = json_is_object(body) ? fact_root_parse(body, NULL) : NULL;

    if (root != NULL && (root->threshold == 0 || root->threshold > root->root_keys->len))
        abort();
    return 0;
}
