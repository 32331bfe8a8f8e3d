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

/** The value of @name, or NULL when there is none; borrowed until the next call. */
typedef const char *(*SubstituteGet)(const char *name, void *data);
/** Called for each name in order; @offset: of its first byte in the text. False stops. */
typedef bool (*SubstituteVisit)(const char *name, size_t offset, void *data);

/** Walks the names in @text. @offset_out: optional, where an error is. Errors: INVALID (no closing
 * brace, bad name). */
bool substitute_scan(const char *text, SubstituteVisit visit, void *data, size_t *offset_out,
                     GError **error) MUST_CHECK;
/** @text with each ${name} replaced, once: values are never looked at again. A name @get does not
 * know is kept as it stands when @keep_unknown, else NOT_FOUND. Returns: owned. Errors: INVALID,
 * NOT_FOUND, LIMIT. */
char *substitute_text(const char *text, SubstituteGet get, void *data, bool keep_unknown,
                      GError **error) MUST_CHECK;
