/* SPDX-License-Identifier: Apache-2.0
 * fact_roster: any JSON as the body of a roster; what reads answers for every object and verb. */
#include <stdint.h>
#include <stdlib.h>
#include "base/limits.h"
#include "fact/roster.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(json_t) body = json_parse(span_of(data, size), LIMIT_STATEMENT_BYTES, NULL);
    g_autoptr(FactRoster) roster = json_is_object(body) ? fact_roster_parse(body, NULL) : NULL;

    if (roster == NULL)
        return 0;
    const RosterRule *rule = fact_roster_rule(roster, "release:acme/cli@1.0.0", NULL,
                                              DECISION_APPROVE, DECISION_ACTION_PUBLISH);
    if (rule != NULL && (rule->threshold == 0 || rule->people[0] == NULL))
        abort();
    (void)fact_roster_allows_unisolated(roster, "release:acme/cli@1.0.0");
    return 0;
}
