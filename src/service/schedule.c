/* SPDX-License-Identifier: Apache-2.0
 * schedule: see schedule.h. What is due and its next time change in one transaction, so that a crash
 * neither loses an occurrence nor queues it twice. */
#include "service/schedule.h"
#include <string.h>
#include "base/json.h"
#include "base/limits.h"
#include "service/engine_priv.h"
#include "service/follow.h"
#include "service/queue.h"
#include "base/banned.h"

#define DUE_AT_ONCE 100 /* more wait for the next look */

int64_t
schedule_next_us(const Cron *cron, int64_t after_us)
{
    return cron_next_us(cron, after_us);
}

/* Without a setting the two usual names count. */
static bool
is_default(const char *ref, const char *default_branch)
{
    const char *branch = g_str_has_prefix(ref, "refs/heads/") ? ref + strlen("refs/heads/") : NULL;

    if (branch == NULL)
        return false;
    if (default_branch != NULL && default_branch[0] != '\0')
        return strcmp(branch, default_branch) == 0;
    return strcmp(branch, "main") == 0 || strcmp(branch, "master") == 0;
}

static char *
inputs_text(const PipelineSchedule *schedule)
{
    g_autoptr(json_t) object = json_object();

    if (schedule->n_inputs == 0)
        return g_strdup("");
    for (size_t i = 0; i < schedule->n_inputs; i++)
        json_object_set_new(object, schedule->inputs[i].name,
                            json_string(schedule->inputs[i].value));
    char *text = json_canonical(object, NULL, NULL);

    return text != NULL ? text : g_strdup("");
}

static bool
take_one(DbConn *conn, const char *project, size_t position, const char *default_ref,
         const PipelineSchedule *schedule, int64_t now_us, GError **error)
{
    g_autofree char *inputs = inputs_text(schedule);
    const char *branch =
        schedule->branch != NULL ? schedule->branch : default_ref + strlen("refs/heads/");

    return db_exec(conn, QUERY_SCHEDULE_UPSERT,
                   DB_PARAMS(DB_TEXT(project), DB_INT((int64_t)position), DB_TEXT(schedule->cron),
                             DB_TEXT(schedule->reason), DB_TEXT(branch), DB_TEXT(inputs),
                             DB_INT(schedule_next_us(&schedule->when, now_us))),
                   error);
}

bool
schedule_take(DbConn *conn, const char *ref, const Pipeline *pipeline, int64_t now_us,
              GError **error)
{
    g_autofree char *default_branch = NULL;
    bool found = false;

    if (!db_select_text(conn, QUERY_SCHEDULE_DEFAULT_BRANCH, DB_PARAMS(DB_TEXT(pipeline->project)),
                        &found, &default_branch, error))
        return false;
    if (!found || !is_default(ref, default_branch))
        return true;
    if (!db_exec(conn, QUERY_PROJECT_SET_FILE_IGNORES_MARKS,
                 DB_PARAMS(DB_TEXT(pipeline->project), DB_INT(pipeline->on.ignore_skip_marks)),
                 error))
        return false;
    if (!follow_take(conn, ref, pipeline, error))
        return false;
    for (size_t i = 0; i < pipeline->n_schedules; i++) {
        if (!take_one(conn, pipeline->project, i, ref, &pipeline->schedules[i], now_us, error))
            return false;
    }
    return db_exec(conn, QUERY_SCHEDULE_TRIM,
                   DB_PARAMS(DB_TEXT(pipeline->project), DB_INT((int64_t)pipeline->n_schedules)),
                   error);
}

/* ---- when one is due -------------------------------------------------------------------------- */

typedef struct Due {                                 /* one row */
    char *project, *cron, *reason, *branch, *inputs; /* owned */
    int64_t position;
    bool open; /* the run before has not ended */
} Due;

static void
due_free(void *data)
{
    Due *due = data;

    g_free(due->project);
    g_free(due->cron);
    g_free(due->reason);
    g_free(due->branch);
    g_free(due->inputs);
    g_free(due);
}

static GPtrArray *
load_due(DbRows *rows, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(due_free);
    bool has_row = rows != NULL;

    while (has_row) {
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
        if (!has_row)
            break;
        Due *due = g_new0(Due, 1);
        const char *state = db_rows_text(rows, 7);

        due->project = g_strdup(db_rows_text(rows, 0));
        due->position = db_rows_int(rows, 1);
        due->cron = g_strdup(db_rows_text(rows, 2));
        due->reason = g_strdup(db_rows_text(rows, 3));
        due->branch = g_strdup(db_rows_text(rows, 4));
        due->inputs = g_strdup(db_rows_text(rows, 5));
        due->open = state[0] != '\0' && !run_state_is_final(run_state_from_string(state));
        g_ptr_array_add(list, due);
    }
    return rows == NULL ? NULL : g_steal_pointer(&list);
}

static bool
add_run(DbConn *conn, const Due *due, const char *actor, int64_t now_us, RunId *run_out,
        GError **error)
{
    g_autofree char *ref = g_strconcat("refs/heads/", due->branch, NULL);
    g_autoptr(json_t) inputs = due->inputs[0] == '\0'
                                   ? NULL
                                   : json_parse(span_of_text(due->inputs), LIMIT_JSON_BYTES, error);
    QueueRequest request = {
        .project = due->project,
        .trigger = RUN_TRIGGER_SCHEDULE,
        .ref = ref,
        .actor = actor,
        .reason = due->reason,
        .inputs = inputs,
    };

    if (due->inputs[0] != '\0' && inputs == NULL)
        return false;
    return queue_add(conn, &request, now_us, run_out, error);
}

typedef struct DueWrite {
    int64_t now_us;
    int64_t next_us;
} DueWrite;

static bool
advance(DbConn *conn, const Due *due, int64_t now_us, GError **error)
{
    Cron cron = { 0 };
    RunId run = { 0 };
    int64_t next_us = INT64_MAX; /* a row of a program that read more than we do: never */

    if (cron_parse(due->cron, &cron, NULL))
        next_us = schedule_next_us(&cron, now_us);
    if (!due->open && !add_run(conn, due, "schedule", now_us, &run, error))
        return false;
    return db_exec(conn, QUERY_SCHEDULE_ADVANCE,
                   DB_PARAMS(DB_TEXT(due->project), DB_INT(due->position), DB_INT(next_us),
                             DB_INT(now_us), due->open ? DB_NULL : DB_INT(run.v)),
                   error);
}

static bool
write_due(DbConn *conn, void *input, GError **error)
{
    DueWrite *write = input;
    g_autoptr(GPtrArray) list = NULL;
    bool found = false;

    {
        g_autoptr(DbRows) rows = db_select(
            conn, QUERY_SCHEDULE_DUE, DB_PARAMS(DB_INT(write->now_us), DB_INT(DUE_AT_ONCE)), error);
        list = load_due(rows, error);
    }
    if (list == NULL)
        return false;
    for (guint i = 0; i < list->len; i++) {
        if (!advance(conn, list->pdata[i], write->now_us, error))
            return false;
    }
    write->next_us = INT64_MAX;
    return db_select_int(conn, QUERY_SCHEDULE_NEXT, DB_NO_PARAMS, &found, &write->next_us, error);
}

bool
schedule_due(Engine *engine, int64_t now_us, int64_t *next_us_out, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    DueWrite write = { .now_us = now_us };
    bool found = false;

    if (reader == NULL ||
        !db_select_int(reader, QUERY_SCHEDULE_NEXT, DB_NO_PARAMS, &found, &write.next_us, error))
        return false;
    g_clear_pointer(&reader, db_reader_release);
    if (!found)
        write.next_us = INT64_MAX;
    if (write.next_us <= now_us &&
        !db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_due, &write, error))
        return false;
    *next_us_out = write.next_us;
    return true;
}

/* ---- by hand, and looking ---------------------------------------------------------------------- */

typedef struct HandWrite {
    const char *project;
    int64_t position;
    const char *actor;
    int64_t now_us;
    RunId run;
} HandWrite;

static bool
write_hand(DbConn *conn, void *input, GError **error)
{
    HandWrite *hand = input;
    g_autoptr(GPtrArray) list = NULL;

    {
        g_autoptr(DbRows) rows =
            db_select(conn, QUERY_SCHEDULE_ONE,
                      DB_PARAMS(DB_TEXT(hand->project), DB_INT(hand->position)), error);
        list = load_due(rows, error);
    }
    if (list == NULL)
        return false;
    if (list->len == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "project '%s' has no schedule %" G_GINT64_FORMAT, hand->project, hand->position);
        return false;
    }
    return add_run(conn, list->pdata[0], hand->actor, hand->now_us, &hand->run, error);
}

bool
schedule_run(Engine *engine, const char *project, int64_t position, const char *actor,
             RunId *run_out, GError **error)
{
    HandWrite hand = { .project = project,
                       .position = position,
                       .actor = actor,
                       .now_us = clock_now_us(engine->clock) };

    if (!db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_hand, &hand, error))
        return false;
    *run_out = hand.run;
    queue_wake(engine);
    return true;
}

static json_t *
int_or_null(const DbRows *rows, int column)
{
    return db_rows_is_null(rows, column) ? json_null() : json_integer(db_rows_int(rows, column));
}

json_t *
schedule_list(Engine *engine, const char *project, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader == NULL ? NULL
                       : db_select(reader, QUERY_SCHEDULE_LIST,
                                   DB_PARAMS(DB_TEXT(project != NULL ? project : "")), error);
    g_autoptr(json_t) list = json_array();
    bool has_row = rows != NULL;

    while (has_row) {
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
        if (!has_row)
            break;
        json_t *inputs = json_parse(db_rows_blob(rows, 5), LIMIT_JSON_BYTES, NULL);

        json_array_append_new(
            list,
            json_pack("{s:s, s:I, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "project",
                      db_rows_text(rows, 0), "position", (json_int_t)db_rows_int(rows, 1), "cron",
                      db_rows_text(rows, 2), "reason", db_rows_text(rows, 3), "branch",
                      db_rows_text(rows, 4), "inputs", inputs != NULL ? inputs : json_object(),
                      "nextAt", int_or_null(rows, 6), "lastAt", int_or_null(rows, 7), "lastRun",
                      int_or_null(rows, 8), "lastState",
                      db_rows_is_null(rows, 9) ? json_null() : json_string(db_rows_text(rows, 9))));
    }
    return rows == NULL ? NULL : g_steal_pointer(&list);
}
