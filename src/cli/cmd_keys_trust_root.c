/* SPDX-License-Identifier: Apache-2.0
 * cmd_keys_trust_root: what Sigstore clients need to verify what this engine signs. */
#include <fcntl.h>
#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "base/banned.h"

typedef struct {
    char *out; /* owned */
    char *url; /* owned */
} TrustRootArgs;

static const CliOption options[] = {
    { "out", 'o', CLI_STRING, offsetof(TrustRootArgs, out), CLI_PATH, "a folder for both files",
      "FOLDER" },
    { "url", 0, CLI_STRING, offsetof(TrustRootArgs, url), 0, "how others reach this server",
      "URL" },
    { 0 },
};

static bool
write_files(CommandContext *context, const char *folder, const json_t *result, GError **error)
{
    const char *root = json_string_value(json_object_get(result, "trustedRoot"));
    const char *config = json_string_value(json_object_get(result, "signingConfig"));
    AUTO_FD int fd = -1;

    if (!dir_create_all(AT_FDCWD, folder, 0755, error))
        return false;
    fd = dir_open(AT_FDCWD, folder, error);
    if (fd < 0 || !file_write_atomic(fd, "trusted_root.json", span_of_text(root), 0644, error) ||
        !file_write_atomic(fd, "signing_config.v0.2.json", span_of_text(config), 0644, error))
        return false;
    output_line(context->output, "written  %s/trusted_root.json", folder);
    output_line(context->output, "written  %s/signing_config.v0.2.json", folder);
    return true;
}

static bool
run_trust_root(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    TrustRootArgs *args = data;
    g_autoptr(json_t) result = NULL;
    json_t *call = json_object();

    (void)positional;
    if (args->url != NULL)
        json_object_set_new(call, "url", json_string(args->url));
    if (!command_call(context, "keys.trust-root", call, &result, error))
        return false;
    if (args->out != NULL)
        return write_files(context, args->out, result, error);
    output_text(context->output, json_string_value(json_object_get(result, "trustedRoot")));
    return true;
}

const Command cmd_keys_trust_root = {
    .name = "keys trust-root",
    .synopsis = "[--out FOLDER] [--url URL]",
    .help = "print the trusted_root.json that Sigstore clients need",
    .details = "The log and its earlier keys, and the time-stamp authority, each with the time\n"
               "it counts. With --out signing_config.v0.2.json is written, too; it names\n"
               "services only with --url.",
    .needs = COMMAND_NEEDS_ENGINE,
    .options = options,
    .args_size = sizeof(TrustRootArgs),
    .run = run_trust_root,
};
