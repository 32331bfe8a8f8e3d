/* SPDX-License-Identifier: Apache-2.0
 * rules: what each key may sign (facts.md section 6); for files of src/signer only. Pure. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"
#include "signer/role.h"

/** Whether @role may sign the statement @payload in the log @origin. Errors: SIGNER_ERROR DENIED
 * with the rule, for anything else than a canonical, well-formed statement of an allowed type too.
 */
bool rules_check_statement(SignerRole role, const char *origin, Span payload,
                           GError **error) MUST_CHECK;
/** The same for a status payload. Errors: DENIED. */
bool rules_check_status(const char *origin, Span payload, GError **error) MUST_CHECK;
/** The same for TUF metadata under the status key: a timestamp or a snapshot, nothing else. Errors:
 * DENIED. */
bool rules_check_tuf(Span payload, GError **error) MUST_CHECK;
