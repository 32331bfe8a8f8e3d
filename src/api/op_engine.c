/* SPDX-License-Identifier: Apache-2.0
 * op_engine: what is asked about the engine itself. */
#include "api/op.h"
#include "base/banned.h"

static bool
engine_version(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    (void)context;
    (void)args;
    (void)error;
    *result_out = json_pack("{s:s}", "version", SLIPWAY_VERSION);
    return true;
}

const ApiOperation op_engine_version = {
    .name = "engine.version",
    .role = API_ROLE_ANYONE,
    .help = "which version of Slipway runs here",
    .result = "{version}",
    .handler = engine_version,
};
