/* SPDX-License-Identifier: Apache-2.0
 * run_log: pages of job output, and runs that have ended. */
#include "service/run_log.h"
#include <fcntl.h>
#include <string.h>
#include "base/files.h"
#include "base/json.h"
#include "joblog/first_error.h"
#include "joblog/group.h"
#include "joblog/joblog.h"
#include "service/engine_priv.h"
#include "base/banned.h"

DbReader *
run_log_reader(Engine *engine, GError **error)
{
    return db_reader_acquire(engine->db, error);
}

typedef struct FoundLog { /* the row of an attempt; end with found_log_clear */
    int64_t attempt;
    bool ended;
    int64_t removed_us; /* 0: it was not removed */
    char *log;          /* owned: digest; NULL: none */
} FoundLog;

static void
found_log_clear(FoundLog *found)
{
    g_clear_pointer(&found->log, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FoundLog, found_log_clear)

/* The row of the asked (or last) attempt. @out->attempt: the asked one; 0: the last. */
static bool
find_attempt(DbConn *conn, RunId id, int64_t position, FoundLog *out, GError **error)
{
    g_autoptr(DbRows) rows = db_select(conn, QUERY_JOB_LIST, DB_PARAMS(DB_INT(id.v)), error);
    int64_t wanted = out->attempt;
    bool found = false;
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    while (has_row) {
        if (db_rows_int(rows, 0) == position && (wanted == 0 || db_rows_int(rows, 1) == wanted)) {
            found = true;
            found_log_clear(out);
            *out = (FoundLog){
                .attempt = db_rows_int(rows, 1),
                .ended = job_state_is_final(job_state_from_string(db_rows_text(rows, 5))),
                .removed_us = db_rows_int(rows, 13),
                .log = g_strdup(db_rows_text(rows, 9)),
            };
        }
        if (!db_rows_next(rows, &has_row, error))
            return false;
    }
    if (!found)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "the run has no job %" G_GINT64_FORMAT " with such an attempt", position);
    return found;
}

/* Returns a descriptor, or -1; no log at all gives -1 without an error. */
static int
open_log(Engine *engine, RunId id, int64_t position, int64_t attempt, const char *log,
         GError **error)
{
    g_autofree char *path =
        g_strdup_printf("runs/%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT ".log",
                        id.v, position, attempt);
    g_autoptr(GError) local = NULL;
    Digest digest;
    int fd = -1;

    if (log != NULL)
        return digest_from_string(log, &digest, error)
                   ? store_open_blob(engine->store, &digest, NULL, error)
                   : -1;
    fd = open_beneath(engine->home_fd, path, O_RDONLY, 0, &local);
    if (fd < 0 && error_kind(local) != ERROR_KIND_NOT_FOUND)
        g_propagate_error(error, g_steal_pointer(&local));
    return fd;
}

/* What is remembered of groups between pages, in one number. */
#define FOLD_SECTION 16

static GroupState
fold_state(int64_t fold)
{
    return (GroupState){ .level = MIN((unsigned)(fold & (FOLD_SECTION - 1)), GROUP_MAX_LEVEL),
                         .in_section = (fold & FOLD_SECTION) != 0 };
}

static json_t *
line_object(const JobLogLine *line, GroupState *groups)
{
    static const char *const kinds[] = { "none", "line", "partial", "cut", "mark" };
    GroupMark mark = line->kind == JOBLOG_MARK ? (GroupMark){ 0 } : group_mark_of(line->text);
    unsigned level = group_state_take(groups, &mark);
    g_autofree char *text =
        g_utf8_make_valid((const char *)line->text.data, (gssize)line->text.len);
    json_t *object =
        json_pack("{s:I, s:i, s:s, s:s, s:i}", "at", (json_int_t)line->wall_us, "step",
                  (int)line->step, "kind", kinds[line->kind], "text", text, "level", (int)level);

    if (mark.kind == GROUP_OPEN || mark.kind == GROUP_SECTION) {
        g_autofree char *name = first_error_plain(mark.name);

        json_object_set_new(object, "group", json_string(name));
        json_object_set_new(object, "collapsed", json_boolean(mark.collapsed));
    } else if (mark.kind == GROUP_CLOSE) {
        json_object_set_new(object, "group", json_null());
    }
    return object;
}

/* The log of an attempt. *fd_out is -1 without an error when there is none (yet, or any more). */
static bool
find_log(Engine *engine, DbConn *conn, RunId id, int64_t position, FoundLog *found, int *fd_out,
         GError **error)
{
    g_autoptr(GError) local = NULL;

    if (!find_attempt(conn, id, position, found, error))
        return false;
    *fd_out = open_log(engine, id, position, found->attempt, found->log, &local);
    if (local == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

/* Where step @step begins; 0 when its row is not written yet. */
static bool
step_start(DbConn *conn, RunId id, int64_t position, int64_t attempt, int64_t step,
           uint64_t *start_out, GError **error)
{
    int64_t start = 0;
    bool found = false;

    if (!db_select_int(conn, QUERY_LOG_STEP_START,
                       DB_PARAMS(DB_INT(id.v), DB_INT(position), DB_INT(attempt), DB_INT(step)),
                       &found, &start, error))
        return false;
    *start_out = found ? (uint64_t)start : 0;
    return true;
}

/* A new step begins outside of every group. */
static void
note_step(GroupState *groups, uint32_t *step, const JobLogLine *line)
{
    if (line->step != *step)
        *groups = (GroupState){ 0 };
    *step = line->step;
}

json_t *
run_log_page(Engine *engine, DbConn *conn, const RunRecord *record, const RunLogPlace *place,
             GError **error)
{
    g_autoptr(json_t) lines = json_array();
    g_autoptr(JobLogReader) reader = NULL;
    AUTO_FD int fd = -1;
    g_auto(FoundLog) found = { .attempt = place->attempt };
    uint64_t offset = place->offset;
    uint32_t step = 0;
    GroupState groups = fold_state(place->fold);
    JobLogLine line = { 0 };
    JobLogRead read = JOBLOG_READ_END;
    bool first = true;

    if (!find_log(engine, conn, record->id, place->position, &found, &fd, error) ||
        (place->step > 0 && offset == 0 &&
         !step_start(conn, record->id, place->position, found.attempt, place->step, &offset,
                     error)))
        return NULL;
    if (fd < 0)
        return json_pack("{s:O, s:I, s:b, s:I, s:o}", "lines", lines, "next", (json_int_t)offset,
                         "ended", found.ended, "fold", (json_int_t)place->fold, "removedAt",
                         found.removed_us > 0 ? json_integer(found.removed_us) : json_null());
    reader = joblog_reader_new(fd, offset);
    while (json_array_size(lines) < RUN_LOG_PAGE_LINES &&
           (read = joblog_reader_next(reader, &line, error)) == JOBLOG_READ_LINE) {
        if (first)
            step = line.step; /* what @fold says is of its step */
        first = false;
        note_step(&groups, &step, &line);
        if (place->step == 0 || line.step == place->step)
            json_array_append_new(lines, line_object(&line, &groups));
        else if (line.step > place->step) {
            found.ended = true;
            read = JOBLOG_READ_END;
            break;
        }
    }
    if (read == JOBLOG_READ_ERROR)
        return NULL;
    return json_pack("{s:O, s:I, s:b, s:I}", "lines", lines, "next",
                     (json_int_t)joblog_reader_get_offset(reader), "ended",
                     found.ended && read == JOBLOG_READ_END, "fold",
                     (json_int_t)(groups.level | (groups.in_section ? FOLD_SECTION : 0)));
}

json_t *
run_log_lines(Engine *engine, DbConn *conn, const RunRecord *record, int64_t position,
              int64_t attempt, uint64_t offset, GError **error)
{
    RunLogPlace place = { .position = position, .attempt = attempt, .offset = offset };

    return run_log_page(engine, conn, record, &place, error);
}

/* Reads to the end; a broken or growing tail ends it too. */
static void
search_error(JobLogReader *reader, uint32_t step, FirstError *found)
{
    uint64_t number = 0;

    while (found->rank != FIRST_ERROR_SURE) {
        JobLogLine line = { 0 };

        if (joblog_reader_next(reader, &line, NULL) != JOBLOG_READ_LINE)
            return;
        uint64_t after = joblog_reader_get_offset(reader);

        first_error_take(found, &line, after, number++, step);
    }
}

json_t *
run_log_error(Engine *engine, DbConn *conn, const RunRecord *record, int64_t position,
              int64_t attempt, int64_t step, GError **error)
{
    g_autoptr(JobLogReader) reader = NULL;
    g_auto(FirstError) found = { 0 };
    g_auto(FoundLog) log = { .attempt = attempt };
    AUTO_FD int fd = -1;

    if (!find_log(engine, conn, record->id, position, &log, &fd, error))
        return NULL;
    if (fd >= 0) {
        reader = joblog_reader_new(fd, 0);
        search_error(reader, (uint32_t)step, &found);
    }
    if (found.text == NULL)
        return json_null();
    return json_pack("{s:I, s:I, s:i, s:s, s:b}", "position", (json_int_t)position, "line",
                     (json_int_t)found.line, "step", (int)found.step, "text", found.text, "sure",
                     found.rank == FIRST_ERROR_SURE);
}

bool
run_log_ended(Engine *engine, RunId id, json_t **result_out, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_auto(RunRecord) record = { 0 };
    json_t *jobs = NULL;

    if (reader == NULL || !run_record_load(reader, id, &record, error))
        return false;
    *result_out = run_record_to_json(reader, &record, error);
    if (*result_out == NULL)
        return false;
    jobs = json_object_get(*result_out, "jobs");
    for (size_t i = 0; i < json_array_size(jobs); i++) {
        json_t *job = json_array_get(jobs, i);

        json_object_set_new(job, "elapsedUs",
                            json_integer(json_integer_value(json_object_get(job, "endedAt")) -
                                         json_integer_value(json_object_get(job, "startedAt"))));
        json_object_set_new(job, "step", json_null());
    }
    json_object_set_new(*result_out, "version", json_integer(G_MAXINT32));
    json_object_set_new(*result_out, "elapsedUs",
                        json_integer(record.ended_us - record.started_us));
    return true;
}
