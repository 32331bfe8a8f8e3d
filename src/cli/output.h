/* SPDX-License-Identifier: Apache-2.0
 * output: results on stdout, talk on stderr; tables, JSON, one line of progress. What comes from
 * outside is masked here, so that no name or message can move the cursor of a terminal. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include "base/attributes.h"
#include "base/span.h"

#define OUTPUT_COLUMNS_MAX 16

typedef enum {
    OUTPUT_PLAIN,
    OUTPUT_BOLD,
    OUTPUT_GOOD,
    OUTPUT_BAD,
    OUTPUT_WARN,
    OUTPUT_FAINT
} OutputStyle;

typedef struct Output Output;

/** @out, @err: borrowed; colours only where it is a terminal and NO_COLOR is unset. @json: results
 * are JSON, tables and lines on stdout are not printed. */
Output *output_new(FILE *out, FILE *err, bool json);
void output_free(Output *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Output, output_free)

bool output_is_json(const Output *output);
/** Whether stderr is a terminal: then progress may rewrite its line. */
bool output_is_terminal(const Output *output);
/** Columns of the terminal; 80 where there is none. */
unsigned output_width(const Output *output);

/** A line on stdout; nothing with --json. Control characters are masked. */
void output_line(Output *output, const char *format, ...) PRINTF_LIKE(2, 3);
/** As output_line, in a style. */
void output_styled(Output *output, OutputStyle style, const char *format, ...) PRINTF_LIKE(3, 4);
/** A line on stderr, with --json too. */
void output_talk(Output *output, const char *format, ...) PRINTF_LIKE(2, 3);
/** Lines of text on stderr as they are: made by us, already masked (diagnostics_text). */
void output_talk_text(Output *output, const char *text);
/** Text of ours of many lines on stdout as it is (help, manual); with --json too. */
void output_text(Output *output, const char *text);
/** Bytes as they are on stdout: job logs with their colours. With --json too. */
void output_raw(Output *output, Span bytes);
/** The result of a command with --json, else nothing. One JSON text, canonical key order kept. */
void output_json(Output *output, const json_t *value);

/** @headers: NULL-terminated, at most OUTPUT_COLUMNS_MAX. */
void output_table_begin(Output *output, const char *const *headers);
/** Cells, as many as headers; NULL = "-"; of many lines the first is shown. Borrowed for the call. */
void output_table_row(Output *output, const char *const *cells);
/** Prints the table, columns aligned, no trailing blanks; nothing with --json. */
void output_table_end(Output *output);

/** Shows @text in the last line of the terminal; the next output of any kind removes it. Nothing
 * where stderr is no terminal. */
void output_progress(Output *output, const char *format, ...) PRINTF_LIKE(2, 3);

/** "slipway: MESSAGE" and "hint: …" on stderr, by api/error_map; with --json also an error object
 * on stdout. @hint: NULL = the one of the map. Returns the exit code. */
int output_error(Output *output, const GError *error, const char *hint);
