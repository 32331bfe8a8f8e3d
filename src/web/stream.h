/* SPDX-License-Identifier: Apache-2.0
 * stream: an answer that grows: whoever has news pushes, the connection takes. Thread-safe. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/attributes.h"

#define WEB_STREAM_MAX_BYTES (256 * 1024) /* waiting for a slow reader */

typedef struct WebStream WebStream;

/** Returns: owned reference. */
WebStream *web_stream_new(void);
WebStream *web_stream_ref(WebStream *stream);
void web_stream_unref(WebStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebStream, web_stream_unref)
/** Adds @piece for the reader, who holds a reference until it is read. False: the reader is gone, or
 * too far behind to keep more. */
bool web_stream_push(WebStream *stream, GBytes *piece) MUST_CHECK;
/** Nothing more will come. */
void web_stream_end(WebStream *stream);
/** Whether the reader has gone. */
bool web_stream_is_gone(WebStream *stream);
/** Bytes that wait for the reader. */
size_t web_stream_pending(WebStream *stream);

/* The connection's side. */
typedef enum { WEB_STREAM_GOT, WEB_STREAM_EMPTY, WEB_STREAM_ENDED } WebStreamResult;
/** Takes up to @size bytes. */
WebStreamResult web_stream_take(WebStream *stream, char *out, size_t size, size_t *taken_out);
/** Calls @wake(@data) once, now or when there is something to take: under the stream's lock, so it
 * may call nothing of the stream. */
void web_stream_wait(WebStream *stream, void (*wake)(void *data), void *data);
/** The reader is gone: no wake is called after this. */
void web_stream_leave(WebStream *stream);
