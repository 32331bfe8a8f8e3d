/* SPDX-License-Identifier: Apache-2.0
 * gpg: OpenPGP signatures by the keys of gpg: its keyring, its agent, its smart cards. The program
 * does it, in a process of its own. */
#pragma once
#include "base/span.h"
#include "keys/passphrase.h"

#define GPG_PREFIX "gpg:"

typedef enum {
    GPG_DETACHED,
    GPG_CLEAR,
} GpgMode;

/** An armored signature by @key ("gpg:" and a fingerprint, key id or address) over what @fd holds.
 * @fd: borrowed, read from its beginning. @passphrase: if it names a place the passphrase comes from
 * there, else gpg asks in its own way. Returns: owned. Errors: UNAVAILABLE (no gpg), DENIED (it did
 * not sign; its words are in the message), LIMIT, IO. */
char *gpg_sign_fd(const char *key, GpgMode mode, int fd, const PassphraseSource *passphrase,
                  GError **error) MUST_CHECK;
/** The armored certificate of @key. Returns: owned. Errors: as gpg_sign_fd. */
char *gpg_certificate(const char *key, GError **error) MUST_CHECK;
