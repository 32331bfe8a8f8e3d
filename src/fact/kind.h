/* SPDX-License-Identifier: Apache-2.0
 * kind: what a fact is (facts.md section 2): one row a predicate type of ours, and evidence. */
#pragma once
#include <stdbool.h>
#include "attest/predicate.h"

typedef enum {
    FACT_NONE, /* nothing; refused everywhere */
    FACT_ROOT,
    FACT_ROSTER,
    FACT_CLAIM,
    FACT_SEAL,
    FACT_REQUEST,
    FACT_APPROVAL, /* evidence of our own */
    FACT_PUBLISH_INTENT,
    FACT_PUBLICATION,
    FACT_QUALIFICATION,
    FACT_REJECTION,
    FACT_PROMOTION,
    FACT_CHANNEL,
    FACT_DEPLOYMENT,
    FACT_REVOCATION,
    FACT_EVIDENCE,     /* a statement of a foreign predicate type */
    FACT_UNKNOWN_OURS, /* urn:slipway: of a type or version we do not know: halts the fold */
    FACT_MALFORMED,    /* signed, but not a statement as facts.md wants it: void */
    FACT_N_KINDS
} FactKind;

/** The predicate type a kind is written with; NULL for EVIDENCE, UNKNOWN_OURS, MALFORMED. Static.
 */
const char *fact_kind_type(FactKind kind);
/** The short name: "publish-intent". Static. */
const char *fact_kind_name(FactKind kind);
/** The kind with that short name, or FACT_NONE. */
FactKind fact_kind_from_name(const char *name);
/** The kind of a statement with that predicate type. */
FactKind fact_kind_of_type(const char *predicate_type);
/** Whether facts of this kind move the head of their object. */
bool fact_kind_is_transition(FactKind kind);
/** Whether facts of this kind carry our own predicate (all but foreign evidence). */
bool fact_kind_is_ours(FactKind kind);
/** The kind as attest knows it; PREDICATE_NONE for evidence and the like. */
PredicateKind fact_kind_predicate(FactKind kind);
