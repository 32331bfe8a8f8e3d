/* SPDX-License-Identifier: Apache-2.0
 * attest_tuf: whatever is offered as the next file of any kind, a set that trusts a root goes on
 * trusting what it did, and no root that did not reach its threshold is trusted. The first byte
 * chooses the kind. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/tuf.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(TufSet) set = NULL;
    bool terminating = false;

    if (size == 0)
        return 0;
    Span input = span_of(data + 1, size - 1);
    set = tuf_set_new(input, 0, NULL);
    if (set == NULL)
        return 0;
    if (tuf_set_update_root(set, input, NULL))
        abort(); /* the same file cannot be the next version */
    if (tuf_set_update_timestamp(set, input, NULL) || tuf_set_version(set, "timestamp") >= 0)
        abort(); /* a root is no timestamp */
    g_autoptr(GPtrArray) none = tuf_set_delegated(set, "targets", "a/b", &terminating);
    return none->len == 0 && !terminating ? 0 : (abort(), 1);
}
