/* SPDX-License-Identifier: Apache-2.0
 * mark: the offsets file, and the note of how far everything derived was synced. tlog_priv.h has
 * the files. */
#include "tlog/tlog_priv.h"
#include <errno.h>
#include <unistd.h>
#include "base/buffer.h"
#include "base/files.h"
#include "base/os.h"
#include "base/banned.h"

#define MARK_NAME  "mark"
#define MARK_MAGIC "slipway-mark 1\n"
#define MARK_SIZE  (15 + 8 + 8 + 64 * DIGEST_SIZE + DIGEST_SIZE)

#define OFFSET_SIZE 8

static void
put_be64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (56 - 8 * i));
}

static uint64_t
get_be64(const uint8_t *at)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | at[i];
    return value;
}

bool
offsets_write(int fd, uint64_t first, const uint64_t *offsets, size_t n, GError **error)
{
    g_autofree uint8_t *bytes = g_malloc(n * OFFSET_SIZE);
    size_t done = 0;

    for (size_t i = 0; i < n; i++)
        put_be64(bytes + i * OFFSET_SIZE, offsets[i]);
    while (done < n * OFFSET_SIZE) {
        ssize_t written = os_pwrite(fd, bytes + done, n * OFFSET_SIZE - done,
                                    (off_t)(first * OFFSET_SIZE + done));

        if (written < 0) {
            error_set_errno(error, TLOG_ERROR, errno == ENOSPC ? TLOG_ERROR_FULL : TLOG_ERROR_IO,
                            "cannot write the log's offsets");
            return false;
        }
        done += (size_t)written;
    }
    return true;
}

bool
offsets_read_run(int fd, uint64_t first, uint64_t *offsets, size_t n, size_t *n_out, GError **error)
{
    g_autofree uint8_t *bytes = g_malloc(n * OFFSET_SIZE);
    size_t done = 0;
    ssize_t got = 1;

    while (done < n * OFFSET_SIZE && got != 0) {
        got = pread(fd, bytes + done, n * OFFSET_SIZE - done, (off_t)(first * OFFSET_SIZE + done));
        if (got < 0 && errno != EINTR) {
            error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot read the log's offsets");
            return false;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    *n_out = done / OFFSET_SIZE;
    for (size_t i = 0; i < *n_out; i++)
        offsets[i] = get_be64(bytes + i * OFFSET_SIZE);
    return true;
}

bool
offsets_read(int fd, uint64_t index, uint64_t size, uint64_t end, uint64_t *from_out,
             uint64_t *to_out, GError **error)
{
    uint8_t bytes[2 * OFFSET_SIZE];
    size_t want = index + 1 < size ? sizeof bytes : OFFSET_SIZE;
    ssize_t got = 0;

    do
        got = pread(fd, bytes, want, (off_t)(index * OFFSET_SIZE));
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot read the log's offsets");
        return false;
    }
    if ((size_t)got != want) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_CORRUPT, "the log's offsets end too early");
        return false;
    }
    *from_out = get_be64(bytes);
    *to_out = want == sizeof bytes ? get_be64(bytes + OFFSET_SIZE) : end;
    return true;
}

bool
mark_load(int dirfd, TlogMark *out)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(GBytes) content = file_read(dirfd, MARK_NAME, MARK_SIZE, &local);

    if (content == NULL || g_bytes_get_size(content) != MARK_SIZE)
        return false;
    Span span = span_of_bytes(content);
    Digest sum = digest_of(span_of(span.data, MARK_SIZE - DIGEST_SIZE));
    if (memcmp(span.data, MARK_MAGIC, strlen(MARK_MAGIC)) != 0 ||
        memcmp(sum.bytes, span.data + MARK_SIZE - DIGEST_SIZE, DIGEST_SIZE) != 0)
        return false;
    out->end = get_be64(span.data + 15);
    out->edge.size = get_be64(span.data + 23);
    memcpy(out->edge.nodes, span.data + 31, sizeof out->edge.nodes);
    return true;
}

bool
mark_write(Tlog *tlog, GError **error)
{
    TlogMark mark = { 0 };
    uint8_t bytes[MARK_SIZE];

    mark.edge = tlog_edge(tlog, &mark.end);
    if (os_fdatasync(tlog->offsets_fd) != 0) {
        error_set_errno(error, TLOG_ERROR, TLOG_ERROR_IO, "cannot sync the log's offsets");
        return false;
    }
    if (!tree_sync(tlog->tree, error))
        return false;
    memcpy(bytes, MARK_MAGIC, strlen(MARK_MAGIC));
    put_be64(bytes + 15, mark.end);
    put_be64(bytes + 23, mark.edge.size);
    memcpy(bytes + 31, mark.edge.nodes, sizeof mark.edge.nodes);
    Digest sum = digest_of(span_of(bytes, MARK_SIZE - DIGEST_SIZE));
    memcpy(bytes + MARK_SIZE - DIGEST_SIZE, sum.bytes, DIGEST_SIZE);
    if (!file_write_atomic(tlog->dirfd, MARK_NAME, span_of(bytes, sizeof bytes), 0644, error))
        return false;
    tlog->mark = mark;
    return true;
}
