/* SPDX-License-Identifier: Apache-2.0
 * substitute: ${name} in env values and artifact globs. Never in shell text: steps get values as
 * environment variables. "$${" is a literal "${"; a "$" before anything else is itself. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/attributes.h"
#include "base/error.h"

#define SUBSTITUTE_MAX_BYTES (64u << 10) /* one value, after substitution */

typedef enum { SUBSTITUTE_STRICT = 0, SUBSTITUTE_KEEP = 1 << 0 } SubstituteFlags;

/** The value of @name, or NULL when there is none; borrowed until the next call. */
typedef const char *(*SubstituteGet)(const char *name, void *data);
/** Called for each name in order; @offset: of its first byte in the text. False stops. */
typedef bool (*SubstituteVisit)(const char *name, size_t offset, void *data);

/** Walks the names in @text. @offset_out: optional, where an error is. Errors: INVALID (no closing
 * brace, bad name). */
bool substitute_scan(const char *text, SubstituteVisit visit, void *data, size_t *offset_out,
                     GError **error) MUST_CHECK;
/** @text with each ${name} replaced in one pass: values are never looked at again. @get gives NULL:
 * with SUBSTITUTE_KEEP the name stays as it stands (for showing only), else NOT_FOUND. Returns:
 * owned. Errors: INVALID, NOT_FOUND, LIMIT. */
char *substitute_text(const char *text, SubstituteGet get, void *data, SubstituteFlags flags,
                      GError **error) MUST_CHECK;
