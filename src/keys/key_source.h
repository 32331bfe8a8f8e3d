/* SPDX-License-Identifier: Apache-2.0
 * key_source: a private key wherever it lives, named by one word: a file, "ssh-agent:SHA256:…", a
 * "pkcs11:…" URI (RFC 7512), "gpg:FINGERPRINT". */
#pragma once
#include "keys/passphrase.h"
#include "proof/signer.h"

typedef enum {
    KEY_SOURCE_NONE,
    KEY_SOURCE_FILE,
    KEY_SOURCE_SSH_AGENT,
    KEY_SOURCE_PKCS11,
    KEY_SOURCE_GPG, /* signs OpenPGP only: gpg.h */
} KeySourceKind;

KeySourceKind key_source_kind(const char *key);
/** @passphrase: of an encrypted file, the PIN of a token. Returns: owned. Errors: the driver's;
 * UNAVAILABLE (gpg: it hands out no plain signatures). */
Signer *key_source_open(const char *key, const PassphraseSource *passphrase,
                        GError **error) MUST_CHECK;
