/* SPDX-License-Identifier: Apache-2.0
 * engine: makes context->api ready for a command: the data folder is opened in this process. */
#pragma once
#include <glib.h>
#include "base/attributes.h"
#include "cli/command.h"

typedef struct CliEngine CliEngine;

/** @home: the data folder. @command: for the lock file. Fills what handlers need into @api.
 * Returns: owned. Errors: as engine_open. */
CliEngine *cli_engine_open(const char *home, const Command *command, ApiContext *api,
                           GError **error) MUST_CHECK;
void cli_engine_free(CliEngine *engine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CliEngine, cli_engine_free)
