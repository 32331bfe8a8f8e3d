/* SPDX-License-Identifier: Apache-2.0
 * attestation: whether envelopes by given keys say what is wanted of a file
 * (docs/verify-files.md): SLSA provenance, verification summaries, or anything. Pure. */
#pragma once
#include "attest/dsse_keys.h"
#include "attest/slsa.h"
#include "attest/vsa.h"
#include "verify/verify.h"

#define ATTESTATION_MAX_BYTES (64u << 20) /* of a file of attestations */
#define ATTESTATION_MAX       10000       /* lines of one */

typedef enum {
    ATTESTATION_ANY,
    ATTESTATION_SLSA,
    ATTESTATION_VSA,
    ATTESTATION_N_TYPES,
} AttestationType;

typedef struct AttestationRule { /* one of the two rules is NONE */
    SlsaRule slsa;
    VsaRule vsa;
    const char *wanted; /* borrowed */
} AttestationRule;

typedef struct AttestationQuestion { /* all borrowed */
    const char *subject;             /* how reports call it */
    const char *algorithm, *value;   /* a digest of it: "sha256", lower hex */
    const GPtrArray *keys;           /* of DsseKey; at least one */
    size_t threshold;                /* at least 1 */
    AttestationType type;
    const AttestationRule *rules;
    size_t n_rules;
} AttestationQuestion;

/**
 * @text: one envelope or Sigstore bundle, one a line, or what gcloud prints of an image. One that
 * meets everything is enough; its checks are the report. If none does: those of the one that came
 * furthest. No payload is looked into before its signatures hold; of a bundle only the envelope is
 * judged, by the keys given. Returns: owned.
 */
VerifyReport *attestation_verify(Span text, const AttestationQuestion *question);

/** Adds the key of @spec, "[KEYID=]FILE", to @keys; FILE as foreign_key_parse reads it. Errors:
 * NOT_FOUND, IO, LIMIT, INVALID, UNAVAILABLE. */
bool attestation_add_key(GPtrArray *keys, const char *spec, GError **error) MUST_CHECK;
/** The lower-hex SHA-256 of the file at @path. Owned. Errors: NOT_FOUND, IO. */
char *attestation_file_sha256(const char *path, GError **error) MUST_CHECK;

typedef struct AttestationOption { /* how rules are called on command lines, as by slsa-verifier */
    const char *name;              /* "source-uri"; NULL ends the table */
    SlsaRule slsa;
    VsaRule vsa;
} AttestationOption;
extern const AttestationOption attestation_options[];
/** The type called @name ("slsa", "vsa", "any"), or with NULL the one that @rules ask: ANY where they
 * ask for nothing. Errors: INVALID (unknown, or rules of another type, which would go unasked). */
bool attestation_choose_type(const char *name, const AttestationRule *rules, size_t n_rules,
                             AttestationType *type_out, GError **error) MUST_CHECK;
