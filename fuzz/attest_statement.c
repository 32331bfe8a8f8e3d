/* SPDX-License-Identifier: Apache-2.0
 * attest_statement: a statement that reads is written in canonical form and reads again. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/provenance.h"
#include "attest/statement.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(Statement) statement = statement_parse(span_of(data, size), NULL);
    ProvenanceView view;

    if (statement == NULL)
        return 0;
    (void)!provenance_read(statement, &view, NULL);
    g_autoptr(GBytes) payload = statement_payload(statement, NULL);
    if (payload == NULL) /* a number outside RFC 8785 */
        return 0;
    g_autoptr(Statement) again = statement_parse(span_of_bytes(payload), NULL);
    if (again == NULL || again->subjects->len != statement->subjects->len)
        abort();
    return 0;
}
