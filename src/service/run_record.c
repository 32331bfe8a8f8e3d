/* SPDX-License-Identifier: Apache-2.0
 * run_record: rows of work_run and its children. */
#include "service/run_record.h"
#include <stdlib.h>
#include <string.h>
#include "base/error.h"
#include "base/json.h"
#include "service/outbox.h"
#include "base/banned.h"

void
run_record_clear(RunRecord *record)
{
    g_free(record->project);
    g_free(record->event);
    g_free(record->ref);
    g_free(record->commit);
    g_free(record->tree);
    g_free(record->tag_object);
    g_free(record->pipeline);
    g_free(record->release);
    g_free(record->reason);
    g_free(record->why);
    g_free(record->actor);
    memset(record, 0, sizeof *record);
}

static void
record_free(void *record)
{
    run_record_clear(record);
    g_free(record);
}

static void
read_row(const DbRows *rows, RunRecord *out)
{
    out->id.v = db_rows_int(rows, 0);
    out->project = g_strdup(db_rows_text(rows, 1));
    out->number = db_rows_int(rows, 2);
    out->event = g_strdup(db_rows_text(rows, 3));
    out->ref = g_strdup(db_rows_text(rows, 4));
    out->commit = g_strdup(db_rows_text(rows, 5));
    out->tree = g_strdup(db_rows_text(rows, 6));
    out->tag_object = g_strdup(db_rows_text(rows, 7));
    out->pipeline = g_strdup(db_rows_text(rows, 8));
    out->release = g_strdup(db_rows_text(rows, 9));
    out->state = run_state_from_string(db_rows_text(rows, 10));
    out->reason = g_strdup(db_rows_text(rows, 11));
    out->commit_us = db_rows_int(rows, 12);
    out->created_us = db_rows_int(rows, 13);
    out->started_us = db_rows_int(rows, 14);
    out->ended_us = db_rows_int(rows, 15);
    out->why = g_strdup(db_rows_text(rows, 16));
    out->actor = g_strdup(db_rows_text(rows, 17));
}

static bool
load_one(DbRows *rows, const char *what, RunRecord *out, GError **error)
{
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    if (!has_row) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no run '%s'", what);
        return false;
    }
    read_row(rows, out);
    return true;
}

bool
run_record_load(DbConn *conn, RunId id, RunRecord *out, GError **error)
{
    g_autofree char *what = g_strdup_printf("#%" G_GINT64_FORMAT, id.v);
    g_autoptr(DbRows) rows = db_select(conn, QUERY_RUN_BY_ID, DB_PARAMS(DB_INT(id.v)), error);

    return load_one(rows, what, out, error);
}

bool
run_record_load_number(DbConn *conn, const char *project, int64_t number, RunRecord *out,
                       GError **error)
{
    g_autofree char *what = g_strdup_printf("%s/%" G_GINT64_FORMAT, project, number);
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_RUN_BY_NUMBER, DB_PARAMS(DB_TEXT(project), DB_INT(number)), error);

    return load_one(rows, what, out, error);
}

/* The name of the only project. */
static bool
only_project(DbConn *conn, char **name_out, GError **error)
{
    g_autoptr(DbRows) rows = db_select(conn, QUERY_PROJECT_LIST, DB_NO_PARAMS, error);
    g_autofree char *name = NULL;
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    if (has_row) {
        name = g_strdup(db_rows_text(rows, 0));
        if (!db_rows_next(rows, &has_row, error))
            return false;
    }
    if (name == NULL || has_row) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  name == NULL ? "there is no run yet" : "say which project: 'PROJECT/NUMBER'");
        return false;
    }
    *name_out = g_steal_pointer(&name);
    return true;
}

bool
run_record_find(DbConn *conn, const char *text, RunRecord *out, GError **error)
{
    const char *slash = strrchr(text, '/');
    const char *digits = slash != NULL ? slash + 1 : text;
    g_autofree char *project = slash != NULL ? g_strndup(text, (gsize)(slash - text)) : NULL;
    char *end = NULL;
    gint64 number = g_ascii_strtoll(digits, &end, 10);

    if (end == digits || *end != '\0' || number < 1) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "'%s' is not a run: expected 'NUMBER' or 'PROJECT/NUMBER'", text);
        return false;
    }
    if (project == NULL && !only_project(conn, &project, error))
        return false;
    return run_record_load_number(conn, project, number, out, error);
}

static DbRows *
select_page(DbConn *conn, const RunFilter *filter, GError **error)
{
    DbValue below = DB_INT(filter->before.v > 0 ? filter->before.v : INT64_MAX);
    const char *state = filter->state != RUN_NONE ? run_state_name(filter->state) : "";

    if (filter->ref != NULL)
        return db_select(conn, QUERY_RUN_PAGE_REF,
                         DB_PARAMS(DB_TEXT(filter->ref), below,
                                   DB_TEXT(filter->project != NULL ? filter->project : ""),
                                   DB_TEXT(state), DB_INT(filter->limit)),
                         error);
    if (filter->project != NULL)
        return db_select(
            conn, QUERY_RUN_PAGE_OF,
            DB_PARAMS(DB_TEXT(filter->project), below, DB_TEXT(state), DB_INT(filter->limit)),
            error);
    if (filter->state != RUN_NONE)
        return db_select(conn, QUERY_RUN_PAGE_IN,
                         DB_PARAMS(DB_TEXT(state), below, DB_INT(filter->limit)), error);
    return db_select(conn, QUERY_RUN_PAGE, DB_PARAMS(below, DB_INT(filter->limit)), error);
}

GPtrArray *
run_record_page(DbConn *conn, const RunFilter *filter, GError **error)
{
    g_autoptr(GPtrArray) page = g_ptr_array_new_with_free_func(record_free);
    g_autoptr(DbRows) rows = select_page(conn, filter, error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        RunRecord *record = g_new0(RunRecord, 1);

        read_row(rows, record);
        g_ptr_array_add(page, record);
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&page);
}

static json_t *
time_or_null(int64_t time_us)
{
    return time_us > 0 ? json_integer(time_us) : json_null();
}

json_t *
run_record_summary(const RunRecord *record)
{
    json_t *object = json_object();

    json_object_set_new(object, "run",
                        json_sprintf("%s/%lld", record->project, (long long)record->number));
    json_object_set_new(object, "id", json_integer(record->id.v));
    json_object_set_new(object, "project", json_string(record->project));
    json_object_set_new(object, "number", json_integer(record->number));
    json_object_set_new(object, "state", json_string(run_state_name(record->state)));
    json_object_set_new(object, "reason", json_string(record->reason));
    json_object_set_new(object, "event", json_string(record->event));
    json_object_set_new(object, "why", json_string(record->why));
    json_object_set_new(object, "actor", json_string(record->actor));
    json_object_set_new(object, "ref", json_string(record->ref));
    json_object_set_new(object, "commit", json_string(record->commit));
    json_object_set_new(object, "tree", json_string(record->tree));
    json_object_set_new(object, "release", json_string_or_null(record->release));
    json_object_set_new(object, "pipeline", json_string(record->pipeline));
    json_object_set_new(object, "createdAt", time_or_null(record->created_us));
    json_object_set_new(object, "startedAt", time_or_null(record->started_us));
    json_object_set_new(object, "endedAt", time_or_null(record->ended_us));
    return object;
}

/* Turns each row of @query over the run into an object by @make and appends it to a new array. */
static json_t *
rows_to_array(DbConn *conn, QueryId query, RunId id, json_t *(*make)(const DbRows *),
              GError **error)
{
    g_autoptr(json_t) array = json_array();
    g_autoptr(DbRows) rows = db_select(conn, query, DB_PARAMS(DB_INT(id.v)), error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        json_array_append_new(array, make(rows));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&array);
}

static json_t *
int_or_null(const DbRows *rows, int column)
{
    return db_rows_is_null(rows, column) ? json_null() : json_integer(db_rows_int(rows, column));
}

static json_t *
job_object(const DbRows *rows)
{
    json_t *object = json_object();

    json_object_set_new(object, "position", json_integer(db_rows_int(rows, 0)));
    json_object_set_new(object, "attempt", json_integer(db_rows_int(rows, 1)));
    json_object_set_new(object, "name", json_string(db_rows_text(rows, 2)));
    json_object_set_new(object, "executor", json_string(db_rows_text(rows, 3)));
    json_object_set_new(object, "isolation", json_string(db_rows_text(rows, 4)));
    json_object_set_new(object, "state", json_string(db_rows_text(rows, 5)));
    json_object_set_new(object, "reason", json_string(db_rows_text(rows, 6)));
    json_object_set_new(object, "exitCode", int_or_null(rows, 7));
    json_object_set_new(object, "failedStep", int_or_null(rows, 8));
    json_object_set_new(object, "log", json_string_or_null(db_rows_text(rows, 9)));
    json_object_set_new(object, "startedAt", int_or_null(rows, 10));
    json_object_set_new(object, "endedAt", int_or_null(rows, 11));
    json_object_set_new(object, "reusedFrom", int_or_null(rows, 12));
    json_object_set_new(object, "logRemovedAt", int_or_null(rows, 13));
    return object;
}

static json_t *
step_object(const DbRows *rows)
{
    json_t *object = json_object();

    json_object_set_new(object, "position", json_integer(db_rows_int(rows, 0)));
    json_object_set_new(object, "attempt", json_integer(db_rows_int(rows, 1)));
    json_object_set_new(object, "step", json_integer(db_rows_int(rows, 2)));
    json_object_set_new(object, "name", json_string(db_rows_text(rows, 3)));
    json_object_set_new(object, "exitCode", json_integer(db_rows_int(rows, 4)));
    json_object_set_new(object, "wallUs", json_integer(db_rows_int(rows, 5)));
    return object;
}

static json_t *
artifact_object(const DbRows *rows)
{
    json_t *object = json_object();

    json_object_set_new(object, "position", json_integer(db_rows_int(rows, 0)));
    json_object_set_new(object, "path", json_string(db_rows_text(rows, 1)));
    json_object_set_new(object, "digest", json_string(db_rows_text(rows, 2)));
    json_object_set_new(object, "sizeBytes", json_integer(db_rows_int(rows, 3)));
    json_object_set_new(object, "executable", json_boolean(db_rows_int(rows, 4) != 0));
    return object;
}

static json_t *
output_object(const DbRows *rows)
{
    json_t *object = json_object();

    json_object_set_new(object, "position", json_integer(db_rows_int(rows, 0)));
    json_object_set_new(object, "name", json_string(db_rows_text(rows, 1)));
    json_object_set_new(object, "value", json_string(db_rows_text(rows, 2)));
    return object;
}

json_t *
run_record_to_json(DbConn *conn, const RunRecord *record, GError **error)
{
    static const struct {
        const char *key;
        QueryId query;
        json_t *(*make)(const DbRows *);
    } parts[] = {
        { "jobs", QUERY_JOB_LIST, job_object },
        { "steps", QUERY_STEP_LIST, step_object },
        { "artifacts", QUERY_ARTIFACT_LIST, artifact_object },
        { "outputs", QUERY_OUTPUT_LIST, output_object },
    };
    g_autoptr(json_t) object = run_record_summary(record);

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        json_t *array = rows_to_array(conn, parts[i].query, record->id, parts[i].make, error);

        if (array == NULL)
            return NULL;
        json_object_set_new(object, parts[i].key, array);
    }
    return g_steal_pointer(&object);
}

/* ---- changes of state
 * ---------------------------------------------------------------------------------------------- */

bool
run_record_told(DbConn *conn, RunId id, RunState state, const char *reason, int64_t now_us,
                GError **error)
{
    return outbox_run_changed(conn, id, state, reason, now_us, error);
}

bool
run_record_change(DbConn *conn, RunId id, RunState state, const char *reason, int64_t now_us,
                  GError **error)
{
    QueryId query = run_state_is_final(state) ? QUERY_RUN_END : QUERY_RUN_SET_STATE;

    if (!db_exec(conn, query,
                 DB_PARAMS(DB_INT(id.v), DB_TEXT(run_state_name(state)), DB_TEXT(reason),
                           DB_INT(now_us)),
                 error))
        return false;
    return db_changes(conn) == 0 || run_record_told(conn, id, state, reason, now_us, error);
}

typedef struct {
    const char *reason;
    int64_t now_us;
    size_t n;
} EndOpen;

static bool
end_open(DbConn *conn, void *input, GError **error)
{
    EndOpen *end = input;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    bool has_row = false;

    {
        g_autoptr(DbRows) rows = db_select(conn, QUERY_RUN_OPEN, DB_NO_PARAMS, error);

        if (rows == NULL || !db_rows_next(rows, &has_row, error))
            return false;
        while (has_row) {
            int64_t id = db_rows_int(rows, 0);

            g_array_append_val(ids, id);
            if (!db_rows_next(rows, &has_row, error))
                return false;
        }
    }
    for (guint i = 0; i < ids->len; i++) {
        int64_t id = g_array_index(ids, int64_t, i);

        if (!db_exec(conn, QUERY_JOB_END_OPEN,
                     DB_PARAMS(DB_INT(id), DB_TEXT(job_state_name(JOB_ERROR)), DB_TEXT(end->reason),
                               DB_INT(end->now_us)),
                     error) ||
            !run_record_change(conn, (RunId){ id }, RUN_ERROR, end->reason, end->now_us, error))
            return false;
    }
    end->n = ids->len;
    return true;
}

bool
run_record_end_open(Db *db, const char *reason, int64_t now_us, size_t *n_out, GError **error)
{
    EndOpen end = { .reason = reason, .now_us = now_us };

    if (!db_write(db, DB_LANE_CONTROL, end_open, &end, error))
        return false;
    *n_out = end.n;
    return true;
}
