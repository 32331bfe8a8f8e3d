/* SPDX-License-Identifier: Apache-2.0
 * sshsig: signatures by `ssh-keygen -Y sign` (OpenSSH PROTOCOL.sshsig), by keys of every type that
 * sshsig_key reads. */
#pragma once
#include "base/span.h"
#include "proof/public_key.h"

#define SSHSIG_NAMESPACE_DECISION "decision.slipway.v1"
#define SSHSIG_NAMESPACE_FILE     "file" /* what ssh-keygen's manual uses for files */

/** Whether @text begins as an armored signature. */
bool sshsig_is_armored(Span text);
/** The blob inside "-----BEGIN SSH SIGNATURE-----". Returns: owned. Errors: INVALID, LIMIT. */
GBytes *sshsig_dearmor(Span text, GError **error) MUST_CHECK;
/** The armor that ssh-keygen, and we, write around a blob. Owned. */
char *sshsig_armor(Span blob);
/** The key blob of a line "ssh-ed25519 AAAA… comment": a key, no certificate. Returns: owned.
 * Errors: INVALID, UNAVAILABLE. */
GBytes *ssh_key_blob_from_line(const char *line, GError **error) MUST_CHECK;
/** A key of one of the two types that we sign with too. Returns: owned. Errors: INVALID,
 * UNAVAILABLE (any other). */
PublicKey *ssh_key_from_blob(Span blob, GError **error) MUST_CHECK;

typedef struct {    /* a signature's parts; borrowed from its blob */
    Span key;       /* key or certificate that claims to have signed */
    Span namespace; /* what for */
    Span reserved;
    Span hash; /* "sha512" */
    Span signature;
} SshsigParts;

/** Takes a blob apart; nothing is verified. Errors: INVALID. */
bool sshsig_split(Span blob, SshsigParts *out, GError **error) MUST_CHECK;
/** libcrypto's name of the hash the message has to be hashed with, "SHA512"; static. NULL: not one
 * that is allowed. */
const char *sshsig_hash_name(const SshsigParts *parts);
/** Checks the signature by parts->key over a message of that hash. Says nothing about whose key or
 * which namespace it is. Errors: INVALID, UNTRUSTED, UNAVAILABLE. */
bool sshsig_verify_hash(const SshsigParts *parts, Span hash, GError **error) MUST_CHECK;
/** Checks @blob (not armored) over @message: made by @key_blob, in @name_space. Errors: INVALID
 * (malformed), UNTRUSTED (another key or namespace, or it does not hold), UNAVAILABLE (algorithm).
 */
bool sshsig_verify(Span blob, Span message, Span key_blob, const char *name_space,
                   GError **error) MUST_CHECK;
