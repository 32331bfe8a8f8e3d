/* SPDX-License-Identifier: Apache-2.0
 * key_file: private keys in files of our own: PKCS#8 PEM, not encrypted, mode 0600.
 * Opened only by the process that signs. */
#pragma once
#include "proof/public_key.h"
#include "proof/signer.h"

/** Makes a key of @kind and keeps it in the new file @name in @dirfd, synced before this returns.
 * Returns: a signer holding it; owned. Errors: EXISTS (the file is left alone), IO. */
Signer *key_file_generate(int dirfd, const char *name, PublicKeyKind kind,
                          GError **error) MUST_CHECK;
/** @dirfd: AT_FDCWD or a folder. Returns: owned. Errors: NOT_FOUND, DENIED (not a regular file of
 * ours or root's, or others may read it; the message names mode and remedy), INVALID, LIMIT, IO. */
Signer *key_file_load(int dirfd, const char *path, GError **error) MUST_CHECK;
