/* SPDX-License-Identifier: Apache-2.0
 * statement: in-toto Statement v1 (in-toto/attestation spec v1): subjects, predicate type,
 * predicate. */
#pragma once
#include "base/digest.h"
#include "base/json.h"

#define STATEMENT_TYPE_V1      "https://in-toto.io/Statement/v1"
#define STATEMENT_TYPE_V0_1    "https://in-toto.io/Statement/v0.1"
#define STATEMENT_MAX_SUBJECTS 100000

/* Predicate types of others that we write or judge. */
#define PREDICATE_TYPE_PROVENANCE  "https://slsa.dev/provenance/v1"
#define PREDICATE_TYPE_VSA         "https://slsa.dev/verification_summary/v1"
#define PREDICATE_TYPE_TEST_RESULT "https://in-toto.io/attestation/test-result/v0.1"
#define PREDICATE_TYPE_VULNS       "https://in-toto.io/attestation/vulns/v0.2"
#define PREDICATE_TYPE_RELEASE     "https://in-toto.io/attestation/release/v0.1"
#define PREDICATE_TYPE_SPDX        "https://spdx.dev/Document/v2.3"
#define PREDICATE_TYPE_CYCLONEDX   "https://cyclonedx.org/bom/v1.6"
#define PREDICATE_TYPE_COSIGN_SIGN "https://sigstore.dev/cosign/sign/v1" /* "this image is ours" */

typedef struct {
    char *name;     /* owned; NULL when absent */
    json_t *digest; /* owned; object: algorithm to lower-hex text */
    bool has_sha256;
    Digest sha256; /* what `digest` says */
} StatementSubject;

typedef struct {
    GPtrArray *subjects;  /* owned; of StatementSubject */
    char *predicate_type; /* owned */
    json_t *predicate;    /* owned; an object */
    GHashTable *index;    /* owned; Digest to StatementSubject, both of subjects; NULL while few */
} Statement;

/** Without subjects yet. @predicate: taken. Returns: owned. */
Statement *statement_new(const char *predicate_type, json_t *predicate);
/** @algorithm: "sha256", "gitCommit"; @hex: lower-case. */
void statement_add_subject(Statement *statement, const char *name, const char *algorithm,
                           const char *hex);
void statement_add_subject_sha256(Statement *statement, const char *name, const Digest *digest);
/** RFC 8785 bytes of the statement: what goes into an envelope. Returns: owned. Errors: INVALID (no
 * subject, a number outside JCS). */
GBytes *statement_payload(const Statement *statement, GError **error) MUST_CHECK;
/** PAE of statement_payload with the in-toto type. @name_out: optional, S. Returns: owned. */
GBytes *statement_pae(const Statement *statement, Digest *name_out, GError **error) MUST_CHECK;

/** Strict on what the specification requires; unknown members are refused in our own types only.
 * Whether the payload is canonical is the caller's question: see statement_is_canonical.
 * Returns: owned. Errors: INVALID, LIMIT. */
Statement *statement_parse(Span payload, GError **error) MUST_CHECK;
/** As statement_parse, and version 0.1 (in-toto/attestation v0.1.0) is read too: what other people's
 * builders still write. */
Statement *statement_parse_foreign(Span payload, GError **error) MUST_CHECK;
/** Whether @payload is RFC 8785 of itself (a rule for our own types, facts.md section 1). */
bool statement_is_canonical(Span payload);
/** The subject's SHA-256. False when it has none or it is malformed. */
bool statement_subject_sha256(const StatementSubject *subject, Digest *out);
/** The first subject with that SHA-256, or NULL. Takes the same time however many there are.
 * Borrowed. */
const StatementSubject *statement_find_sha256(const Statement *statement, const Digest *digest);
void statement_free(Statement *statement);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Statement, statement_free)
