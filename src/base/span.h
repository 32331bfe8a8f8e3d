/* SPDX-License-Identifier: Apache-2.0
 * span: bytes somebody else owns. */
#pragma once
#include <glib.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *data; /* borrowed; may be NULL when len is 0 */
    size_t len;          /* bytes */
} Span;

static inline Span
span_of(const void *data, size_t len)
{
    return (Span){ .data = data, .len = len };
}

static inline Span
span_of_text(const char *text)
{
    return (Span){ .data = (const uint8_t *)text, .len = strlen(text) };
}

static inline Span
span_of_bytes(GBytes *bytes)
{
    Span span = { 0 };

    span.data = g_bytes_get_data(bytes, &span.len);
    return span;
}
