/* SPDX-License-Identifier: Apache-2.0
 * engine: opens the data folder for one command. */
#include "cli/engine.h"
#include "base/error.h"
#include "base/banned.h"

struct CliEngine {
    int unused;
};

CliEngine *
cli_engine_open(const char *home, const Command *command, ApiContext *api, GError **error)
{
    (void)api;
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "cannot open data folder '%s' for '%s'",
              home, command->name);
    return NULL;
}

void
cli_engine_free(CliEngine *engine)
{
    g_free(engine);
}
