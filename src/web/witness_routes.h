/* SPDX-License-Identifier: Apache-2.0
 * witness_routes: a witness over HTTP (C2SP tlog-witness): add-checkpoint, and a page of what it has
 * seen. A server of its own: it knows no data folder. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "service/witness.h"

typedef struct WitnessServer WitnessServer;

/** @witness: borrowed, outlives the server. @listen: "127.0.0.1:8081". Returns: owned. Errors:
 * INVALID (address), UNAVAILABLE (taken). */
WitnessServer *witness_server_start(Witness *witness, const char *listen,
                                    GError **error) MUST_CHECK;
/** "http://127.0.0.1:8081", with the real port. Borrowed. */
const char *witness_server_url(const WitnessServer *server);
/** Answers what is there, then ends. Accepts NULL. */
void witness_server_free(WitnessServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WitnessServer, witness_server_free)
