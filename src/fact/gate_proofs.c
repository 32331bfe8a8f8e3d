/* SPDX-License-Identifier: Apache-2.0
 * gate_proofs: the decisions that root, roster, rejection, qualification and revocation carry. */
#include "fact/gate.h"
#include <string.h>
#include "fact/body.h"
#include "base/banned.h"

typedef struct ProofGate {
    FactView *view;
    const Fact *fact;
    CountExpect expect;
} ProofGate;

static DecisionVerb
verb_of(FactKind kind)
{
    switch (kind) {
    case FACT_ROOT:
    case FACT_ROSTER:
        return DECISION_AMEND;
    case FACT_REJECTION:
        return DECISION_REJECT;
    case FACT_QUALIFICATION:
        return DECISION_QUALIFY;
    case FACT_REVOCATION:
        return DECISION_REVOKE;
    default:
        return DECISION_VERB_NONE;
    }
}

bool
fact_proof_expect(FactKind kind, const Predicate *predicate, CountExpect *out, GError **error)
{
    CountExpect expect = { .log = predicate->log,
                           .object = predicate->object,
                           .verb = verb_of(kind),
                           .action = DECISION_ACTION_NONE,
                           .has_policy = predicate->has_policy,
                           .policy = predicate->policy_roster,
                           .at_us = predicate->at_us };
    const json_t *manifest = json_object_get(predicate->body, "manifest");

    if (json_is_string(manifest)) { /* rejection, qualification of something sealed */
        if (!digest_from_string(json_string_value(manifest), &expect.manifest, error))
            return false;
    } else if (!json_canonical_digest(predicate->body, &expect.manifest, error)) {
        return false;
    }
    if (kind == FACT_ROOT || kind == FACT_ROSTER || kind == FACT_REVOCATION) {
        expect.has_request = predicate->has_previous;
        expect.request = predicate->previous;
    }
    *out = expect;
    return true;
}

static FactCount *
count_proofs(const ProofGate *gate, const CountPeople *people)
{
    g_autoptr(FactCount) count = fact_count_new(people);
    size_t i = 0;
    json_t *item = NULL;

    json_array_foreach (gate->fact->predicate->proofs, i, item)
        fact_count_add(count, people, &gate->expect, item, NULL);
    return g_steal_pointer(&count);
}

static FactVerdict *
missing_proofs(const FactCount *count, const char *whose)
{
    FactVerdict *verdict =
        fact_verdict_void(FACT_RULE_PROOFS, "%u of %u required decisions of %s count",
                          count->counted, count->needed, whose);
    verdict->missing = g_strdup_printf("%u decisions", count->needed - count->counted);
    verdict->who = g_strdup(count->who);
    for (unsigned i = 0; i < count->rejected->len; i++) {
        g_autofree char *old = verdict->text;
        verdict->text =
            g_strdup_printf("%s; %s", old, (const char *)g_ptr_array_index(count->rejected, i));
    }
    return verdict;
}

/* NULL when the root's threshold proves it. */
static FactVerdict *
judge_root_threshold(const ProofGate *gate, const FactRoot *root)
{
    CountPeople people = { .root = root };
    g_autoptr(FactCount) count = count_proofs(gate, &people);

    return fact_count_is_met(count) ? NULL : missing_proofs(count, "root keys");
}

/* NULL when people prove it by the rule of the roster in force. */
static FactVerdict *
judge_roster_rule(const ProofGate *gate, const FactRoster *roster)
{
    const CountExpect *expect = &gate->expect;
    CountPeople people = { .roster = roster,
                           .rule = fact_roster_rule(roster, expect->object, NULL, expect->verb,
                                                    expect->action) };
    g_autoptr(FactCount) count = count_proofs(gate, &people);

    return fact_count_is_met(count) ? NULL : missing_proofs(count, "the roster");
}

static bool
judge_new_root(const ProofGate *gate, const FactRoot *in_force, FactVerdict **verdict_out,
               GError **error)
{
    g_autoptr(FactRoot) own = fact_root_parse(gate->fact->predicate->body, error);

    if (own == NULL)
        return false;
    *verdict_out = judge_root_threshold(gate, own);
    if (*verdict_out == NULL && in_force != NULL)
        *verdict_out = judge_root_threshold(gate, in_force);
    return true;
}

static bool
judge_by_roster_or_root(const ProofGate *gate, const FactRoot *root, bool root_may,
                        FactVerdict **verdict_out, GError **error)
{
    g_autofree char *project = fact_dup_project(gate->fact->predicate->object);
    g_autoptr(FactRoster) roster = NULL;
    g_autoptr(FactVerdict) by_roster = NULL;

    if (project != NULL && !fact_view_roster(gate->view, project, &roster, NULL, error))
        return false;
    if (roster != NULL) {
        by_roster = judge_roster_rule(gate, roster);
        if (by_roster == NULL)
            return true;
    }
    if (root_may && root != NULL) {
        g_autoptr(FactVerdict) by_root = judge_root_threshold(gate, root);
        if (by_root == NULL)
            return true;
        if (by_roster == NULL)
            by_roster = g_steal_pointer(&by_root);
    }
    *verdict_out = by_roster != NULL
                       ? g_steal_pointer(&by_roster)
                       : fact_verdict_void(FACT_RULE_PROOFS, "the project has no roster");
    return true;
}

bool
fact_gate_proofs(FactView *view, const Fact *fact, FactVerdict **verdict_out, GError **error)
{
    ProofGate gate = { .view = view, .fact = fact };
    g_autoptr(FactRoot) root = NULL;
    g_autoptr(FactVerdict) verdict = NULL;

    if (!fact_proof_expect(fact->kind, fact->predicate, &gate.expect, error) ||
        !fact_view_root(view, &root, NULL, error))
        return false;
    bool good = fact->kind == FACT_ROOT
                    ? judge_new_root(&gate, root, &verdict, error)
                    : judge_by_roster_or_root(
                          &gate, root, fact->kind == FACT_ROSTER || fact->kind == FACT_REVOCATION,
                          &verdict, error);
    if (!good)
        return false;
    *verdict_out = verdict != NULL ? g_steal_pointer(&verdict) : fact_verdict_admit();
    return true;
}
