/* SPDX-License-Identifier: Apache-2.0
 * cmd_keys_files: the public half of the key that signs files of releases, for other people's tools. */
#include "base/json.h"
#include "cli/commands.h"
#include "base/banned.h"

typedef struct {
    char *format; /* owned */
} KeysFilesArgs;

static const CliOption options[] = {
    { "format", 'f', CLI_STRING, offsetof(KeysFilesArgs, format), 0,
      "openpgp, ssh or minisign: only that, for a file", "FORMAT" },
    { 0 },
};

static bool
run_keys_files(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const KeysFilesArgs *args = data;
    g_autoptr(json_t) result = NULL;
    const char *text = NULL;

    (void)positional;
    if (!command_call(context, "keys.files", json_object(), &result, error))
        return false;
    if (args->format != NULL) {
        text = json_string_value(json_object_get(json_object_get(result, "keys"), args->format));
        if (text == NULL) {
            error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
                      "there is no format '%s': say openpgp, ssh or minisign", args->format);
            return false;
        }
        output_text(context->output, text);
        return true;
    }
    output_line(context->output, "signer       %s",
                json_string_value(json_object_get(result, "signer")));
    output_line(context->output, "ssh          %s",
                json_string_value(json_object_get(result, "sshFingerprint")));
    output_line(context->output, "openpgp      %s",
                json_string_value(json_object_get(result, "openpgpFingerprint")));
    output_line(context->output, "minisign     %s",
                json_string_value(json_object_get(result, "minisignId")));
    output_json(context->output, result);
    return true;
}

const Command cmd_keys_files = {
    .name = "keys files",
    .synopsis = "[--format FORMAT]",
    .help = "print the public key that signs released files",
    .details = "openpgp is for 'gpg --import', ssh a line of the allowed signers of\n"
               "'ssh-keygen -Y verify', minisign the file of 'minisign -V -p'. Without a\n"
               "format: the names those programs show, to compare.",
    .needs = COMMAND_NEEDS_ENGINE,
    .options = options,
    .args_size = sizeof(KeysFilesArgs),
    .run = run_keys_files,
};
