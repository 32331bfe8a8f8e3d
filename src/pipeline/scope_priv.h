/* SPDX-License-Identifier: Apache-2.0
 * scope_priv: which names mean something in conditions and in ${…}; for src/pipeline only. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "pipeline/pipeline.h"

/** event, ref, branch, tag, commit, project, stream, version, matrix.X, inputs.X. @job: whose
 * matrix. */
bool scope_has(const Pipeline *pipeline, const PipelineJob *job, const char *name);
/** All of them; owned list of owned strings. */
GPtrArray *scope_names(const Pipeline *pipeline, const PipelineJob *job);
/** The value of matrix.@name in @cell, or NULL. */
const char *scope_cell_value(const PipelineCell *cell, const char *name);
/** Takes "needs.JOB.OUTPUT" apart. False if @name is none. Both owned. */
bool scope_split_output(const char *name, char **job_out, char **output_out);
