/* SPDX-License-Identifier: Apache-2.0
 * body: the bodies of claim, request, publish-intent, publication, rejection, qualification and
 * revocation (facts.md section 2), read strictly. All pointers borrow from the JSON. */
#pragma once
#include "base/digest.h"
#include "base/json.h"
#include "attest/decision.h"
#include "attest/status.h"

#define FACT_INITIATOR_UNRESOLVED "unresolved"

typedef struct ClaimBody {
    const char *tag; /* object id, or NULL */
    const char *commit;
    const json_t *initiators;
} ClaimBody;

typedef struct RequestBody {
    Digest manifest;
    DecisionVerb verb;
    DecisionAction action;
    const char *environment; /* NULL: none */
    const json_t *targets;   /* names, distinct */
    int64_t expires_us;
    const json_t *initiators;
} RequestBody;

typedef struct IntentBody {
    Digest manifest, request;
    const json_t *approvals; /* S texts, distinct */
    const json_t *evidence;  /* S texts, distinct */
    const json_t *targets;
} IntentBody;

typedef enum {
    PUBLICATION_NONE,
    PUBLICATION_CONFIRMED,
    PUBLICATION_FAILED,
    PUBLICATION_UNKNOWN,
    PUBLICATION_CONFLICT, /* the target serves other bytes under the name */
    PUBLICATION_N_OUTCOMES
} PublicationOutcome;

typedef struct PublicationBody {
    Digest manifest, intent;
    const char *target; /* NULL: the self-verification before anything is visible */
    PublicationOutcome outcome;
    const json_t *digests; /* [{"name", "digest"}] */
} PublicationBody;

typedef struct FateBody { /* rejection, qualification */
    bool has_manifest;
    Digest manifest;
    const char *reason;
} FateBody;

typedef enum {
    REVOCATION_SCOPE_NONE,
    REVOCATION_RELEASE,
    REVOCATION_ASSET,
    REVOCATION_KEY,
    REVOCATION_BUILDER,
    REVOCATION_PERSON,
    REVOCATION_N_SCOPES
} RevocationScope;

typedef struct RevocationBody {
    RevocationScope scope;
    const char *target;
    RevokedEffect effect; /* untrusted, withdrawn or deprecated */
    bool has_from_index;
    int64_t from_index;
} RevocationBody;

/* All: Errors: INVALID, naming the member. */
bool fact_body_claim(const json_t *body, ClaimBody *out, GError **error) MUST_CHECK;
bool fact_body_request(const json_t *body, RequestBody *out, GError **error) MUST_CHECK;
bool fact_body_intent(const json_t *body, IntentBody *out, GError **error) MUST_CHECK;
bool fact_body_publication(const json_t *body, PublicationBody *out, GError **error) MUST_CHECK;
bool fact_body_fate(const json_t *body, FateBody *out, GError **error) MUST_CHECK;
bool fact_body_revocation(const json_t *body, RevocationBody *out, GError **error) MUST_CHECK;
/** "confirmed"; static. */
const char *publication_outcome_name(PublicationOutcome outcome);
/** NONE when unknown. */
PublicationOutcome publication_outcome_from_name(const char *name);
/** Whether @array (of strings) has @text. */
bool fact_json_has(const json_t *array, const char *text);
