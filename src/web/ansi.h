/* SPDX-License-Identifier: Apache-2.0
 * ansi: a line of a job's output as HTML: colours and weights as spans (ECMA-48 SGR), every other
 * control sequence dropped, everything else escaped. */
#pragma once
#include <glib.h>

#define ANSI_MAX_LINE_BYTES (64u << 10)

/** Appends one line without its newline. What a carriage return would overwrite is left out. */
void ansi_to_html(GString *out, const char *line);
/** @line without any control sequence. Owned. */
char *ansi_to_plain(const char *line);
