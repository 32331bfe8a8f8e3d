/* SPDX-License-Identifier: Apache-2.0
 * release_signatures: signatures that a release carries for people without our verifier: OpenPGP, SSH
 * and minisign, by the format key. A stream's file says which; the seal names the files; publishing
 * makes them. */
#pragma once
#include "attest/manifest.h"
#include "service/engine_view.h"

/** Adds what @formats (words of SignerFileFormat; NULL-terminated) mean for the assets of
 * @manifest. Errors: NOT_FOUND (no format key that the root in force names), INVALID (a format). */
bool release_signatures_add(Engine *engine, Manifest *manifest, const char *const *formats,
                            GError **error) MUST_CHECK;
/** Makes the signature file @derived of a release: over the blob of its asset, or of @manifest's
 * list of digests. @made_at_us: of the intent; the same arguments give the same bytes. Returns:
 * owned. Errors: the store's and the signer's. */
char *release_signature_make(Engine *engine, const Manifest *manifest,
                             const ManifestDerived *derived, int64_t made_at_us,
                             GError **error) MUST_CHECK;
/** The public half of the format key as gpg, ssh-keygen and minisign want it, and what they call it:
 * {signer, keyId, sshFingerprint, openpgpFingerprint, minisignId, keys: {ssh, minisign, openpgp}}.
 * Owned. Errors: NOT_FOUND (no such key) and the signer's. */
bool release_signature_keys(Engine *engine, json_t **result_out, GError **error) MUST_CHECK;
/** The sealed assets, for generators: of DerivedAsset, names borrowed. Owned. */
GArray *release_derived_assets(const Manifest *manifest);
