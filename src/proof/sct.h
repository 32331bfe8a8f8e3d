/* SPDX-License-Identifier: Apache-2.0
 * sct: signed certificate timestamps embedded in a certificate (RFC 6962 section 3.2). */
#pragma once
#include "proof/x509.h"

typedef struct {        /* a certificate transparency log */
    Digest id;          /* SHA-256 of its key, as the trusted root says */
    const X509Key *key; /* borrowed */
    int64_t start_us;   /* both inclusive; microseconds since 1970 UTC */
    int64_t end_us;     /* INT64_MAX: open */
} SctLog;

/** Checks the timestamps in @leaf by logs in @logs whose time includes theirs. @issuer: who issued
 * @leaf. @n_verified_out: distinct logs; 0 when none is known. Errors: INVALID, LIMIT, UNTRUSTED (one by a
 * known log does not hold). */
bool sct_verify(const X509Cert *leaf, const X509Cert *issuer, const SctLog *logs, size_t n_logs,
                size_t *n_verified_out, GError **error) MUST_CHECK;
