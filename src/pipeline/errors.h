/* SPDX-License-Identifier: Apache-2.0
 * errors: everything wrong with one slipway.yaml, in the order of the file, each with its place. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

#define PIPELINE_MAX_ERRORS 100 /* then one line says how many more there are */

typedef struct PipelineError {
    unsigned line;   /* from 1; 0 when the file as a whole is meant */
    unsigned column; /* from 1, in characters */
    unsigned width;  /* characters to underline; at least 1 */
    char *message;   /* owned; one line, lower case, no full stop */
    char *hint;      /* owned or NULL: "did you mean 'needs'?" */
} PipelineError;

typedef struct PipelineErrors PipelineErrors; /* also keeps the text, for excerpts */

/** Returns: owned. */
PipelineErrors *pipeline_errors_new(void);
void pipeline_errors_free(PipelineErrors *errors);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PipelineErrors, pipeline_errors_free)

/** Sets the file's name and text, copied; forgets what was collected. */
void pipeline_errors_begin(PipelineErrors *errors, const char *name, Span text);
/** Adds one. @hint: copied, or NULL. */
void pipeline_errors_add(PipelineErrors *errors, unsigned line, unsigned column, unsigned width,
                         const char *hint, const char *format, ...) PRINTF_LIKE(6, 7);
size_t pipeline_errors_count(const PipelineErrors *errors);
/** Sorted by place; @index below the count, at most PIPELINE_MAX_ERRORS. Borrowed. */
const PipelineError *pipeline_errors_get(const PipelineErrors *errors, size_t index);

/** For people: "slipway.yaml:4:3: error: …", the line, a caret line and the hint for each. Control
 * characters are masked. "" when there is none. Owned. */
char *pipeline_errors_to_text(const PipelineErrors *errors);
/** [{file, line, column, message, hint or null}]. Owned reference. */
json_t *pipeline_errors_to_json(const PipelineErrors *errors);
/** Sets @error (INVALID) to the first one and the number of the others; false for the caller to
 * return. */
bool pipeline_errors_to_gerror(const PipelineErrors *errors, GError **error);
