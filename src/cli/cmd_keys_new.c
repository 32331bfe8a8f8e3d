/* SPDX-License-Identifier: Apache-2.0
 * cmd_keys_new: a key in a file, for a person or for signing files. */
#include "base/json.h"
#include "cli/commands.h"
#include "cli/person.h"
#include "base/banned.h"

typedef struct {
    char *out;             /* owned */
    char *type;            /* owned */
    char *passphrase_file; /* owned */
    bool encrypt;
} KeysNewArgs;

static const CliOption options[] = {
    { "out", 'o', CLI_STRING, offsetof(KeysNewArgs, out), CLI_REQUIRED | CLI_PATH,
      "the private key; the public one is FILE.pub", "FILE" },
    { "type", 't', CLI_STRING, offsetof(KeysNewArgs, type), 0,
      "ed25519 (the default), p256, p384 or rsa (3072 bits)", "TYPE" },
    { "encrypt", 0, CLI_FLAG, offsetof(KeysNewArgs, encrypt), 0,
      "under a passphrase, which the terminal is asked for", NULL },
    { "passphrase-file", 0, CLI_STRING, offsetof(KeysNewArgs, passphrase_file), CLI_PATH,
      "under the passphrase in the first line of FILE", "FILE" },
    { 0 },
};

static bool
find_kind(const char *name, PublicKeyKind *out, GError **error)
{
    *out = PUBLIC_KEY_ED25519;
    if (name == NULL)
        return true;
    for (PublicKeyKind kind = PUBLIC_KEY_NONE + 1; kind < PUBLIC_KEY_N_KINDS; kind++) {
        if (strcmp(public_key_kind_name(kind), name) == 0) {
            *out = kind;
            return true;
        }
    }
    error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
              "there is no type of key '%s': say ed25519, p256, p384 or rsa", name);
    return false;
}

static bool
run_keys_new(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    KeysNewArgs *args = data;
    PassphraseSource source = { .file = args->passphrase_file, .ask = true };
    g_autoptr(Secret) passphrase = NULL;
    g_autofree char *line = NULL;
    PersonKeyNew wanted;

    (void)positional;
    if (!find_kind(args->type, &wanted.kind, error))
        return false;
    if (args->encrypt || args->passphrase_file != NULL) {
        passphrase = passphrase_get_new(&source, args->out, error);
        if (passphrase == NULL)
            return false;
    }
    wanted.passphrase = passphrase;
    if (!person_make_key_as(args->out, &wanted, &line, error))
        return false;
    g_autoptr(json_t) result =
        json_pack("{s:s, s:s+, s:s, s:s, s:b}", "privateKey", args->out, "publicKeyFile", args->out,
                  ".pub", "publicKey", line, "type", public_key_kind_name(wanted.kind), "encrypted",
                  passphrase != NULL);
    output_line(context->output, "private key  %s  (%skeep it on your own machine)", args->out,
                passphrase != NULL ? "encrypted; " : "");
    output_line(context->output, "public key   %s.pub", args->out);
    output_json(context->output, result);
    return true;
}

const Command cmd_keys_new = {
    .name = "keys new",
    .synopsis = "--out FILE [--type TYPE] [--encrypt]",
    .help = "make a key for approving, or for signing files",
    .details = "An Ed25519 key signs decisions. The engine never needs it: only the public half\n"
               "goes into a roster. SSH keys work too: see 'slipway release approve'. Other\n"
               "types are for 'slipway keys sign-file' and 'slipway sigstore sign-bundle'.\n"
               "An encrypted key is PKCS#8 with scrypt; its passphrase is looked for in\n"
               "--passphrase-file, $SLIPWAY_PASSPHRASE_FILE, the systemd credential\n"
               "'slipway.passphrase', and on the terminal.",
    .options = options,
    .args_size = sizeof(KeysNewArgs),
    .run = run_keys_new,
};
