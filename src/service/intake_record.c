/* SPDX-License-Identifier: Apache-2.0
 * intake_record: a believed event becomes rows: delivery, run and status in the one transaction of
 * the caller. Whatever dies, either all of them are there or none, and the forge asks again. */
#include <assert.h>
#include <string.h>
#include "base/json.h"
#include "service/intake_priv.h"
#include "service/project.h"
#include "service/queue.h"
#include "base/banned.h"

static const char *const action_names[INTAKE_N_ACTIONS] = {
    [INTAKE_QUEUED] = "queued",
    [INTAKE_HELD] = "held",
    [INTAKE_CANCELLED] = "cancelled",
    [INTAKE_IGNORED] = "ignored",
};

const char *
intake_action_name(IntakeAction action)
{
    assert(action > INTAKE_NONE && action < INTAKE_N_ACTIONS);
    return action_names[action];
}

static IntakeAction
action_from_string(const char *name)
{
    for (int action = INTAKE_NONE + 1; action < INTAKE_N_ACTIONS; action++) {
        if (strcmp(name, action_names[action]) == 0)
            return (IntakeAction)action;
    }
    return INTAKE_IGNORED; /* a CHECK of the table keeps others out */
}

void
intake_result_clear(IntakeResult *result)
{
    g_free(result->delivery);
    g_free(result->reason);
    memset(result, 0, sizeof *result);
}

/* The number of the run in the project, for people. */
static bool
load_number(DbConn *conn, IntakeResult *result, GError **error)
{
    bool found = false;

    return result->run == 0 || db_select_int(conn, QUERY_RUN_NUMBER, DB_PARAMS(DB_INT(result->run)),
                                             &found, &result->number, error);
}

/* @found_out: whether the query has a row; then it is in @result. */
static bool
find_known(DbConn *conn, QueryId query, const IntakeItem *item, const char *by,
           IntakeResult *result, bool *found_out, GError **error)
{
    g_autoptr(DbRows) rows =
        db_select(conn, query, DB_PARAMS(DB_TEXT(item->project), DB_TEXT(by)), error);

    if (rows == NULL || !db_rows_next(rows, found_out, error))
        return false;
    if (!*found_out)
        return true;
    result->known = true;
    result->id = db_rows_int(rows, 0);
    result->conflict = strcmp(db_rows_text(rows, 1), item->body) != 0;
    result->action = action_from_string(db_rows_text(rows, 2));
    result->reason = g_strdup(db_rows_text(rows, 3));
    result->run = db_rows_int(rows, 4);
    result->delivery = g_strdup(db_rows_text(rows, 5));
    return true;
}

static RunTrigger
trigger_of(ForgeEventKind kind)
{
    return kind == FORGE_EVENT_TAG        ? RUN_TRIGGER_TAG
           : kind == FORGE_EVENT_PROPOSAL ? RUN_TRIGGER_PROPOSAL
                                          : RUN_TRIGGER_PUSH;
}

static bool
queue_run(DbConn *conn, const IntakeItem *item, bool held, IntakeResult *result, GError **error)
{
    const ForgeEvent *event = item->event;
    RunId run = { 0 };
    QueueRequest request = {
        .project = item->project,
        .trigger = trigger_of(event->kind),
        .ref = event->ref,
        .commit = event->commit[0] != '\0' ? event->commit : NULL,
        .base_ref = event->base_ref[0] != '\0' ? event->base_ref : NULL,
        .before = event->before[0] != '\0' ? event->before : NULL,
        .actor = event->actor,
        .reason = result->reason,
        .held = held,
    };

    if (!queue_add(conn, &request, item->now_us, &run, error))
        return false;
    result->run = run.v;
    result->action = held ? INTAKE_HELD : INTAKE_QUEUED;
    return true;
}

static bool
act(DbConn *conn, const IntakeItem *item, IntakeResult *result, GError **error)
{
    g_auto(Project) project = { 0 };
    ForgeFilter filter = { 0 };
    ForgeVerdict verdict = FORGE_VERDICT_NONE;

    if (!project_load(conn, item->project, &project, error))
        return false;
    filter = project_filter(&project);
    verdict = forge_rules_decide(&filter, item->event, &result->reason);
    if (verdict == FORGE_VERDICT_RUN || verdict == FORGE_VERDICT_HOLD)
        return queue_run(conn, item, verdict == FORGE_VERDICT_HOLD, result, error);
    result->action = verdict == FORGE_VERDICT_CANCEL ? INTAKE_CANCELLED : INTAKE_IGNORED;
    return verdict != FORGE_VERDICT_CANCEL ||
           queue_cancel_ref(conn, item->project, item->event->ref, NULL, result->reason,
                            item->now_us, error);
}

static bool
insert(DbConn *conn, const IntakeItem *item, IntakeResult *result, GError **error)
{
    g_autoptr(json_t) event = forge_event_to_json(item->event);
    g_autofree char *text = json_canonical(event, NULL, error);
    bool found = false;

    if (text == NULL)
        return false;
    result->delivery = g_strdup(item->delivery);
    return db_select_int(conn, QUERY_DELIVERY_INSERT,
                         DB_PARAMS(DB_TEXT(item->project), DB_TEXT(item->delivery),
                                   DB_TEXT(item->body), DB_TEXT(text),
                                   DB_TEXT(action_names[result->action]), DB_TEXT(result->reason),
                                   result->run > 0 ? DB_INT(result->run) : DB_NULL,
                                   DB_TEXT(item->peer), DB_INT(item->now_us)),
                         &found, &result->id, error);
}

bool
intake_record(DbConn *conn, const IntakeItem *item, IntakeResult *result, GError **error)
{
    bool found = false;

    intake_result_clear(result);
    if (!find_known(conn, QUERY_DELIVERY_KNOWN, item, item->delivery, result, &found, error) ||
        (!found && item->body_counts &&
         !find_known(conn, QUERY_DELIVERY_OF_BODY, item, item->body, result, &found, error)))
        return false;
    if (!found && (!act(conn, item, result, error) || !insert(conn, item, result, error)))
        return false;
    return load_number(conn, result, error);
}

json_t *
intake_result_json(const IntakeItem *item, const IntakeResult *result)
{
    json_t *object = json_object();

    json_object_set_new(object, "id", json_integer(result->id));
    json_object_set_new(object, "delivery", json_string(result->delivery));
    json_object_set_new(object, "event", json_string(forge_event_name(item->event->kind)));
    json_object_set_new(object, "action", json_string(action_names[result->action]));
    json_object_set_new(object, "reason", json_string(result->reason));
    json_object_set_new(object, "run",
                        result->run > 0
                            ? json_sprintf("%s/%lld", item->project, (long long)result->number)
                            : json_null());
    json_object_set_new(object, "known", json_boolean(result->known));
    return object;
}
