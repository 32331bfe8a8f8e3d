/* SPDX-License-Identifier: Apache-2.0
 * cmd_admin_apply: log a proposal that people have signed. */
#include <fcntl.h>
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "base/banned.h"

typedef struct {
    GPtrArray *proof; /* owned, of paths */
} ApplyArgs;

static const CliOption options[] = {
    { "proof", 'p', CLI_STRINGS, offsetof(ApplyArgs, proof), CLI_REQUIRED | CLI_PATH,
      "what 'slipway keys sign' wrote; one a person", "FILE" },
    { 0 },
};

static json_t *
read_json(const char *path, GError **error)
{
    g_autoptr(GBytes) text = file_read(AT_FDCWD, path, LIMIT_JSON_BYTES, error);

    return text != NULL ? json_parse(span_of_bytes(text), LIMIT_JSON_BYTES, error) : NULL;
}

static bool
run_apply(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    ApplyArgs *args = data;
    g_autoptr(json_t) proposal = read_json(positional[0], error);
    g_autoptr(json_t) proofs = json_array();
    g_autoptr(json_t) result = NULL;

    if (proposal == NULL)
        return false;
    for (guint i = 0; i < args->proof->len; i++) {
        json_t *proof = read_json(args->proof->pdata[i], error);

        if (proof == NULL)
            return false;
        json_array_append_new(proofs, proof);
    }
    if (!command_call(context, "authority.apply",
                      json_pack("{s:O, s:O}", "proposal", proposal, "proofs", proofs), &result,
                      error))
        return false;
    output_line(context->output, "%s  %s", json_string_value(json_object_get(result, "object")),
                json_string_value(json_object_get(result, "statement")));
    output_json(context->output, result);
    return true;
}

const Command cmd_admin_apply = {
    .name = "admin apply",
    .synopsis = "PROPOSAL --proof FILE…",
    .help = "log a root, roster or rejection that people signed",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(ApplyArgs),
    .run = run_apply,
};
