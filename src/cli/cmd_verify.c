/* SPDX-License-Identifier: Apache-2.0
 * cmd_verify: verifies releases offline, with nothing but their folders and a trust file. */
#include "base/clock.h"
#include "cli/commands.h"
#include "cli/verify_view.h"
#include "sys/confine.h"
#include "verify/paths.h"
#include "base/banned.h"

typedef struct {
    char *trust; /* owned */
    bool confined;
} VerifyArgs;

static const CliOption options[] = {
    { "trust", 't', CLI_STRING, offsetof(VerifyArgs, trust), CLI_REQUIRED | CLI_PATH,
      "what to believe: log, builders, people", "FILE" },
    { "confined", 0, CLI_FLAG, offsetof(VerifyArgs, confined), 0,
      "first give up reading anything else (Landlock)", NULL },
    { 0 },
};

static void
show_folder(Output *output, const VerifiedFolder *folder)
{
    const VerifyReport *report = folder->report;
    g_autofree char *summary = verified_summary(folder);

    for (unsigned i = 0; i < report->checks->len; i++) {
        const VerifyCheck *check = g_ptr_array_index(report->checks, i);
        output_styled(output,
                      check->result == VERIFY_OK ? OUTPUT_PLAIN : verify_view_style(check->result),
                      "%-14s  %-12s  %s: %s", verify_result_name(check->result), check->name,
                      check->subject, check->text);
    }
    output_styled(output, verify_view_style(verify_report_result(report)), "%s", summary);
}

/* Leaves this process nothing to read but the folders and what is open already. */
static bool
confine(const char *const *paths, GError **error)
{
    g_auto(GStrv) folders = verify_paths_folders(paths);

    return confine_to((const char *const *)folders, g_strv_length(folders), error);
}

static bool
run_verify(CommandContext *context, void *args, const char *const *positional, GError **error)
{
    const VerifyArgs *self = args;
    g_autoptr(Trust) trust = verify_trust_load(self->trust, error);

    if (trust == NULL || (self->confined && !confine(positional, error)))
        return false;
    g_autoptr(GPtrArray) folders =
        verify_paths(positional, trust, clock_now_us(&clock_system), error);
    if (folders == NULL)
        return false;
    for (unsigned i = 0; i < folders->len; i++)
        show_folder(context->output, g_ptr_array_index(folders, i));
    g_autoptr(json_t) json = verified_json(folders);
    output_json(context->output, json);
    context->exit_code = (int)verified_result(folders);
    return true;
}

const Command cmd_verify = {
    .name = "verify",
    .synopsis = "PATH... --trust FILE",
    .help = "verify releases, offline: a folder, or files of one",
    .details = "PATH is the folder of a release, or files in it: then those files and all that\n"
               "vouches for them are checked. Nothing is fetched, no data folder is needed.\n\n"
               "Exit code: 0 good, 1 usage or I/O, 10 not authentic, 11 revoked, 12 stale,\n"
               "13 incomplete, 14 policy not met, 15 unsupported. All findings are shown; of\n"
               "several the code is the first found of 10, 11, 13, 14, 15, 12.",
    .min_args = 1,
    .max_args = SIZE_MAX,
    .options = options,
    .args_size = sizeof(VerifyArgs),
    .usage_exit_code = VERIFY_USAGE,
    .run = run_verify,
};
