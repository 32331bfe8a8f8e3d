/* SPDX-License-Identifier: Apache-2.0
 * log_state: what the log's signer signed last; for files of src/signer only.
 *
 * The file has two slots, each in a sector of its own. A slot is the line
 * "slipway-log-state 1 NUMBER SIZE ROOT SUM" in zeros, SUM = SHA-256 of what is before it. State
 * number n lies in slot n % 2, so writing one never touches the other and costs one fdatasync. The
 * whole slot with the higher number counts; a file with none is damaged: nothing is signed. */
#pragma once
#include "signer/client.h"

/** Makes the file with number 0 in @dirfd, synced. An existing file is left alone: EXISTS. Errors:
 * IO. */
bool log_state_create(int dirfd, GError **error) MUST_CHECK;
/** Errors: NO_KEY (no file), CORRUPT, IO. */
bool log_state_load(int dirfd, SignerLogState *out, GError **error) MUST_CHECK;
/** Writes and syncs; on return true it is durable. Errors: IO: nothing may be signed. */
bool log_state_store(int dirfd, const SignerLogState *state, GError **error) MUST_CHECK;
