/* SPDX-License-Identifier: Apache-2.0
 * decision: what a person signs, and the proof that they did (facts.md section 4). */
#pragma once
#include "base/digest.h"
#include "base/json.h"
#include "proof/public_key.h"

typedef enum {
    DECISION_VERB_NONE,
    DECISION_APPROVE,
    DECISION_REJECT,
    DECISION_QUALIFY,
    DECISION_REVOKE,
    DECISION_WAIVE,
    DECISION_AMEND,
    DECISION_BREAK_GLASS,
    DECISION_N_VERBS
} DecisionVerb;

typedef enum {
    DECISION_ACTION_INVALID,
    DECISION_ACTION_NONE, /* spelled "none" */
    DECISION_ACTION_PUBLISH,
    DECISION_ACTION_PROMOTE,
    DECISION_ACTION_ROLLBACK,
    DECISION_N_ACTIONS
} DecisionAction;

#define DECISION_MAX_BYTES  (64u << 10) /* of a decision, and of a proof */
#define DECISION_NONCE_SIZE 33          /* 128 bits in lower hex, and NUL */

typedef struct {
    char *log;    /* owned */
    char *object; /* owned */
    DecisionVerb verb;
    DecisionAction action;
    char *environment; /* owned; NULL is null */
    Digest manifest;   /* S of the seal; root, roster, revocation: SHA-256 of JCS(body) */
    bool has_request;
    Digest request; /* S of the request; root, roster, revocation: `previous` */
    bool has_policy;
    Digest policy; /* S of the roster */
    char *person;  /* owned */
    int64_t at_us, expires_us;
    bool has_reason;
    Digest reason; /* salted digest of the free text */
    char nonce[DECISION_NONCE_SIZE];
} Decision;

/** The decision bytes: RFC 8785 JSON. Returns: owned. Errors: INVALID (a member breaks its
 * grammar). */
GBytes *decision_build(const Decision *decision, GError **error) MUST_CHECK;
/** Strict: exactly the members, canonical bytes. Returns: owned. Errors: INVALID, LIMIT. */
Decision *decision_parse(Span bytes, GError **error) MUST_CHECK;
/** What is signed, in every scheme: PAE of the decision bytes. Owned. */
GBytes *decision_pae(Span bytes);
/** 128 random bits for `nonce`. */
void decision_make_nonce(char out[DECISION_NONCE_SIZE]);
void decision_free(Decision *decision);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Decision, decision_free)
/** "approve"; static. */
const char *decision_verb_name(DecisionVerb verb);
/** "publish"; static. */
const char *decision_action_name(DecisionAction action);
/** NONE when unknown. */
DecisionVerb decision_verb_from_name(const char *name);
/** INVALID when unknown. */
DecisionAction decision_action_from_name(const char *name);

typedef enum {
    PROOF_NONE,
    PROOF_NATIVE,   /* Ed25519 over the PAE; key bytes: SPKI (44 bytes); data: 64 bytes */
    PROOF_SSHSIG,   /* ssh-keygen -Y sign; key bytes: the OpenSSH key blob; data: the SSHSIG blob */
    PROOF_OPENPGP,  /* read, not yet verified: UNAVAILABLE */
    PROOF_WEBAUTHN, /* read, not yet verified: UNAVAILABLE */
    PROOF_N_SCHEMES
} ProofScheme;

typedef struct {
    ProofScheme scheme;
    Digest key_id; /* SHA-256 of the key bytes in the roster */
    GBytes *data;  /* owned; base64 in JSON */
} DecisionProof;

/** "native"; static. */
const char *proof_scheme_name(ProofScheme scheme);
/** NONE when unknown. */
ProofScheme proof_scheme_from_name(const char *name);
/** {scheme, keyId, data}. Owned reference. */
json_t *decision_proof_to_json(const DecisionProof *proof);
/** Strict. Returns: owned. Errors: INVALID. */
DecisionProof *decision_proof_from_json(const json_t *object, GError **error) MUST_CHECK;
void decision_proof_free(DecisionProof *proof);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DecisionProof, decision_proof_free)

/** {decision, proof}: an approval's body, an element of `proofs`. @bytes: decision bytes. Owned
 * reference. Errors: INVALID. */
json_t *decision_pair_to_json(Span bytes, const DecisionProof *proof, GError **error) MUST_CHECK;
/** Takes a pair apart. @bytes_out: the decision bytes, owned; @proof_out: owned. Errors: INVALID.
 */
bool decision_pair_from_json(const json_t *pair, GBytes **bytes_out, DecisionProof **proof_out,
                             GError **error) MUST_CHECK;

/** Whether @proof is by @key_bytes (as the roster has them) over the decision @bytes. Says nothing
 * about who that is or whether the decision counts. Errors: UNTRUSTED, INVALID (the key),
 * UNAVAILABLE (scheme). */
bool decision_verify(const DecisionProof *proof, Span bytes, Span key_bytes,
                     GError **error) MUST_CHECK;
