/* SPDX-License-Identifier: Apache-2.0
 * ssh_agent: keys of an SSH agent behind the signer interface, hardware keys too
 * (draft-miller-ssh-agent). */
#pragma once
#include "proof/signer.h"

#define SSH_AGENT_PREFIX "ssh-agent:"

/** The key @which of the agent at $SSH_AUTH_SOCK: "SHA256:…" or a comment. Ed25519 and ECDSA keys
 * sign anything; hardware (sk-…) and RSA keys only ssh_agent_sign. Returns: owned. Errors:
 * NOT_FOUND (no such key, or two), UNAVAILABLE (no agent), INVALID (it says what it must not). */
Signer *ssh_agent_open(const char *which, GError **error) MUST_CHECK;
/** Whether @signer is of this module. */
bool ssh_agent_is(const Signer *signer);
/** The key's blob; borrowed. @signer: of this module. */
Span ssh_agent_blob(const Signer *signer);
/** The agent's own signature blob over @message, RSA with SHA-512. May wait for a touch. @signer: of
 * this module. @blob_out: owned. Errors: DENIED (the agent or its owner refused), UNAVAILABLE. */
bool ssh_agent_sign(Signer *signer, Span message, GBytes **blob_out, GError **error) MUST_CHECK;
