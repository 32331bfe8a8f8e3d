/* SPDX-License-Identifier: Apache-2.0
 * facts: what is shipped is folded by the same rule as in the log; then it must be one whole chain.
 */
#include <string.h>
#include "fact/body.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

/* An entry that must be shipped because @fact names it. */
static void
need_shipped(Verification *v, const Fact *fact, const char *what, const char *s)
{
    const Fact *found = g_hash_table_lookup(v->by_s, s);

    if (found == NULL) {
        v->has_gap = true;
        verify_report_add(v->report, VERIFY_INCOMPLETE, "references", fact->s_text,
                          "its %s '%s' is not shipped", what, s);
    } else if (found->index >= fact->index) {
        verify_report_add(v->report, VERIFY_NOT_AUTHENTIC, "references", fact->s_text,
                          "its %s '%s' is not below it in the log", what, s);
    }
}

static void
need_all(Verification *v, const Fact *fact, const char *what, const json_t *list)
{
    size_t i = 0;
    json_t *item = NULL;

    json_array_foreach (list, i, item) {
        if (json_is_string(item))
            need_shipped(v, fact, what, json_string_value(item));
    }
}

static void
check_references(Verification *v)
{
    for (unsigned i = 0; i < v->facts->len; i++) {
        const Fact *fact = g_ptr_array_index(v->facts, i);
        const Predicate *predicate = fact->predicate;
        char text[DIGEST_STRING_SIZE];
        if (predicate == NULL)
            continue;
        if (predicate->has_previous) {
            digest_to_string(&predicate->previous, text);
            need_shipped(v, fact, "predecessor", text);
        }
        if (predicate->has_policy) {
            digest_to_string(&predicate->policy_roster, text);
            need_shipped(v, fact, "roster", text);
        }
        if (fact->kind == FACT_PUBLISH_INTENT) {
            need_all(v, fact, "approval", json_object_get(predicate->body, "approvals"));
            need_all(v, fact, "evidence", json_object_get(predicate->body, "evidence"));
        }
    }
}

/* The class of a finding: what a rule that is not met says about the release. */
static VerifyResult
class_of(const Verification *v, const Fact *fact, FactRule rule)
{
    switch (rule) {
    case FACT_RULE_APPROVALS:
    case FACT_RULE_EVIDENCE:
    case FACT_RULE_ISOLATION:
    case FACT_RULE_EXPIRED:
        return fact->kind == FACT_PUBLISH_INTENT ? VERIFY_POLICY : VERIFY_NOT_AUTHENTIC;
    case FACT_RULE_PREVIOUS:
    case FACT_RULE_REFERENCE:
    case FACT_RULE_STATE:
    case FACT_RULE_ROSTER:
        return v->has_gap ? VERIFY_INCOMPLETE : VERIFY_NOT_AUTHENTIC; /* follows from the gap */
    default:
        return VERIFY_NOT_AUTHENTIC;
    }
}

static bool
fold_one(Verification *v, const Fact *fact, bool *go_on_out, GError **error)
{
    FactView *view = fact_fold_view(v->fold);
    g_autoptr(FactVerdict) verdict = NULL;
    g_autoptr(FactDelta) delta = NULL;

    if (!fact_admit(view, fact, &verdict, error))
        return false;
    *go_on_out = verdict->outcome != FACT_HALT;
    if (verdict->outcome == FACT_HALT) {
        verify_report_add(v->report, VERIFY_UNSUPPORTED, "admission", fact->s_text, "%s",
                          verdict->text);
        return true;
    }
    if (verdict->outcome == FACT_VOID)
        verify_report_add(v->report, class_of(v, fact, verdict->rule),
                          fact_rule_name(verdict->rule), fact->s_text, "%s does not count: %s",
                          fact_kind_name(fact->kind), verdict->text);
    if (!fact_delta(view, fact, verdict, fact->index, &delta, error))
        return false;
    fact_fold_put(v->fold, delta);
    return true;
}

static bool
fold_all(Verification *v, GError **error)
{
    unsigned before = v->report->checks->len;
    bool go_on = true;

    for (unsigned i = 0; go_on && i < v->facts->len; i++) {
        if (!fold_one(v, g_ptr_array_index(v->facts, i), &go_on, error))
            return false;
    }
    if (v->report->checks->len == before)
        verify_report_add(v->report, VERIFY_OK, "admission", VERIFY_FACTS,
                          "all %u facts count: roles, order, rosters and decisions hold",
                          v->facts->len);
    return true;
}

static bool
check_pinned_root(Verification *v)
{
    const Trust *trust = v->options->trust;
    const Fact *first = v->facts->len > 0 ? g_ptr_array_index(v->facts, 0) : NULL;
    g_autofree char *wanted = digest_dup_string(&trust->root);

    if (first == NULL || first->index != 0) {
        verify_report_add(v->report, VERIFY_INCOMPLETE, "root", VERIFY_FACTS,
                          "entry 0 of the log is not shipped");
        v->has_gap = true;
        return false;
    }
    if (!digest_equal(&first->s, &trust->root)) {
        verify_report_add(v->report, VERIFY_NOT_AUTHENTIC, "root", first->s_text,
                          "the trust file names root '%s'", wanted);
        return false;
    }
    if (first->predicate == NULL || strcmp(first->predicate->log, trust->origin) != 0) {
        verify_report_add(v->report, VERIFY_NOT_AUTHENTIC, "root", first->s_text,
                          "the root is not of log '%s'", trust->origin);
        return false;
    }
    verify_report_add(v->report, VERIFY_OK, "root", first->s_text,
                      "is the root the trust file names");
    return true;
}

/* The fact the release's row names, or NULL. */
static const Fact *
fact_named(Verification *v, bool has, const Digest *s)
{
    char text[DIGEST_STRING_SIZE];

    digest_to_string(s, text);
    return has ? g_hash_table_lookup(v->by_s, text) : NULL;
}

/* The one release everything here is about: that of the newest publish-intent. */
static const char *
find_object(Verification *v)
{
    const char *object = NULL;

    for (unsigned i = 0; i < v->facts->len; i++) {
        const Fact *fact = g_ptr_array_index(v->facts, i);
        if (fact->kind == FACT_PUBLISH_INTENT)
            object = fact->predicate->object;
    }
    return object;
}

/* Facts about other releases have no business here: they could pass for this one's. */
static void
check_one_release(Verification *v, const char *object)
{
    for (unsigned i = 0; i < v->facts->len; i++) {
        const Fact *fact = g_ptr_array_index(v->facts, i);
        if (fact->predicate != NULL && g_str_has_prefix(fact->predicate->object, "release:") &&
            strcmp(fact->predicate->object, object) != 0)
            verify_report_add(v->report, VERIFY_NOT_AUTHENTIC, "chain", fact->s_text,
                              "is about another release, '%s'", fact->predicate->object);
    }
}

static bool
check_chain(Verification *v, GError **error)
{
    const char *object = find_object(v);
    g_auto(FactRelease) release = { 0 };

    if (object == NULL) {
        verify_report_add(v->report, VERIFY_INCOMPLETE, "chain", VERIFY_FACTS,
                          "no publish-intent is shipped");
        return true;
    }
    v->report->object = g_strdup(object);
    check_one_release(v, object);
    if (!fact_view_release(fact_fold_view(v->fold), object, &release, error))
        return false;
    v->claim = fact_named(v, release.has_claim, &release.claim);
    v->seal = fact_named(v, release.has_seal, &release.seal);
    v->intent = fact_named(v, release.has_intent, &release.intent);
    if (v->claim == NULL || v->seal == NULL || v->intent == NULL) {
        verify_report_add(v->report, v->has_gap ? VERIFY_INCOMPLETE : VERIFY_NOT_AUTHENTIC, "chain",
                          object,
                          "the way from claim to publish-intent is not whole: it ends at '%s'",
                          release_state_name(release.state));
        v->intent = NULL;
    } else {
        verify_report_add(v->report, VERIFY_OK, "chain", object,
                          "claim, seal, request and publish-intent follow each other");
    }
    if (v->seal != NULL) {
        v->report->manifest = g_strdup(v->seal->s_text);
        v->manifest = manifest_parse(v->seal->predicate->body, error);
        return v->manifest != NULL;
    }
    return true;
}

bool
verify_facts(Verification *v, GError **error)
{
    if (!check_pinned_root(v))
        return true;
    check_references(v);
    return fold_all(v, error) && fact_view_root(fact_fold_view(v->fold), &v->root, NULL, error) &&
           check_chain(v, error);
}
