/* SPDX-License-Identifier: Apache-2.0
 * cmd_tuf_sign: the offline half of our TUF repository: a person signs a proposal, and somebody
 * brings it back. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/tuf_sign.h"
#include "base/banned.h"

typedef struct {
    char *key; /* owned */
} SignArgs;

static const CliOption sign_options[] = {
    { "key", 'k', CLI_STRING, offsetof(SignArgs, key), CLI_REQUIRED | CLI_PATH, "your private key",
      "FILE" },
    { 0 },
};

static json_t *
read_proposal(const char *path, GError **error)
{
    g_autoptr(GBytes) text = strcmp(path, "-") == 0
                                 ? fd_read_all(STDIN_FILENO, LIMIT_JSON_BYTES, error)
                                 : file_read(AT_FDCWD, path, LIMIT_JSON_BYTES, error);

    return text != NULL ? json_parse(span_of_bytes(text), LIMIT_JSON_BYTES, error) : NULL;
}

static bool
replace_file(const char *path, const json_t *proposal, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *text = json_pretty(proposal);
    AUTO_FD int fd = dir_open(AT_FDCWD, folder, error);

    return fd >= 0 && file_write_atomic(fd, name, span_of_text(text), 0644, error);
}

static bool
run_sign(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    SignArgs *args = data;
    g_autoptr(json_t) proposal = read_proposal(positional[0], error);
    g_autofree char *shown = NULL;
    size_t n = 0;

    if (proposal == NULL || !tuf_sign(proposal, args->key, &n, error))
        return false;
    if (strcmp(positional[0], "-") == 0) {
        g_autofree char *text = json_pretty(proposal);

        output_text(context->output, text);
        return true;
    }
    if (!replace_file(positional[0], proposal, error))
        return false;
    shown = tuf_sign_describe(proposal);
    output_text(context->output, shown);
    output_line(context->output, "signed  %zu of %zu documents", n,
                json_array_size(json_object_get(proposal, "documents")));
    output_json(context->output, proposal);
    return true;
}

const Command cmd_tuf_repo_sign = {
    .name = "tuf repo sign",
    .synopsis = "PROPOSAL --key KEY",
    .help = "sign a proposal with your own key",
    .details = "KEY is a file, 'ssh-agent:…' or a 'pkcs11:' URI, as in 'slipway keys show'.\n"
               "Shows what the proposal says and puts your signatures into the file. Works on a\n"
               "machine that has never seen the engine; '-' reads stdin and writes stdout.",
    .flags = COMMAND_RARE,
    .min_args = 1,
    .max_args = 1,
    .options = sign_options,
    .args_size = sizeof(SignArgs),
    .run = run_sign,
};

static bool
run_apply(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    g_autoptr(json_t) proposal = read_proposal(positional[0], error);
    g_autoptr(json_t) result = NULL;
    size_t i = 0;
    json_t *role = NULL;

    (void)data;
    if (proposal == NULL)
        return false;
    for (const char *const *path = positional + 1; *path != NULL; path++) {
        g_autoptr(json_t) other = read_proposal(*path, error);

        if (other == NULL || !tuf_sign_merge(proposal, other, error))
            return false;
    }
    if (!command_call(context, "tuf.apply", json_pack("{s:O}", "proposal", proposal), &result,
                      error))
        return false;
    json_array_foreach (json_object_get(result, "roles"), i, role)
        output_line(context->output, "%s  %" JSON_INTEGER_FORMAT,
                    json_string_value(json_object_get(role, "role")),
                    json_integer_value(json_object_get(role, "version")));
    output_json(context->output, result);
    return true;
}

const Command cmd_tuf_repo_apply = {
    .name = "tuf repo apply",
    .synopsis = "PROPOSAL…",
    .help = "keep and publish what people signed",
    .details = "Several files are copies of one proposal, each signed by somebody else.",
    .needs = COMMAND_NEEDS_ENGINE,
    .flags = COMMAND_RARE,
    .min_args = 1,
    .max_args = 64,
    .run = run_apply,
};
