/* SPDX-License-Identifier: Apache-2.0
 * sshsig_sign: signatures as `ssh-keygen -Y sign` makes them (OpenSSH PROTOCOL.sshsig), by any
 * signer. */
#pragma once
#include "keys/content_hash.h"
#include "proof/signer.h"

#define SSHSIG_HASH "SHA512" /* content_hash's name of the one we sign */

/** "-----BEGIN SSH SIGNATURE-----" over what has @hash (SSHSIG_HASH). @name_space: not empty.
 * Owned. Errors: UNAVAILABLE (the kind of key), the signer's. */
char *sshsig_sign(Signer *signer, const char *name_space, const ContentHash *hash,
                  GError **error) MUST_CHECK;
