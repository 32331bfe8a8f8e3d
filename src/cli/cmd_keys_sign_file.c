/* SPDX-License-Identifier: Apache-2.0
 * cmd_keys_sign_file: signatures beside files, for gpg, ssh-keygen, minisign and in-toto. */
#include <fcntl.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/file_sign.h"
#include "keys/key_source.h"
#include "base/banned.h"

#define CHECKSUM_NAME "CHECKSUM.asc"

typedef struct {
    char *key;             /* owned */
    char *format;          /* owned */
    char *folder;          /* owned */
    char *name_space;      /* owned */
    char *predicate_type;  /* owned */
    char *predicate_file;  /* owned */
    char *passphrase_file; /* owned */
} SignFileArgs;

static const CliOption options[] = {
    { "key", 'k', CLI_STRING, offsetof(SignFileArgs, key), CLI_REQUIRED | CLI_PATH,
      "a file, 'ssh-agent:…', 'pkcs11:…' or 'gpg:…'", "KEY" },
    { "format", 'f', CLI_STRING, offsetof(SignFileArgs, format), CLI_REQUIRED,
      "openpgp, checksum, sshsig, minisign or intoto", "FORMAT" },
    { "folder", 'd', CLI_STRING, offsetof(SignFileArgs, folder), CLI_PATH,
      "where signatures go; else beside each file", "DIR" },
    { "namespace", 'n', CLI_STRING, offsetof(SignFileArgs, name_space), 0,
      "of SSH signatures; else 'file'", "NAME" },
    { "predicate-type", 0, CLI_STRING, offsetof(SignFileArgs, predicate_type), 0,
      "of an in-toto statement about each file", "URI" },
    { "predicate", 0, CLI_STRING, offsetof(SignFileArgs, predicate_file), CLI_PATH,
      "what that statement says, in JSON", "FILE" },
    { "passphrase-file", 0, CLI_STRING, offsetof(SignFileArgs, passphrase_file), CLI_PATH,
      "the passphrase of the key, or the PIN of its token", "FILE" },
    { 0 },
};

/* Writes @text as @name into --folder, or into the folder of @beside. */
static bool
keep(CommandContext *context, const SignFileArgs *args, const char *beside, const char *name,
     const char *text, json_t *list, GError **error)
{
    g_autofree char *folder =
        args->folder != NULL ? g_strdup(args->folder) : g_path_get_dirname(beside);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    AUTO_FD int dirfd = dir_open(AT_FDCWD, folder, error);

    if (dirfd < 0 || !file_write_atomic(dirfd, name, span_of_text(text), 0644, error))
        return false;
    json_array_append_new(list, json_string(path));
    output_line(context->output, "%s", path);
    return true;
}

static bool
sign_each(CommandContext *context, const SignFileArgs *args, const FileSign *job,
          FileSignFormat format, const char *const *paths, json_t *list, GError **error)
{
    for (size_t i = 0; paths[i] != NULL; i++) {
        g_autofree char *text = file_sign(job, format, paths[i], error);
        g_autofree char *base = g_path_get_basename(paths[i]);
        g_autofree char *name = g_strconcat(base, file_sign_suffix(format), NULL);
        if (text == NULL || !keep(context, args, paths[i], name, text, list, error))
            return false;
    }
    return true;
}

static bool
check_args(const SignFileArgs *args, FileSignFormat format, GError **error)
{
    const char *why = NULL;

    if (format == FILE_SIGN_NONE)
        why = "the formats are openpgp, checksum, sshsig, minisign and intoto";
    else if ((args->predicate_type == NULL) != (args->predicate_file == NULL))
        why = "'--predicate-type URI' and '--predicate FILE' come together";
    else if (args->predicate_type != NULL && format != FILE_SIGN_INTOTO)
        why = "only '--format intoto' has a predicate";
    else if (args->name_space != NULL && (format != FILE_SIGN_SSHSIG || *args->name_space == '\0'))
        why = "only '--format sshsig' has a namespace, and it is not empty";
    if (why != NULL)
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "%s", why);
    return why == NULL;
}

static bool
run_sign_file(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    SignFileArgs *args = data;
    PassphraseSource source = { .file = args->passphrase_file, .ask = true };
    FileSignFormat format = file_sign_format(args->format);
    g_autoptr(Signer) signer = NULL;
    g_autoptr(json_t) list = json_array();

    if (!check_args(args, format, error))
        return false;
    if (key_source_kind(args->key) != KEY_SOURCE_GPG) {
        signer = key_source_open(args->key, &source, error);
        if (signer == NULL)
            return false;
    }
    FileSign job = {
        .key = args->key,
        .signer = signer,
        .source = &source,
        .name_space = args->name_space != NULL ? args->name_space : "file",
        .predicate_type = args->predicate_type,
        .predicate_file = args->predicate_file,
        .made_at_us = clock_now_us(&clock_system),
    };
    if (format == FILE_SIGN_CHECKSUM) {
        g_autofree char *text = file_sign_checksums(&job, positional, error);
        if (text == NULL || !keep(context, args, positional[0], CHECKSUM_NAME, text, list, error))
            return false;
    } else if (!sign_each(context, args, &job, format, positional, list, error)) {
        return false;
    }
    output_json(context->output, list);
    return true;
}

const Command cmd_keys_sign_file = {
    .name = "keys sign-file",
    .synopsis = "FILE… --key KEY --format FORMAT",
    .help = "sign files for gpg, ssh-keygen, minisign or in-toto",
    .details = "Writes FILE.asc (openpgp), FILE.sig (sshsig), FILE.minisig or FILE.intoto.jsonl;\n"
               "'checksum' writes one CHECKSUM.asc over all files, clear-signed, for\n"
               "'sha256sum -c'. KEY is as in 'slipway keys show'. OpenPGP and minisign take\n"
               "Ed25519 keys, or what gpg has; SSH keys of an agent may be hardware keys.\n"
               "An old signature of the same name is replaced.",
    .min_args = 1,
    .max_args = SIZE_MAX,
    .options = options,
    .args_size = sizeof(SignFileArgs),
    .run = run_sign_file,
};
