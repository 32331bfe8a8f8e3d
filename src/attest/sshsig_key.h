/* SPDX-License-Identifier: Apache-2.0
 * sshsig_key: public keys of OpenSSH and what they sign (RFC 4253 section 6.6, RFC 5656, RFC 8332,
 * RFC 8709, OpenSSH PROTOCOL.u2f and PROTOCOL.certkeys). DSA is not read. */
#pragma once
#include "base/span.h"
#include "proof/foreign_key.h"

#define SSH_KEY_MAX_BYTES (16u << 10) /* of a key or certificate */

typedef struct SshKey SshKey;

typedef struct SshCertificate { /* a user certificate; its signature holds */
    Span id;                    /* free text of the authority; borrowed from the blob */
    Span principals;            /* strings of RFC 4251, one after the other; borrowed */
    uint64_t after_s, before_s; /* seconds since 1970; valid from after up to but not before */
    Span authority;             /* blob of the key that signed it; borrowed */
} SshCertificate;

/** A key, or a certificate over one. @blob: must outlive the result where it is a certificate.
 * Returns: owned. Errors: INVALID, LIMIT, UNAVAILABLE (algorithm, size, a critical option),
 * UNTRUSTED (the certificate's signature does not hold). */
SshKey *ssh_key_parse(Span blob, GError **error) MUST_CHECK;
void ssh_key_free(SshKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SshKey, ssh_key_free)
/** "ssh-ed25519"; static. */
const char *ssh_key_type(const SshKey *key);
/** Borrowed; NULL: a plain key. */
const SshCertificate *ssh_key_certificate(const SshKey *key);
/** Whether @signature (an SSH signature blob) by @key holds over @message. Hardware keys must have
 * been touched. Errors: INVALID, UNTRUSTED, UNAVAILABLE (SHA-1). */
bool ssh_key_verify(const SshKey *key, Span message, Span signature, GError **error) MUST_CHECK;
