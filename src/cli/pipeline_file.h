/* SPDX-License-Identifier: Apache-2.0
 * pipeline_file: reads the slipway.yaml named on a command line, for check and plan. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "cli/command.h"
#include "pipeline/pipeline.h"
#include "sys/diagnostic.h"

#define PIPELINE_FILE_DEFAULT "slipway.yaml"

typedef struct PipelineFile {
    Diagnostics *diagnostics; /* owned */
    Pipeline *pipeline;       /* owned; NULL when diagnostics has something */
} PipelineFile;
void pipeline_file_clear(PipelineFile *file);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PipelineFile, pipeline_file_clear)

/** @path: NULL = PIPELINE_FILE_DEFAULT, "-" = standard input. True even when the file is wrong:
 * then pipeline is NULL. Errors: NOT_FOUND, LIMIT, IO. */
bool pipeline_file_read(const char *path, PipelineFile *file, GError **error) MUST_CHECK;
/** Prints what is wrong: lines on stderr, or with --json the verdict on stdout. Sets the exit code.
 */
void pipeline_file_report(PipelineFile *file, CommandContext *context);
