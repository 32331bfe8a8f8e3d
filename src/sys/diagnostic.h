/* SPDX-License-Identifier: Apache-2.0
 * diagnostic: everything wrong with one text file, each with its place, shown at once. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/attributes.h"
#include "base/span.h"

#define DIAGNOSTICS_MAX 100 /* more are counted, not kept */

typedef struct TextPosition {
    unsigned line;   /* from 1; 0 = the file as a whole */
    unsigned column; /* from 1, in characters */
} TextPosition;

typedef struct Diagnostic {
    TextPosition at;
    char *message; /* owned: lower case, subject in single quotes, no full stop */
} Diagnostic;

typedef struct Diagnostics Diagnostics; /* of one file */

/** @file: its name in messages. @text: copied, for the excerpts; may be empty. */
Diagnostics *diagnostics_new(const char *file, Span text);
void diagnostics_free(Diagnostics *diagnostics);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Diagnostics, diagnostics_free)

/** Adds one finding; @format as for error_set. */
void diagnostics_add(Diagnostics *diagnostics, TextPosition at, const char *format, ...)
    PRINTF_LIKE(3, 4);
/** How many were added, those over DIAGNOSTICS_MAX included. */
size_t diagnostics_count(const Diagnostics *diagnostics);
/** How many can be had from diagnostics_get. */
size_t diagnostics_kept(const Diagnostics *diagnostics);
/** Borrowed; in order of position, and of adding where that is equal. */
const Diagnostic *diagnostics_get(Diagnostics *diagnostics, size_t index);
const char *diagnostics_file(const Diagnostics *diagnostics);
/** "file:3:7: message", the line and a caret below it, for each; control characters masked. Owned.
 */
char *diagnostics_text(Diagnostics *diagnostics);
/** False and INVALID with the first message and the count, if there are any. */
bool diagnostics_check(Diagnostics *diagnostics, GError **error) MUST_CHECK;
