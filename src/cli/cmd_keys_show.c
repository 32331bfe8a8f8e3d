/* SPDX-License-Identifier: Apache-2.0
 * cmd_keys_show: the public half of a key, in the words of whoever is to verify with it. */
#include "base/encoding.h"
#include "base/json.h"
#include "cli/commands.h"
#include "keys/gpg.h"
#include "keys/key_source.h"
#include "keys/minisign.h"
#include "keys/openpgp.h"
#include "keys/ssh_agent.h"
#include "keys/ssh_wire.h"
#include "base/banned.h"

typedef struct {
    char *format;          /* owned */
    char *user_id;         /* owned */
    char *passphrase_file; /* owned */
} KeysShowArgs;

static const CliOption options[] = {
    { "format", 'f', CLI_STRING, offsetof(KeysShowArgs, format), 0,
      "pem, ssh, minisign or openpgp: only that, for a file", "FORMAT" },
    { "user-id", 0, CLI_STRING, offsetof(KeysShowArgs, user_id), 0,
      "whose key, in an OpenPGP certificate", "'NAME <ADDRESS>'" },
    { "passphrase-file", 0, CLI_STRING, offsetof(KeysShowArgs, passphrase_file), CLI_PATH,
      "the passphrase of the key, or the PIN of its token", "FILE" },
    { 0 },
};

static GBytes *
blob_of(Signer *signer, GError **error)
{
    Span blob = { 0 };

    if (!ssh_agent_is(signer))
        return ssh_wire_blob(signer_public_key(signer), error);
    blob = ssh_agent_blob(signer);
    return g_bytes_new(blob.data, blob.len);
}

static char *
as_pem(Signer *signer, const KeysShowArgs *args, GError **error)
{
    (void)args;
    (void)error;
    return public_key_to_pem(signer_public_key(signer));
}

static char *
as_ssh(Signer *signer, const KeysShowArgs *args, GError **error)
{
    g_autoptr(GBytes) blob = blob_of(signer, error);

    (void)args;
    if (blob == NULL)
        return NULL;
    g_autofree char *line = ssh_wire_public_line(span_of_bytes(blob));
    return g_strconcat(line, "\n", NULL);
}

static char *
as_minisign(Signer *signer, const KeysShowArgs *args, GError **error)
{
    (void)args;
    return minisign_public_key(signer_public_key(signer), error);
}

static char *
as_openpgp(Signer *signer, const KeysShowArgs *args, GError **error)
{
    if (args->user_id == NULL) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
                  "an OpenPGP certificate says whose it is: add '--user-id \"NAME <ADDRESS>\"'");
        return NULL;
    }
    return openpgp_certificate(signer, args->user_id, error);
}

static const struct {
    const char *name;
    char *(*make)(Signer *signer, const KeysShowArgs *args, GError **error);
} formats[] = {
    { "pem", as_pem },
    { "ssh", as_ssh },
    { "minisign", as_minisign },
    { "openpgp", as_openpgp },
};

static bool
show_format(CommandContext *context, Signer *signer, const KeysShowArgs *args, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (strcmp(formats[i].name, args->format) != 0)
            continue;
        g_autofree char *text = formats[i].make(signer, args, error);
        if (text == NULL)
            return false;
        g_autoptr(json_t) result = json_pack("{s:s}", "publicKey", text);
        output_text(context->output, text);
        output_json(context->output, result);
        return true;
    }
    error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
              "there is no format '%s': say pem, ssh, minisign or openpgp", args->format);
    return false;
}

static bool
show_all(CommandContext *context, Signer *signer, GError **error)
{
    const PublicKey *key = signer_public_key(signer);
    const char *kind = public_key_kind_name(public_key_kind(key));
    char keyid[DIGEST_HEX_SIZE];
    Digest digest = public_key_keyid(key);
    g_autoptr(GBytes) blob = blob_of(signer, error);

    if (blob == NULL)
        return false;
    digest_to_hex(&digest, keyid);
    g_autofree char *line = ssh_wire_public_line(span_of_bytes(blob));
    g_autofree char *ssh = ssh_wire_fingerprint(span_of_bytes(blob));
    g_autofree char *pem = public_key_to_pem(key);
    g_autofree char *openpgp =
        public_key_kind(key) == PUBLIC_KEY_ED25519 ? openpgp_fingerprint(key, error) : NULL;
    g_autoptr(json_t) result =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s?}", "driver", signer->driver->name, "type",
                  kind, "keyid", keyid, "pem", pem, "ssh", line, "sshFingerprint", ssh,
                  "openpgpFingerprint", openpgp);
    output_line(context->output, "type     %s (%s)", kind, signer->driver->name);
    output_line(context->output, "keyid    %s", keyid);
    output_line(context->output, "ssh      %s", ssh);
    if (openpgp != NULL)
        output_line(context->output, "openpgp  %s", openpgp);
    output_line(context->output, "%s", line);
    output_json(context->output, result);
    return true;
}

static bool
show_gpg(CommandContext *context, const char *key, GError **error)
{
    g_autofree char *text = gpg_certificate(key, error);

    if (text == NULL)
        return false;
    g_autoptr(json_t) result = json_pack("{s:s}", "publicKey", text);
    output_text(context->output, text);
    output_json(context->output, result);
    return true;
}

static bool
run_keys_show(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    KeysShowArgs *args = data;
    PassphraseSource source = { .file = args->passphrase_file, .ask = true };

    if (key_source_kind(positional[0]) == KEY_SOURCE_GPG)
        return show_gpg(context, positional[0], error);
    g_autoptr(Signer) signer = key_source_open(positional[0], &source, error);
    if (signer == NULL)
        return false;
    return args->format != NULL ? show_format(context, signer, args, error)
                                : show_all(context, signer, error);
}

const Command cmd_keys_show = {
    .name = "keys show",
    .synopsis = "KEY [--format FORMAT]",
    .help = "print the public half of a key",
    .details = "KEY is a private key's file, 'ssh-agent:SHA256:…' (or a comment), a 'pkcs11:'\n"
               "URI (RFC 7512), or 'gpg:FINGERPRINT'. With --format the text is what ssh-keygen,\n"
               "minisign, gpg --import or openssl want to verify with.",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(KeysShowArgs),
    .run = run_keys_show,
};
