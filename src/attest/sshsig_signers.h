/* SPDX-License-Identifier: Apache-2.0
 * sshsig_signers: whose SSH signatures count: the allowed-signers file of ssh-keygen(1). */
#pragma once
#include "attest/sshsig_key.h"
#include "base/span.h"

#define SSH_SIGNERS_MAX_BYTES (1u << 20)
#define SSH_SIGNERS_MAX       10000 /* lines with a signer */

typedef struct SshSigners SshSigners;

typedef struct {
    Span key;             /* key or certificate of the signature */
    Span namespace;       /* of the signature */
    const char *identity; /* who it has to be; NULL: any signer of the file */
    int64_t now_us;       /* when it has to be valid */
} SshSignersQuestion;

/** Lines "PRINCIPALS [OPTIONS] TYPE BASE64 [COMMENT]"; options cert-authority, namespaces,
 * valid-after, valid-before. Key types we do not know are passed over, as ssh-keygen does. Returns:
 * owned. Errors: INVALID (naming the line), LIMIT. */
SshSigners *ssh_signers_parse(Span text, GError **error) MUST_CHECK;
void ssh_signers_free(SshSigners *signers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SshSigners, ssh_signers_free)
/** Whether a line allows that key. @who_out: the line's principals, borrowed. Errors: UNTRUSTED
 * (nobody, or not for that namespace, identity or time), INVALID and others for a malformed
 * certificate. */
bool ssh_signers_allow(const SshSigners *signers, const SshSignersQuestion *question,
                       const char **who_out, GError **error) MUST_CHECK;
