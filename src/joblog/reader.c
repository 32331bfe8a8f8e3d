/* SPDX-License-Identifier: Apache-2.0
 * reader: reading a job log, also one that still grows; see joblog.h. */
#include "joblog/joblog.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "base/limits.h"
#include "base/banned.h"

#define RECORD_MAX_BYTES (LIMIT_LOG_LINE_BYTES + 256) /* the longest text and its head */
#define WINDOW_BYTES     (2 * RECORD_MAX_BYTES)
#define NUMBER_DIGITS    19

struct JobLogReader {
    int fd;          /* borrowed */
    uint64_t offset; /* of the next record */
    size_t at;       /* where it is in window */
    size_t len;      /* bytes in window */
    uint8_t window[WINDOW_BYTES];
};

/* Reads digits and the space behind them. */
static bool
take_number(Span *rest, uint64_t *out)
{
    uint64_t value = 0;
    size_t i = 0;

    while (i < rest->len && i < NUMBER_DIGITS && g_ascii_isdigit(rest->data[i]))
        value = value * 10 + (uint64_t)(rest->data[i++] - '0');
    if (i == 0 || i == rest->len || rest->data[i] != ' ')
        return false;
    *out = value;
    *rest = span_of(rest->data + i + 1, rest->len - i - 1);
    return true;
}

static JobLogKind
kind_of(uint8_t letter)
{
    switch (letter) {
    case 'o':
        return JOBLOG_LINE;
    case 'p':
        return JOBLOG_PARTIAL;
    case 'c':
        return JOBLOG_CUT;
    case 'm':
        return JOBLOG_MARK;
    default:
        return JOBLOG_NONE;
    }
}

bool
joblog_line_parse(Span record, JobLogLine *line_out, GError **error)
{
    uint64_t wall = 0;
    uint64_t monotonic = 0;
    uint64_t step = 0;
    bool ok = take_number(&record, &wall) && take_number(&record, &monotonic) &&
              take_number(&record, &step) && step <= UINT32_MAX && wall <= INT64_MAX &&
              monotonic <= INT64_MAX && record.len >= 2 && record.data[1] == ' ' &&
              kind_of(record.data[0]) != JOBLOG_NONE;

    if (!ok) {
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                  "cannot read the job log: a record is not 'WALL MONOTONIC STEP KIND TEXT'");
        return false;
    }
    *line_out = (JobLogLine){
        .wall_us = (int64_t)wall,
        .monotonic_us = (int64_t)monotonic,
        .step = (uint32_t)step,
        .kind = kind_of(record.data[0]),
        .text = span_of(record.data + 2, record.len - 2),
    };
    return true;
}

JobLogReader *
joblog_reader_new(int fd, uint64_t offset)
{
    JobLogReader *reader = g_new0(JobLogReader, 1);

    reader->fd = fd;
    reader->offset = offset;
    return reader;
}

void
joblog_reader_free(JobLogReader *reader)
{
    g_free(reader);
}

uint64_t
joblog_reader_get_offset(const JobLogReader *reader)
{
    return reader->offset;
}

/* Moves what is left to the front and reads more behind it. Returns bytes read, -1 on error. */
static ssize_t
fill(JobLogReader *reader, GError **error)
{
    size_t left = reader->len - reader->at;
    ssize_t n = 0;

    memmove(reader->window, reader->window + reader->at, left);
    reader->at = 0;
    reader->len = left;
    do
        n = pread(reader->fd, reader->window + left, WINDOW_BYTES - left,
                  (off_t)(reader->offset + left));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        error_set_errno(error, BASE_ERROR, BASE_ERROR_IO, "cannot read the job log");
    else
        reader->len += (size_t)n;
    return n;
}

/* The next whole record without its newline. */
static JobLogRead
next_record(JobLogReader *reader, Span *record_out, GError **error)
{
    for (;;) {
        const uint8_t *from = reader->window + reader->at;
        size_t left = reader->len - reader->at;
        const uint8_t *newline = left == 0 ? NULL : memchr(from, '\n', left);
        if (newline != NULL) {
            *record_out = span_of(from, (size_t)(newline - from));
            reader->at += record_out->len + 1;
            reader->offset += record_out->len + 1;
            return JOBLOG_READ_LINE;
        }
        if (left > RECORD_MAX_BYTES) {
            error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                      "cannot read the job log: a record is longer than %u bytes",
                      RECORD_MAX_BYTES);
            return JOBLOG_READ_ERROR;
        }
        ssize_t n = fill(reader, error);
        if (n <= 0)
            return n == 0 ? JOBLOG_READ_END : JOBLOG_READ_ERROR;
    }
}

JobLogRead
joblog_reader_next(JobLogReader *reader, JobLogLine *line_out, GError **error)
{
    bool at_start = reader->offset == 0;
    Span record = { 0 };
    JobLogRead result = next_record(reader, &record, error);

    if (result == JOBLOG_READ_LINE && at_start) {
        if (record.len + 1 != strlen(JOBLOG_HEADER) ||
            memcmp(record.data, JOBLOG_HEADER, record.len) != 0) {
            error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "cannot read the job log: not one");
            return JOBLOG_READ_ERROR;
        }
        result = next_record(reader, &record, error);
    }
    if (result == JOBLOG_READ_LINE && !joblog_line_parse(record, line_out, error))
        return JOBLOG_READ_ERROR;
    return result;
}
