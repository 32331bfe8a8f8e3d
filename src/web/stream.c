/* SPDX-License-Identifier: Apache-2.0
 * stream: a bounded queue between the thread with news and the connection's thread. Pieces are
 * shared: what a thousand readers of one log wait for is in memory once. */
#include "web/stream.h"
#include <string.h>
#include "sys/thread.h"
#include "base/banned.h"

struct WebStream {
    gint refs; /* atomic */
    Mutex lock;
    GQueue pieces;            /* owned, of GBytes, guarded by lock */
    size_t taken;             /* of the first piece; guarded by lock */
    size_t pending;           /* bytes not taken; guarded by lock */
    bool ended, gone;         /* guarded by lock */
    void (*wake)(void *data); /* guarded by lock; set while the reader waits */
    void *wake_data;          /* borrowed, guarded by lock */
};

WebStream *
web_stream_new(void)
{
    WebStream *stream = g_new0(WebStream, 1);

    stream->refs = 1;
    g_queue_init(&stream->pieces);
    mutex_init(&stream->lock);
    return stream;
}

WebStream *
web_stream_ref(WebStream *stream)
{
    g_atomic_int_inc(&stream->refs);
    return stream;
}

static void
unref_piece(void *piece)
{
    g_bytes_unref(piece);
}

void
web_stream_unref(WebStream *stream)
{
    if (stream == NULL || !g_atomic_int_dec_and_test(&stream->refs))
        return;
    g_queue_clear_full(&stream->pieces, unref_piece);
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
web_stream_push(WebStream *stream, GBytes *piece)
{
    size_t size = g_bytes_get_size(piece);

    MUTEX_GUARD(&stream->lock);
    if (stream->gone || stream->ended || stream->pending + size > WEB_STREAM_MAX_BYTES)
        return false;
    if (size > 0)
        g_queue_push_tail(&stream->pieces, g_bytes_ref(piece));
    stream->pending += size;
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

    return stream->pending;
}

/* From the first piece, which goes when nothing is left of it. With the lock held. */
static size_t
take_from_first(WebStream *stream, char *out, size_t size)
{
    GBytes *piece = g_queue_peek_head(&stream->pieces);
    size_t length = 0;
    const char *bytes = g_bytes_get_data(piece, &length);
    size_t n = MIN(size, length - stream->taken);

    memcpy(out, bytes + stream->taken, n);
    stream->taken += n;
    stream->pending -= n;
    if (stream->taken == length) {
        stream->taken = 0;
        g_bytes_unref(g_queue_pop_head(&stream->pieces));
    }
    return n;
}

WebStreamResult
web_stream_take(WebStream *stream, char *out, size_t size, size_t *taken_out)
{
    size_t n = 0;

    MUTEX_GUARD(&stream->lock);
    while (n < size && !g_queue_is_empty(&stream->pieces))
        n += take_from_first(stream, out + n, size - n);
    *taken_out = n;
    if (n > 0)
        return WEB_STREAM_GOT;
    return stream->ended ? WEB_STREAM_ENDED : WEB_STREAM_EMPTY;
}

void
web_stream_wait(WebStream *stream, void (*wake)(void *data), void *data)
{
    MUTEX_GUARD(&stream->lock);

    stream->wake = wake;
    stream->wake_data = data;
    if (stream->pending > 0 || stream->ended)
        wake_reader(stream);
}

void
web_stream_leave(WebStream *stream)
{
    MUTEX_GUARD(&stream->lock);

    stream->gone = true;
    stream->wake = NULL;
}
