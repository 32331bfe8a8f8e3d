/* SPDX-License-Identifier: Apache-2.0
 * minisign: signature and key files of minisign, pre-hashed ("ED"), by Ed25519 keys of any driver.
 * Its key id is the first 8 bytes of the key's keyid, so that a key has one name everywhere. */
#pragma once
#include "keys/content_hash.h"
#include "proof/minisign.h"
#include "proof/signer.h"

/** A .minisig file over what has @hash. @trusted_comment: signed too; one line. Owned. Errors:
 * UNAVAILABLE (not an Ed25519 key), INVALID (the comment), the signer's. */
char *minisign_sign(Signer *signer, const ContentHash *hash, const char *trusted_comment,
                    GError **error) MUST_CHECK;
/** The file `minisign -V -p` wants. Owned. Errors: UNAVAILABLE. */
char *minisign_public_key(const PublicKey *key, GError **error) MUST_CHECK;
