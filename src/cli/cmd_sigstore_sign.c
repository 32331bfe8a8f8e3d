/* SPDX-License-Identifier: Apache-2.0
 * cmd_sigstore_sign: signs without a key of one's own. The command line is the one that
 * sigstore-conformance expects. */
#include <errno.h>
#include <fcntl.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/sigstore_sign.h"
#include "keys/content_hash.h"
#include "verify/sigstore.h"
#include "base/banned.h"

#define MAX_TOKEN_BYTES (16u << 10)

typedef struct {
    char *bundle; /* owned, as all */
    char *token;
    char *token_file;
    char *trusted_root;
    char *signing_config;
    bool staging;
    bool in_toto;
} SignArgs;

static const CliOption options[] = {
    { "staging", 0, CLI_FLAG, offsetof(SignArgs, staging), 0, "use Sigstore's staging instance",
      NULL },
    { "in-toto", 0, CLI_FLAG, offsetof(SignArgs, in_toto), 0,
      "FILE is a statement, which goes into an envelope", NULL },
    { "identity-token", 0, CLI_STRING, offsetof(SignArgs, token), 0, "who you are: OpenID Connect",
      "TOKEN" },
    { "identity-token-file", 0, CLI_STRING, offsetof(SignArgs, token_file), CLI_PATH,
      "the same in a file, which 'ps' does not show", "FILE" },
    { "bundle", 0, CLI_STRING, offsetof(SignArgs, bundle), CLI_REQUIRED | CLI_PATH,
      "where the bundle goes", "FILE" },
    { "trusted-root", 0, CLI_STRING, offsetof(SignArgs, trusted_root), CLI_PATH,
      "the bundle must hold by this trusted_root.json", "FILE" },
    { "signing-config", 0, CLI_STRING, offsetof(SignArgs, signing_config), CLI_PATH,
      "whom to ask: signing_config.json; else Sigstore's own", "FILE" },
    { 0 },
};

static char *
read_token(const SignArgs *args, GError **error)
{
    if ((args->token == NULL) == (args->token_file == NULL)) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
                  "say exactly one of '--identity-token' and '--identity-token-file'");
        return NULL;
    }
    if (args->token != NULL)
        return g_strdup(args->token);
    char *token = file_read_text(AT_FDCWD, args->token_file, MAX_TOKEN_BYTES, error);
    return token != NULL ? g_strstrip(token) : NULL;
}

static SigningConfig *
read_config(const SignArgs *args, GError **error)
{
    if (args->signing_config == NULL)
        return signing_config_public(args->staging);
    g_autoptr(GBytes) text = file_read(AT_FDCWD, args->signing_config, LIMIT_JSON_BYTES, error);
    return text != NULL
               ? signing_config_parse(span_of_bytes(text), clock_now_us(&clock_system), error)
               : NULL;
}

/* Whether what the services said holds: a bundle that nobody will believe is not written. Whose
 * certificate it is was settled by Fulcio, so every name is taken. */
static bool
check_bundle(const SignArgs *args, Span bundle, int fd, GError **error)
{
    static const SigstorePolicy policy = { SIGSTORE_POLICY_INIT, .identity_pattern = ".*",
                                           .issuer_pattern = ".*" };
    g_autoptr(GBytes) json =
        file_read(AT_FDCWD, args->trusted_root, LIMIT_TRUSTED_ROOT_BYTES, error);
    g_autoptr(SigstoreTrust) trust =
        json != NULL ? sigstore_trust_parse(span_of_bytes(json), error) : NULL;
    SigstoreArtifact artifact = { .fd = fd };
    ContentHash hash;

    if (trust == NULL || !content_hash_fd("SHA256", fd, span_of(NULL, 0), &hash, error))
        return false;
    memcpy(artifact.sha256.bytes, hash.bytes, sizeof artifact.sha256.bytes);
    g_autoptr(VerifyReport) report = sigstore_verify_bytes(
        bundle, args->in_toto ? NULL : &artifact, trust, &policy, clock_now_us(&clock_system));
    for (guint i = 0; i < report->checks->len; i++) {
        const VerifyCheck *check = report->checks->pdata[i];
        if (check->result == VERIFY_OK)
            continue;
        error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED,
                  "the bundle does not hold by '%s', so it is not written: %s: %s",
                  args->trusted_root, check->name, check->text);
        return false;
    }
    return true;
}

static bool
keep_bundle(CommandContext *context, const SignArgs *args, const char *text, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(args->bundle);
    g_autofree char *name = g_path_get_basename(args->bundle);
    AUTO_FD int dirfd = dir_open(AT_FDCWD, folder, error);

    if (dirfd < 0 || !file_write_atomic(dirfd, name, span_of_text(text), 0644, error))
        return false;
    g_autoptr(json_t) result = json_pack("{s:s}", "bundle", args->bundle);
    output_line(context->output, "%s", args->bundle);
    output_json(context->output, result);
    return true;
}

static bool
run_sign_bundle(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    SignArgs *args = data;
    g_autofree char *token = read_token(args, error);
    g_autoptr(SigningConfig) config = token != NULL ? read_config(args, error) : NULL;

    if (config == NULL)
        return false;
    AUTO_FD int fd = open(positional[0], O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        error_set_errno(error, BASE_ERROR, errno == ENOENT ? BASE_ERROR_NOT_FOUND : BASE_ERROR_IO,
                        "cannot open '%s'", positional[0]);
        return false;
    }
    const SigstoreSign job = { .config = config, .token = token, .is_statement = args->in_toto };
    g_autoptr(json_t) bundle = sigstore_sign(&job, fd, error);
    if (bundle == NULL) {
        error_prefix(error, "cannot sign '%s'", positional[0]);
        return false;
    }
    g_autofree char *text = json_pretty(bundle);
    return (args->trusted_root == NULL || check_bundle(args, span_of_text(text), fd, error)) &&
           keep_bundle(context, args, text, error);
}

const Command cmd_sigstore_sign_bundle = {
    .name = "sigstore sign-bundle",
    .synopsis = "--identity-token TOKEN --bundle FILE FILE",
    .help = "sign without a key of your own",
    .details = "A key is made for this one signature. Fulcio certifies it for whom the identity\n"
               "token names, a time-stamp authority says when, a Rekor log has it; the key is\n"
               "then forgotten. --signing-config says which services those are.",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(SignArgs),
    .run = run_sign_bundle,
};
