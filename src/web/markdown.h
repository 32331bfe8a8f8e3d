/* SPDX-License-Identifier: Apache-2.0
 * markdown: what jobs wrote to $STEP_SUMMARY as HTML (CommonMark, by cmark in its safe mode): no HTML
 * of theirs, no address but http, https, mailto and ones of this page. */
#pragma once
#include <glib.h>

#define MARKDOWN_MAX_BYTES (256u * 1024) /* shown; what is longer is cut */

/** Appends @text as HTML to @out. Images become links: nothing is loaded from elsewhere. Headings are
 * two levels lower, for they stand within a page. */
void markdown_to_html(GString *out, const char *text);
