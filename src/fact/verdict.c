/* SPDX-License-Identifier: Apache-2.0
 * verdict: answers of the admission rule, as text, error and JSON. */
#include "fact/admission.h"
#include "base/banned.h"

static const char *const rule_names[FACT_N_RULES] = {
    [FACT_RULE_NONE] = "none",           [FACT_RULE_FORMAT] = "format",
    [FACT_RULE_TYPE] = "type",           [FACT_RULE_LOG] = "log",
    [FACT_RULE_FIRST] = "first",         [FACT_RULE_ROLE] = "role",
    [FACT_RULE_OBJECT] = "object",       [FACT_RULE_PREVIOUS] = "previous",
    [FACT_RULE_COMMAND] = "command",     [FACT_RULE_TIME] = "time",
    [FACT_RULE_ROSTER] = "roster",       [FACT_RULE_REFERENCE] = "reference",
    [FACT_RULE_STATE] = "state",         [FACT_RULE_PROOFS] = "proofs",
    [FACT_RULE_APPROVALS] = "approvals", [FACT_RULE_EXPIRED] = "expired",
    [FACT_RULE_EVIDENCE] = "evidence",   [FACT_RULE_ISOLATION] = "isolation",
    [FACT_RULE_FILE] = "file",
};

static const char *const outcome_names[] = {
    [FACT_OUTCOME_NONE] = "none", [FACT_ADMITTED] = "admitted", [FACT_DUPLICATE] = "duplicate",
    [FACT_VOID] = "void",         [FACT_HALT] = "halt",
};

const char *
fact_rule_name(FactRule rule)
{
    return rule_names[rule];
}

const char *
fact_outcome_name(FactOutcome outcome)
{
    return outcome_names[outcome];
}

void
fact_verdict_free(FactVerdict *verdict)
{
    if (verdict == NULL)
        return;
    g_free(verdict->text);
    g_free(verdict->missing);
    g_free(verdict->who);
    g_free(verdict->winner);
    g_ptr_array_unref(verdict->evidence);
    g_free(verdict);
}

FactVerdict *
fact_verdict_admit(void)
{
    FactVerdict *verdict = g_new0(FactVerdict, 1);

    verdict->outcome = FACT_ADMITTED;
    verdict->evidence = g_ptr_array_new_with_free_func(g_free);
    return verdict;
}

FactVerdict *
fact_verdict_void(FactRule rule, const char *format, ...)
{
    FactVerdict *verdict = fact_verdict_admit();
    va_list args;

    verdict->outcome = FACT_VOID;
    verdict->rule = rule;
    va_start(args, format);
    verdict->text = g_strdup_vprintf(format, args);
    va_end(args);
    return verdict;
}

void
fact_verdict_set_error(const FactVerdict *verdict, GError **error)
{
    bool conflict = verdict->winner != NULL;
    GString *text = g_string_new(verdict->text);

    if (verdict->winner != NULL)
        g_string_append_printf(text, "; '%s' was faster", verdict->winner);
    if (verdict->missing != NULL)
        g_string_append_printf(text, "; missing: %s", verdict->missing);
    if (verdict->who != NULL)
        g_string_append_printf(text, "; who can supply it: %s", verdict->who);
    error_set(error, BASE_ERROR, conflict ? BASE_ERROR_CONFLICT : BASE_ERROR_DENIED, "%s",
              text->str);
    g_string_free(text, TRUE);
}

json_t *
fact_verdict_to_json(const FactVerdict *verdict)
{
    json_t *object = json_object();
    json_t *evidence = json_array();

    for (unsigned i = 0; i < verdict->evidence->len; i++)
        json_array_append_new(evidence, json_string(g_ptr_array_index(verdict->evidence, i)));
    json_object_set_new(object, "rule", json_string(rule_names[verdict->rule]));
    json_object_set_new(object, "text", json_string_or_null(verdict->text));
    json_object_set_new(object, "missing", json_string_or_null(verdict->missing));
    json_object_set_new(object, "who", json_string_or_null(verdict->who));
    json_object_set_new(object, "winner", json_string_or_null(verdict->winner));
    json_object_set_new(object, "evidence", evidence);
    return object;
}
