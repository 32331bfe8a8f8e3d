/* SPDX-License-Identifier: Apache-2.0
 * sigstore_trust: trusted_root.json of sigstore/protobuf-specs, read: which logs, certificate
 * authorities and time-stamp authorities a verifier believes, and when. Ours is written by
 * trusted_root.h. Immutable after creation; may be shared by threads. */
#pragma once
#include "proof/rekor.h"
#include "proof/rfc3161.h"
#include "proof/sct.h"

typedef struct SigstoreLog {
    char *name;               /* owned; its URL without the scheme: the name in its notes */
    RekorLog rekor;           /* borrows name and key */
    X509Key *key;             /* owned */
    int64_t start_us, end_us; /* both inclusive; microseconds since 1970 UTC */
} SigstoreLog;

typedef struct SigstoreAuthority {
    char *name;       /* owned; its URI, or "" */
    X509Chain *chain; /* owned */
    int64_t start_us, end_us;
} SigstoreAuthority;

typedef struct SigstoreTrust {
    GPtrArray *logs;        /* owned; of SigstoreLog */
    GPtrArray *authorities; /* owned; of SigstoreAuthority: certificates */
    GPtrArray *stampers;    /* owned; of SigstoreAuthority: timestamps */
    SctLog *ct_logs;        /* owned; keys borrowed from ct_keys */
    size_t n_ct_logs;
    GPtrArray *ct_keys; /* owned; of X509Key */
} SigstoreTrust;

/** A validity without a start, a key that is not what `keyDetails` says, and a chain that cannot be
 * read refuse the whole; a log whose algorithm we do not know is left out. Returns: owned. Errors:
 * INVALID, LIMIT, UNAVAILABLE (another media type). */
SigstoreTrust *sigstore_trust_parse(Span json, GError **error) MUST_CHECK;
void sigstore_trust_free(SigstoreTrust *trust);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SigstoreTrust, sigstore_trust_free)
