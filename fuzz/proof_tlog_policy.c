/* SPDX-License-Identifier: Apache-2.0
 * proof_tlog_policy: witness policies. */
#include <stdint.h>
#include <stdlib.h>
#include "proof/tlog_policy.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(TlogPolicy) policy = tlog_policy_parse(span_of(data, size), NULL);
    static const char note[] = "a\n1\nb\n\n\xe2\x80\x94 w0.example AQIDBAAA\n";
    g_autoptr(Note) parsed = note_parse(span_of_text(note), NULL);

    if (policy != NULL && parsed != NULL)
        (void)!tlog_policy_check(policy, parsed, NULL, NULL);
    return 0;
}
