/* SPDX-License-Identifier: Apache-2.0
 * remote: operations of a server that is reached by its URL, with a token from a file. */
#pragma once
#include "api/api.h"
#include "base/attributes.h"

#define REMOTE_MAX_ANSWER_BYTES (64u << 20)

typedef struct Remote Remote;

/** @url: "https://ci.example.org". @token_file: a file nobody else can read; NULL: the token
 * in $SLIPWAY_TOKEN, or none. * Connects to nobody yet. Returns: owned. Errors: INVALID (URL, an open file), NOT_FOUND, IO. */
Remote *remote_open(const char *url, const char *token_file, GError **error) MUST_CHECK;
/** Accepts NULL. */
void remote_free(Remote *remote);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Remote, remote_free)
/** Runs one operation there. @result_out: owned reference. Blocks. Errors: those of the operation,
 * of the kind and hint they have there; API_ERROR_UNREACHABLE. */
bool remote_call(Remote *remote, const char *operation, const json_t *args, json_t **result_out,
                 GError **error) MUST_CHECK;
