/* SPDX-License-Identifier: Apache-2.0
 * sigstore_classic: how cosign signed images before bundles (cosign specs/SIGNATURE_SPEC.md): a layer
 * that names the image or holds an envelope, with signature, certificate and the log's promise as its
 * annotations. Read into a bundle, so that one verifier judges both. */
#pragma once
#include "attest/sigstore_bundle.h"

#define SIGSTORE_CLASSIC_SIGNATURE   "application/vnd.dev.cosign.simplesigning.v1+json"
#define SIGSTORE_CLASSIC_ATTESTATION "application/vnd.dsse.envelope.v1+json"

/** @media_type: one of the two above. @layer: its bytes: what a signature is over, or the envelope.
 * Returns: owned; of the kind v0.1, perhaps without an entry. Errors: INVALID, LIMIT, UNAVAILABLE. */
SigstoreBundle *sigstore_classic_read(const char *media_type, Span layer, const json_t *annotations,
                                      GError **error) MUST_CHECK;
/** Whether a signed layer says that it is about the image with the manifest @image. Errors: INVALID,
 * UNTRUSTED. */
bool sigstore_classic_names(Span layer, const Digest *image, GError **error) MUST_CHECK;
