/* SPDX-License-Identifier: Apache-2.0
 * cmd_keys_new: a key for a person. */
#include "base/json.h"
#include "cli/commands.h"
#include "cli/person.h"
#include "base/banned.h"

typedef struct {
    char *out; /* owned */
} KeysNewArgs;

static const CliOption options[] = {
    { "out", 'o', CLI_STRING, offsetof(KeysNewArgs, out), CLI_REQUIRED | CLI_PATH,
      "the private key; the public one is FILE.pub", "FILE" },
    { 0 },
};

static bool
run_keys_new(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    KeysNewArgs *args = data;
    g_autofree char *line = NULL;
    g_autoptr(json_t) result = NULL;

    (void)positional;
    if (!person_make_key(args->out, &line, error))
        return false;
    result = json_pack("{s:s, s:s+, s:s}", "privateKey", args->out, "publicKeyFile", args->out,
                       ".pub", "publicKey", line);
    output_line(context->output, "private key  %s  (keep it on your own machine)", args->out);
    output_line(context->output, "public key   %s.pub", args->out);
    output_json(context->output, result);
    return true;
}

const Command cmd_keys_new = {
    .name = "keys new",
    .synopsis = "--out FILE",
    .help = "make a person's key for approving",
    .details = "An Ed25519 key that signs decisions. The engine never needs it: only the public\n"
               "half goes into a roster. SSH keys work too: see 'slipway release approve'.",
    .options = options,
    .args_size = sizeof(KeysNewArgs),
    .run = run_keys_new,
};
