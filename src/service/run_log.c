/* SPDX-License-Identifier: Apache-2.0
 * run_log: pages of job output, and runs that have ended. */
#include "service/run_log.h"
#include <fcntl.h>
#include <string.h>
#include "base/files.h"
#include "base/json.h"
#include "joblog/joblog.h"
#include "service/engine_priv.h"
#include "base/banned.h"

DbReader *
run_log_reader(Engine *engine, GError **error)
{
    return db_reader_acquire(engine->db, error);
}

/* The row of the asked (or last) attempt: its number, whether it has ended, its log's digest or
 * NULL. */
static bool
find_attempt(DbConn *conn, RunId id, int64_t position, int64_t *attempt, bool *ended_out,
             char **log_out, GError **error)
{
    g_autoptr(DbRows) rows = db_select(conn, QUERY_JOB_LIST, DB_PARAMS(DB_INT(id.v)), error);
    int64_t wanted = *attempt;
    bool found = false;
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    while (has_row) {
        if (db_rows_int(rows, 0) == position && (wanted == 0 || db_rows_int(rows, 1) == wanted)) {
            found = true;
            *attempt = db_rows_int(rows, 1);
            *ended_out = job_state_is_final(job_state_from_string(db_rows_text(rows, 5)));
            g_free(*log_out);
            *log_out = g_strdup(db_rows_text(rows, 9));
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

static json_t *
line_object(const JobLogLine *line)
{
    static const char *const kinds[] = { "none", "line", "partial", "cut", "mark" };
    g_autofree char *text =
        g_utf8_make_valid((const char *)line->text.data, (gssize)line->text.len);

    return json_pack("{s:I, s:i, s:s, s:s}", "at", (json_int_t)line->wall_us, "step",
                     (int)line->step, "kind", kinds[line->kind], "text", text);
}

json_t *
run_log_lines(Engine *engine, DbConn *conn, const RunRecord *record, int64_t position,
              int64_t attempt, uint64_t offset, GError **error)
{
    g_autoptr(json_t) lines = json_array();
    g_autoptr(JobLogReader) reader = NULL;
    g_autoptr(GError) local = NULL;
    g_autofree char *log = NULL;
    AUTO_FD int fd = -1;
    bool ended = false;
    JobLogLine line = { 0 };
    JobLogRead read = JOBLOG_READ_END;

    if (!find_attempt(conn, record->id, position, &attempt, &ended, &log, error))
        return NULL;
    fd = open_log(engine, record->id, position, attempt, log, &local);
    if (local != NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    if (fd < 0)
        return json_pack("{s:O, s:I, s:b}", "lines", lines, "next", (json_int_t)offset, "ended",
                         ended);
    reader = joblog_reader_new(fd, offset);
    while (json_array_size(lines) < RUN_LOG_PAGE_LINES &&
           (read = joblog_reader_next(reader, &line, error)) == JOBLOG_READ_LINE)
        json_array_append_new(lines, line_object(&line));
    if (read == JOBLOG_READ_ERROR)
        return NULL;
    return json_pack("{s:O, s:I, s:b}", "lines", lines, "next",
                     (json_int_t)joblog_reader_get_offset(reader), "ended",
                     ended && read == JOBLOG_READ_END);
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
