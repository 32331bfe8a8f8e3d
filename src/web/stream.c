/* SPDX-License-Identifier: Apache-2.0
 * stream: a bounded buffer between the thread with news and the connection's thread. */
#include "web/stream.h"
#include <string.h>
#include "sys/thread.h"
#include "base/banned.h"

struct WebStream {
    gint refs; /* atomic */
    Mutex lock;
    GByteArray *bytes;        /* owned, guarded by lock */
    bool ended, gone;         /* guarded by lock */
    void (*wake)(void *data); /* guarded by lock; set while the reader waits */
    void *wake_data;          /* borrowed, guarded by lock */
};

WebStream *
web_stream_new(void)
{
    WebStream *stream = g_new0(WebStream, 1);

    stream->refs = 1;
    stream->bytes = g_byte_array_new();
    mutex_init(&stream->lock);
    return stream;
}

WebStream *
web_stream_ref(WebStream *stream)
{
    g_atomic_int_inc(&stream->refs);
    return stream;
}

void
web_stream_unref(WebStream *stream)
{
    if (stream == NULL || !g_atomic_int_dec_and_test(&stream->refs))
        return;
    g_byte_array_unref(stream->bytes);
    mutex_clear(&stream->lock);
    g_free(stream);
}

/* The wake is called under the lock: web_stream_leave then knows that none comes after it. It only
 * marks the connection as ready and takes no lock of ours. */
static void
wake_reader(WebStream *stream)
{
    if (stream->wake != NULL && !stream->gone)
        stream->wake(stream->wake_data);
    stream->wake = NULL;
}

bool
web_stream_push(WebStream *stream, const char *bytes, size_t length)
{
    MUTEX_GUARD(&stream->lock);

    if (stream->gone || stream->ended || stream->bytes->len + length > WEB_STREAM_MAX_BYTES)
        return false;
    g_byte_array_append(stream->bytes, (const guint8 *)bytes, (guint)length);
    wake_reader(stream);
    return true;
}

void
web_stream_end(WebStream *stream)
{
    MUTEX_GUARD(&stream->lock);

    stream->ended = true;
    wake_reader(stream);
}

bool
web_stream_is_gone(WebStream *stream)
{
    MUTEX_GUARD(&stream->lock);

    return stream->gone;
}

size_t
web_stream_pending(WebStream *stream)
{
    MUTEX_GUARD(&stream->lock);

    return stream->bytes->len;
}

WebStreamResult
web_stream_take(WebStream *stream, char *out, size_t size, size_t *taken_out)
{
    MUTEX_GUARD(&stream->lock);

    *taken_out = MIN(size, stream->bytes->len);
    if (*taken_out == 0)
        return stream->ended ? WEB_STREAM_ENDED : WEB_STREAM_EMPTY;
    memcpy(out, stream->bytes->data, *taken_out);
    g_byte_array_remove_range(stream->bytes, 0, (guint)*taken_out);
    return WEB_STREAM_GOT;
}

void
web_stream_wait(WebStream *stream, void (*wake)(void *data), void *data)
{
    MUTEX_GUARD(&stream->lock);

    stream->wake = wake;
    stream->wake_data = data;
    if (stream->bytes->len > 0 || stream->ended)
        wake_reader(stream);
}

void
web_stream_leave(WebStream *stream)
{
    MUTEX_GUARD(&stream->lock);

    stream->gone = true;
    stream->wake = NULL;
}
