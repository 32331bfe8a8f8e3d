/* SPDX-License-Identifier: Apache-2.0
 * detached: a file and a signature of it by anybody's tool (docs/verify-files.md): ssh-keygen -Y,
 * minisign, signify, RFC 3161 timestamps, and signatures alone (openssl dgst, cosign sign-blob).
 * Pure: OpenPGP is judged by gpgv, whose words detached_pgp_report reads. */
#pragma once
#include "base/digest.h"
#include "base/span.h"
#include "verify/verify.h"

#define DETACHED_SIGNATURE_BYTES (16u << 20)  /* of a signature file, with an embedded message */
#define DETACHED_WHOLE_BYTES     (256u << 20) /* of a file whose scheme hashes all of it twice */
#define DETACHED_STATUS_BYTES    (256u << 10) /* of what gpgv says */

typedef enum {
    DETACHED_NONE,
    DETACHED_RAW, /* a signature alone, in bytes or base64 */
    DETACHED_SSHSIG,
    DETACHED_MINISIGN, /* and signify */
    DETACHED_OPENPGP,
    DETACHED_CLEARSIGNED, /* OpenPGP with the text inside */
    DETACHED_RFC3161,
    DETACHED_DSSE,   /* an envelope: attestation_verify */
    DETACHED_BUNDLE, /* a Sigstore bundle: sigstore_verify */
    DETACHED_N_FORMATS
} DetachedFormat;

/** "sshsig"; static. */
const char *detached_format_name(DetachedFormat format);
/** What @signature is by its first bytes. */
DetachedFormat detached_format(Span signature);

typedef struct DetachedPaths { /* all borrowed; NULL where not given */
    const char *file;
    const char *signature;       /* NULL: @file carries its own */
    const char *key;             /* PEM, an SSH public key line or a minisign key */
    const char *allowed_signers; /* ssh-keygen(1) */
    const char *tsa_chain;       /* PEM: the authority's certificate first, its root last */
    const char *identity;        /* the allowed signer it has to be */
    const char *name_space;      /* of SSH signatures; "file" if NULL */
} DetachedPaths;

/** Reads the signature, at most DETACHED_SIGNATURE_BYTES. Returns: owned. Errors: NOT_FOUND, LIMIT,
 * IO. */
GBytes *detached_read_signature(const DetachedPaths *paths, GError **error) MUST_CHECK;
/** Verifies; every check is a line. A signature that does not hold is a finding, as is a format
 * that is not judged here. Returns: owned. Errors: NOT_FOUND, IO, LIMIT, INVALID (a key that was
 * given), DENIED (the one that is needed was not). */
VerifyReport *detached_verify(const DetachedPaths *paths, int64_t now_us,
                              GError **error) MUST_CHECK;

/** The lines "[GNUPG:] …" of gpgv --status-fd as a report: at least one good signature and none
 * that is bad. @exited_with_0: whether gpgv said so at its end too. Returns: owned. */
VerifyReport *detached_pgp_report(Span status, const char *subject, bool exited_with_0);
/** The text that is signed in a clear-signed message equals @file but for what clear-signing leaves
 * out: blanks at the ends of lines, carriage returns, the last newline. */
bool detached_text_equal(Span text, Span file);
/** Adds that to a report of detached_pgp_report. */
void detached_pgp_text(VerifyReport *report, const char *subject, bool is_equal);
/** The bytes inside an armored OpenPGP block, for keyrings; binary input comes back as it is.
 * Returns: owned. Errors: INVALID. */
GBytes *detached_pgp_dearmor(Span text, GError **error) MUST_CHECK;
