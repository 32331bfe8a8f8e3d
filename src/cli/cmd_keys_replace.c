/* SPDX-License-Identifier: Apache-2.0
 * cmd_keys_replace: another key for the signatures beside released files, named by a new root. */
#include "base/json.h"
#include "cli/authority_flow.h"
#include "cli/commands.h"
#include "base/banned.h"

typedef struct {
    GPtrArray *root_key; /* owned, of paths */
    char *from;          /* owned */
    char *out;           /* owned */
} KeysReplaceArgs;

static const CliOption options[] = {
    { "root-key", 'r', CLI_STRINGS, offsetof(KeysReplaceArgs, root_key), CLI_PATH,
      "sign with root keys, in the order of the root", "FILE" },
    { "from", 0, CLI_STRING, offsetof(KeysReplaceArgs, from), CLI_PATH,
      "an Ed25519 key of your own; else a new one is made", "FILE" },
    { "out", 'o', CLI_STRING, offsetof(KeysReplaceArgs, out), CLI_PATH,
      "only write the proposal, for others to sign", "FILE" },
    { 0 },
};

static bool
propose(CommandContext *context, const KeysReplaceArgs *args, json_t **proposal_out, GError **error)
{
    json_t *call = json_object();

    if (args->from != NULL) {
        g_autofree char *from = g_canonicalize_filename(args->from, NULL);
        json_object_set_new(call, "from", json_string(from));
    }
    return command_call(context, "keys.replace", call, proposal_out, error);
}

static bool
sign_and_apply(CommandContext *context, const KeysReplaceArgs *args, const json_t *proposal,
               json_t **result_out, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) keys = g_array_new(FALSE, TRUE, sizeof(AuthorityKey));

    for (guint i = 0; i < args->root_key->len; i++) {
        AuthorityKey key = { .path = args->root_key->pdata[i] };

        g_ptr_array_add(names, g_strdup_printf("root-%u", i + 1));
        key.name = names->pdata[i];
        g_array_append_val(keys, key);
    }
    return authority_flow_apply(context, proposal, (const AuthorityKey *)(void *)keys->data,
                                keys->len, result_out, error);
}

static bool
run_keys_replace(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const KeysReplaceArgs *args = data;
    g_autoptr(json_t) proposal = NULL;
    g_autoptr(json_t) result = NULL;

    (void)positional;
    if ((args->root_key != NULL) == (args->out != NULL)) {
        error_set(
            error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
            "a new key needs a root: say '--root-key FILE' to sign one here, or '--out FILE'");
        return false;
    }
    if (!propose(context, args, &proposal, error))
        return false;
    if (args->out != NULL)
        return command_write_json(context, args->out, proposal, error);
    if (!sign_and_apply(context, args, proposal, &result, error))
        return false;
    output_line(context->output, "root  %s",
                json_string_value(json_object_get(result, "statement")));
    output_talk(context->output, "give downloaders the new key: slipway keys files");
    output_json(context->output, result);
    return true;
}

const Command cmd_keys_replace = {
    .name = "keys replace",
    .synopsis = "--root-key FILE… [--from FILE]",
    .help = "sign released files with another key from now on",
    .details = "A new root names the key and not the one before, whose private half is\n"
               "removed; what it signed stays good. With --out the proposal is written to a\n"
               "file: root keys sign it with 'slipway keys sign', and 'slipway admin apply'\n"
               "takes all proofs at once. --from copies an unencrypted Ed25519 key of yours.",
    .needs = COMMAND_NEEDS_ENGINE,
    .options = options,
    .args_size = sizeof(KeysReplaceArgs),
    .run = run_keys_replace,
};
