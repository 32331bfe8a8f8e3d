/* SPDX-License-Identifier: Apache-2.0
 * text: writing and reading JSON whose every byte but a few holes is fixed. Only for src/attest.
 *
 * Such a text is RFC 8785 by construction: members sorted, no spaces, and nothing in a hole needs
 * an escape (base64, digits) or gets it here (notes). Reading is comparing: what does not fit is
 * not that text, and the caller says so or asks the JSON reader. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "base/span.h"

/** Appends @span in standard base64. */
void text_put_base64(GString *out, Span span);
/** Appends @text with newline, quotation mark and backslash escaped; false if it holds another
 * character that needs an escape, or is not UTF-8. */
bool text_put_escaped(GString *out, Span text) MUST_CHECK;

/* All take from the front of @rest; false or NULL, with @rest undefined, when it does not fit. */
/** Exactly @text. */
bool text_take(Span *rest, const char *text) MUST_CHECK;
/** Base64 up to the next quotation mark, decoded. Owned. */
GBytes *text_take_base64(Span *rest) MUST_CHECK;
/** Base64 of 32 bytes up to the next quotation mark. */
bool text_take_hash(Span *rest, Digest *out) MUST_CHECK;
/** What text_put_escaped wrote, up to the next quotation mark. Owned. */
GBytes *text_take_escaped(Span *rest) MUST_CHECK;
/** A decimal of 1 to 18 digits without leading zeros, up to the next quotation mark. */
bool text_take_number(Span *rest, uint64_t *out) MUST_CHECK;
/** What lies before the next quotation mark, without backslashes; borrowed. */
bool text_take_plain(Span *rest, Span *out) MUST_CHECK;
