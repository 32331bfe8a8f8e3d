/* SPDX-License-Identifier: Apache-2.0
 * key_file: private keys in files of our own: PKCS#8 PEM, mode 0600, as it is or encrypted with a
 * passphrase (PBES2 with scrypt and AES-256-CBC: RFC 8018, RFC 7914; openssl reads it).
 * Opened only by the process that signs. */
#pragma once
#include "base/secret.h"
#include "keys/passphrase.h"
#include "proof/public_key.h"
#include "proof/signer.h"

/** Makes a key of @kind and keeps it in the new file @name in @dirfd, synced before this returns.
 * Returns: a signer holding it; owned. Errors: EXISTS (the file is left alone), IO. */
Signer *key_file_generate(int dirfd, const char *name, PublicKeyKind kind,
                          GError **error) MUST_CHECK;
/** As key_file_generate, encrypted with @passphrase. */
Signer *key_file_generate_sealed(int dirfd, const char *name, PublicKeyKind kind,
                                 const Secret *passphrase, GError **error) MUST_CHECK;
/** @dirfd: AT_FDCWD or a folder. Returns: owned. Errors: NOT_FOUND, DENIED (not a regular file of
 * ours or root's, or others may read it; the message names mode and remedy), INVALID, LIMIT, IO. An
 * encrypted key's passphrase must lie somewhere (passphrase.h): the terminal is not asked. */
Signer *key_file_load(int dirfd, const char *path, GError **error) MUST_CHECK;
/** As key_file_load. @source: where the passphrase of an encrypted key is. Errors: UNTRUSTED (a wrong
 * passphrase) and passphrase_get's too. */
Signer *key_file_load_with(int dirfd, const char *path, const PassphraseSource *source,
                           GError **error) MUST_CHECK;
