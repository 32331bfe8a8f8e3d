/* SPDX-License-Identifier: Apache-2.0
 * cmd_check: whether a slipway.yaml is right; every mistake at once, each with its place. */
#include "cli/commands.h"
#include "cli/pipeline_file.h"
#include "base/banned.h"

static bool
run_check(CommandContext *context, void *args, const char *const *positional, GError **error)
{
    g_auto(PipelineFile) file = { 0 };

    (void)args;
    if (!pipeline_file_read(positional[0], &file, error))
        return false;
    pipeline_file_report(&file, context);
    if (file.pipeline == NULL)
        return true;
    output_line(context->output, "%s is good: project '%s', jobs: %zu, streams: %zu, targets: %zu",
                diagnostics_file(file.diagnostics), file.pipeline->project, file.pipeline->n_jobs,
                file.pipeline->n_streams, file.pipeline->n_targets);
    return true;
}

const Command cmd_check = {
    .name = "check",
    .synopsis = "[FILE]",
    .help = "check slipway.yaml and show every mistake",
    .details = "FILE is slipway.yaml in the current folder unless given; '-' is standard input.\n"
               "Nothing is run and no data folder is needed.",
    .max_args = 1,
    .run = run_check,
};
