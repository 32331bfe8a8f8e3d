/* SPDX-License-Identifier: Apache-2.0
 * predicate: the frame of our own facts (facts.md section 2): type names and the members that every
 * predicate of ours has around its body. Bodies are judged in src/fact. */
#pragma once
#include "attest/statement.h"
#include "base/digest.h"
#include "base/json.h"

#define PREDICATE_PREFIX     "urn:slipway:"
#define PREDICATE_MAX_PROOFS 256

typedef enum {
    PREDICATE_NONE, /* not one of ours, or one this program does not know */
    PREDICATE_ROOT,
    PREDICATE_ROSTER,
    PREDICATE_CLAIM,
    PREDICATE_SEAL,
    PREDICATE_REQUEST,
    PREDICATE_APPROVAL, /* evidence: no previous, moves no head */
    PREDICATE_PUBLISH_INTENT,
    PREDICATE_PUBLICATION,
    PREDICATE_QUALIFICATION,
    PREDICATE_REJECTION,
    PREDICATE_PROMOTION,
    PREDICATE_CHANNEL,
    PREDICATE_DEPLOYMENT,
    PREDICATE_REVOCATION,
    PREDICATE_N_KINDS
} PredicateKind;

/** "urn:slipway:seal:v1". Static. @kind: not NONE. */
const char *predicate_type(PredicateKind kind);
/** "seal". Static. "none" for NONE. */
const char *predicate_kind_name(PredicateKind kind);
/** The kind of a predicate type; NONE if it is foreign or unknown. */
PredicateKind predicate_kind_of(const char *predicate_type);
/** Whether the type has our prefix, known or not. */
bool predicate_type_is_ours(const char *predicate_type);

typedef struct {
    PredicateKind kind;
    char *log;    /* owned; origin */
    char *object; /* owned; as object_name_format spells it */
    bool has_previous;
    Digest previous; /* S of the object's head; not for approval */
    char *command;   /* owned; ULID */
    int64_t at_us;   /* microseconds since 1970 UTC */
    char *actor;     /* owned; "engine" or "person:NAME" */
    bool has_policy; /* root and roster v1: no */
    Digest policy_roster;
    bool has_policy_file;
    Digest policy_file;
    json_t *body;   /* owned; object */
    json_t *proofs; /* owned; array of {decision, proof}; NULL when absent */
} Predicate;

/** The JSON of all members. Owned reference. */
json_t *predicate_to_json(const Predicate *predicate);
/** @object: a statement's predicate. Strict: exactly the members of facts.md section 2, each of its
 * type and grammar; the object's kind must fit @kind. Returns: owned. Errors: INVALID. */
Predicate *predicate_parse(PredicateKind kind, const json_t *object, GError **error) MUST_CHECK;
void predicate_free(Predicate *predicate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Predicate, predicate_free)

/** A statement of @predicate without its subjects. Returns: owned. */
Statement *predicate_statement(const Predicate *predicate);
