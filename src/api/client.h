/* SPDX-License-Identifier: Apache-2.0
 * client: where a command's operations run. The folder's holder answers on its socket; when nobody
 * holds the folder the operation runs in this process, under the folder's lock; a person's client,
 * which must never be the engine, asks a child process instead. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "api/api.h"
#include "base/attributes.h"

typedef struct Client Client;

typedef enum {
    CLIENT_APART = 1 << 0, /* never open the folder in this process */
    CLIENT_HOLD = 1 << 1,  /* this process is to be the holder: wait a little for one that ends */
} ClientFlags;

/** @home: the data folder. @command: what we do, for the lock. Returns: owned. Errors: NOT_FOUND
 * (no data folder), LOCK_ERROR_HELD (its holder answers no socket; names it), those of engine_open.
 */
Client *client_open(const char *home, const char *command, ClientFlags flags,
                    GError **error) MUST_CHECK;
/** A server by its URL, with the token in a file. Errors: those of remote_open. */
Client *client_open_remote(const char *url, const char *token_file, GError **error) MUST_CHECK;
void client_free(Client *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Client, client_free)

/** Runs one operation. @args: borrowed, NULL = {}. @result_out: owned reference. Blocks. Errors:
 * the operation's; API_ERROR_UNREACHABLE. */
bool client_call(Client *client, const char *operation, const json_t *args, json_t **result_out,
                 GError **error) MUST_CHECK;
/** The engine, when it was opened in this process; else NULL. Borrowed. */
struct Engine *client_get_engine(Client *client);
/** Answers other commands on the folder's socket while this process holds it. Does nothing when it
 * does not. Errors: IO. */
bool client_listen(Client *client, GError **error) MUST_CHECK;
