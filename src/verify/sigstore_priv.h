/* SPDX-License-Identifier: Apache-2.0
 * sigstore_priv: one bundle being verified. For src/verify/sigstore*.c only. */
#pragma once
#include "proof/x509.h"
#include "verify/sigstore.h"

#define SIGSTORE_MAX_TIMES 32 /* entries and timestamps of a bundle */

typedef struct
    SigstoreDigests { /* of the artifact: it is read once for each hash, however often that is asked for */
    uint8_t bytes[2][X509_MAX_HASH_SIZE];
    bool has[2]; /* SHA-384, SHA-512 */
} SigstoreDigests;

typedef struct SigstoreCheck {
    const SigstoreBundle *bundle;     /* borrowed */
    const SigstoreArtifact *artifact; /* borrowed; or NULL */
    const SigstoreTrust *trust;       /* borrowed */
    const SigstorePolicy *policy;     /* borrowed */
    SigstoreDigests *digests;         /* borrowed */
    int64_t now_us;
    VerifyReport *report;                    /* owned */
    X509Cert *leaf;                          /* owned; NULL: by a managed key */
    const X509Key *key;                      /* borrowed, of leaf or policy */
    int64_t times_us[SIGSTORE_MAX_TIMES];    /* when it was signed, at the latest; each proved */
    const void *sources[SIGSTORE_MAX_TIMES]; /* what vouches for each; borrowed from trust */
    size_t n_times;
    size_t n_sources; /* distinct */
    size_t n_stamps;  /* of them by time-stamp authorities; they come first */
} SigstoreCheck;

/** Adds a finding whose class follows from the kind of @error. */
void sigstore_refuse(SigstoreCheck *check, const char *name, const char *subject,
                     const GError *error);
/** The digest of what is signed by @hash: of the PAE, or of the artifact. @out: X509_MAX_HASH_SIZE
 * bytes. Errors: UNAVAILABLE (the artifact itself is needed), IO. */
bool sigstore_signed_digest(const SigstoreCheck *check, X509Hash hash, uint8_t *out,
                            GError **error) MUST_CHECK;
/** As sigstore_signed_digest, always of the artifact. */
bool sigstore_artifact_digest(const SigstoreCheck *check, X509Hash hash, uint8_t *out,
                              GError **error) MUST_CHECK;

/* The steps, each adding its lines. False when it did not hold. */
/** Timestamps by authorities. */
bool sigstore_check_stamps(SigstoreCheck *check);
/** Log entries: log, proof, checkpoint, promise, and that they are about this signature. */
bool sigstore_check_entries(SigstoreCheck *check);
/** Certificate: its issue at every proved time, CT, identity. */
bool sigstore_check_certificate(SigstoreCheck *check);
/** The signature itself. */
bool sigstore_check_signature(SigstoreCheck *check);
/** That what is signed is about the artifact. */
bool sigstore_check_subject(SigstoreCheck *check);
