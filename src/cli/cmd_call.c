/* SPDX-License-Identifier: Apache-2.0
 * cmd_call: one operation with JSON arguments: for scripts, and for clients that must not be the
 * engine. */
#include <string.h>
#include <unistd.h>
#include "api/wire.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "base/banned.h"

/* "-": a whole request on stdin, a whole answer on stdout, so that an error keeps its code. */
static bool
serve_request(CommandContext *context, GError **error)
{
    ApiContext api = { .engine = client_get_engine(context->client),
                       .role = API_ROLE_ADMIN,
                       .actor = "operator" };
    g_autoptr(GBytes) request = fd_read_all(STDIN_FILENO, LIMIT_CHANNEL_FRAME_BYTES, error);
    g_autoptr(GBytes) answer = NULL;

    if (request == NULL)
        return false;
    if (api.engine == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_BUSY,
                  "another process holds the data folder: ask it instead");
        return false;
    }
    answer = wire_serve(&api, span_of_bytes(request));
    output_raw(context->output, span_of_bytes(answer));
    return true;
}

static bool
run_call(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const char *text = positional[1] != NULL ? positional[1] : "{}";
    g_autoptr(json_t) args = NULL;
    g_autoptr(json_t) result = NULL;
    g_autofree char *pretty = NULL;

    (void)data;
    if (strcmp(positional[0], "-") == 0)
        return serve_request(context, error);
    args = json_parse(span_of_text(text), LIMIT_JSON_BYTES, error);
    if (args == NULL || !command_call(context, positional[0], json_incref(args), &result, error))
        return false;
    pretty = json_pretty(result);
    output_text(context->output, pretty);
    return true;
}

const Command cmd_call = {
    .name = "call",
    .synopsis = "OPERATION [JSON]",
    .help = "call one operation of the API",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_HIDDEN,
    .min_args = 1,
    .max_args = 2,
    .run = run_call,
};
