/* SPDX-License-Identifier: Apache-2.0
 * cmd_release_reject: people end a release; its name is dead from then on. */
#include <string.h>
#include "base/json.h"
#include "cli/authority_flow.h"
#include "cli/commands.h"
#include "base/banned.h"

typedef struct {
    char *reason;      /* owned */
    GPtrArray *sign;   /* owned, of "NAME=FILE" */
    GPtrArray *person; /* owned */
    char *out;         /* owned */
} RejectArgs;

static const CliOption options[] = {
    { "reason", 'r', CLI_STRING, offsetof(RejectArgs, reason), CLI_REQUIRED,
      "a word: defective, superseded, withdrawn", "WORD" },
    { "sign", 's', CLI_STRINGS, offsetof(RejectArgs, sign), 0,
      "decide now as a person of the roster", "NAME=FILE" },
    { "person", 'p', CLI_STRINGS, offsetof(RejectArgs, person), 0,
      "with --out: whose decision is wanted", "NAME" },
    { "out", 'o', CLI_STRING, offsetof(RejectArgs, out), CLI_PATH,
      "only write the proposal, for others to sign", "FILE" },
    { 0 },
};

static bool
check_args(const RejectArgs *args, GError **error)
{
    bool has_names = args->person != NULL && args->person->len > 0;
    bool has_keys = args->sign != NULL && args->sign->len > 0;

    if (args->out != NULL ? has_names && !has_keys : has_keys && !has_names)
        return true;
    error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
              "say '--sign NAME=FILE' to decide now, or '--out FILE --person NAME' to ask others");
    return false;
}

static bool
propose(CommandContext *context, const RejectArgs *args, const char *release,
        const GPtrArray *names, json_t **proposal_out, GError **error)
{
    json_t *signers = json_array();

    for (guint i = 0; i < names->len; i++)
        json_array_append_new(signers, json_string(names->pdata[i]));
    return command_call(context, "release.proposeRejection",
                        json_pack("{s:s, s:s, s:o}", "release", release, "reason", args->reason,
                                  "signers", signers),
                        proposal_out, error);
}

static bool
run_reject(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    RejectArgs *args = data;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) keys = g_array_new(FALSE, TRUE, sizeof(AuthorityKey));
    g_autoptr(json_t) proposal = NULL;
    g_autoptr(json_t) result = NULL;

    if (!check_args(args, error) || !authority_flow_add_signers(args->sign, names, keys, error) ||
        !propose(context, args, positional[0], args->out != NULL ? args->person : names, &proposal,
                 error))
        return false;
    if (args->out != NULL)
        return command_write_json(context, args->out, proposal, error);
    if (!authority_flow_apply(context, proposal, (const AuthorityKey *)keys->data, keys->len,
                              &result, error))
        return false;
    output_line(context->output, "rejected   %s", positional[0]);
    output_line(context->output, "rejection  %s",
                json_string_value(json_object_get(result, "statement")));
    output_json(context->output, result);
    return true;
}

const Command cmd_release_reject = {
    .name = "release reject",
    .synopsis = "RELEASE --reason WORD --sign NAME=FILE…",
    .help = "end a release that is not published",
    .details = "As many people as the roster asks for decide with their own keys; the name of\n"
               "the release is dead from then on. With --out the proposal is written to a\n"
               "file: each person signs it with 'slipway keys sign', and 'slipway admin apply'\n"
               "takes all proofs at once.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(RejectArgs),
    .run = run_reject,
};
