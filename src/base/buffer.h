/* SPDX-License-Identifier: Apache-2.0
 * buffer: growing bytes with a named maximum. Once an append would pass the maximum the buffer is
 * "full": that append and all later ones change nothing, and buffer_check() reports it once. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/error.h"
#include "base/span.h"

typedef struct {
    GByteArray *bytes; /* owned */
    size_t max_bytes;
    bool full;
} Buffer;

/** @max_bytes: at least 1. Caller's memory; end with buffer_clear. */
void buffer_init(Buffer *buffer, size_t max_bytes);
void buffer_clear(Buffer *buffer);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Buffer, buffer_clear)

/** Appends whole or not at all; integers in network order. */
void buffer_append(Buffer *buffer, Span span);
void buffer_append_text(Buffer *buffer, const char *text);
void buffer_append_printf(Buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);
void buffer_append_u8(Buffer *buffer, uint8_t value);
void buffer_append_be32(Buffer *buffer, uint32_t value);
void buffer_append_be64(Buffer *buffer, uint64_t value);
/** Drops the first @n bytes, at most all. */
void buffer_consume(Buffer *buffer, size_t n);
void buffer_reset(Buffer *buffer);

/** The bytes so far; borrowed, valid until the next change. */
Span buffer_get(const Buffer *buffer);
/** False and LIMIT if an append was refused. @what: the subject for the message. */
bool buffer_check(const Buffer *buffer, const char *what, GError **error) MUST_CHECK;
/** The content as GBytes, owned; the buffer is empty afterwards. */
GBytes *buffer_steal(Buffer *buffer);
/** The content as an owned NUL-terminated string; the buffer is empty afterwards. */
char *buffer_steal_text(Buffer *buffer);
