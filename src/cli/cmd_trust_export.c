/* SPDX-License-Identifier: Apache-2.0
 * cmd_trust_export: the trust file for a project's consumers. */
#include "base/json.h"
#include "cli/commands.h"
#include "base/banned.h"

typedef struct {
    char *project; /* owned */
} TrustArgs;

static const CliOption options[] = {
    { "project", 'p', CLI_STRING, offsetof(TrustArgs, project), CLI_REQUIRED, "whose releases",
      "NAME" },
    { 0 },
};

static bool
run_trust_export(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    TrustArgs *args = data;
    g_autoptr(json_t) result = NULL;

    (void)positional;
    if (!command_call(context, "trust.export", json_pack("{s:s}", "project", args->project),
                      &result, error))
        return false;
    output_text(context->output, json_string_value(json_object_get(result, "trust")));
    output_talk(context->output, "fingerprint  %s  (compare it by another way before you trust it)",
                json_string_value(json_object_get(result, "fingerprint")));
    return true;
}

const Command cmd_trust_export = {
    .name = "trust export",
    .synopsis = "--project NAME",
    .help = "print the trust file that verifiers of a project need",
    .details = "The file pins the log's root and says which source, builders and how many\n"
               "approvals a release must have. Give it to consumers by a way they trust.",
    .needs = COMMAND_NEEDS_ENGINE,
    .options = options,
    .args_size = sizeof(TrustArgs),
    .run = run_trust_export,
};
