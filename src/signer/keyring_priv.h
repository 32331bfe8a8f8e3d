/* SPDX-License-Identifier: Apache-2.0
 * keyring: keys.json (public halves, read by both ends) and the private keys beside it (opened by
 * the signer process only); for files of src/signer only. */
#pragma once
#include "proof/signer.h"
#include "signer/client.h"

typedef struct {     /* what keys.json says */
    char *origin;    /* owned */
    GPtrArray *keys; /* owned; of SignerPublicKey */
} KeyIndex;
void key_index_free(KeyIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyIndex, key_index_free)

/** Returns: owned. Errors: NO_KEY (none there), CORRUPT, IO. */
KeyIndex *key_index_load(int dirfd, GError **error) MUST_CHECK;
/** Borrowed; NULL if it has no key of @role. */
const SignerPublicKey *key_index_find(const KeyIndex *index, SignerRole role);

/**
 * Makes what is missing of a new keys folder: private keys, the log's record, and last keys.json.
 * Run again after a crash it goes on with the keys that are there. @only: the one key to make;
 * SIGNER_ROLE_NONE: all. Returns: owned.
 * Errors: EXISTS (keys.json is there), INVALID (origin), CORRUPT, IO.
 */
KeyIndex *key_index_create(int dirfd, const char *origin, SignerRole only,
                           GError **error) MUST_CHECK;

/** Puts @key in the place of the one of its role, or adds it, and writes keys.json. Errors: IO. */
bool key_index_put(int dirfd, KeyIndex *index, const SignerPublicKey *key,
                   GError **error) MUST_CHECK;

/** Opens the private key of @role and compares it with @index; one that is about to take its place
 * (replace_priv.h) is found too. Returns: owned.
 * Errors: NO_KEY, CORRUPT (another key; readable by others), IO. */
Signer *keyring_load(int dirfd, const KeyIndex *index, SignerRole role, GError **error) MUST_CHECK;
