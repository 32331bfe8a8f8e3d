/* SPDX-License-Identifier: Apache-2.0
 * ingest: one input into one file of incoming/, hashed from the very bytes that are written.
 *
 * An input that fits the buffer is hashed first and not written when the store has it. A longer one
 * is hashed while it is written; the kernel is asked to start writing early, so that the disk works
 * while we hash. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include "base/files.h"
#include "base/os.h"
#include "store/store_priv.h"
#include "store/write_behind.h"
#include "base/banned.h"

#define STORE_BLOB_MODE 0444
/* from here on a thread writes while we hash */
#define STORE_THREAD_MIN_BYTES ((uint64_t)2 << 20)
G_STATIC_ASSERT(STORE_BUFFER_BYTES == WRITE_BEHIND_BUFFER_BYTES);

/* A file in incoming/ that goes away unless it is kept. */
typedef struct {
    int dirfd, fd;
    const char *name; /* borrowed; NULL once kept */
} Incoming;

static void
incoming_clear(Incoming *incoming)
{
    fd_clear(&incoming->fd);
    if (incoming->name != NULL)
        (void)os_unlink(incoming->dirfd, incoming->name,
                        0); /* a leftover is cleared at the next start */
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Incoming, incoming_clear)

static bool
incoming_open(Incoming *incoming, int dirfd, const char *name, GError **error)
{
    int fd =
        openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, STORE_BLOB_MODE);

    if (fd < 0) {
        store_set_errno(error, "cannot create a blob");
        return false;
    }
    *incoming = (Incoming){ .dirfd = dirfd, .fd = fd, .name = name };
    return true;
}

bool
store_write_all(int fd, Span span, GError **error)
{
    while (span.len > 0) {
        ssize_t n = os_write(fd, span.data, span.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            store_set_errno(error, "cannot write a blob");
            return false;
        }
        span = span_of(span.data + n, span.len - (size_t)n);
    }
    return true;
}

bool
store_ingest_bytes(Store *store, int dirfd, const char *name, Span content, StoreIngest *out,
                   GError **error)
{
    StoreIngest result = { .digest = digest_of(content), .size_bytes = content.len };

    if (!store_find_and_touch(store, &result.digest, content.len)) {
        g_auto(Incoming) incoming = { .fd = -1 };

        if (!incoming_open(&incoming, dirfd, name, error) ||
            !store_write_all(incoming.fd, content, error))
            return false;
        incoming.name = NULL;
        result.written = true;
    }
    *out = result;
    return true;
}

/* Fills @buffer as far as @fd gives; less than its size means the end. Returns -1 on error. */
static ssize_t
read_full(int fd, uint8_t *buffer, GError **error)
{
    size_t len = 0;

    while (len < STORE_BUFFER_BYTES) {
        ssize_t n = read(fd, buffer + len, STORE_BUFFER_BYTES - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            store_set_errno(error, "cannot read what is to be stored");
            return -1;
        }
        if (n == 0)
            break;
        len += (size_t)n;
    }
    return (ssize_t)len;
}

static bool
check_limit(uint64_t size_bytes, uint64_t limit_bytes, GError **error)
{
    if (size_bytes <= limit_bytes)
        return true;
    error_set(error, STORE_ERROR, STORE_ERROR_TOO_LARGE,
              "blob is larger than %" G_GUINT64_FORMAT " bytes", limit_bytes);
    return false;
}

/* One longer input on its way: hashed here, written here at first and by a thread once it is long.
 */
typedef struct {
    Incoming incoming;
    DigestStream *stream; /* owned */
    WriteBehind *behind;  /* owned; NULL at first */
    uint64_t size_bytes;
} Flow;

static void
flow_clear(Flow *flow)
{
    g_clear_pointer(&flow->behind, write_behind_free); /* before the file goes */
    g_clear_pointer(&flow->stream, digest_stream_free);
    incoming_clear(&flow->incoming);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Flow, flow_clear)

/* Takes @len bytes of @buffer into file and hash. */
static bool
flow_take(Flow *flow, uint8_t *buffer, size_t len, GError **error)
{
    if (flow->behind != NULL)
        write_behind_submit(flow->behind, len);
    else if (!store_write_all(flow->incoming.fd, span_of(buffer, len), error))
        return false;
    digest_stream_update(flow->stream, span_of(buffer, len));
    flow->size_bytes += len;
    return true;
}

/* The buffer to read into next; NULL on error. */
static uint8_t *
flow_buffer(Flow *flow, uint8_t *own, GError **error)
{
    if (flow->behind == NULL && flow->size_bytes < STORE_THREAD_MIN_BYTES)
        return own;
    if (flow->behind == NULL) {
        flow->behind = write_behind_start(flow->incoming.fd, error);
        if (flow->behind == NULL)
            return NULL;
    }
    uint8_t *buffer = write_behind_get_buffer(flow->behind);
    if (buffer == NULL && write_behind_finish(flow->behind, error))
        assert(false); /* no buffer means that writing failed */
    return buffer;
}

/* The long way: @own is full, more may follow. */
static bool
ingest_stream(int dirfd, const char *name, int fd, uint64_t limit_bytes, uint8_t *own,
              StoreIngest *out, GError **error)
{
    g_auto(Flow) flow = { .incoming = { .fd = -1 }, .stream = digest_stream_new() };
    uint8_t *buffer = own;
    ssize_t len = STORE_BUFFER_BYTES;

    if (!incoming_open(&flow.incoming, dirfd, name, error))
        return false;
    while (len > 0) {
        if (!check_limit(flow.size_bytes + (uint64_t)len, limit_bytes, error) ||
            !flow_take(&flow, buffer, (size_t)len, error))
            return false;
        buffer = flow_buffer(&flow, own, error);
        if (buffer == NULL)
            return false;
        len = read_full(fd, buffer, error);
        if (len < 0)
            return false;
    }
    if (flow.behind != NULL && !write_behind_finish(flow.behind, error))
        return false;
    *out =
        (StoreIngest){ .digest = digest_stream_finish(flow.stream), .size_bytes = flow.size_bytes };
    flow.incoming.name = NULL;
    return true;
}

bool
store_ingest_fd(Store *store, int dirfd, const char *name, int fd, uint64_t limit_bytes,
                uint8_t *buffer, StoreIngest *out, GError **error)
{
    ssize_t n = read_full(fd, buffer, error);
    StoreIngest result = { 0 };

    if (n < 0 || !check_limit((uint64_t)n, limit_bytes, error))
        return false;
    if ((size_t)n < STORE_BUFFER_BYTES)
        return store_ingest_bytes(store, dirfd, name, span_of(buffer, (size_t)n), out, error);
    if (!ingest_stream(dirfd, name, fd, limit_bytes, buffer, &result, error))
        return false;
    result.written = true;
    if (store_find_and_touch(store, &result.digest, result.size_bytes)) {
        if (os_unlink(dirfd, name, 0) < 0) {
            store_set_errno(error, "cannot remove a duplicate blob");
            return false;
        }
        result.written = false;
    }
    *out = result;
    return true;
}
