/* SPDX-License-Identifier: Apache-2.0
 * build: decides a command: from view and arguments to a fact ready for the signer, or a refusal
 * that names its rule. Pure: nothing is changed; the lane signs, appends and applies. */
#pragma once
#include "attest/decision.h"
#include "attest/manifest.h"
#include "fact/admission.h"
#include "fact/body.h"

typedef struct FactCommand { /* what all commands have; borrowed */
    const char *log;         /* origin */
    const char *object;
    const char *command;  /* ULID of the request to the engine */
    const char *actor;    /* "engine" or "person:NAME" */
    int64_t clock_us;     /* at = max(clock, last at + 1) */
    const Digest *expect; /* the head the client saw, or NULL */
    const Digest *file;   /* digest of the pipeline file's rules, or NULL */
    Span spki;            /* of the key that will sign */
    unsigned approvals; /* publish-intent: at least so many, by the pipeline file; 0: as the roster
                           says */
    json_t *proofs;     /* [{decision, proof}] or NULL */
} FactCommand;

typedef struct FactDecision {
    Fact *fact;           /* to be signed: fact->payload; NULL when refused or answered */
    FactVerdict *refusal; /* NULL unless refused */
    char *answered;       /* S of the fact this command was answered with before, or NULL */
} FactDecision;
void fact_decision_free(FactDecision *decision);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FactDecision, fact_decision_free)

/* All: a refusal is a decision, not an error; @body arguments are borrowed. Errors: INVALID
 * (arguments no reader would take), of the view. */
/** Any kind with a ready body; admission decides. */
FactDecision *fact_decide(FactView *view, FactKind kind, const FactCommand *command, json_t *body,
                          GError **error) MUST_CHECK;
/** Evidence of a foreign type: @payload is the JCS statement. */
FactDecision *fact_decide_evidence(FactView *view, const FactCommand *command, Span payload,
                                   GError **error) MUST_CHECK;
/** @tag: object id or NULL. @initiators: persons or "unresolved", NULL-terminated. */
FactDecision *fact_decide_claim(FactView *view, const FactCommand *command, const char *tag,
                                const char *commit, const char *const *initiators,
                                GError **error) MUST_CHECK;
/** Refuses assets that lack evidence the manifest requires, and unisolated provenance the roster
 * does not allow. */
FactDecision *fact_decide_seal(FactView *view, const FactCommand *command, Manifest *manifest,
                               GError **error) MUST_CHECK;
/** A request to publish the sealed manifest to @targets by @expires_us. */
FactDecision *fact_decide_request(FactView *view, const FactCommand *command,
                                  const char *const *targets, const char *const *initiators,
                                  int64_t expires_us, GError **error) MUST_CHECK;
/** A person's decision: @pair as decision_pair_to_json makes it. Refused unless it would count for
 * the open request now. */
FactDecision *fact_decide_approval(FactView *view, const FactCommand *command, json_t *pair,
                                   GError **error) MUST_CHECK;
/** Collects the approvals and evidence that count and asks the gate. */
FactDecision *fact_decide_publish_intent(FactView *view, const FactCommand *command,
                                         GError **error) MUST_CHECK;
/** @target: NULL for the self-verification. @digests: [{"name","digest"}] served. */
FactDecision *fact_decide_publication(FactView *view, const FactCommand *command,
                                      const char *target, PublicationOutcome outcome,
                                      json_t *digests, GError **error) MUST_CHECK;
/** @reason: "retag" (no proofs), "defective", "withdrawn", … */
FactDecision *fact_decide_rejection(FactView *view, const FactCommand *command, const char *reason,
                                    GError **error) MUST_CHECK;

/** The body fact_decide_rejection would make: what people are asked to prove. Owned. */
json_t *fact_rejection_body(FactView *view, const char *object, const char *reason,
                            GError **error) MUST_CHECK;

#define FACT_PROOF_LIFE_US (24ll * 3600 * 1000000) /* how long a decision among proofs is good */

/** The decision a person is asked to sign for the open request of @object; person, at, nonce filled
 * in. Returns: owned; expires_us is the request's, lower it if wanted. Errors: of the view;
 * NOT_FOUND (no open request). */
Decision *fact_decision_template(FactView *view, const char *object, const char *person,
                                 int64_t at_us, GError **error) MUST_CHECK;
/** The same for one element of command->proofs of a root, roster, rejection or revocation with this
 * @body (which stands for the manifest as facts.md section 4 says). @person: of the roster, or the
 * name of a root key. */
Decision *fact_proof_template(FactView *view, FactKind kind, const FactCommand *command,
                              json_t *body, const char *person, GError **error) MUST_CHECK;
