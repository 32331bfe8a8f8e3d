/* SPDX-License-Identifier: Apache-2.0
 * sshsig: signatures by `ssh-keygen -Y sign` (OpenSSH PROTOCOL.sshsig) with ssh-ed25519 and
 * ecdsa-sha2-nistp256 keys. */
#pragma once
#include "base/span.h"
#include "proof/public_key.h"

#define SSHSIG_NAMESPACE_DECISION "decision.slipway.v1"

/** The blob inside "-----BEGIN SSH SIGNATURE-----". Returns: owned. Errors: INVALID, LIMIT. */
GBytes *sshsig_dearmor(Span text, GError **error) MUST_CHECK;
/** The key blob of a line "ssh-ed25519 AAAA… comment". Returns: owned. Errors: INVALID,
 * UNAVAILABLE. */
GBytes *ssh_key_blob_from_line(const char *line, GError **error) MUST_CHECK;
/** Returns: owned. Errors: INVALID, UNAVAILABLE (an algorithm we do not know). */
PublicKey *ssh_key_from_blob(Span blob, GError **error) MUST_CHECK;
/** Checks @blob (not armored) over @message: made by @key_blob, in @name_space. Errors: INVALID
 * (malformed), UNTRUSTED (another key or namespace, or it does not hold), UNAVAILABLE (algorithm).
 */
bool sshsig_verify(Span blob, Span message, Span key_blob, const char *name_space,
                   GError **error) MUST_CHECK;
