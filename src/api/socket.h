/* SPDX-License-Identifier: Apache-2.0
 * socket: operations over the Unix socket in the data folder, for whoever holds it. Only processes
 * of the same user (or root) are answered. */
#pragma once
#include "api/api.h"
#include "base/attributes.h"

#define SOCKET_NAME            "slipway.sock"
#define SOCKET_MAX_CONNECTIONS 64

typedef struct Socket Socket;

/** Listens in @home and serves on threads of its own until freed. @engine: borrowed. Returns:
 * owned. Errors: IO. */
Socket *socket_listen(const char *home, struct Engine *engine, GError **error) MUST_CHECK;
/** Ends every connection and removes the socket. Accepts NULL. */
void socket_free(Socket *socket);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Socket, socket_free)
/** Connects to the holder of @home. Returns a descriptor (owned) or -1. Errors:
 * API_ERROR_UNREACHABLE. */
int socket_connect(const char *home, GError **error) MUST_CHECK;
