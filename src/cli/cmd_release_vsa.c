/* SPDX-License-Identifier: Apache-2.0
 * cmd_release_vsa: the engine's summary of what it verified of a release, for other verifiers. */
#include <fcntl.h>
#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "base/banned.h"

typedef struct {
    char *out; /* owned */
} Args;

static const CliOption options[] = {
    { "out", 'o', CLI_STRING, offsetof(Args, out), CLI_PATH,
      "new file for the envelope, one line (.intoto.jsonl)", "FILE" },
    { 0 },
};

/* The envelope as a line of its own in the new file @path. */
static bool
write_line(const char *path, const json_t *envelope, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *text = json_canonical(envelope, NULL, error);
    g_autofree char *line = text != NULL ? g_strconcat(text, "\n", NULL) : NULL;
    AUTO_FD int dirfd = line != NULL ? dir_open(AT_FDCWD, folder, error) : -1;

    return dirfd >= 0 && file_write_new(dirfd, name, span_of_text(line), 0644, error);
}

static bool
run_vsa(CommandContext *context, void *args, const char *const *positional, GError **error)
{
    const Args *self = args;
    g_autoptr(json_t) result = NULL;

    if (!command_call(context, "release.vsa", json_pack("{s:s}", "release", positional[0]), &result,
                      error))
        return false;
    const json_t *envelope = json_need_object(result, "envelope", "answer", error);
    if (envelope == NULL)
        return false;
    if (self->out != NULL && !write_line(self->out, envelope, error))
        return false;
    output_line(context->output, "%s  statement %s, log index %lld", positional[0],
                json_string_value(json_object_get(result, "statement")),
                (long long)json_integer_value(json_object_get(result, "index")));
    output_json(context->output, result);
    return true;
}

const Command cmd_release_vsa = {
    .name = "release vsa",
    .synopsis = "RELEASE [--out FILE]",
    .help = "sign a verification summary (VSA) of a release",
    .details = "A SLSA Verification Summary Attestation v1 over every asset, by the engine's\n"
               "key: for 'slipway verify-attestation' and 'slsa-verifier verify-vsa'.",
    .needs = COMMAND_NEEDS_ENGINE,
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(Args),
    .run = run_vsa,
};
