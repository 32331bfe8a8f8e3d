/* SPDX-License-Identifier: Apache-2.0
 * joblog: the writer; see joblog.h. A line is held until it is whole (at most its cap and the
 * longest secret, so that a secret across the cap is still seen), then masked and put into `out`,
 * which goes to the file once per call. */
#include "joblog/joblog.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include "base/buffer.h"
#include "base/files.h"
#include "base/limits.h"
#include "base/os.h"
#include "sys/cancel.h"
#include "sys/wake.h"
#include "base/banned.h"

#define FLUSH_BYTES     (256u << 10)
#define READ_BYTES      (64u << 10)
#define MARK_BYTES      1024
#define HEAD_BYTES      80
#define RECORD_OVERHEAD 128

struct JobLog {
    int fd; /* owned */
    JobLogOptions options;
    Buffer line;           /* what is held of the current line */
    uint64_t line_dropped; /* bytes of it not held */
    Buffer out;            /* whole records on their way to the file */
    char head[HEAD_BYTES]; /* "WALL MONOTONIC STEP " of the read being fed */
    size_t head_len;
    uint32_t step;
    uint64_t step_written; /* bytes of text in the file */
    uint64_t step_dropped; /* bytes of text over the step's cap */
    uint64_t file_bytes;   /* in the file */
    uint64_t n_lines;      /* records since the start: the pump wakes when it grows */
    bool failed;           /* a write failed: the file may end in half a record */
};

JobLog *
joblog_create(const char *path, const JobLogOptions *options, GError **error)
{
    g_autoptr(JobLog) log = g_new0(JobLog, 1);

    if (options != NULL)
        log->options = *options;
    if (log->options.clock == NULL)
        log->options.clock = &clock_system;
    if (log->options.line_bytes == 0 || log->options.line_bytes > LIMIT_LOG_LINE_BYTES)
        log->options.line_bytes = LIMIT_LOG_LINE_BYTES;
    if (log->options.step_bytes == 0)
        log->options.step_bytes = LIMIT_LOG_STEP_BYTES;
    size_t longest = log->options.mask == NULL ? 0 : mask_get_longest(log->options.mask);

    buffer_init(&log->line, log->options.line_bytes + longest);
    buffer_init(&log->out,
                FLUSH_BYTES + 2 * (log->options.line_bytes + RECORD_OVERHEAD + MARK_BYTES));
    log->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (log->fd < 0) {
        error_set_errno(error, BASE_ERROR, errno == EEXIST ? BASE_ERROR_EXISTS : BASE_ERROR_IO,
                        "cannot create job log '%s'", path);
        return NULL;
    }
    if (!fd_write_all(log->fd, span_of_text(JOBLOG_HEADER), error))
        return NULL;
    log->file_bytes = strlen(JOBLOG_HEADER);
    return g_steal_pointer(&log);
}

void
joblog_free(JobLog *log)
{
    if (log == NULL)
        return;
    fd_clear(&log->fd);
    buffer_clear(&log->line);
    buffer_clear(&log->out);
    g_free(log);
}

static bool
flush_out(JobLog *log, GError **error)
{
    Span out = buffer_get(&log->out);

    if (log->failed) {
        error_set(error, BASE_ERROR, BASE_ERROR_IO,
                  "cannot write the job log: a write failed before");
        return false;
    }
    if (out.len > 0 && !fd_write_all(log->fd, out, error)) {
        log->failed = true;
        return false;
    }
    log->file_bytes += out.len;
    buffer_reset(&log->out);
    return true;
}

uint64_t
joblog_get_offset(const JobLog *log)
{
    return log->file_bytes + buffer_get(&log->out).len;
}

static void
stamp(JobLog *log)
{
    int len = g_snprintf(log->head, sizeof log->head, "%" PRId64 " %" PRId64 " %" PRIu32 " ",
                         clock_now_us(log->options.clock), clock_monotonic_us(), log->step);

    log->head_len = (size_t)len;
}

static void
append_head(JobLog *log, char kind)
{
    const uint8_t letter[] = { (uint8_t)kind, ' ' };

    buffer_append(&log->out, span_of(log->head, log->head_len));
    buffer_append(&log->out, span_of(letter, sizeof letter));
    log->n_lines++;
}

/* Appends text masked, at most @keep bytes of it. */
static void
append_masked(JobLog *log, Span text, size_t keep)
{
    if (log->options.mask == NULL)
        buffer_append(&log->out, span_of(text.data, MIN(text.len, keep)));
    else
        mask_apply(log->options.mask, text, keep, &log->out);
}

static void
append_mark(JobLog *log, const char *text)
{
    size_t len = MIN(strlen(text), MARK_BYTES);
    g_autofree char *clean = g_strndup(text, len);

    g_strdelimit(clean, "\n\r", ' ');
    append_head(log, 'm');
    append_masked(log, span_of_text(clean), MARK_BYTES);
    buffer_append_u8(&log->out, '\n');
}

/* Puts the held line into `out`, or counts it where the step's cap is reached. */
static void
end_line(JobLog *log, char kind)
{
    Span line = buffer_get(&log->line);
    size_t kept = MIN(line.len, log->options.line_bytes);
    uint64_t cut = line.len - kept + log->line_dropped;

    if (log->step_dropped > 0 || log->step_written + kept > log->options.step_bytes) {
        if (log->step_dropped == 0)
            append_mark(log, "output is cut here: the step's log is full");
        log->step_dropped += line.len + log->line_dropped + 1;
    } else {
        append_head(log, cut > 0 ? 'c' : kind);
        append_masked(log, line, kept);
        buffer_append_u8(&log->out, '\n');
        log->step_written += kept + 1;
    }
    if (cut > 0 && log->step_dropped == 0) {
        g_autofree char *text = g_strdup_printf(
            "the line above is cut at %zu bytes, %" PRIu64 " more are dropped", kept, cut);
        append_mark(log, text);
    }
    buffer_reset(&log->line);
    log->line_dropped = 0;
}

/* Holds as much of a piece of a line as is needed. */
static void
hold(JobLog *log, Span piece)
{
    size_t room = log->line.max_bytes - buffer_get(&log->line).len;
    size_t take = MIN(room, piece.len);

    buffer_append(&log->line, span_of(piece.data, take));
    log->line_dropped += piece.len - take;
}

bool
joblog_feed(JobLog *log, Span bytes, GError **error)
{
    const uint8_t *at = bytes.data;
    const uint8_t *end = bytes.data + bytes.len;

    stamp(log);
    while (at < end) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *stop = newline == NULL ? end : newline;
        hold(log, span_of(at, (size_t)(stop - at)));
        if (newline == NULL)
            break;
        end_line(log, 'o');
        if (buffer_get(&log->out).len >= FLUSH_BYTES && !flush_out(log, error))
            return false;
        at = newline + 1;
    }
    return flush_out(log, error);
}

bool
joblog_mark(JobLog *log, const char *text, GError **error)
{
    stamp(log);
    append_mark(log, text);
    return flush_out(log, error);
}

bool
joblog_end_step(JobLog *log, GError **error)
{
    stamp(log);
    if (buffer_get(&log->line).len > 0 || log->line_dropped > 0)
        end_line(log, 'p');
    if (log->step_dropped > 0) {
        g_autofree char *text = g_strdup_printf("output of this step is cut at %" PRIu64
                                                " bytes, %" PRIu64 " more are dropped",
                                                log->options.step_bytes, log->step_dropped);
        append_mark(log, text);
    }
    log->step_written = 0;
    log->step_dropped = 0;
    return flush_out(log, error);
}

bool
joblog_begin_step(JobLog *log, uint32_t step, GError **error)
{
    if (!joblog_end_step(log, error))
        return false;
    log->step = step;
    return true;
}

int
joblog_finish(JobLog *log, GError **error)
{
    if (!joblog_end_step(log, error))
        return -1;
    int fd = fcntl(log->fd, F_DUPFD_CLOEXEC, 0);

    if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0) {
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot reopen the job log");
        fd_clear(&fd);
        return -1;
    }
    return fd;
}

/* Reads some; 0 at the end, -1 on error. */
static ssize_t
pump_read(int fd, uint8_t *into, size_t len, Cancel *cancel, GError **error)
{
    for (;;) {
        if (cancel != NULL && !cancel_poll(cancel, fd, POLLIN, -1, error))
            return -1;
        ssize_t n = read(fd, into, len);
        if (n >= 0)
            return n;
        if (errno == EAGAIN && !cancel_poll(cancel, fd, POLLIN, -1, error))
            return -1;
        if (errno != EAGAIN && errno != EINTR) {
            error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read the job's output");
            return -1;
        }
    }
}

bool
joblog_pump(JobLog *log, int fd, Wake *progress, Cancel *cancel, GError **error)
{
    g_autofree uint8_t *bytes = g_malloc(READ_BYTES);

    for (;;) {
        ssize_t n = pump_read(fd, bytes, READ_BYTES, cancel, error);
        if (n <= 0)
            return n == 0;
        uint64_t before = log->n_lines;
        if (!joblog_feed(log, span_of(bytes, (size_t)n), error))
            return false;
        if (progress != NULL && log->n_lines > before)
            wake_send(progress);
    }
}
