/* SPDX-License-Identifier: Apache-2.0
 * file_signature: signatures that a release carries in other people's formats. For the files of
 * src/verify only. */
#pragma once
#include "verify/verify_priv.h"

/** Judges the signature file @derived with content @text and reports it. Errors: IO. */
bool verify_file_signature(Verification *v, const ManifestDerived *derived, Span text,
                           GError **error) MUST_CHECK;
/** The sealed assets, for generators: of DerivedAsset, names borrowed. Owned. */
GArray *verify_derived_assets(const Verification *v);
