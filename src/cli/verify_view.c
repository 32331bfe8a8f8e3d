/* SPDX-License-Identifier: Apache-2.0
 * verify_view: see verify_view.h. */
#include "cli/verify_view.h"
#include "base/banned.h"

OutputStyle
verify_view_style(VerifyResult result)
{
    if (result == VERIFY_OK)
        return OUTPUT_GOOD;
    return result == VERIFY_STALE ? OUTPUT_WARN : OUTPUT_BAD;
}

void
verify_view_show(Output *output, const VerifyReport *report, const char *subject)
{
    VerifyResult result = verify_report_result(report);

    for (unsigned i = 0; i < report->checks->len; i++) {
        const VerifyCheck *check = g_ptr_array_index(report->checks, i);
        output_styled(output,
                      check->result == VERIFY_OK ? OUTPUT_PLAIN : verify_view_style(check->result),
                      "%-14s  %-12s  %s: %s", verify_result_name(check->result), check->name,
                      check->subject, check->text);
    }
    output_styled(output, verify_view_style(result), "%s: %s", subject,
                  result == VERIFY_OK ? "good" : verify_result_name(result));
}

void
verify_view_add_json(json_t *list, const VerifyReport *report, const char *subject)
{
    json_t *item = verify_report_json(report);

    json_object_set_new(item, "path", json_string(subject));
    json_array_append_new(list, item);
}
