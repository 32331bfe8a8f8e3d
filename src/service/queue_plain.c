/* SPDX-License-Identifier: Apache-2.0
 * queue_plain: the queue without a scheduler: rows only. Weak, so that the scheduler's functions of
 * the same names take its place wherever they are linked. */
#include <string.h>
#include "service/outbox.h"
#include "service/queue.h"
#include "base/banned.h"

#define WEAK __attribute__((weak))

static const char *
event_of(RunTrigger trigger)
{
    return trigger == RUN_TRIGGER_TAG ? "tag" : trigger == RUN_TRIGGER_PUSH ? "push" : "manual";
}

/* Ends what waits for @ref, but for the run @except. */
static bool
end_queued(DbConn *conn, const char *project, const char *ref, int64_t except, const char *reason,
           int64_t now_us, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    bool has_row = false;

    {
        g_autoptr(DbRows) rows = db_select(conn, QUERY_RUN_QUEUED_OF_REF,
                                           DB_PARAMS(DB_TEXT(project), DB_TEXT(ref)), error);

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
        RunId id = { g_array_index(ids, int64_t, i) };

        if (id.v == except)
            continue;
        if (!db_exec(conn, QUERY_RUN_END,
                     DB_PARAMS(DB_INT(id.v), DB_TEXT(run_state_name(RUN_CANCELLED)),
                               DB_TEXT(reason), DB_INT(now_us)),
                     error) ||
            !outbox_run_changed(conn, id, RUN_CANCELLED, reason, now_us, error))
            return false;
    }
    return true;
}

WEAK bool
queue_add(DbConn *conn, const QueueRequest *request, int64_t now_us, RunId *run_out, GError **error)
{
    const char *commit = request->commit != NULL ? request->commit : "";
    int64_t number = 0;
    bool found = false;
    RunId run = { 0 };

    if (!db_select_int(conn, QUERY_PROJECT_TAKE_NUMBER, DB_PARAMS(DB_TEXT(request->project)),
                       &found, &number, error))
        return false;
    if (!found) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no project '%s'",
                  request->project);
        return false;
    }
    if (!db_select_int(conn, QUERY_RUN_INSERT,
                       DB_PARAMS(DB_TEXT(request->project), DB_INT(number),
                                 DB_TEXT(event_of(request->trigger)), DB_TEXT(request->ref),
                                 DB_TEXT(commit), DB_TEXT(""), DB_NULL, DB_TEXT(""), DB_NULL,
                                 DB_INT(0), DB_INT(now_us)),
                       &found, &run.v, error) ||
        (request->trigger != RUN_TRIGGER_TAG &&
         !end_queued(conn, request->project, request->ref, run.v, "a newer push came", now_us,
                     error)) ||
        !outbox_run_changed(conn, run, RUN_QUEUED, request->reason, now_us, error))
        return false;
    *run_out = run;
    return true;
}

WEAK bool
queue_cancel_ref(DbConn *conn, const char *project, const char *ref, const char *commit,
                 const char *reason, int64_t now_us, GError **error)
{
    (void)commit;
    return end_queued(conn, project, ref, 0, reason, now_us, error);
}

WEAK void
queue_wake(Engine *engine)
{
    (void)engine;
}
