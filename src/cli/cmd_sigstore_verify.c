/* SPDX-License-Identifier: Apache-2.0
 * cmd_sigstore_verify: verifies Sigstore bundles of others. The command line is the one that
 * sigstore-conformance expects. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "verify/sigstore.h"
#include "base/banned.h"

#define ROOT_NAME         "trusted_root.json"
#define STAGING_ROOT_NAME "trusted_root.staging.json"
#define HASH_BYTES        (256u << 10) /* read at a time */

typedef struct {
    char *bundle; /* owned, as all */
    char *identity;
    char *identity_regexp;
    char *issuer;
    char *issuer_regexp;
    char *key;
    char *trusted_root;
    bool staging;
    bool no_transparency;
    bool no_timestamp;
} SigstoreArgs;

static const CliOption options[] = {
    { "staging", 0, CLI_FLAG, offsetof(SigstoreArgs, staging), 0,
      "believe Sigstore's staging instance", NULL },
    { "bundle", 0, CLI_STRING, offsetof(SigstoreArgs, bundle), CLI_REQUIRED | CLI_PATH,
      "the bundle", "FILE" },
    { "certificate-identity", 0, CLI_STRING, offsetof(SigstoreArgs, identity), 0,
      "who must have signed", "NAME" },
    { "certificate-identity-regexp", 0, CLI_STRING, offsetof(SigstoreArgs, identity_regexp), 0,
      "the same, as an expression", "RE" },
    { "certificate-oidc-issuer", 0, CLI_STRING, offsetof(SigstoreArgs, issuer), 0,
      "who vouched for that name", "URL" },
    { "certificate-oidc-issuer-regexp", 0, CLI_STRING, offsetof(SigstoreArgs, issuer_regexp), 0,
      "the same, as an expression", "RE" },
    { "key", 0, CLI_STRING, offsetof(SigstoreArgs, key), CLI_PATH,
      "the key that must have signed, in PEM", "FILE" },
    { "trusted-root", 0, CLI_STRING, offsetof(SigstoreArgs, trusted_root), CLI_PATH,
      "what to believe: trusted_root.json", "FILE" },
    { "no-transparency", 0, CLI_FLAG, offsetof(SigstoreArgs, no_transparency), 0,
      "the authority of the certificate uses no CT log", NULL },
    { "no-timestamp", 0, CLI_FLAG, offsetof(SigstoreArgs, no_timestamp), 0,
      "go without a proof of when it was signed", NULL },
    { 0 },
};

static bool
refuse_usage(GError **error, const char *what)
{
    error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "%s", what);
    return false;
}

static bool
check_usage(const SigstoreArgs *args, GError **error)
{
    bool names = args->identity != NULL || args->identity_regexp != NULL;
    bool issuers = args->issuer != NULL || args->issuer_regexp != NULL;

    if (args->key != NULL && (names || issuers))
        return refuse_usage(error, "say either '--key' or whose certificate");
    if (args->key == NULL && (!names || !issuers))
        return refuse_usage(error, "say who must have signed: '--key', or "
                                   "'--certificate-identity' and '--certificate-oidc-issuer'");
    return true;
}

/* Where `slipway tuf … download --target-dir` is told to put it (docs/verify-others.md). Owned. */
static char *
default_root(bool staging)
{
    return g_build_filename(g_get_user_config_dir(), "slipway",
                            staging ? STAGING_ROOT_NAME : ROOT_NAME, NULL);
}

static SigstoreTrust *
load_trust(const SigstoreArgs *args, GError **error)
{
    g_autofree char *own = args->trusted_root == NULL ? default_root(args->staging) : NULL;
    const char *path = own != NULL ? own : args->trusted_root;
    g_autoptr(GBytes) json = file_read(AT_FDCWD, path, LIMIT_TRUSTED_ROOT_BYTES, error);

    if (json == NULL) {
        if (own != NULL)
            error_prefix(error, "no '--trusted-root' was given");
        return NULL;
    }
    return sigstore_trust_parse(span_of_bytes(json), error);
}

static X509Key *
load_key(const char *path, GError **error)
{
    g_autoptr(GBytes) pem = file_read(AT_FDCWD, path, LIMIT_KEY_FILE_BYTES, error);

    return pem != NULL ? x509_key_from_pem(span_of_bytes(pem), error) : NULL;
}

static bool
digest_file(int fd, Digest *out, GError **error)
{
    g_autoptr(DigestStream) stream = digest_stream_new();
    g_autofree uint8_t *buffer = g_malloc(HASH_BYTES);
    ssize_t n = 0;

    while ((n = read(fd, buffer, HASH_BYTES)) != 0) {
        if (n < 0 && errno != EINTR) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read the artifact");
            return false;
        }
        digest_stream_update(stream, span_of(buffer, n > 0 ? (size_t)n : 0));
    }
    *out = digest_stream_finish(stream);
    return true;
}

/* "sha256:…" where no file is called so. @fd_out: of a file; closed by the caller. */
static bool
open_artifact(const char *word, SigstoreArtifact *out, int *fd_out, GError **error)
{
    struct stat info = { 0 };

    out->fd = -1;
    if (stat(word, &info) != 0 && digest_from_string(word, &out->sha256, NULL))
        return true;
    *fd_out = open(word, O_RDONLY | O_CLOEXEC);
    if (*fd_out < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "cannot open '%s'", word);
        return false;
    }
    out->fd = *fd_out;
    return digest_file(*fd_out, &out->sha256, error);
}

static void
show_report(Output *output, const VerifyReport *report, const char *what)
{
    VerifyResult result = verify_report_result(report);

    for (guint i = 0; i < report->checks->len; i++) {
        const VerifyCheck *check = report->checks->pdata[i];
        output_styled(output, check->result == VERIFY_OK ? OUTPUT_PLAIN : OUTPUT_BAD,
                      "%-14s  %-12s  %s: %s", verify_result_name(check->result), check->name,
                      check->subject, check->text);
    }
    output_styled(output, result == VERIFY_OK ? OUTPUT_GOOD : OUTPUT_BAD, "%s: %s",
                  result == VERIFY_OK ? "verified" : verify_result_name(result), what);
}

static bool
run_verify_bundle(CommandContext *context, void *data, const char *const *positional,
                  GError **error)
{
    const SigstoreArgs *args = data;
    SigstoreArtifact artifact = { .fd = -1 };
    AUTO_FD int fd = -1;

    if (!check_usage(args, error))
        return false;
    g_autoptr(SigstoreTrust) trust = load_trust(args, error);
    g_autoptr(X509Key) key = trust != NULL && args->key != NULL ? load_key(args->key, error) : NULL;
    g_autoptr(GBytes) bundle = trust != NULL && (key != NULL || args->key == NULL)
                                   ? file_read(AT_FDCWD, args->bundle, LIMIT_BUNDLE_BYTES, error)
                                   : NULL;
    if (bundle == NULL || !open_artifact(positional[0], &artifact, &fd, error))
        return false;

    const SigstorePolicy policy = {
        .key = key,
        .identity = args->identity,
        .identity_pattern = args->identity_regexp,
        .issuer = args->issuer,
        .issuer_pattern = args->issuer_regexp,
        .logs = 1,
        .timestamps = args->no_timestamp ? 0 : 1,
        .transparency = args->no_transparency ? 0 : 1,
    };
    g_autoptr(VerifyReport) report = sigstore_verify_bytes(span_of_bytes(bundle), &artifact, trust,
                                                           &policy, clock_now_us(&clock_system));
    show_report(context->output, report, positional[0]);
    g_autoptr(json_t) json = verify_report_json(report);
    output_json(context->output, json);
    context->exit_code = (int)verify_report_result(report);
    return true;
}

const Command cmd_sigstore_verify_bundle = {
    .name = "sigstore verify-bundle",
    .synopsis = "--bundle FILE OPTIONS FILE|sha256:DIGEST",
    .help = "verify a Sigstore bundle of anybody, offline",
    .details = "Says by --key, or by --certificate-identity and --certificate-oidc-issuer, who\n"
               "must have signed. The artifact is a file or its digest; of an envelope it must\n"
               "be a subject. Without --trusted-root the file trusted_root.json in\n"
               "$XDG_CONFIG_HOME/slipway is believed.\n\n"
               "Exit code: 0 verified; else as of 'slipway verify'.",
    .needs = COMMAND_NEEDS_NOTHING,
    .flags = COMMAND_RARE,
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(SigstoreArgs),
    .usage_exit_code = VERIFY_USAGE,
    .run = run_verify_bundle,
};
