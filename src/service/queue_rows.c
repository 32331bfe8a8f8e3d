/* SPDX-License-Identifier: Apache-2.0
 * queue_rows: the rows of waiting runs: added, superseded, cancelled, let go. Everything here is
 * one transaction, the caller's or its own. */
#include <string.h>
#include "base/error.h"
#include "base/json.h"
#include "service/engine_priv.h"
#include "service/queue.h"
#include "base/banned.h"

static const char *const trigger_names[RUN_N_TRIGGERS] = {
    [RUN_TRIGGER_NONE] = "none",       [RUN_TRIGGER_PUSH] = "push",
    [RUN_TRIGGER_TAG] = "tag",         [RUN_TRIGGER_PROPOSAL] = "proposal",
    [RUN_TRIGGER_MANUAL] = "manual",   [RUN_TRIGGER_SCHEDULE] = "schedule",
    [RUN_TRIGGER_RELEASE] = "release", [RUN_TRIGGER_ARTIFACT] = "artifact",
};

const char *
run_trigger_name(RunTrigger trigger)
{
    return trigger < RUN_N_TRIGGERS ? trigger_names[trigger] : "none";
}

RunTrigger
run_trigger_from_string(const char *name)
{
    for (RunTrigger trigger = RUN_TRIGGER_NONE + 1; trigger < RUN_N_TRIGGERS; trigger++) {
        if (strcmp(trigger_names[trigger], name) == 0)
            return trigger;
    }
    return RUN_TRIGGER_NONE;
}

/* ---- ends -------------------------------------------------------------------------------------- */

static bool
end_queued(DbConn *conn, int64_t id, RunState state, const char *reason, int64_t now_us,
           GError **error)
{
    return run_record_change(conn, (RunId){ id }, state, reason, now_us, error);
}

/* Owned array of int64_t: the first column of the rows. */
static GArray *
read_ids(DbRows *rows, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        int64_t id = db_rows_int(rows, 0);

        g_array_append_val(ids, id);
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&ids);
}

/* What nobody has built yet counts as changed too: the newer push is compared with what the oldest
 * that it supersedes would have been. */
static bool
inherit_before(DbConn *conn, const QueueRequest *request, RunId newer, GError **error)
{
    g_autofree char *before = NULL;
    bool found = false;

    return db_select_text(
               conn, QUERY_QUEUE_OLDEST_BEFORE,
               DB_PARAMS(DB_TEXT(request->project), DB_TEXT(request->ref), DB_INT(newer.v)), &found,
               &before, error) &&
           (!found || db_exec(conn, QUERY_QUEUE_SET_BEFORE,
                              DB_PARAMS(DB_INT(newer.v), DB_TEXT(before)), error));
}

/* A newer push of a ref is what counts: nobody waits for the older one any more. */
static bool
supersede(DbConn *conn, const QueueRequest *request, RunId newer, int64_t number, int64_t now_us,
          GError **error)
{
    g_autoptr(GArray) ids = NULL;
    g_autofree char *reason =
        g_strdup_printf("a newer push of the same ref came: run %" G_GINT64_FORMAT, number);

    if (request->again)
        return true;
    if (request->trigger != RUN_TRIGGER_PUSH && request->trigger != RUN_TRIGGER_PROPOSAL)
        return true;
    if (!inherit_before(conn, request, newer, error))
        return false;
    {
        g_autoptr(DbRows) rows = db_select(
            conn, QUERY_QUEUE_SAME_REF,
            DB_PARAMS(DB_TEXT(request->project), DB_TEXT(request->ref), DB_INT(newer.v)), error);

        ids = read_ids(rows, error);
    }
    for (guint i = 0; ids != NULL && i < ids->len; i++) {
        if (!end_queued(conn, g_array_index(ids, int64_t, i), RUN_CANCELLED, reason, now_us, error))
            return false;
    }
    return ids != NULL;
}

/* ---- adding ------------------------------------------------------------------------------------ */

static bool
check_request(const QueueRequest *request, GError **error)
{
    if (request->trigger <= RUN_TRIGGER_NONE || request->trigger >= RUN_N_TRIGGERS ||
        request->ref == NULL || *request->ref == '\0') {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "a run needs a trigger and a ref");
        return false;
    }
    if (request->trigger == RUN_TRIGGER_PROPOSAL && request->base_ref == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "a proposal needs the ref it is for: its slipway.yaml rules");
        return false;
    }
    return true;
}

/* Owned; "" without inputs. */
static char *
inputs_text(const json_t *inputs, GError **error)
{
    g_autofree char *text = NULL;

    if (inputs == NULL)
        return g_strdup("");
    text = json_canonical(inputs, NULL, error);
    if (text == NULL || strlen(text) <= QUEUE_MAX_INPUT_BYTES)
        return g_steal_pointer(&text);
    error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "the inputs of a run are longer than %u bytes",
              QUEUE_MAX_INPUT_BYTES);
    return NULL;
}

static bool
take_number(DbConn *conn, const char *project, int64_t *number_out, GError **error)
{
    bool found = false;

    if (!db_select_int(conn, QUERY_PROJECT_TAKE_NUMBER, DB_PARAMS(DB_TEXT(project)), &found,
                       number_out, error))
        return false;
    if (!found)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no project '%s'", project);
    return found;
}

bool
queue_add(DbConn *conn, const QueueRequest *request, int64_t now_us, RunId *run_out, GError **error)
{
    g_autofree char *inputs = NULL;
    int64_t number = 0;
    RunId id = { 0 };
    bool found = false;

    if (!check_request(request, error) || (inputs = inputs_text(request->inputs, error)) == NULL ||
        !take_number(conn, request->project, &number, error))
        return false;
    if (!db_select_int(conn, QUERY_QUEUE_INSERT,
                       DB_PARAMS(DB_TEXT(request->project), DB_INT(number),
                                 DB_TEXT(run_trigger_name(request->trigger)), DB_TEXT(request->ref),
                                 DB_TEXT(request->commit != NULL ? request->commit : ""),
                                 DB_INT(now_us),
                                 DB_TEXT(request->base_ref != NULL ? request->base_ref : ""),
                                 DB_TEXT(request->actor != NULL ? request->actor : ""),
                                 DB_TEXT(request->reason != NULL ? request->reason : ""),
                                 DB_TEXT(inputs), DB_INT(request->priority), DB_INT(request->held),
                                 DB_TEXT(request->before != NULL ? request->before : ""),
                                 DB_INT(request->again),
                                 request->reuse.v > 0 ? DB_INT(request->reuse.v) : DB_NULL),
                       &found, &id.v, error) ||
        !run_record_told(conn, id, RUN_QUEUED, "", now_us, error) ||
        !supersede(conn, request, id, number, now_us, error))
        return false;
    *run_out = id;
    return true;
}

typedef struct Submit {
    const QueueRequest *request;
    int64_t now_us;
    RunId run;
} Submit;

static bool
write_submit(DbConn *conn, void *input, GError **error)
{
    Submit *submit = input;

    return queue_add(conn, submit->request, submit->now_us, &submit->run, error);
}

bool
queue_submit(Engine *engine, const QueueRequest *request, RunId *run_out, GError **error)
{
    Submit submit = { .request = request, .now_us = clock_now_us(engine->clock) };

    if (!db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_submit, &submit, error))
        return false;
    *run_out = submit.run;
    queue_wake(engine);
    return true;
}

/* ---- cancelling -------------------------------------------------------------------------------- */

typedef struct Cancelling {
    const char *project, *ref, *commit, *reason;
    int64_t now_us;
    int64_t n;
} Cancelling;

static bool
cancel_one(DbConn *conn, int64_t id, const char *state, const Cancelling *what, GError **error)
{
    if (run_state_from_string(state) == RUN_QUEUED)
        return end_queued(conn, id, RUN_CANCELLED, what->reason, what->now_us, error);
    return db_exec(conn, QUERY_QUEUE_STOP, DB_PARAMS(DB_INT(id), DB_TEXT(what->reason)), error);
}

static bool
write_cancel(DbConn *conn, void *input, GError **error)
{
    Cancelling *what = input;
    g_autoptr(GPtrArray) states = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    bool has_row = false;

    {
        g_autoptr(DbRows) rows =
            db_select(conn, QUERY_QUEUE_OPEN_OF,
                      DB_PARAMS(DB_TEXT(what->project), DB_TEXT(what->ref != NULL ? what->ref : ""),
                                DB_TEXT(what->commit != NULL ? what->commit : "")),
                      error);

        if (rows == NULL || !db_rows_next(rows, &has_row, error))
            return false;
        while (has_row) {
            int64_t id = db_rows_int(rows, 0);

            g_array_append_val(ids, id);
            g_ptr_array_add(states, g_strdup(db_rows_text(rows, 1)));
            if (!db_rows_next(rows, &has_row, error))
                return false;
        }
    }
    for (guint i = 0; i < ids->len; i++) {
        if (!cancel_one(conn, g_array_index(ids, int64_t, i), states->pdata[i], what, error))
            return false;
    }
    what->n = ids->len;
    return true;
}

bool
queue_cancel_ref(DbConn *conn, const char *project, const char *ref, const char *commit,
                 const char *reason, int64_t now_us, GError **error)
{
    Cancelling what = {
        .project = project, .ref = ref, .commit = commit, .reason = reason, .now_us = now_us
    };

    return write_cancel(conn, &what, error);
}

bool
queue_cancel(Engine *engine, const char *project, const char *ref, const char *commit,
             const char *reason, int64_t *n_out, GError **error)
{
    Cancelling what = { .project = project,
                        .ref = ref,
                        .commit = commit,
                        .reason = reason,
                        .now_us = clock_now_us(engine->clock) };

    if (!db_write(engine->db, DB_LANE_CONTROL, write_cancel, &what, error))
        return false;
    *n_out = what.n;
    queue_wake(engine);
    return true;
}

typedef struct CancelRun {
    RunId run;
    const char *reason;
    int64_t now_us;
    bool done;
} CancelRun;

static bool
write_cancel_run(DbConn *conn, void *input, GError **error)
{
    CancelRun *cancel = input;
    g_auto(RunRecord) record = { 0 };

    if (!run_record_load(conn, cancel->run, &record, error))
        return false;
    cancel->done = record.state == RUN_QUEUED;
    return !cancel->done ||
           end_queued(conn, cancel->run.v, RUN_CANCELLED, cancel->reason, cancel->now_us, error);
}

bool
queue_cancel_run(Engine *engine, RunId id, const char *reason, bool *done_out, GError **error)
{
    CancelRun cancel = { .run = id, .reason = reason, .now_us = clock_now_us(engine->clock) };

    if (!db_write(engine->db, DB_LANE_CONTROL, write_cancel_run, &cancel, error))
        return false;
    *done_out = cancel.done;
    return true;
}

static bool
write_stop_run(DbConn *conn, void *input, GError **error)
{
    CancelRun *stop = input;

    if (!db_exec(conn, QUERY_QUEUE_STOP, DB_PARAMS(DB_INT(stop->run.v), DB_TEXT(stop->reason)),
                 error))
        return false;
    stop->done = db_changes(conn) > 0;
    return true;
}

bool
queue_stop_run(Engine *engine, RunId id, const char *reason, bool *done_out, GError **error)
{
    CancelRun stop = { .run = id, .reason = reason };

    if (!db_write(engine->db, DB_LANE_CONTROL, write_stop_run, &stop, error))
        return false;
    *done_out = stop.done;
    queue_wake(engine);
    return true;
}

/* ---- held and done ----------------------------------------------------------------------------- */

typedef struct Allow {
    RunId run;
    const char *commit;
    int64_t now_us;
} Allow;

static bool
write_allow(DbConn *conn, void *input, GError **error)
{
    const Allow *allow = input;

    if (!db_exec(conn, QUERY_QUEUE_ALLOW,
                 DB_PARAMS(DB_INT(allow->run.v), DB_TEXT(allow->commit), DB_INT(allow->now_us)),
                 error))
        return false;
    if (db_changes(conn) == 1)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT,
              "the run does not wait for anybody at commit %.12s: it was let go, ended, or a newer "
              "commit took its place",
              allow->commit);
    return false;
}

bool
queue_allow(Engine *engine, RunId id, const char *commit, GError **error)
{
    Allow allow = { .run = id, .commit = commit, .now_us = clock_now_us(engine->clock) };

    if (!db_write(engine->db, DB_LANE_CONTROL, write_allow, &allow, error))
        return false;
    queue_wake(engine);
    return true;
}

/* Whether the jobs of the run that passed may be taken over. */
static bool
check_reuse(DbConn *conn, const RunRecord *record, GError **error)
{
    int64_t n = 0;
    bool found = false;

    if (!run_state_is_final(record->state) || record->state == RUN_PASSED) {
        error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT,
                  "run '%s/%" G_GINT64_FORMAT "' is %s: there is no failed job to run again",
                  record->project, record->number, run_state_name(record->state));
        return false;
    }
    if (record->release != NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_DENIED,
                  "run '%s/%" G_GINT64_FORMAT "' builds '%s': all that a release is made of comes "
                  "from one run, so restart it whole",
                  record->project, record->number, record->release);
        return false;
    }
    if (!db_select_int(conn, QUERY_JOB_PASSED, DB_PARAMS(DB_INT(record->id.v)), &found, &n, error))
        return false;
    if (n == 0)
        error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT,
                  "no job of run '%s/%" G_GINT64_FORMAT "' has passed: restart it whole",
                  record->project, record->number);
    return n > 0;
}

static const char *
text_or_null(const char *text)
{
    return text != NULL && *text != '\0' ? text : NULL;
}

bool
queue_restart(Engine *engine, const QueueRestart *what, RunId *run_out, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_auto(RunRecord) record = { 0 };
    g_autofree char *why = NULL;

    if (reader == NULL || !run_record_load(reader, what->run, &record, error) ||
        (what->only_failed && !check_reuse(reader, &record, error)))
        return false;
    g_autoptr(DbRows) rows =
        db_select(reader, QUERY_QUEUE_REQUEST, DB_PARAMS(DB_INT(what->run.v)), error);
    bool has_row = false;
    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    const char *given = db_rows_text(rows, 5);
    g_autoptr(json_t) inputs =
        *given != '\0' ? json_parse(span_of_text(given), QUEUE_MAX_INPUT_BYTES, error) : NULL;
    if (*given != '\0' && inputs == NULL)
        return false;
    why = g_strdup_printf(what->only_failed ? "failed jobs of run %" G_GINT64_FORMAT " again"
                                            : "restart of run %" G_GINT64_FORMAT,
                          record.number);
    QueueRequest request = {
        .project = record.project,
        .trigger = run_trigger_from_string(record.event),
        .ref = record.ref,
        .commit = record.tag_object != NULL ? record.tag_object : text_or_null(record.commit),
        .base_ref = text_or_null(db_rows_text(rows, 4)),
        .before = text_or_null(db_rows_text(rows, 10)),
        .actor = what->actor,
        .reason = why,
        .inputs = inputs,
        .again = true,
        .held = db_rows_int(rows, 9) != 0,
        .reuse = { what->only_failed ? what->run.v : 0 },
    };
    return queue_submit(engine, &request, run_out, error);
}
