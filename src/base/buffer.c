/* SPDX-License-Identifier: Apache-2.0
 * buffer: growing bytes with a named maximum. */
#include "base/buffer.h"
#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include "base/banned.h"

void
buffer_init(Buffer *buffer, size_t max_bytes)
{
    assert(max_bytes >= 1 && max_bytes < G_MAXUINT); /* GByteArray counts in guint */
    *buffer = (Buffer){ .bytes = g_byte_array_new(), .max_bytes = max_bytes };
}

void
buffer_clear(Buffer *buffer)
{
    g_clear_pointer(&buffer->bytes, g_byte_array_unref);
    buffer->full = false;
}

void
buffer_append(Buffer *buffer, Span span)
{
    if (buffer->full || span.len > buffer->max_bytes - buffer->bytes->len) {
        buffer->full = true;
        return;
    }
    if (span.len > 0)
        g_byte_array_append(buffer->bytes, span.data, (guint)span.len);
}

void
buffer_append_text(Buffer *buffer, const char *text)
{
    buffer_append(buffer, span_of_text(text));
}

void
buffer_append_printf(Buffer *buffer, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    buffer_append_text(buffer, text);
}

void
buffer_append_u8(Buffer *buffer, uint8_t value)
{
    buffer_append(buffer, span_of(&value, 1));
}

void
buffer_append_be32(Buffer *buffer, uint32_t value)
{
    uint32_t wire = GUINT32_TO_BE(value);

    buffer_append(buffer, span_of(&wire, sizeof wire));
}

void
buffer_append_be64(Buffer *buffer, uint64_t value)
{
    uint64_t wire = GUINT64_TO_BE(value);

    buffer_append(buffer, span_of(&wire, sizeof wire));
}

void
buffer_consume(Buffer *buffer, size_t n)
{
    guint drop = (guint)MIN(n, (size_t)buffer->bytes->len);

    if (drop > 0)
        g_byte_array_remove_range(buffer->bytes, 0, drop);
}

void
buffer_reset(Buffer *buffer)
{
    g_byte_array_set_size(buffer->bytes, 0);
    buffer->full = false;
}

Span
buffer_get(const Buffer *buffer)
{
    return span_of(buffer->bytes->data, buffer->bytes->len);
}

bool
buffer_check(const Buffer *buffer, const char *what, GError **error)
{
    if (!buffer->full)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "'%s' is larger than %zu bytes", what,
              buffer->max_bytes);
    return false;
}

GBytes *
buffer_steal(Buffer *buffer)
{
    GBytes *bytes = g_byte_array_free_to_bytes(g_steal_pointer(&buffer->bytes));

    buffer->bytes = g_byte_array_new();
    buffer->full = false;
    return bytes;
}

char *
buffer_steal_text(Buffer *buffer)
{
    const guint8 end = 0;

    g_byte_array_append(buffer->bytes, &end, 1);
    char *text = (char *)g_byte_array_free(g_steal_pointer(&buffer->bytes), FALSE);

    buffer->bytes = g_byte_array_new();
    buffer->full = false;
    return text;
}
