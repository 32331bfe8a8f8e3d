/* SPDX-License-Identifier: Apache-2.0
 * pipeline_file: one bounded read, then the pipeline's own reader. */
#include "cli/pipeline_file.h"
#include <fcntl.h>
#include <string.h>
#include "api/error_map.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/banned.h"

void
pipeline_file_clear(PipelineFile *file)
{
    g_clear_pointer(&file->diagnostics, diagnostics_free);
    g_clear_pointer(&file->pipeline, pipeline_free);
}

bool
pipeline_file_read(const char *path, PipelineFile *file, GError **error)
{
    g_autoptr(GBytes) bytes = NULL;

    if (path == NULL)
        path = PIPELINE_FILE_DEFAULT;
    if (strcmp(path, "-") == 0)
        bytes = fd_read_all(STDIN_FILENO, LIMIT_PIPELINE_BYTES, error);
    else
        bytes = file_read(AT_FDCWD, path, LIMIT_PIPELINE_BYTES, error);
    if (bytes == NULL) {
        error_prefix(error, "cannot read pipeline '%s'", path);
        return false;
    }
    file->diagnostics = diagnostics_new(path, span_of_bytes(bytes));
    file->pipeline = pipeline_parse(span_of_bytes(bytes), file->diagnostics);
    return true;
}

static json_t *
to_json(const PipelineFile *file)
{
    json_t *errors = json_array();

    for (size_t i = 0; i < diagnostics_kept(file->diagnostics); i++) {
        const Diagnostic *diagnostic = diagnostics_get(file->diagnostics, i);

        json_array_append_new(
            errors, json_pack("{s:I,s:I,s:s}", "line", (json_int_t)diagnostic->at.line, "column",
                              (json_int_t)diagnostic->at.column, "message", diagnostic->message));
    }
    return json_pack("{s:s,s:b,s:I,s:o}", "file", diagnostics_file(file->diagnostics), "valid",
                     file->pipeline != NULL, "errorCount",
                     (json_int_t)diagnostics_count(file->diagnostics), "errors", errors);
}

void
pipeline_file_report(PipelineFile *file, CommandContext *context)
{
    g_autoptr(json_t) verdict = to_json(file);

    output_json(context->output, verdict);
    if (file->pipeline == NULL) {
        g_autofree char *text = diagnostics_text(file->diagnostics);

        output_talk_text(context->output, text);
        context->exit_code = EXIT_CODE_FAILED;
    }
}
