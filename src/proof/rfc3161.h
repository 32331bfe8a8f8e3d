/* SPDX-License-Identifier: Apache-2.0
 * rfc3161: timestamps by a time-stamp authority (RFC 3161, RFC 5816), checked by libcrypto. */
#pragma once
#include "proof/x509.h"

typedef struct Rfc3161 Rfc3161; /* a response, parsed, not yet believed */

/** @der: exactly one TimeStampResp that was granted, at most LIMIT_TIMESTAMP_BYTES. Returns: owned.
 * Errors: INVALID, LIMIT, UNAVAILABLE (its imprint is not SHA-256, SHA-384 or SHA-512). */
Rfc3161 *rfc3161_parse(Span der, GError **error) MUST_CHECK;
void rfc3161_free(Rfc3161 *stamp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rfc3161, rfc3161_free)
/** When it says it was made; microseconds since 1970 UTC. Believe it after rfc3161_verify only. */
int64_t rfc3161_time_us(const Rfc3161 *stamp);
/** Whether it is over @message. Errors: UNTRUSTED. */
bool rfc3161_covers(const Rfc3161 *stamp, Span message, GError **error) MUST_CHECK;
/** Whether both say the same under their signatures: one token, however its unsigned frame was written. */
bool rfc3161_says_same(const Rfc3161 *a, const Rfc3161 *b);
/** Whether the authority of @chain signed it: by the first certificate of the chain, or by one that
 * the first issued and the response carries; for timestamps only; all valid at its own time. Errors:
 * UNTRUSTED. */
bool rfc3161_verify(const Rfc3161 *stamp, const X509Chain *chain, GError **error) MUST_CHECK;
