/* SPDX-License-Identifier: Apache-2.0
 * verify_detached: what tells formats apart, the words of gpgv, armor, and texts that are compared. */
#include <stdint.h>
#include <stdlib.h>
#include "verify/detached.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Span input = span_of(data, size);
    DetachedFormat format = detached_format(input);
    g_autoptr(VerifyReport) report = detached_pgp_report(input, "x", true);
    g_autoptr(GBytes) binary = detached_pgp_dearmor(input, NULL);
    (void)binary;

    if (format == DETACHED_NONE || report->checks->len == 0)
        abort();
    if (!detached_text_equal(input, input))
        abort();
    return 0;
}
