/* SPDX-License-Identifier: Apache-2.0
 * job_output: what a job says through $OUTPUT. Lines `key=value`, or `key<<WORD`, lines, `WORD`.
 * The job is not trusted: only declared keys, each once, so that text it copies from elsewhere
 * cannot add or change another output. A step engine over bytes; opens nothing. */
#pragma once
#include <glib.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

/**
 * Parses the content of $OUTPUT.
 * @declared: names the job may set, NULL-terminated.
 * Returns: owned table of owned strings, name to value. Errors: INVALID with the line number
 * (undeclared or repeated key, no '=', text without end, NUL or broken UTF-8), LIMIT
 * (LIMIT_OUTPUT_FILE_BYTES).
 */
GHashTable *job_output_parse(Span text, const char *const *declared, GError **error) MUST_CHECK;
