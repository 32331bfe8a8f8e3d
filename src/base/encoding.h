/* SPDX-License-Identifier: Apache-2.0
 * encoding: hexadecimal, base64 (RFC 4648), decimal numbers and UTF-8. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

/** Lower-case hex. Owned. */
char *hex_encode(Span span);
/** Lower-case hex of even length only. Returns: owned. Errors: INVALID. */
GBytes *hex_decode(const char *text, GError **error) MUST_CHECK;
/** Standard alphabet with padding, no line breaks. Owned. */
char *base64_encode(Span span);
/** Standard alphabet, padded, canonical trailing bits, no white space. Returns: owned. Errors:
 * INVALID. */
GBytes *base64_decode(const char *text, GError **error) MUST_CHECK;
/** As base64_decode, and the URL-safe alphabet and missing padding are accepted too (DSSE, JWT). */
GBytes *base64_decode_lenient(const char *text, GError **error) MUST_CHECK;
/** A number as protocols write it: decimal digits alone, no zero in front, at most @max. */
bool decimal_parse(const char *text, uint64_t max, uint64_t *out) MUST_CHECK;
/** Whether @span is well-formed UTF-8 without NUL. */
bool utf8_is_valid(Span span);
