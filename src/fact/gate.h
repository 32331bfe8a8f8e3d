/* SPDX-License-Identifier: Apache-2.0
 * gate: which decisions of people count, and whether a publish-intent has what it needs. The same
 * rule serves the lane, admission, verifiers and `release approvals`. */
#pragma once
#include "attest/manifest.h"
#include "fact/admission.h"
#include "fact/count.h"

/**
 * Counts the approvals @approvals (array of S strings; admitted) of the open request @request_s for
 * a transition at @at_us by the roster in force. Errors: of the view; NOT_FOUND (request or
 * approval unknown).
 */
bool fact_count_approvals(FactView *view, const Digest *request_s, const json_t *approvals,
                          int64_t at_us, FactCount **count_out, GError **error) MUST_CHECK;
/**
 * Judges a publish-intent's @predicate: request open and unexpired, approvals, required evidence
 * for each sealed asset, isolation. @verdict_out: ADMITTED or VOID with rule, missing, who. Errors:
 * of the view.
 */
bool fact_gate_publish(FactView *view, const Predicate *predicate, FactVerdict **verdict_out,
                       GError **error) MUST_CHECK;
/**
 * Judges `proofs` ([{decision, proof}]) of root, roster, rejection, qualification, revocation.
 * @verdict_out as above.
 */
bool fact_gate_proofs(FactView *view, const Fact *fact, FactVerdict **verdict_out,
                      GError **error) MUST_CHECK;
/** The evidence about the assets of @manifest that publishing @object would name: array of S, by
 * index, without builds that lack isolation where the roster demands it. Owned. */
bool fact_collect_evidence(FactView *view, const char *object, const Manifest *manifest,
                           json_t **evidence_out, GError **error) MUST_CHECK;
/** Whether @evidence (array of S) has what @manifest, the assets of @object, requires. @type: judge
 * only evidence of that predicate type; NULL: all. @verdict_out as above: EVIDENCE, ISOLATION or
 * REFERENCE. */
bool fact_gate_evidence(FactView *view, const char *object, const Manifest *manifest,
                        const char *type, const json_t *evidence, FactVerdict **verdict_out,
                        GError **error) MUST_CHECK;
/** Approvals of @request_s that count at @at_us, the first that reach the roster's threshold: array
 * of S. Owned. */
bool fact_collect_approvals(FactView *view, const Digest *request_s, int64_t at_us,
                            json_t **approvals_out, GError **error) MUST_CHECK;
/** The same, and at least @at_least of them, if there are so many. */
bool fact_collect_approvals_at_least(FactView *view, const Digest *request_s, int64_t at_us,
                                     unsigned at_least, json_t **approvals_out,
                                     GError **error) MUST_CHECK;
/** What a decision among the proofs of such a fact must say. Errors: INVALID. */
bool fact_proof_expect(FactKind kind, const Predicate *predicate, CountExpect *out,
                       GError **error) MUST_CHECK;
/** What an approval of the request must say at @at_us. @request_out: owned; @out borrows from it.
 * Errors: of the view; NOT_FOUND. */
bool fact_request_expect(FactView *view, const Digest *request_s, int64_t at_us,
                         json_t **request_out, CountExpect *out, int64_t *expires_us_out,
                         GError **error) MUST_CHECK;
/** Judges one {decision, proof} that is not logged yet as fact_count_approvals would. */
bool fact_judge_decision(FactView *view, const Digest *request_s, const json_t *pair, int64_t at_us,
                         FactCount **count_out, GError **error) MUST_CHECK;
