/* SPDX-License-Identifier: Apache-2.0
 * count: judging decisions one at a time. */
#include "fact/count.h"
#include <string.h>
#include "fact/body.h"
#include "base/banned.h"

static char *
root_names(const FactRoot *root)
{
    GString *names = g_string_new(NULL);

    for (unsigned i = 0; i < root->root_keys->len; i++) {
        const PersonKey *key = g_ptr_array_index(root->root_keys, i);
        g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", key->name);
    }
    return g_string_free(names, FALSE);
}

FactCount *
fact_count_new(const CountPeople *people)
{
    FactCount *count = g_new0(FactCount, 1);

    count->people = g_ptr_array_new_with_free_func(g_free);
    count->statements = g_ptr_array_new_with_free_func(g_free);
    count->rejected = g_ptr_array_new_with_free_func(g_free);
    count->needed = 1;
    if (people->root != NULL) {
        count->needed = people->root->threshold;
        count->who = root_names(people->root);
    } else if (people->rule != NULL) {
        count->needed = people->rule->threshold;
        count->who = fact_rule_dup_people(people->rule);
    }
    return count;
}

void
fact_count_free(FactCount *count)
{
    if (count == NULL)
        return;
    g_ptr_array_unref(count->people);
    g_ptr_array_unref(count->statements);
    g_ptr_array_unref(count->rejected);
    g_free(count->who);
    g_free(count);
}

bool
fact_count_is_met(const FactCount *count)
{
    return count->counted >= count->needed;
}

static bool
same_optional(bool has_a, const Digest *a, bool has_b, const Digest *b)
{
    return has_a == has_b && (!has_a || digest_equal(a, b));
}

/* Why the decision is not the one asked for, or NULL. */
static const char *
mismatch(const Decision *decision, const CountExpect *expect)
{
    if (strcmp(decision->log, expect->log) != 0)
        return "the decision is for another log";
    if (strcmp(decision->object, expect->object) != 0)
        return "the decision is about another object";
    if (decision->verb != expect->verb || decision->action != expect->action)
        return "the decision is about another action";
    if (g_strcmp0(decision->environment, expect->environment) != 0)
        return "the decision is for another environment";
    if (!digest_equal(&decision->manifest, &expect->manifest))
        return "the decision names another manifest";
    if (!same_optional(decision->has_request, &decision->request, expect->has_request,
                       &expect->request))
        return "the decision answers another request";
    if (!same_optional(decision->has_policy, &decision->policy, expect->has_policy,
                       &expect->policy))
        return "the decision was made under another roster";
    if (decision->expires_us < expect->at_us)
        return "the decision has expired";
    return NULL;
}

static bool
has_name(const GPtrArray *names, const char *name)
{
    for (unsigned i = 0; i < names->len; i++) {
        if (strcmp(g_ptr_array_index(names, i), name) == 0)
            return true;
    }
    return false;
}

static const PersonKey *
root_key(const FactRoot *root, const char *name, const Digest *key_id)
{
    for (unsigned i = 0; i < root->root_keys->len; i++) {
        const PersonKey *key = g_ptr_array_index(root->root_keys, i);
        if (strcmp(key->name, name) == 0 && digest_equal(&key->key_id, key_id))
            return key;
    }
    return NULL;
}

static const char *
not_eligible(const CountPeople *people, const char *person, ProofScheme scheme)
{
    const RosterRule *rule = people->rule;

    if (rule == NULL)
        return "no rule of the roster lets anybody decide this";
    if (!g_strv_contains((const char *const *)rule->people, person))
        return "not among those the rule names";
    if (rule->schemes != 0 && (rule->schemes & 1u << scheme) == 0)
        return "the rule demands another kind of key";
    if (!rule->exclude_initiators || people->initiators == NULL)
        return NULL;
    if (g_hash_table_contains(people->initiators, person))
        return "initiated this, and the rule excludes initiators";
    if (g_hash_table_contains(people->initiators, FACT_INITIATOR_UNRESOLVED))
        return "an initiator is unresolved and could be this person";
    return NULL;
}

/* The key the decision must be proved with, or NULL and why. */
static const PersonKey *
find_key(const CountPeople *people, const Decision *decision, const DecisionProof *proof,
         const char **why_out)
{
    if (people->root != NULL) {
        *why_out = "not a root key";
        return root_key(people->root, decision->person, &proof->key_id);
    }
    *why_out = not_eligible(people, decision->person, proof->scheme);
    if (*why_out != NULL)
        return NULL;
    const RosterPerson *person = fact_roster_find_person(people->roster, decision->person);
    *why_out = "the key is not in the roster";
    return person == NULL ? NULL : fact_person_find_key(person, &proof->key_id);
}

/* NULL if it counts. */
static const char *
judge(const FactCount *count, const CountPeople *people, const CountExpect *expect,
      const Decision *decision, const DecisionProof *proof, Span bytes)
{
    g_autoptr(GError) local = NULL;
    const char *why = mismatch(decision, expect);

    if (why != NULL)
        return why;
    if (has_name(count->people, decision->person))
        return "counted already";
    const PersonKey *key = find_key(people, decision, proof, &why);
    if (key == NULL)
        return why;
    if (key->scheme != proof->scheme)
        return "the key is of another scheme";
    if (!decision_verify(proof, bytes, span_of_bytes(key->key), &local))
        return "the signature does not hold";
    return NULL;
}

void
fact_count_add(FactCount *count, const CountPeople *people, const CountExpect *expect,
               const json_t *pair, const char *s)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(DecisionProof) proof = NULL;

    if (!decision_pair_from_json(pair, &bytes, &proof, &local)) {
        g_ptr_array_add(count->rejected, g_strdup_printf("unreadable: %s", local->message));
        return;
    }
    g_autoptr(Decision) decision = decision_parse(span_of_bytes(bytes), &local);
    if (decision == NULL) {
        g_ptr_array_add(count->rejected, g_strdup_printf("unreadable: %s", local->message));
        return;
    }
    const char *why = judge(count, people, expect, decision, proof, span_of_bytes(bytes));
    if (why != NULL) {
        g_ptr_array_add(count->rejected, g_strdup_printf("%s: %s", decision->person, why));
        return;
    }
    count->counted++;
    g_ptr_array_add(count->people, g_strdup(decision->person));
    if (s != NULL)
        g_ptr_array_add(count->statements, g_strdup(s));
}
