/* SPDX-License-Identifier: Apache-2.0
 * memory_signer: a private key in this process's memory behind the signer interface. */
#pragma once
#include "base/secret.h"
#include "proof/public_key.h"
#include "proof/signer.h"

/** A new random key; RSA: of PUBLIC_KEY_RSA_MIN_BITS. Returns: owned. Errors: INTERNAL. */
Signer *memory_signer_generate(PublicKeyKind kind, GError **error) MUST_CHECK;
/** @pkcs8: DER of a PrivateKeyInfo (RFC 5958) of any PublicKeyKind. Returns: owned. Errors: INVALID
 * (another algorithm too). */
Signer *memory_signer_from_pkcs8(Span pkcs8, GError **error) MUST_CHECK;
/** @seed: the 32 secret bytes of RFC 8032. Returns: owned. Errors: INVALID. */
Signer *memory_signer_ed25519_from_seed(Span seed, GError **error) MUST_CHECK;
/** libcrypto's own form of the key, for what only it can make (certificates, time stamps). @signer:
 * of this module. Borrowed. */
struct evp_pkey_st *memory_signer_pkey(const Signer *signer);
/** As signer_sign of a message whose SHA-256 is @digest, for what is too long to hold. @signer: of
 * this module, P-256. @signature_out: owned. Errors: INTERNAL. */
bool memory_signer_sign_digest(Signer *signer, const Digest *digest, GBytes **signature_out,
                               GError **error) MUST_CHECK;
/** The key as PKCS#8 DER. @signer: of this module. Returns: owned. Errors: INTERNAL. */
Secret *memory_signer_export(const Signer *signer, GError **error) MUST_CHECK;
