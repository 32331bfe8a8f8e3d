/* SPDX-License-Identifier: Apache-2.0
 * report: findings, their exit code, and how they are shown. */
#include "verify/verify.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

static const struct {
    VerifyResult result;
    const char *name;
} results[] = { { VERIFY_OK, "ok" },
                { VERIFY_USAGE, "error" },
                { VERIFY_NOT_AUTHENTIC, "not authentic" },
                { VERIFY_REVOKED, "revoked" },
                { VERIFY_STALE, "stale" },
                { VERIFY_INCOMPLETE, "incomplete" },
                { VERIFY_POLICY, "policy not met" },
                { VERIFY_UNSUPPORTED, "unsupported" } };

/* facts.md section 7: the first of these that was found is the exit code. */
static const VerifyResult precedence[] = { VERIFY_USAGE,   VERIFY_NOT_AUTHENTIC,
                                           VERIFY_REVOKED, VERIFY_INCOMPLETE,
                                           VERIFY_POLICY,  VERIFY_UNSUPPORTED,
                                           VERIFY_STALE };

const char *
verify_result_name(VerifyResult result)
{
    for (size_t i = 0; i < G_N_ELEMENTS(results); i++) {
        if (results[i].result == result)
            return results[i].name;
    }
    return "error";
}

static void
free_check(void *data)
{
    VerifyCheck *check = data;

    g_free(check->name);
    g_free(check->subject);
    g_free(check->text);
    g_free(check);
}

VerifyReport *
verify_report_new(void)
{
    VerifyReport *report = g_new0(VerifyReport, 1);

    report->checks = g_ptr_array_new_with_free_func(free_check);
    return report;
}

void
verify_report_free(VerifyReport *report)
{
    if (report == NULL)
        return;
    g_ptr_array_unref(report->checks);
    g_free(report->object);
    g_free(report->manifest);
    g_free(report);
}

void
verify_report_add(VerifyReport *report, VerifyResult result, const char *name, const char *subject,
                  const char *format, ...)
{
    VerifyCheck *check = g_new0(VerifyCheck, 1);
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    check->result = result;
    check->name = g_strdup(name);
    check->subject = error_printable(subject);
    check->text = error_printable(text);
    g_ptr_array_add(report->checks, check);
}

bool
verify_report_has(const VerifyReport *report, VerifyResult result)
{
    for (unsigned i = 0; i < report->checks->len; i++) {
        const VerifyCheck *check = g_ptr_array_index(report->checks, i);
        if (check->result == result)
            return true;
    }
    return false;
}

VerifyResult
verify_reports_result(const VerifyReport *const *reports, size_t n)
{
    for (size_t i = 0; i < G_N_ELEMENTS(precedence); i++) {
        for (size_t j = 0; j < n; j++) {
            if (verify_report_has(reports[j], precedence[i]))
                return precedence[i];
        }
    }
    return VERIFY_OK;
}

VerifyResult
verify_report_result(const VerifyReport *report)
{
    return verify_reports_result(&report, 1);
}

char *
verify_report_text(const VerifyReport *report)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < report->checks->len; i++) {
        const VerifyCheck *check = g_ptr_array_index(report->checks, i);
        g_string_append_printf(text, "%-14s  %-12s  %s: %s\n", verify_result_name(check->result),
                               check->name, check->subject, check->text);
    }
    return g_string_free(text, FALSE);
}

json_t *
verify_report_json(const VerifyReport *report)
{
    VerifyResult result = verify_report_result(report);
    json_t *object = json_object();
    json_t *checks = json_array();

    for (unsigned i = 0; i < report->checks->len; i++) {
        const VerifyCheck *check = g_ptr_array_index(report->checks, i);
        json_t *item = json_object();
        json_object_set_new(item, "result", json_string(verify_result_name(check->result)));
        json_object_set_new(item, "code", json_integer(check->result));
        json_object_set_new(item, "check", json_string(check->name));
        json_object_set_new(item, "subject", json_string(check->subject));
        json_object_set_new(item, "text", json_string(check->text));
        json_array_append_new(checks, item);
    }
    json_object_set_new(object, "result", json_string(verify_result_name(result)));
    json_object_set_new(object, "exitCode", json_integer(result));
    json_object_set_new(object, "object", json_string_or_null(report->object));
    json_object_set_new(object, "manifest", json_string_or_null(report->manifest));
    json_object_set_new(object, "checks", checks);
    return object;
}
