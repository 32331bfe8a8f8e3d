/* SPDX-License-Identifier: Apache-2.0
 * cmd_verify_file: a file and somebody's signature of it. */
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/gpgv.h"
#include "cli/verify_view.h"
#include "base/banned.h"

typedef struct {
    char *signature, *key, *allowed_signers, *keyring, *tsa_chain; /* owned */
    char *identity, *name_space;                                   /* owned */
} VerifyFileArgs;

static const CliOption options[] = {
    { "signature", 's', CLI_STRING, offsetof(VerifyFileArgs, signature), CLI_PATH,
      "the signature; without it FILE carries its own", "FILE" },
    { "key", 'k', CLI_STRING, offsetof(VerifyFileArgs, key), CLI_PATH,
      "PEM, an SSH public key or a minisign key", "FILE" },
    { "minisign-key", 0, CLI_STRING, offsetof(VerifyFileArgs, key), CLI_PATH, "the same as --key",
      "FILE" },
    { "allowed-signers", 0, CLI_STRING, offsetof(VerifyFileArgs, allowed_signers), CLI_PATH,
      "who may sign with SSH, as ssh-keygen reads it", "FILE" },
    { "identity", 'I', CLI_STRING, offsetof(VerifyFileArgs, identity), 0,
      "the allowed signer it has to be", "NAME" },
    { "namespace", 'n', CLI_STRING, offsetof(VerifyFileArgs, name_space), 0,
      "of SSH signatures; default 'file'", "TEXT" },
    { "keyring", 0, CLI_STRING, offsetof(VerifyFileArgs, keyring), CLI_PATH,
      "OpenPGP keys that count (needs gpgv)", "FILE" },
    { "tsa-chain", 0, CLI_STRING, offsetof(VerifyFileArgs, tsa_chain), CLI_PATH,
      "certificates of a time-stamp authority, PEM", "FILE" },
    { 0 },
};

/* OpenPGP by gpgv, all else here. */
static VerifyReport *
verify(const DetachedPaths *paths, const char *keyring, GError **error)
{
    g_autoptr(GBytes) signature = detached_read_signature(paths, error);
    VerifyReport *report = NULL;

    if (signature == NULL)
        return NULL;
    DetachedFormat format = detached_format(span_of_bytes(signature));
    bool is_pgp = format == DETACHED_OPENPGP || format == DETACHED_CLEARSIGNED;
    if (!is_pgp || keyring == NULL)
        return detached_verify(paths, clock_now_us(&clock_system), error);
    return gpgv_verify(paths, keyring, &report, error) ? report : NULL;
}

static bool
run_verify_file(CommandContext *context, void *args, const char *const *positional, GError **error)
{
    const VerifyFileArgs *self = args;
    DetachedPaths paths = { .file = positional[0],
                            .signature = self->signature,
                            .key = self->key,
                            .allowed_signers = self->allowed_signers,
                            .tsa_chain = self->tsa_chain,
                            .identity = self->identity,
                            .name_space = self->name_space };
    g_autoptr(VerifyReport) report = verify(&paths, self->keyring, error);

    if (report == NULL)
        return false;
    verify_view_show(context->output, report, positional[0]);
    g_autoptr(json_t) list = json_array();
    verify_view_add_json(list, report, positional[0]);
    output_json(context->output, json_array_get(list, 0));
    context->exit_code = (int)verify_report_result(report);
    return true;
}

const Command cmd_verify_file = {
    .name = "verify-file",
    .synopsis = "FILE [--signature FILE] WHO",
    .help = "verify a file signed by anybody's tool",
    .details = "WHO is one of --key, --allowed-signers, --keyring, --tsa-chain.\n\n"
               "Signatures of ssh-keygen -Y, minisign, signify, OpenPGP (by gpgv), time-stamp\n"
               "authorities, and signatures alone as openssl and cosign write them; the\n"
               "format is told by the signature. Nothing is fetched, no key is believed but\n"
               "those given.\n\n"
               "Exit code: 0 good, 1 usage or I/O, 10 not authentic, 11 revoked key, 12 expired,\n"
               "15 unsupported.",
    .flags = COMMAND_RARE,
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(VerifyFileArgs),
    .usage_exit_code = VERIFY_USAGE,
    .run = run_verify_file,
};
