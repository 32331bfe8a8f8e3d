/* SPDX-License-Identifier: Apache-2.0
 * gate: which decisions of people count, and whether a publish-intent has what it needs. The same
 * rule serves the lane, admission, verifiers and `release approvals`. */
#pragma once
#include "fact/admission.h"

typedef struct FactCount { /* what became of the decisions offered */
    unsigned needed;
    unsigned counted;
    GPtrArray *people;     /* of char *: who counted */
    GPtrArray *statements; /* of char *: S of approvals that counted */
    GPtrArray *rejected;   /* of char *: "bob: the decision has expired" */
    char *who;             /* who may decide: "alice, bob" */
} FactCount;
void fact_count_free(FactCount *count);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FactCount, fact_count_free)

/**
 * Counts the approvals @approvals (array of S strings; admitted) of the open request @request_s for
 * a transition at @at_us by the roster in force. Errors: of the view; NOT_FOUND (request or
 * approval unknown).
 */
bool fact_count_approvals(FactView *view, const Digest *request_s, const json_t *approvals,
                          int64_t at_us, FactCount **count_out, GError **error) MUST_CHECK;
/**
 * Judges a publish-intent's predicate: request open and unexpired, approvals, required evidence for
 * each sealed asset, isolation. @verdict_out: ADMITTED or VOID with rule, missing, who. Errors: of
 * the view.
 */
bool fact_gate_publish(FactView *view, const json_t *predicate, FactVerdict **verdict_out,
                       GError **error) MUST_CHECK;
/**
 * Judges `proofs` ([{decision, proof}]) of root, roster, rejection, qualification, revocation.
 * @verdict_out as above.
 */
bool fact_gate_proofs(FactView *view, const Fact *fact, FactVerdict **verdict_out,
                      GError **error) MUST_CHECK;
/** All evidence about the assets of the seal @seal_s that publish would name: array of S. Owned. */
bool fact_collect_evidence(FactView *view, const Digest *seal_s, json_t **evidence_out,
                           GError **error) MUST_CHECK;
/** All approvals of @request_s that count at @at_us, at most those needed first: array of S. Owned.
 */
bool fact_collect_approvals(FactView *view, const Digest *request_s, int64_t at_us,
                            json_t **approvals_out, GError **error) MUST_CHECK;
