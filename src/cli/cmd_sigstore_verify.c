/* SPDX-License-Identifier: Apache-2.0
 * cmd_sigstore_verify: verifies Sigstore bundles of others, of files and of images. The command line of
 * the first is the one that sigstore-conformance expects. */
#include <fcntl.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/sigstore_files.h"
#include "verify/sigstore.h"
#include "verify/sigstore_image.h"
#include "base/banned.h"

#define ROOT_NAME         "trusted_root.json"
#define STAGING_ROOT_NAME "trusted_root.staging.json"

typedef struct {
    char *bundle; /* owned, as all */
    char *layout;
    char *identity;
    char *identity_regexp;
    char *issuer;
    char *issuer_regexp;
    char *key;
    char *trusted_root;
    char *witness_policy;
    GPtrArray *claims; /* of owned NAME=VALUE */
    bool staging;
    bool no_transparency;
    bool no_timestamp;
} SigstoreArgs;

/* Whom and what to believe, the same for every command here. */
/* clang-format off */
#define POLICY_OPTIONS                                                                             \
    { "certificate-identity", 0, CLI_STRING, offsetof(SigstoreArgs, identity), 0,                  \
      "who must have signed", "NAME" },                                                            \
    { "certificate-identity-regexp", 0, CLI_STRING, offsetof(SigstoreArgs, identity_regexp), 0,    \
      "the same, as an expression", "RE" },                                                        \
    { "certificate-oidc-issuer", 0, CLI_STRING, offsetof(SigstoreArgs, issuer), 0,                 \
      "who vouched for that name", "URL" },                                                        \
    { "certificate-oidc-issuer-regexp", 0, CLI_STRING, offsetof(SigstoreArgs, issuer_regexp), 0,   \
      "the same, as an expression", "RE" },                                                        \
    { "key", 0, CLI_STRING, offsetof(SigstoreArgs, key), CLI_PATH,                                 \
      "the key that must have signed, in PEM", "FILE" },                                           \
    { "trusted-root", 0, CLI_STRING, offsetof(SigstoreArgs, trusted_root), CLI_PATH,               \
      "what to believe: trusted_root.json", "FILE" },                                              \
    { "certificate-claim", 0, CLI_STRINGS, offsetof(SigstoreArgs, claims), 0,                      \
      "what else it must say", "NAME=TEXT" },                             \
    { "witness-policy", 0, CLI_STRING, offsetof(SigstoreArgs, witness_policy), CLI_PATH,           \
      "whose cosignatures it needs", "FILE" },                             \
    { "staging", 0, CLI_FLAG, offsetof(SigstoreArgs, staging), 0,                                  \
      "believe Sigstore's staging instance", NULL },                                               \
    { "no-transparency", 0, CLI_FLAG, offsetof(SigstoreArgs, no_transparency), 0,                  \
      "the authority of the certificate uses no CT log", NULL },                                   \
    { "no-timestamp", 0, CLI_FLAG, offsetof(SigstoreArgs, no_timestamp), 0,                        \
      "go without a proof of when it was signed", NULL }

static const CliOption bundle_options[] = {
    { "bundle", 0, CLI_STRING, offsetof(SigstoreArgs, bundle), CLI_REQUIRED | CLI_PATH,
      "the bundle", "FILE" },
    POLICY_OPTIONS,
    { 0 },
};

static const CliOption image_options[] = {
    { "layout", 0, CLI_STRING, offsetof(SigstoreArgs, layout), CLI_REQUIRED | CLI_PATH,
      "the OCI layout that holds it", "DIR" },
    POLICY_OPTIONS,
    { 0 },
};
/* clang-format on */

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

/* What this program was built with: the root of Sigstore's public instance. */
static SigstoreTrust *
load_built_in(Output *output, GError **error)
{
    const EmbeddedFile *file = &sigstore_files[0];

    output_talk(output, "believing Sigstore's public instance as this program was built with it; "
                        "docs/verify-others.md says how to keep it fresh");
    return sigstore_trust_parse(span_of(file->data, file->len), error);
}

static SigstoreTrust *
load_trust(Output *output, const SigstoreArgs *args, GError **error)
{
    g_autofree char *own = args->trusted_root == NULL ? default_root(args->staging) : NULL;
    const char *path = own != NULL ? own : args->trusted_root;
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) json = file_read(AT_FDCWD, path, LIMIT_TRUSTED_ROOT_BYTES, &local);

    if (json != NULL)
        return sigstore_trust_parse(span_of_bytes(json), error);
    if (own != NULL && !args->staging && error_kind(local) == ERROR_KIND_NOT_FOUND)
        return load_built_in(output, error);
    g_propagate_error(error, g_steal_pointer(&local));
    if (own != NULL)
        error_prefix(error, "no '--trusted-root' was given");
    return NULL;
}

static X509Key *
load_key(const char *path, GError **error)
{
    g_autoptr(GBytes) pem = file_read(AT_FDCWD, path, LIMIT_KEY_FILE_BYTES, error);

    return pem != NULL ? x509_key_from_pem(span_of_bytes(pem), error) : NULL;
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

typedef struct {
    SigstoreTrust *trust;  /* owned */
    X509Key *key;          /* owned; or NULL */
    TlogPolicy *witnesses; /* owned; or NULL */
    SigstoreClaim *claims; /* owned; borrow from names */
    GPtrArray *names;      /* owned; of owned strings */
    SigstorePolicy policy;
} Demand;

static void
demand_clear(Demand *demand)
{
    sigstore_trust_free(demand->trust);
    x509_key_unref(demand->key);
    tlog_policy_free(demand->witnesses);
    g_free(demand->claims);
    g_clear_pointer(&demand->names, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Demand, demand_clear)

static TlogPolicy *
load_witnesses(const char *path, GError **error)
{
    g_autoptr(GBytes) text = file_read(AT_FDCWD, path, TLOG_POLICY_MAX_BYTES, error);

    return text != NULL ? tlog_policy_parse(span_of_bytes(text), error) : NULL;
}

static bool
read_claims(const SigstoreArgs *args, Demand *out, GError **error)
{
    size_t n = args->claims != NULL ? args->claims->len : 0;

    out->names = g_ptr_array_new_with_free_func(g_free);
    out->claims = g_new0(SigstoreClaim, n + 1);
    for (size_t i = 0; i < n; i++) {
        const char *text = args->claims->pdata[i];
        const char *value = strchr(text, '=');
        char *name = g_strndup(text, value != NULL ? (size_t)(value - text) : strlen(text));

        g_ptr_array_add(out->names, name);
        if (value == NULL || sigstore_claim_oid(name) == NULL)
            return refuse_usage(error, "'--certificate-claim' wants NAME=TEXT, with a name of "
                                       "docs/verify-others.md");
        out->claims[i] = (SigstoreClaim){ .name = name, .value = value + 1 };
    }
    return true;
}

static bool
load_demand(Output *output, const SigstoreArgs *args, Demand *out, GError **error)
{
    if (!check_usage(args, error) || !read_claims(args, out, error) ||
        (out->trust = load_trust(output, args, error)) == NULL ||
        (args->key != NULL && (out->key = load_key(args->key, error)) == NULL) ||
        (args->witness_policy != NULL &&
         (out->witnesses = load_witnesses(args->witness_policy, error)) == NULL))
        return false;
    out->policy = (SigstorePolicy){ .key = out->key,
                                    .identity = args->identity,
                                    .identity_pattern = args->identity_regexp,
                                    .issuer = args->issuer,
                                    .claims = out->claims,
                                    .n_claims = args->claims != NULL ? args->claims->len : 0,
                                    .witnesses = out->witnesses,
                                    .issuer_pattern = args->issuer_regexp,
                                    .logs = 1,
                                    .timestamps = args->no_timestamp ? 0 : 1,
                                    .transparency = args->no_transparency ? 0 : 1 };
    return true;
}

static bool
run_verify_bundle(CommandContext *context, void *data, const char *const *positional,
                  GError **error)
{
    const SigstoreArgs *args = data;
    SigstoreArtifact artifact = { .fd = -1 };
    g_auto(Demand) demand = { 0 };
    AUTO_FD int fd = -1;

    if (!load_demand(context->output, args, &demand, error))
        return false;
    g_autoptr(GBytes) bundle = file_read(AT_FDCWD, args->bundle, LIMIT_BUNDLE_BYTES, error);
    if (bundle == NULL || !sigstore_artifact_open(positional[0], &artifact, &fd, error))
        return false;

    g_autoptr(VerifyReport) report =
        sigstore_verify_bytes(span_of_bytes(bundle), &artifact, demand.trust, &demand.policy,
                              clock_now_us(&clock_system));
    show_report(context->output, report, positional[0]);
    g_autoptr(json_t) json = verify_report_json(report);
    output_json(context->output, json);
    context->exit_code = (int)verify_report_result(report);
    return true;
}

/* Judges every bundle of @image; one that holds is enough, as others may be by other people. Returns the
 * reports as JSON. Owned. */
static json_t *
judge_image(CommandContext *context, const SigstoreImage *image, const Demand *demand,
            const char *reference)
{
    json_t *reports = json_array();
    bool is_good = false;

    for (guint i = 0; i < image->proofs->len; i++) {
        g_autoptr(VerifyReport) report =
            sigstore_image_verify(image, image->proofs->pdata[i], demand->trust, &demand->policy,
                                  clock_now_us(&clock_system));
        VerifyResult result = verify_report_result(report);

        show_report(context->output, report, reference);
        json_array_append_new(reports, verify_report_json(report));
        is_good = is_good || result == VERIFY_OK;
        if (context->exit_code == 0 || (int)result < context->exit_code)
            context->exit_code = (int)result;
    }
    if (image->proofs->len == 0) {
        output_styled(context->output, OUTPUT_BAD, "incomplete: nobody signed %s", reference);
        context->exit_code = VERIFY_INCOMPLETE;
    }
    if (is_good)
        context->exit_code = VERIFY_OK;
    return reports;
}

static bool
run_verify_image(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const SigstoreArgs *args = data;
    g_auto(Demand) demand = { 0 };

    if (!load_demand(context->output, args, &demand, error))
        return false;
    AUTO_FD int layout_fd = dir_open(AT_FDCWD, args->layout, error);
    g_autoptr(SigstoreImage) image =
        layout_fd >= 0 ? sigstore_image_load(layout_fd, positional[0], error) : NULL;
    if (image == NULL)
        return false;

    json_t *reports = judge_image(context, image, &demand, positional[0]);
    g_autoptr(json_t) json = json_object();
    json_object_set_new(json, "reference", json_string(positional[0]));
    json_object_set_new(json, "digest", json_digest(&image->digest));
    json_object_set_new(json, "exitCode", json_integer(context->exit_code));
    json_object_set_new(json, "signatures", reports);
    output_json(context->output, json);
    return true;
}

const Command cmd_sigstore_verify_bundle = {
    .name = "sigstore verify-bundle",
    .synopsis = "--bundle FILE OPTIONS FILE|sha256:DIGEST",
    .help = "verify a Sigstore bundle of anybody, offline",
    .details = "Says by --key, or by --certificate-identity and --certificate-oidc-issuer, who\n"
               "must have signed. The artifact is a file or its digest; of an envelope it must\n"
               "be a subject. Without --trusted-root the file trusted_root.json in\n"
               "$XDG_CONFIG_HOME/slipway is believed, else the public instance of Sigstore.\n\n"
               "Exit code: 0 verified; else as of 'slipway verify'.",
    .needs = COMMAND_NEEDS_NOTHING,
    .flags = COMMAND_RARE,
    .min_args = 1,
    .max_args = 1,
    .options = bundle_options,
    .args_size = sizeof(SigstoreArgs),
    .usage_exit_code = VERIFY_USAGE,
    .run = run_verify_bundle,
};

const Command cmd_sigstore_verify_image = {
    .name = "sigstore verify-image",
    .synopsis = "--layout DIR OPTIONS REFERENCE",
    .help = "verify an image by the bundles about it, offline",
    .details = "REFERENCE is a name in the layout's index, or sha256:DIGEST. Bundles are found\n"
               "by their subject and by the tag sha256-DIGEST, cosign's older signatures by its\n"
               "tags behind that; one that holds is enough. Get all by\n"
               "'oras copy -r REGISTRY/NAME:TAG --to-oci-layout DIR:TAG'.\n\n"
               "Exit code: 0 verified, 13 no bundle; else as of 'slipway verify'.",
    .needs = COMMAND_NEEDS_NOTHING,
    .flags = COMMAND_RARE,
    .min_args = 1,
    .max_args = 1,
    .options = image_options,
    .args_size = sizeof(SigstoreArgs),
    .usage_exit_code = VERIFY_USAGE,
    .run = run_verify_image,
};
