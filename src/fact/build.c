/* SPDX-License-Identifier: Apache-2.0
 * build: commands decided: a predicate around a body, its statement, and the admission rule asked
 * before anything is signed. */
#include "fact/build.h"
#include <string.h>
#include "fact/body.h"
#include "fact/gate.h"
#include "base/banned.h"

void
fact_decision_free(FactDecision *decision)
{
    if (decision == NULL)
        return;
    fact_free(decision->fact);
    fact_verdict_free(decision->refusal);
    g_free(decision->answered);
    g_free(decision);
}

/* Consumes @verdict. */
static FactDecision *
refused(FactVerdict *verdict)
{
    FactDecision *decision = g_new0(FactDecision, 1);

    decision->refusal = verdict;
    return decision;
}

static bool
find_answer(FactView *view, const char *command, char **answered_out, GError **error)
{
    g_autoptr(FactRow) row = NULL;

    if (!fact_view_find_text(view, FACT_TABLE_COMMAND, command, &row, error))
        return false;
    *answered_out = row != NULL ? g_strdup(fact_row_text(row, FACT_COMMAND_STATEMENT)) : NULL;
    return true;
}

/* The roster in force; a root and what is of no project name none. */
static bool
set_policy(FactView *view, const FactCommand *command, Predicate *predicate, GError **error)
{
    g_autofree char *project = fact_dup_project(command->object);
    g_autoptr(FactRoster) roster = NULL;

    if (project == NULL)
        return true;
    if (!fact_view_roster(view, project, &roster, &predicate->policy_roster, error))
        return false;
    predicate->has_policy = roster != NULL;
    if (roster != NULL && command->file != NULL) {
        predicate->has_policy_file = true;
        predicate->policy_file = *command->file;
    }
    return true;
}

static Predicate *
make_predicate(FactView *view, FactKind kind, const FactCommand *command, json_t *body,
               GError **error)
{
    g_autoptr(Predicate) predicate = g_new0(Predicate, 1);
    FactLogState log = { 0 };

    predicate->kind = fact_kind_predicate(kind);
    predicate->log = g_strdup(command->log);
    predicate->object = g_strdup(command->object);
    predicate->command = g_strdup(command->command);
    predicate->actor = g_strdup(command->actor);
    predicate->body = json_incref(body);
    predicate->proofs = json_incref(command->proofs);
    if (!fact_view_log(view, &log, error) || !set_policy(view, command, predicate, error))
        return NULL;
    predicate->at_us = MAX(command->clock_us, log.last_at + 1);
    if (fact_kind_is_transition(kind) &&
        !fact_view_head(view, command->object, &predicate->has_previous, &predicate->previous,
                        error))
        return NULL;
    return g_steal_pointer(&predicate);
}

/* A client that saw another head than the newest has lost a race. */
static FactVerdict *
check_expect(const FactCommand *command, const Predicate *predicate)
{
    if (command->expect == NULL ||
        (predicate->has_previous && digest_equal(command->expect, &predicate->previous)))
        return NULL;
    FactVerdict *verdict =
        fact_verdict_void(FACT_RULE_PREVIOUS, "'%s' has changed meanwhile", command->object);
    if (predicate->has_previous)
        verdict->winner = digest_dup_string(&predicate->previous);
    return verdict;
}

static FactDecision *
admit(FactView *view, Fact *fact, GError **error)
{
    g_autoptr(Fact) owned = fact;
    g_autoptr(FactVerdict) verdict = NULL;
    g_autoptr(FactDecision) decision = g_new0(FactDecision, 1);

    if (!fact_admit(view, owned, &verdict, error))
        return NULL;
    if (verdict->outcome == FACT_ADMITTED)
        decision->fact = g_steal_pointer(&owned);
    else if (verdict->outcome == FACT_DUPLICATE)
        decision->answered = g_strdup(owned->s_text);
    else
        decision->refusal = g_steal_pointer(&verdict);
    return g_steal_pointer(&decision);
}

FactDecision *
fact_decide(FactView *view, FactKind kind, const FactCommand *command, json_t *body, GError **error)
{
    char *answered = NULL;

    if (!find_answer(view, command->command, &answered, error))
        return NULL;
    if (answered != NULL) {
        FactDecision *decision = g_new0(FactDecision, 1);
        decision->answered = answered;
        return decision;
    }
    g_autoptr(Predicate) predicate = make_predicate(view, kind, command, body, error);
    if (predicate == NULL)
        return NULL;
    FactVerdict *lost = check_expect(command, predicate);
    if (lost != NULL)
        return refused(lost);
    g_autoptr(Statement) statement = predicate_statement(predicate);
    if (!fact_add_subjects(statement, predicate, error))
        return NULL;
    g_autoptr(GBytes) payload = statement_payload(statement, error);
    if (payload == NULL)
        return NULL;
    Fact *fact = fact_from_payload(span_of_bytes(payload), command->spki, error);
    return fact == NULL ? NULL : admit(view, fact, error);
}

FactDecision *
fact_decide_evidence(FactView *view, const FactCommand *command, Span payload, GError **error)
{
    g_autoptr(Fact) fact = fact_from_payload(payload, command->spki, error);

    if (fact == NULL)
        return NULL;
    if (fact->kind != FACT_EVIDENCE) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "a statement of ours is not evidence");
        return NULL;
    }
    return admit(view, g_steal_pointer(&fact), error);
}

static json_t *
names_json(const char *const *names)
{
    json_t *array = json_array();

    for (; names != NULL && *names != NULL; names++)
        json_array_append_new(array, json_string(*names));
    return array;
}

FactDecision *
fact_decide_claim(FactView *view, const FactCommand *command, const char *tag, const char *commit,
                  const char *const *initiators, GError **error)
{
    g_autoptr(json_t) body = json_object();

    json_object_set_new(body, "tag", json_string_or_null(tag));
    json_object_set_new(body, "commit", json_string(commit));
    json_object_set_new(body, "initiators", names_json(initiators));
    return fact_decide(view, FACT_CLAIM, command, body, error);
}

FactDecision *
fact_decide_seal(FactView *view, const FactCommand *command, Manifest *manifest, GError **error)
{
    g_autoptr(json_t) body = manifest_build(manifest, error);
    g_autoptr(json_t) evidence = NULL;
    g_autoptr(FactVerdict) verdict = NULL;

    if (body == NULL || !fact_collect_evidence(view, command->object, manifest, &evidence, error) ||
        !fact_gate_evidence(view, command->object, manifest, PREDICATE_TYPE_PROVENANCE, evidence,
                            &verdict, error))
        return NULL;
    g_autoptr(FactDecision) decision = fact_decide(view, FACT_SEAL, command, body, error);
    if (decision != NULL && decision->fact != NULL && verdict->outcome != FACT_ADMITTED)
        return refused(g_steal_pointer(&verdict));
    return g_steal_pointer(&decision);
}

static FactDecision *
refuse_state(FactView *view, const char *object, const char *text, GError **error)
{
    bool has_head = false;
    Digest head = { 0 };

    if (!fact_view_head(view, object, &has_head, &head, error))
        return NULL;
    FactVerdict *verdict = fact_verdict_void(FACT_RULE_STATE, "%s", text);
    if (has_head)
        verdict->winner = digest_dup_string(&head);
    return refused(verdict);
}

/* Whether anybody at all may approve. */
static bool
check_rule_exists(FactView *view, const char *object, FactVerdict **verdict_out, GError **error)
{
    g_autofree char *project = fact_dup_project(object);
    g_autoptr(FactRoster) roster = NULL;

    if (!fact_view_roster(view, project != NULL ? project : "", &roster, NULL, error))
        return false;
    if (roster != NULL &&
        fact_roster_rule(roster, object, NULL, DECISION_APPROVE, DECISION_ACTION_PUBLISH) == NULL) {
        *verdict_out =
            fact_verdict_void(FACT_RULE_APPROVALS,
                              "no rule of the roster lets anybody approve publishing '%s'", object);
        (*verdict_out)->missing = g_strdup("a rule in the roster");
    }
    return true;
}

FactDecision *
fact_decide_request(FactView *view, const FactCommand *command, const char *const *targets,
                    const char *const *initiators, int64_t expires_us, GError **error)
{
    g_auto(FactRelease) release = { 0 };
    g_autoptr(FactVerdict) no_rule = NULL;

    if (!fact_view_release(view, command->object, &release, error) ||
        !check_rule_exists(view, command->object, &no_rule, error))
        return NULL;
    if (!release.has_seal)
        return refuse_state(view, command->object, "a release that is not sealed takes no request",
                            error);
    if (no_rule != NULL)
        return refused(g_steal_pointer(&no_rule));
    g_autoptr(json_t) body = json_object();
    json_object_set_new(body, "manifest", json_digest(&release.seal));
    json_object_set_new(body, "verb", json_string(decision_verb_name(DECISION_APPROVE)));
    json_object_set_new(body, "action", json_string(decision_action_name(DECISION_ACTION_PUBLISH)));
    json_object_set_new(body, "environment", json_null());
    json_object_set_new(body, "targets", names_json(targets));
    json_object_set_new(body, "expires", json_integer(expires_us));
    json_object_set_new(body, "initiators", names_json(initiators));
    return fact_decide(view, FACT_REQUEST, command, body, error);
}

/* An approval of that person for that request that is still good, or NULL. */
static bool
find_earlier(FactView *view, const Decision *decision, int64_t at_us, char **s_out, GError **error)
{
    g_autofree char *request = digest_dup_string(&decision->request);
    g_autoptr(GPtrArray) rows = NULL;

    if (!fact_view_scan(view, FACT_TABLE_APPROVAL, request, &rows, error))
        return false;
    for (unsigned i = 0; i < rows->len && *s_out == NULL; i++) {
        const FactRow *row = g_ptr_array_index(rows, i);
        if (strcmp(fact_row_text(row, FACT_APPROVAL_PERSON), decision->person) == 0 &&
            fact_row_int(row, FACT_APPROVAL_EXPIRES) >= at_us)
            *s_out = g_strdup(fact_row_text(row, FACT_APPROVAL_STATEMENT));
    }
    return true;
}

/* Why the decision in @fact would not count now; *verdict_out stays NULL when it would. */
static bool
judge_approval(FactView *view, const Fact *fact, const FactRelease *release,
               FactVerdict **verdict_out, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;
    g_autoptr(DecisionProof) proof = NULL;
    g_autoptr(FactCount) count = NULL;
    g_autofree char *earlier = NULL;

    if (!decision_pair_from_json(fact->predicate->body, &bytes, &proof, error))
        return false;
    g_autoptr(Decision) decision = decision_parse(span_of_bytes(bytes), error);
    if (decision == NULL ||
        !fact_judge_decision(view, &release->request, fact->predicate->body, fact->predicate->at_us,
                             &count, error) ||
        !find_earlier(view, decision, fact->predicate->at_us, &earlier, error))
        return false;
    if (earlier != NULL) {
        *verdict_out = fact_verdict_void(FACT_RULE_APPROVALS, "'%s' has approved this already",
                                         decision->person);
        (*verdict_out)->winner = g_strdup(earlier);
    } else if (count->counted == 0) {
        *verdict_out = fact_verdict_void(FACT_RULE_APPROVALS, "the approval does not count: %s",
                                         (const char *)g_ptr_array_index(count->rejected, 0));
        (*verdict_out)->who = g_strdup(count->who);
    }
    return true;
}

FactDecision *
fact_decide_approval(FactView *view, const FactCommand *command, json_t *pair, GError **error)
{
    g_auto(FactRelease) release = { 0 };
    FactVerdict *verdict = NULL;

    g_autoptr(FactDecision) decision = fact_decide(view, FACT_APPROVAL, command, pair, error);
    if (decision == NULL || decision->fact == NULL)
        return g_steal_pointer(&decision);
    if (!fact_view_release(view, command->object, &release, error))
        return NULL;
    if (release.state != RELEASE_SEALED || !release.has_request)
        return refuse_state(view, command->object, "no request is open for this release", error);
    if (!judge_approval(view, decision->fact, &release, &verdict, error))
        return NULL;
    return verdict != NULL ? refused(verdict) : g_steal_pointer(&decision);
}

static bool
load_predicate_body(FactView *view, const Digest *s, FactKind kind, json_t **body_out,
                    GError **error)
{
    g_autoptr(json_t) predicate = NULL;

    if (!fact_view_predicate(view, s, kind, &predicate, NULL, error))
        return false;
    *body_out = json_incref(json_object_get(predicate, "body"));
    if (*body_out != NULL)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "a release names a %s that is not there",
              fact_kind_name(kind));
    return false;
}

static json_t *
intent_body(FactView *view, const FactCommand *command, const FactRelease *release, GError **error)
{
    g_autoptr(json_t) seal = NULL;
    g_autoptr(json_t) request = NULL;
    g_autoptr(json_t) approvals = NULL;
    g_autoptr(json_t) evidence = NULL;
    FactLogState log = { 0 };

    if (!load_predicate_body(view, &release->seal, FACT_SEAL, &seal, error) ||
        !load_predicate_body(view, &release->request, FACT_REQUEST, &request, error) ||
        !fact_view_log(view, &log, error))
        return NULL;
    g_autoptr(Manifest) manifest = manifest_parse(seal, error);
    if (manifest == NULL ||
        !fact_collect_approvals_at_least(view, &release->request,
                                         MAX(command->clock_us, log.last_at + 1),
                                         command->approvals, &approvals, error) ||
        !fact_collect_evidence(view, command->object, manifest, &evidence, error))
        return NULL;
    json_t *body = json_object();
    json_object_set_new(body, "manifest", json_digest(&release->seal));
    json_object_set_new(body, "request", json_digest(&release->request));
    json_object_set(body, "approvals", approvals);
    json_object_set(body, "evidence", evidence);
    json_object_set(body, "targets", json_object_get(request, "targets"));
    return body;
}

/* The pipeline file may ask for more approvals than the roster, never for fewer. */
static void
tighten(const FactCommand *command, size_t n_approvals, FactDecision *decision)
{
    if (n_approvals >= command->approvals)
        return;
    g_clear_pointer(&decision->fact, fact_free);
    decision->refusal =
        fact_verdict_void(FACT_RULE_FILE, "%zu of %u approvals the pipeline file asks for count",
                          n_approvals, command->approvals);
    decision->refusal->missing =
        g_strdup_printf("%zu approvals", (size_t)command->approvals - n_approvals);
}

FactDecision *
fact_decide_publish_intent(FactView *view, const FactCommand *command, GError **error)
{
    g_auto(FactRelease) release = { 0 };
    g_autoptr(FactDecision) before = g_new0(FactDecision, 1);

    if (!find_answer(view, command->command, &before->answered, error))
        return NULL;
    if (before->answered != NULL)
        return g_steal_pointer(&before);
    if (!fact_view_release(view, command->object, &release, error))
        return NULL;
    if (release.state != RELEASE_SEALED || !release.has_request)
        return refuse_state(view, command->object, "no request to publish is open for this release",
                            error);
    g_autoptr(json_t) body = intent_body(view, command, &release, error);
    if (body == NULL)
        return NULL;
    g_autoptr(FactDecision) decision = fact_decide(view, FACT_PUBLISH_INTENT, command, body, error);
    if (decision != NULL && decision->fact != NULL)
        tighten(command, json_array_size(json_object_get(body, "approvals")), decision);
    return g_steal_pointer(&decision);
}

FactDecision *
fact_decide_publication(FactView *view, const FactCommand *command, const char *target,
                        PublicationOutcome outcome, json_t *digests, GError **error)
{
    g_auto(FactRelease) release = { 0 };
    g_autoptr(FactDecision) before = g_new0(FactDecision, 1);

    if (!find_answer(view, command->command, &before->answered, error))
        return NULL;
    if (before->answered != NULL)
        return g_steal_pointer(&before);
    if (!fact_view_release(view, command->object, &release, error))
        return NULL;
    if (!release.has_intent)
        return refuse_state(view, command->object, "the release is not being published", error);
    g_autoptr(json_t) body = json_object();
    json_object_set_new(body, "manifest", json_digest(&release.seal));
    json_object_set_new(body, "intent", json_digest(&release.intent));
    json_object_set_new(body, "target", json_string_or_null(target));
    json_object_set_new(body, "outcome", json_string(publication_outcome_name(outcome)));
    json_object_set_new(body, "digests", digests != NULL ? json_incref(digests) : json_array());
    return fact_decide(view, FACT_PUBLICATION, command, body, error);
}

json_t *
fact_rejection_body(FactView *view, const char *object, const char *reason, GError **error)
{
    g_auto(FactRelease) release = { 0 };

    if (!fact_view_release(view, object, &release, error))
        return NULL;
    json_t *body = json_object();
    json_object_set_new(body, "manifest",
                        release.has_seal ? json_digest(&release.seal) : json_null());
    json_object_set_new(body, "reason", json_string(reason));
    json_object_set_new(body, "detailsDigest", json_null());
    return body;
}

FactDecision *
fact_decide_rejection(FactView *view, const FactCommand *command, const char *reason,
                      GError **error)
{
    g_autoptr(json_t) body = fact_rejection_body(view, command->object, reason, error);

    return body == NULL ? NULL : fact_decide(view, FACT_REJECTION, command, body, error);
}

static Decision *
decision_from_expect(const CountExpect *expect, const char *person)
{
    Decision *decision = g_new0(Decision, 1);

    decision->log = g_strdup(expect->log);
    decision->object = g_strdup(expect->object);
    decision->verb = expect->verb;
    decision->action = expect->action;
    decision->environment = g_strdup(expect->environment);
    decision->manifest = expect->manifest;
    decision->has_request = expect->has_request;
    decision->request = expect->request;
    decision->has_policy = expect->has_policy;
    decision->policy = expect->policy;
    decision->person = g_strdup(person);
    decision->at_us = expect->at_us;
    decision->expires_us = expect->at_us + FACT_PROOF_LIFE_US;
    decision_make_nonce(decision->nonce);
    return decision;
}

Decision *
fact_decision_template(FactView *view, const char *object, const char *person, int64_t at_us,
                       GError **error)
{
    g_auto(FactRelease) release = { 0 };
    CountExpect expect = { 0 };
    int64_t expires_us = 0;
    g_autoptr(json_t) request = NULL;

    if (!fact_view_release(view, object, &release, error))
        return NULL;
    if (release.state != RELEASE_SEALED || !release.has_request) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "no request is open for '%s'", object);
        return NULL;
    }
    if (!fact_request_expect(view, &release.request, at_us, &request, &expect, &expires_us, error))
        return NULL;
    Decision *decision = decision_from_expect(&expect, person);
    decision->expires_us = expires_us;
    return decision;
}

Decision *
fact_proof_template(FactView *view, FactKind kind, const FactCommand *command, json_t *body,
                    const char *person, GError **error)
{
    CountExpect expect = { 0 };
    g_autoptr(Predicate) predicate = make_predicate(view, kind, command, body, error);

    if (predicate == NULL || !fact_proof_expect(kind, predicate, &expect, error))
        return NULL;
    return decision_from_expect(&expect, person);
}
