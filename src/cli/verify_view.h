/* SPDX-License-Identifier: Apache-2.0
 * verify_view: a verifier's report on a terminal, a line a check. */
#pragma once
#include "cli/output.h"
#include "verify/verify.h"

/** The style a result is shown in. */
OutputStyle verify_view_style(VerifyResult result);
/** The checks of @report, then "SUBJECT: RESULT"; nothing with --json. */
void verify_view_show(Output *output, const VerifyReport *report, const char *subject);
/** Adds the report as an object with "path" to @list. */
void verify_view_add_json(json_t *list, const VerifyReport *report, const char *subject);
