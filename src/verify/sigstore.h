/* SPDX-License-Identifier: Apache-2.0
 * sigstore: the verifier of Sigstore bundles by anybody (docs/verify-others.md): who signed, that a
 * log has it, when, and that it is about the artifact at hand. Pure; no network. */
#pragma once
#include "attest/sigstore_bundle.h"
#include "attest/sigstore_trust.h"
#include "proof/tlog_policy.h"
#include "verify/verify.h"

typedef struct SigstoreClaim { /* both borrowed */
    const char *name;          /* see sigstore_claim_oid */
    const char *value;         /* what the certificate must say, exactly */
} SigstoreClaim;
/** The extension in which Fulcio writes what the identity token claims, by its name in Fulcio's list in
 * lower case with dashes: "source-repository-uri", "github-workflow-ref". Static; NULL: no such name. */
const char *sigstore_claim_oid(const char *name);

typedef struct SigstorePolicy {   /* all borrowed */
    const X509Key *key;           /* a managed key; NULL: a certificate is wanted */
    const char *identity;         /* one of the certificate's names, exactly; or */
    const char *identity_pattern; /* a POSIX extended regular expression that fits all of it */
    const char *issuer;           /* of the identity token, exactly; or */
    const char *issuer_pattern;
    const SigstoreClaim *claims; /* what else the certificate must say; n_claims of them */
    size_t n_claims;
    const TlogPolicy *witnesses; /* whose cosignatures every checkpoint needs; NULL: nobody's */
    unsigned logs;               /* distinct logs that must have it */
    unsigned timestamps;   /* distinct sources of time: time-stamp authorities, promising logs */
    unsigned transparency; /* distinct CT logs that must have the certificate */
} SigstorePolicy;
/** What everybody demands: one of each. */
#define SIGSTORE_POLICY_INIT .logs = 1, .timestamps = 1, .transparency = 1

typedef struct SigstoreArtifact {
    Digest sha256;
    int fd; /* borrowed, read by offset; -1: only the digest is at hand */
} SigstoreArtifact;

/** @word: a file, or "sha256:…" where no file is called so. @fd_out: of the file, which @out borrows; the
 * caller closes it; left alone for a digest. Errors: NOT_FOUND, IO. */
bool sigstore_artifact_open(const char *word, SigstoreArtifact *out, int *fd_out,
                            GError **error) MUST_CHECK;

/** Verifies. @artifact: NULL only for an envelope whose subjects the caller matches. Every check is a
 * line of the report, in the order it was made; what a failed one would have carried is not checked.
 * Returns: owned. */
VerifyReport *sigstore_verify(const SigstoreBundle *bundle, const SigstoreArtifact *artifact,
                              const SigstoreTrust *trust, const SigstorePolicy *policy,
                              int64_t now_us);
/** As sigstore_verify, from bytes; a bundle that cannot be read is a finding. */
VerifyReport *sigstore_verify_bytes(Span bundle, const SigstoreArtifact *artifact,
                                    const SigstoreTrust *trust, const SigstorePolicy *policy,
                                    int64_t now_us);
