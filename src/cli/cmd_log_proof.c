/* SPDX-License-Identifier: Apache-2.0
 * cmd_log_proof: checks a C2SP tlog-proof offline. */
#include <fcntl.h>
#include <inttypes.h>
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "proof/tlog_proof.h"
#include "verify/verify.h"
#include "base/banned.h"

typedef struct {
    char *policy; /* owned */
    char *leaf;   /* owned */
    char *hash;   /* owned */
} ProofArgs;

static const CliOption options[] = {
    { "policy", 'p', CLI_STRING, offsetof(ProofArgs, policy), CLI_REQUIRED | CLI_PATH,
      "logs to believe, and the quorum (tlog-policy)", "FILE" },
    { "leaf", 'l', CLI_STRING, offsetof(ProofArgs, leaf), CLI_PATH, "the entry's bytes", "FILE" },
    { "leaf-hash", 0, CLI_STRING, offsetof(ProofArgs, hash), 0, "or its hash, 'sha256:…'", "HASH" },
    { 0 },
};

static bool
read_leaf_hash(const ProofArgs *args, Digest *out, GError **error)
{
    if ((args->leaf == NULL) == (args->hash == NULL)) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "say --leaf or --leaf-hash");
        return false;
    }
    if (args->hash != NULL)
        return digest_from_string(args->hash, out, error);
    g_autoptr(GBytes) leaf = file_read(AT_FDCWD, args->leaf, LIMIT_JSON_BYTES, error);
    if (leaf != NULL)
        *out = merkle_leaf_hash(span_of_bytes(leaf));
    return leaf != NULL;
}

static int
code_of(const GError *error)
{
    switch (error_kind(error)) {
    case ERROR_KIND_DENIED:
        return VERIFY_POLICY;
    case ERROR_KIND_UNAVAILABLE:
        return VERIFY_UNSUPPORTED;
    default:
        return VERIFY_NOT_AUTHENTIC;
    }
}

static bool
run_proof(CommandContext *context, void *data, const char *const *positional, GError **error)
{
    const ProofArgs *args = data;
    g_autoptr(GError) local = NULL;
    Digest hash = { 0 };
    g_autoptr(GBytes) text = file_read(AT_FDCWD, positional[0], TLOG_PROOF_MAX_BYTES, error);
    g_autoptr(GBytes) rules =
        text != NULL ? file_read(AT_FDCWD, args->policy, TLOG_POLICY_MAX_BYTES, error) : NULL;
    g_autoptr(TlogPolicy) policy =
        rules != NULL ? tlog_policy_parse(span_of_bytes(rules), error) : NULL;

    if (policy == NULL || !read_leaf_hash(args, &hash, error))
        return false;
    g_autoptr(TlogProofFile) file = tlog_proof_parse(span_of_bytes(text), &local);
    bool ok = file != NULL && tlog_proof_verify(file, &hash, policy, &local);
    g_autoptr(json_t) result =
        json_pack("{s:b, s:o, s:o}", "holds", ok, "index",
                  file != NULL ? json_integer((json_int_t)file->index) : json_null(), "problem",
                  json_string_or_null(ok ? NULL : local->message));
    if (ok)
        output_line(context->output, "holds: entry %" PRIu64, file->index);
    else
        output_styled(context->output, OUTPUT_BAD, "does not hold: %s", local->message);
    output_json(context->output, result);
    context->exit_code = ok ? VERIFY_OK : code_of(local);
    return true;
}

const Command cmd_log_proof = {
    .name = "log proof",
    .synopsis = "FILE --policy FILE --leaf FILE",
    .help = "check a log proof offline",
    .details = "FILE is a C2SP tlog-proof, as 'log prove --proof' and other logs write them.\n"
               "Exit 10: it does not hold; 14: the checkpoint lacks the policy's quorum.",
    .min_args = 1,
    .max_args = 1,
    .options = options,
    .args_size = sizeof(ProofArgs),
    .usage_exit_code = VERIFY_USAGE,
    .run = run_proof,
};
