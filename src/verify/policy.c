/* SPDX-License-Identifier: Apache-2.0
 * policy: what the trust file asks beyond the log's own rules: source, builders, approvers. */
#include <string.h>
#include "attest/decision.h"
#include "attest/provenance.h"
#include "fact/body.h"
#include "verify/verify_priv.h"
#include "base/banned.h"

static bool
any_pattern(const GPtrArray *patterns, const char *text)
{
    for (unsigned i = 0; text != NULL && i < patterns->len; i++) {
        if (trust_pattern_fits(g_ptr_array_index(patterns, i), text))
            return true;
    }
    return false;
}

/* Why this provenance is not accepted, or NULL. */
static char *
judge_provenance(const Verification *v, const TrustAccept *accept, const Fact *fact)
{
    ProvenanceView view = { 0 };
    g_autoptr(GError) local = NULL;
    const json_t *commit = json_object_get(v->claim->predicate->body, "commit");

    if (!provenance_read(fact->statement, &view, &local))
        return g_strdup(local->message);
    if (!any_pattern(accept->builders, view.builder_id))
        return g_strdup_printf("builder '%s' is not accepted", view.builder_id);
    if (!any_pattern(accept->source, view.repository))
        return g_strdup_printf("source '%s' is not accepted",
                               view.repository != NULL ? view.repository : "(none)");
    if (g_strcmp0(view.commit, json_string_value(commit)) != 0)
        return g_strdup("it is not of the claimed commit");
    return NULL;
}

static const Fact *
named_fact(const Verification *v, const json_t *s)
{
    return g_hash_table_lookup(v->by_s, json_string_value(s));
}

/* Each asset has provenance, named by the publish-intent, that the trust file accepts. */
static void
check_provenance(Verification *v, const TrustAccept *accept, const ManifestAsset *asset,
                 const json_t *evidence)
{
    g_autofree char *why = NULL;
    size_t i = 0;
    json_t *item = NULL;

    json_array_foreach (evidence, i, item) {
        const Fact *fact = named_fact(v, item);
        if (fact == NULL || fact->kind != FACT_EVIDENCE ||
            strcmp(fact->statement->predicate_type, PREDICATE_TYPE_PROVENANCE) != 0 ||
            statement_find_sha256(fact->statement, &asset->digest) == NULL)
            continue;
        g_free(why);
        why = judge_provenance(v, accept, fact);
        if (why != NULL)
            continue;
        verify_report_add(v->report, VERIFY_OK, "provenance", asset->name,
                          "built by an accepted builder from an accepted source");
        return;
    }
    verify_report_add(v->report, VERIFY_POLICY, "provenance", asset->name, "%s",
                      why != NULL ? why : "no provenance is named");
}

/* A host build the roster allows is still said aloud. */
static void
note_isolation(Verification *v, const json_t *evidence)
{
    size_t i = 0;
    json_t *item = NULL;

    json_array_foreach (evidence, i, item) {
        const Fact *fact = named_fact(v, item);
        ProvenanceView view = { 0 };
        if (fact == NULL || fact->kind != FACT_EVIDENCE ||
            !provenance_read(fact->statement, &view, NULL))
            continue;
        if (fact_builder_is_unisolated(view.builder_id))
            verify_report_add(v->report, VERIFY_OK, "isolation", fact->s_text,
                              "built WITHOUT isolation by '%s'; the roster allows it",
                              view.builder_id);
    }
}

static void
check_approvals(Verification *v, const TrustAccept *accept, const json_t *approvals)
{
    g_autoptr(GHashTable) people = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t i = 0;
    json_t *item = NULL;

    json_array_foreach (approvals, i, item) {
        const Fact *fact = named_fact(v, item);
        g_autoptr(GBytes) bytes = NULL;
        g_autoptr(DecisionProof) proof = NULL;
        char key_id[DIGEST_HEX_SIZE];
        if (fact == NULL || fact->kind != FACT_APPROVAL ||
            !decision_pair_from_json(fact->predicate->body, &bytes, &proof, NULL))
            continue;
        g_autoptr(Decision) decision = decision_parse(span_of_bytes(bytes), NULL);
        digest_to_hex(&proof->key_id, key_id);
        if (decision != NULL &&
            (accept->approvers == NULL || any_pattern(accept->approvers, key_id)))
            g_hash_table_add(people, g_strdup(decision->person));
    }
    unsigned n = g_hash_table_size(people);
    bool enough = n >= accept->approvals;
    verify_report_add(v->report, enough ? VERIFY_OK : VERIFY_POLICY, "approvals", v->report->object,
                      "%u accepted people approved, %" G_GINT64_FORMAT " needed", n,
                      accept->approvals);
}

bool
verify_policy(Verification *v, GError **error)
{
    IntentBody body = { 0 };

    if (v->intent == NULL || v->manifest == NULL)
        return true;
    const TrustAccept *accept = trust_find_accept(v->options->trust, v->report->object);
    if (accept == NULL) {
        verify_report_add(v->report, VERIFY_POLICY, "trust", v->report->object,
                          "no rule of the trust file accepts this release");
        return true;
    }
    if (!fact_body_intent(v->intent->predicate->body, &body, error))
        return false;
    for (unsigned i = 0; i < v->manifest->assets->len; i++)
        check_provenance(v, accept, g_ptr_array_index(v->manifest->assets, i), body.evidence);
    note_isolation(v, body.evidence);
    check_approvals(v, accept, body.approvals);
    return true;
}
