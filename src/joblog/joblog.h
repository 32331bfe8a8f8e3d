/* SPDX-License-Identifier: Apache-2.0
 * joblog: the output of a job on its way to disk. Lines are put together across reads, masked,
 * capped, stamped and appended to a live file that others may read while it grows. One writer at a
 * time.
 *
 * The file: first JOBLOG_HEADER, then one record a line:
 *     WALL_US MONOTONIC_US STEP KIND TEXT\n
 * three decimal numbers, a letter, then the text as the job wrote it (control sequences kept),
 * without its newline. KIND: 'o' a line; 'p' a line the step left unfinished; 'c' a line cut at the
 * cap; 'm' a remark of the engine's own, which no job can forge. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/span.h"
#include "joblog/mask.h"

#define JOBLOG_HEADER "slipway-joblog 1\n"

typedef struct Cancel Cancel; /* sys/cancel.h */
typedef struct Wake Wake;     /* sys/wake.h */
typedef struct JobLog JobLog;

typedef enum {
    JOBLOG_NONE,
    JOBLOG_LINE,    /* 'o' */
    JOBLOG_PARTIAL, /* 'p' */
    JOBLOG_CUT,     /* 'c' */
    JOBLOG_MARK,    /* 'm' */
} JobLogKind;

typedef struct JobLogOptions { /* zeros: the defaults */
    const Mask *mask;          /* borrowed until the log is freed */
    const Clock *clock;        /* borrowed; NULL: the machine's */
    size_t line_bytes;         /* LIMIT_LOG_LINE_BYTES */
    uint64_t step_bytes;       /* LIMIT_LOG_STEP_BYTES */
} JobLogOptions;

/** Creates @path, which must not exist. @options may be NULL. Returns: owned. Errors: EXISTS, IO.
 */
JobLog *joblog_create(const char *path, const JobLogOptions *options, GError **error) MUST_CHECK;
/** Whatever follows belongs to step @step; ends the step before. */
bool joblog_begin_step(JobLog *log, uint32_t step, GError **error) MUST_CHECK;
/** Where the next record will begin in the file. */
uint64_t joblog_get_offset(const JobLog *log);
/** Bytes of the current step, cut anywhere. Every whole line is in the file when it returns; beyond
 * the caps they are counted and dropped. Errors: IO. */
bool joblog_feed(JobLog *log, Span bytes, GError **error) MUST_CHECK;
/** A remark of the engine: limits, time out, skipped. Newlines become spaces; masked. Errors: IO.
 */
bool joblog_mark(JobLog *log, const char *text, GError **error) MUST_CHECK;
/** Writes an unfinished line and, if something was dropped, a remark saying how much. Errors: IO.
 */
bool joblog_end_step(JobLog *log, GError **error) MUST_CHECK;
/** Ends the last step and syncs. Returns a descriptor open for reading at 0, ready for the store;
 * -1 on error. Nothing may be written afterwards. Errors: IO. */
int joblog_finish(JobLog *log, GError **error) MUST_CHECK;
void joblog_free(JobLog *log);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JobLog, joblog_free)

/**
 * Reads @fd to its end into the current step.
 * @progress: sent after each read that gave lines; or NULL.
 * @cancel: stops the pump; or NULL (the usual: cancelling kills the job, which ends the pipe).
 * Blocks. Errors: CANCELLED, IO.
 */
bool joblog_pump(JobLog *log, int fd, Wake *progress, Cancel *cancel, GError **error) MUST_CHECK;

typedef struct JobLogLine {
    int64_t wall_us;
    int64_t monotonic_us;
    uint32_t step;
    JobLogKind kind;
    Span text; /* borrowed from the reader until its next call */
} JobLogLine;

/** One record without its newline. Errors: CORRUPT. */
bool joblog_line_parse(Span record, JobLogLine *line_out, GError **error) MUST_CHECK;

typedef struct JobLogReader JobLogReader;
typedef enum {
    JOBLOG_READ_ERROR,
    JOBLOG_READ_LINE, /* *line_out is set */
    JOBLOG_READ_END,  /* no whole record more, now; ask again when the file has grown */
} JobLogRead;

/** @fd: borrowed, read with pread. @offset: 0, or one that joblog_reader_get_offset gave. Owned. */
JobLogReader *joblog_reader_new(int fd, uint64_t offset);
/** Errors: CORRUPT, IO. */
JobLogRead joblog_reader_next(JobLogReader *reader, JobLogLine *line_out,
                              GError **error) MUST_CHECK;
/** Where the next record begins. */
uint64_t joblog_reader_get_offset(const JobLogReader *reader);
void joblog_reader_free(JobLogReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JobLogReader, joblog_reader_free)
