/* SPDX-License-Identifier: Apache-2.0
 * fact_payload: any bytes as the payload of a statement, admitted at the start of an empty log:
 * never more than void unless it is evidence or a root, and the fold takes what follows from it. */
#include <stdint.h>
#include <stdlib.h>
#include "fact/fold.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Fact) fact = fact_from_payload(span_of(data, size), span_of_text("no key"), NULL);
    g_autoptr(FactFold) fold = fact_fold_new();
    g_autoptr(FactVerdict) verdict = NULL;

    if (fact == NULL)
        return 0;
    if (!fact_fold_apply(fold, fact, &verdict, NULL))
        abort();
    if (verdict->outcome == FACT_ADMITTED) /* nobody has a role before a root */
        abort();
    return 0;
}
