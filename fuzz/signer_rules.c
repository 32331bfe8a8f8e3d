/* SPDX-License-Identifier: Apache-2.0
 * signer_rules: what is allowed to be signed is canonical, and no key signs another's types. */
#include <stdint.h>
#include <stdlib.h>
#include "attest/statement.h"
#include "signer/rules_priv.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Span payload = span_of(data, size);
    unsigned n_allowed = 0;

    for (SignerRole role = SIGNER_ROLE_ENGINE; role < SIGNER_N_ROLES; role++)
        n_allowed += rules_check_statement(role, "log.example/test", payload, NULL);
    n_allowed += rules_check_status("log.example/test", payload, NULL);
    if (n_allowed > 1 || (n_allowed == 1 && !statement_is_canonical(payload)))
        abort();
    return 0;
}
