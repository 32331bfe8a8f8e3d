/* SPDX-License-Identifier: Apache-2.0
 * pkcs11: keys of smart cards and security modules behind the signer interface. A module is foreign
 * code, so it is loaded by a helper process (slipway-pkcs11), once a signature. */
#pragma once
#include "keys/passphrase.h"
#include "proof/signer.h"

#define PKCS11_PREFIX "pkcs11:"

/** @uri: RFC 7512; names one private key by token, object or id; `module-path` names its module,
 * else those of the system's p11-kit are looked through; `pin-source=file:…` or `pin-value` before
 * @pin. Ed25519, P-256, P-384, RSA. Returns: owned. Errors: NOT_FOUND, DENIED (a wrong PIN), INVALID
 * (the URI), UNAVAILABLE (no helper, no module, a key it cannot use). */
Signer *pkcs11_open(const char *uri, const PassphraseSource *pin, GError **error) MUST_CHECK;
