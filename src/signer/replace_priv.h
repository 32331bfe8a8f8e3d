/* SPDX-License-Identifier: Apache-2.0
 * replace: one key of the folder gives way to another; for files of src/signer only.
 *
 * ROLE.next.pem  the key to come, beside the one in use
 * next.json      its public half: {role, spki}; there from the first step to the last
 *
 * prepare makes both; the engine has a root logged that names the key; adopt writes keys.json, which is the
 * moment it counts, and then renames the key. keyring_load finds it under either name. */
#pragma once
#include "signer/keyring_priv.h"

#define SIGNER_NEXT_NAME "next.json"

/** Makes the key to come of @role, or goes on with the one that is prepared. @from: a private key file
 * to copy; NULL: a new key. Errors: INVALID (the role, the kind of key), EXISTS (another one is prepared),
 * IO. */
bool replace_prepare(int dirfd, SignerRole role, const char *from, GError **error) MUST_CHECK;
/** Puts the prepared key in use; again after a crash. Nothing to do is fine. Errors: CORRUPT, IO. */
bool replace_adopt(int dirfd, GError **error) MUST_CHECK;
/** The prepared key, or NULL. *@key_out: owned. Errors: CORRUPT, IO. */
bool replace_find(int dirfd, SignerPublicKey **key_out, GError **error) MUST_CHECK;
