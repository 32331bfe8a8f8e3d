/* SPDX-License-Identifier: Apache-2.0
 * html: a page built element by element; every text and value is escaped, no other way in. */
#pragma once
#include <glib.h>
#include "base/attributes.h"

typedef struct Html Html;

/** Begins a page up to its main part. @viewer: NULL when nobody is logged in. Returns: owned. */
Html *html_page(const char *title, const char *viewer, const char *csrf);
void html_free(Html *html);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Html, html_free)
/** Closes what is open and gives the bytes. Returns: owned. */
GBytes *html_finish(Html *html);

/** Opens an element; then NULL-terminated pairs of attribute and value (a NULL value leaves the
 * attribute out). @tag and names: static. */
void html_open(Html *html, const char *tag, ...) __attribute__((sentinel));
/** As html_open, for elements without content (input, br). */
void html_void(Html *html, const char *tag, ...) __attribute__((sentinel));
/** Closes the innermost element. */
void html_close(Html *html);
/** @text: NULL is nothing. */
void html_text(Html *html, const char *text);
void html_format(Html *html, const char *format, ...) PRINTF_LIKE(2, 3);
/** An element with a class (or NULL) and a text. */
void html_element(Html *html, const char *tag, const char *class_name, const char *text);
void html_link(Html *html, const char *href, const char *text);
