/* SPDX-License-Identifier: Apache-2.0
 * cmd_verify_attestation: what somebody attests of files, and whether it is what is wanted. */
#include <fcntl.h>
#include "base/files.h"
#include "cli/commands.h"
#include "cli/verify_view.h"
#include "verify/attestation.h"
#include "base/banned.h"

typedef struct {
    char *attestation, *type;                    /* owned */
    GPtrArray *keys, *digests, *inputs, *levels; /* owned */
    int64_t threshold;
    char *slsa[SLSA_N_RULES]; /* owned */
    char *vsa[VSA_N_RULES];   /* owned */
} Args;

#define SLSA_OPTION(name, rule, help, value)                                                       \
    {                                                                                              \
        name, 0, CLI_STRING, offsetof(Args, slsa[rule]), 0, help, value                            \
    }
#define VSA_OPTION(name, rule, help, value)                                                        \
    {                                                                                              \
        name, 0, CLI_STRING, offsetof(Args, vsa[rule]), 0, help, value                             \
    }

static const CliOption options[] = {
    { "attestation", 'a', CLI_STRING, offsetof(Args, attestation), CLI_REQUIRED | CLI_PATH,
      ".intoto.jsonl, a bundle, or gcloud's JSON", "FILE" },
    { "key", 'k', CLI_STRINGS, offsetof(Args, keys), CLI_REQUIRED | CLI_PATH,
      "whose signature counts; many times", "[KEYID=]FILE" },
    { "threshold", 0, CLI_INT, offsetof(Args, threshold), 0,
      "how many of the keys must have signed; default 1", "N" },
    { "type", 't', CLI_STRING, offsetof(Args, type), 0,
      "slsa, vsa or any; default by what is asked", "TYPE" },
    { "subject-digest", 0, CLI_STRINGS, offsetof(Args, digests), 0,
      "instead of FILE: 'sha256:HEX' or another kind of digest", "ALGORITHM:VALUE" },
    SLSA_OPTION("source-uri", SLSA_RULE_SOURCE, "repository it must be built from", "URI"),
    SLSA_OPTION("source-branch", SLSA_RULE_BRANCH, "branch", "NAME"),
    SLSA_OPTION("source-tag", SLSA_RULE_TAG, "tag", "NAME"),
    SLSA_OPTION("source-versioned-tag", SLSA_RULE_VERSIONED_TAG, "tag by version: v1 takes v1.4",
                "VERSION"),
    SLSA_OPTION("source-commit", SLSA_RULE_COMMIT, "commit", "HEX"),
    SLSA_OPTION("builder-id", SLSA_RULE_BUILDER, "builder; without '@…' any version of it", "ID"),
    SLSA_OPTION("build-type", SLSA_RULE_BUILD_TYPE, "kind of build", "URI"),
    SLSA_OPTION("workflow", SLSA_RULE_WORKFLOW, "file that said how to build", "PATH"),
    { "build-workflow-input", 0, CLI_STRINGS, offsetof(Args, inputs), 0,
      "what whoever started it chose; many times", "NAME=VALUE" },
    VSA_OPTION("verifier-id", VSA_RULE_VERIFIER, "who must have verified", "ID"),
    VSA_OPTION("resource-uri", VSA_RULE_RESOURCE, "what the summary must be about", "URI"),
    { "verified-level", 0, CLI_STRINGS, offsetof(Args, levels), 0,
      "a level it must have, or a higher one; many times", "LEVEL" },
    { 0 },
};

static void
add_rule(GArray *rules, SlsaRule slsa, VsaRule vsa, const char *wanted)
{
    AttestationRule rule = { slsa, vsa, wanted };

    if (wanted != NULL)
        g_array_append_val(rules, rule);
}

/* All that was asked for. Owned. */
static GArray *
rules_of(const Args *args)
{
    GArray *rules = g_array_new(FALSE, FALSE, sizeof(AttestationRule));

    for (SlsaRule rule = SLSA_RULE_SOURCE; rule < SLSA_N_RULES; rule++)
        add_rule(rules, rule, VSA_RULE_NONE, args->slsa[rule]);
    for (VsaRule rule = VSA_RULE_RESULT; rule < VSA_N_RULES; rule++)
        add_rule(rules, SLSA_RULE_NONE, rule, args->vsa[rule]);
    for (unsigned i = 0; args->inputs != NULL && i < args->inputs->len; i++)
        add_rule(rules, SLSA_RULE_INPUT, VSA_RULE_NONE, args->inputs->pdata[i]);
    for (unsigned i = 0; args->levels != NULL && i < args->levels->len; i++)
        add_rule(rules, SLSA_RULE_NONE, VSA_RULE_LEVEL, args->levels->pdata[i]);
    return rules;
}

typedef struct {
    CommandContext *context;
    AttestationQuestion question;
    GBytes *text; /* borrowed */
    json_t *list; /* owned */
    VerifyResult result;
} Run;

static void
judge(Run *run, const char *subject, const char *algorithm, const char *value)
{
    run->question.subject = subject;
    run->question.algorithm = algorithm;
    run->question.value = value;
    g_autoptr(VerifyReport) report = attestation_verify(span_of_bytes(run->text), &run->question);
    verify_view_show(run->context->output, report, subject);
    verify_view_add_json(run->list, report, subject);
    if (run->result == VERIFY_OK)
        run->result = verify_report_result(report);
}

static bool
judge_all(Run *run, const Args *args, const char *const *files, GError **error)
{
    for (; *files != NULL; files++) {
        g_autofree char *hex = attestation_file_sha256(*files, error);
        if (hex == NULL)
            return false;
        judge(run, *files, "sha256", hex);
    }
    for (unsigned i = 0; args->digests != NULL && i < args->digests->len; i++) {
        const char *text = args->digests->pdata[i], *colon = strchr(text, ':');
        if (colon == NULL || colon == text || colon[1] == '\0') {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                      "'%s' is no digest: not ALGORITHM:VALUE", text);
            return false;
        }
        g_autofree char *algorithm = g_strndup(text, (size_t)(colon - text));
        judge(run, text, algorithm, colon + 1);
    }
    return true;
}

static bool
run_verify_attestation(CommandContext *context, void *args, const char *const *positional,
                       GError **error)
{
    const Args *self = args;
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)dsse_key_free);
    g_autoptr(GArray) rules = rules_of(self);
    g_autoptr(json_t) list = json_array();
    AttestationType type = ATTESTATION_ANY;

    if (positional[0] == NULL && self->digests == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "name a FILE or a --subject-digest");
        return false;
    }
    const AttestationRule *asked = (const AttestationRule *)(const void *)rules->data;
    if (!attestation_choose_type(self->type, asked, rules->len, &type, error))
        return false;
    for (unsigned i = 0; i < self->keys->len; i++) {
        if (!attestation_add_key(keys, self->keys->pdata[i], error))
            return false;
    }
    g_autoptr(GBytes) text = file_read(AT_FDCWD, self->attestation, ATTESTATION_MAX_BYTES, error);
    Run run = { .context = context,
                .question = { .keys = keys,
                              .threshold = self->threshold > 0 ? (size_t)self->threshold : 1,
                              .type = type,
                              .rules = asked,
                              .n_rules = rules->len },
                .text = text,
                .list = list };
    if (text == NULL || !judge_all(&run, self, positional, error))
        return false;
    output_json(context->output, json_array_size(list) == 1 ? json_array_get(list, 0) : list);
    context->exit_code = (int)run.result;
    return true;
}

const Command cmd_verify_attestation = {
    .name = "verify-attestation",
    .synopsis = "FILE... --attestation FILE --key FILE [RULES]",
    .help = "verify what is attested of files (SLSA, VSA)",
    .details = "An attestation counts if enough of the keys signed it, it names the file's\n"
               "digest, and it meets every rule. Of several in one file one is enough. The\n"
               "rules are called as by slsa-verifier.\n\n"
               "Exit code: 0 good, 1 usage or I/O, 10 not authentic, 13 no attestation,\n"
               "14 a rule is not met, 15 unsupported.",
    .flags = COMMAND_RARE,
    .min_args = 0,
    .max_args = SIZE_MAX,
    .options = options,
    .args_size = sizeof(Args),
    .usage_exit_code = VERIFY_USAGE,
    .run = run_verify_attestation,
};
