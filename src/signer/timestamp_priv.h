/* SPDX-License-Identifier: Apache-2.0
 * timestamp: time-stamp requests and answers (RFC 3161), and the certificates of the key that makes
 * them; for files of src/signer only. */
#pragma once
#include "proof/signer.h"

#define TIMESTAMP_MAX_REQUEST 4096 /* bytes of a request; real ones have under 100 */

/**
 * A certificate for @signer's key with the one extended usage time-stamping, and the certificate
 * authority that issued it, whose own key is forgotten at once: it can never issue another.
 * @signer: of keys/memory_signer.h. Returns: owned array of GBytes (DER): leaf, then authority.
 * Errors: INTERNAL.
 */
GPtrArray *timestamp_make_chain(const Signer *signer, const char *origin,
                                GError **error) MUST_CHECK;

/** A request for @imprint without a nonce that wants the certificate too. Owned. Errors: INTERNAL.
 */
GBytes *timestamp_request(const Digest *imprint, GError **error) MUST_CHECK;
/** The answer to @request with the time of this machine's clock. @certs: as made above. Owned; a
 * request that cannot be granted gets an answer that says so. Errors: INTERNAL. */
GBytes *timestamp_respond(const Signer *signer, const GPtrArray *certs, Span request,
                          GError **error) MUST_CHECK;
/** Errors: INVALID, with the authority's reason. */
bool timestamp_is_granted(Span response, GError **error) MUST_CHECK;
