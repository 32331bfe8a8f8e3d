/* SPDX-License-Identifier: Apache-2.0
 * openpgp: OpenPGP signatures and certificates (RFC 4880, EdDSA as in RFC 9580 section 5.5.5.5,
 * version 4, SHA-512) by Ed25519 keys of any driver; no keyring is needed. Everything is a pure
 * function of key, content and time: every key says it was made at OPENPGP_KEY_CREATED_S, so its
 * fingerprint follows from the key alone. */
#pragma once
#include "proof/openpgp_layout.h"
#include "proof/signer.h"

/** The certificate `gpg --import` takes: key, @user_id and its self-signature; armored. @user_id:
 * "Name <address>". Owned. Errors: UNAVAILABLE (not Ed25519), INVALID (user id), the signer's. */
char *openpgp_certificate(Signer *signer, const char *user_id, GError **error) MUST_CHECK;
/** A detached signature over @fd from its beginning; armored. @made_at_s: seconds since 1970, not
 * before OPENPGP_KEY_CREATED_S. Owned. Errors: UNAVAILABLE, IO, the signer's. */
char *openpgp_sign_fd(Signer *signer, int fd, int64_t made_at_s, GError **error) MUST_CHECK;
/** @text clear-signed (RFC 4880 section 7): dashes escaped, white space at ends of lines not signed.
 * @text: UTF-8, ends with a newline. Owned. Errors: as openpgp_sign_fd, INVALID. */
char *openpgp_clearsign(Signer *signer, const char *text, int64_t made_at_s,
                        GError **error) MUST_CHECK;
/** 40 upper-case hex digits, as gpg shows them. @key: Ed25519. Owned. Errors: UNAVAILABLE. */
char *openpgp_fingerprint(const PublicKey *key, GError **error) MUST_CHECK;
