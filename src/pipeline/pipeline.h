/* SPDX-License-Identifier: Apache-2.0
 * pipeline: slipway.yaml, read strictly into the structs of pipeline/model.h. docs/pipeline.md is
 * its reference for people and schema/pipeline-v1.json gives the same verdicts. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "base/span.h"
#include "pipeline/model.h"
#include "sys/diagnostic.h"

/**
 * Reads @text. @diagnostics: made by the caller with the same text, empty; gets everything that is
 * wrong. Returns: owned, or NULL when anything was added.
 */
Pipeline *pipeline_parse(Span text, Diagnostics *diagnostics) MUST_CHECK;
void pipeline_free(Pipeline *pipeline);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pipeline, pipeline_free)

/** NULL = absent. Borrowed. */
const PipelineJob *pipeline_find_job(const Pipeline *pipeline, const char *name);
const PipelineStream *pipeline_find_stream(const Pipeline *pipeline, const char *name);
const PipelineTarget *pipeline_find_target(const Pipeline *pipeline, const char *name);
/** The stream whose tag template @tag fits, and the version in it (owned). NULL: no stream's. */
const PipelineStream *pipeline_find_stream_of_tag(const Pipeline *pipeline, const char *tag,
                                                  char **version_out);
/** Whether a push or proposal counts for "on". @branch, @tag: NULL = it has none; then its list does
 * not count. @changed: NULL = nobody knows, paths hold. */
bool pipeline_on_accepts(const PipelineOn *on, const char *branch, const char *tag,
                         const char *const *changed);
/** Whether @version is well-formed under @scheme. */
bool pipeline_version_is_valid(PipelineScheme scheme, const char *version);

/** The spellings of the file; static. */
const char *pipeline_scheme_name(PipelineScheme scheme);
const char *pipeline_executor_name(PipelineExecutor executor);
const char *pipeline_input_type_name(PipelineInputType type);
/** Whether @value is of the input's type. */
bool pipeline_input_accepts(const PipelineInput *input, const char *value);
const char *pipeline_network_name(PipelineNetwork network);
const char *pipeline_target_type_name(PipelineTargetType type);
/** @bit: one of PipelineRequire. "provenance". */
const char *pipeline_require_name(PipelineRequire bit);
const char *pipeline_sign_name(PipelineSign bit);
