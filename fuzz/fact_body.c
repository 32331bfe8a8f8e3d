/* SPDX-License-Identifier: Apache-2.0
 * fact_body: the first byte chooses the reader of a body. */
#include <stdint.h>
#include "base/limits.h"
#include "fact/body.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
read_body(unsigned which, const json_t *body)
{
    ClaimBody claim = { 0 };
    RequestBody request = { 0 };
    IntentBody intent = { 0 };
    PublicationBody publication = { 0 };
    FateBody fate = { 0 };
    RevocationBody revocation = { 0 };

    switch (which % 6) {
    case 0:
        return fact_body_claim(body, &claim, NULL);
    case 1:
        return fact_body_request(body, &request, NULL);
    case 2:
        return fact_body_intent(body, &intent, NULL);
    case 3:
        return fact_body_publication(body, &publication, NULL);
    case 4:
        return fact_body_fate(body, &fate, NULL);
    default:
        return fact_body_revocation(body, &revocation, NULL);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    g_autoptr(json_t) body = json_parse(span_of(data + 1, size - 1), LIMIT_STATEMENT_BYTES, NULL);
    if (json_is_object(body))
        (void)read_body(data[0], body);
    return 0;
}
