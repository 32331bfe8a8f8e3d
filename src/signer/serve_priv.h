/* SPDX-License-Identifier: Apache-2.0
 * serve: the signer process's side of a request; for files of src/signer only. */
#pragma once
#include "base/json.h"
#include "signer/client.h"

typedef struct SignerServer SignerServer; /* the keys of one process, unlocked */

typedef enum {
    SIGNER_SERVES_NONE,
    SIGNER_SERVES_STATEMENTS, /* engine, builders, status, timestamp */
    SIGNER_SERVES_LOG,        /* the log's key, apart */
    SIGNER_SERVES_FILES,      /* the format key, apart */
} SignerServes;

/** Loads the private keys of its roles. Returns: owned. Errors: NO_KEY, CORRUPT, IO. */
SignerServer *signer_server_new(const char *keys_dir, SignerServes serves,
                                GError **error) MUST_CHECK;
void signer_server_free(SignerServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SignerServer, signer_server_free)

/** Answers one request; a refusal is recorded before the answer is made. Returns: owned reference.
 * @content: the descriptor that came along, borrowed; -1: none.
 * @fatal_out: set when the process must end after this answer (its record could not be synced). */
json_t *signer_server_answer(SignerServer *server, Span request, int content, bool *fatal_out);
