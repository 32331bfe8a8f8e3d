/* SPDX-License-Identifier: Apache-2.0
 * fact: one statement, parsed once from what the log holds (leaf and PAE) or made for the lane.
 *
 * Invariants of a Fact:
 * 1. s is the SHA-256 of pae; payload is inside pae, byte for byte.
 * 2. If leaf is set, its signature over pae holds under spki, and keyid is SHA-256 of spki.
 * 3. kind MALFORMED has no statement and no predicate; EVIDENCE has no predicate of ours.
 * 4. Fields are read-only after creation; all pointers are owned by the fact. */
#pragma once
#include "base/digest.h"
#include "attest/predicate.h"
#include "attest/statement.h"
#include "fact/kind.h"

#define FACT_INDEX_NONE (-1) /* not logged yet */

typedef struct Fact {
    FactKind kind;
    int64_t index; /* position in the log, or FACT_INDEX_NONE */
    Digest s;
    char s_text[DIGEST_STRING_SIZE];
    GBytes *pae;
    GBytes *payload;
    GBytes *leaf; /* NULL before it is signed */
    GBytes *spki; /* of the signing key */
    Digest keyid;
    Statement *statement; /* NULL when MALFORMED */
    Predicate *predicate; /* our own types; else NULL */
    char *problem;        /* MALFORMED and UNKNOWN_OURS: why */
} Fact;

typedef enum {
    FACT_PARSE_CHECKED = 0,
    FACT_PARSE_TRUSTED = 1 << 0, /* skip the ECDSA check: a record this engine has checked before */
} FactParseFlags;

/**
 * Parses a record of the log. Content that is signed but wrong gives a fact of kind MALFORMED.
 * @index: of the record. Errors: UNTRUSTED (leaf and PAE do not belong together or the signature
 * does not hold), INVALID (no leaf at all), LIMIT.
 */
Fact *fact_parse(int64_t index, Span leaf, Span pae, FactParseFlags flags,
                 GError **error) MUST_CHECK;
/** A fact about to be signed by the key @spki. Errors: INVALID (@payload is not what a reader would
 * take). */
Fact *fact_from_payload(Span payload, Span spki, GError **error) MUST_CHECK;
void fact_free(Fact *fact);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fact, fact_free)

/** The project of an object ("acme" of "release:acme/cli@1"); NULL for root and what is no object.
 * Owned. */
char *fact_dup_project(const char *object);
/** Adds the subjects facts.md section 2 wants for @predicate. Errors: INVALID (a seal's body). */
bool fact_add_subjects(Statement *statement, const Predicate *predicate, GError **error) MUST_CHECK;
