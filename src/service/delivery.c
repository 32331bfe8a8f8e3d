/* SPDX-License-Identifier: Apache-2.0
 * delivery: looking at deliveries, and deciding one anew. */
#include "base/digest.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/ulid.h"
#include "service/engine_priv.h"
#include "service/intake.h"
#include "service/intake_priv.h"
#include "service/outbox.h"
#include "service/queue.h"
#include "base/banned.h"

#define PAGE_MAX 1000

static json_t *
parse_event(const char *text)
{
    g_autoptr(GError) local = NULL;
    json_t *event = json_parse(span_of_text(text), LIMIT_JSON_BYTES, &local);

    error_ignore(event != NULL, &local, "a row of ours that does not read is shown without it");
    return event != NULL ? event : json_object();
}

/* @whole: with everything the delivery said. */
static json_t *
row_json(const DbRows *rows, bool whole)
{
    json_t *object = json_object();
    json_t *event = parse_event(db_rows_text(rows, 3));
    const char *project = db_rows_text(rows, 1);

    json_object_set_new(object, "id", json_integer(db_rows_int(rows, 0)));
    json_object_set_new(object, "project", json_string(project));
    json_object_set_new(object, "delivery", json_string(db_rows_text(rows, 2)));
    json_object_set(object, "event", json_object_get(event, "kind"));
    json_object_set(object, "ref", json_object_get(event, "ref"));
    json_object_set(object, "commit", json_object_get(event, "commit"));
    json_object_set(object, "actor", json_object_get(event, "actor"));
    json_object_set_new(object, "action", json_string(db_rows_text(rows, 4)));
    json_object_set_new(object, "reason", json_string(db_rows_text(rows, 5)));
    json_object_set_new(object, "run",
                        db_rows_is_null(rows, 6)
                            ? json_null()
                            : json_sprintf("%s/%lld", project, (long long)db_rows_int(rows, 6)));
    json_object_set_new(object, "peer", json_string(db_rows_text(rows, 7)));
    json_object_set_new(object, "receivedAt", json_integer(db_rows_int(rows, 8)));
    if (whole)
        json_object_set(object, "says", event);
    json_decref(event);
    return object;
}

json_t *
intake_deliveries(Engine *engine, const char *project, int64_t before, int64_t limit,
                  GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    int64_t below = before > 0 ? before : INT64_MAX;
    int64_t n = CLAMP(limit, 1, PAGE_MAX);
    g_autoptr(DbRows) rows = NULL;
    g_autoptr(json_t) array = json_array();
    bool has_row = false;

    if (reader == NULL)
        return NULL;
    rows = project != NULL
               ? db_select(reader, QUERY_DELIVERY_PAGE_PROJECT,
                           DB_PARAMS(DB_INT(below), DB_INT(n), DB_TEXT(project)), error)
               : db_select(reader, QUERY_DELIVERY_PAGE, DB_PARAMS(DB_INT(below), DB_INT(n)), error);
    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        json_array_append_new(array, row_json(rows, false));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&array);
}

json_t *
intake_delivery(Engine *engine, int64_t id, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_DELIVERY_BY_ID, DB_PARAMS(DB_INT(id)), error)
                       : NULL;
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    if (!has_row) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no delivery %" G_GINT64_FORMAT,
                  id);
        return NULL;
    }
    return row_json(rows, true);
}

typedef struct Redelivery {
    const IntakeItem *item;
    IntakeResult result;
} Redelivery;

static bool
record(DbConn *conn, void *input, GError **error)
{
    Redelivery *redelivery = input;

    return intake_record(conn, redelivery->item, &redelivery->result, error);
}

bool
intake_redeliver(Engine *engine, int64_t id, json_t **result_out, GError **error)
{
    g_autoptr(json_t) row = intake_delivery(engine, id, error);
    g_auto(ForgeEvent) event = { 0 };
    char ulid[ULID_SIZE] = "";
    g_autofree char *name = NULL;
    Redelivery redelivery = { 0 };
    bool ok = false;

    if (row == NULL || !forge_event_from_json(json_object_get(row, "says"), &event, error))
        return false;
    int64_t now_us = clock_now_us(engine->clock);
    ulid_make(now_us, ulid);
    name = g_strdup_printf("again:%" G_GINT64_FORMAT ":%s", id, ulid);
    IntakeItem item = { .project = json_string_value(json_object_get(row, "project")),
                        .delivery = name,
                        .body = name,
                        .event = &event,
                        .peer = "",
                        .now_us = now_us };
    redelivery.item = &item;
    ok = db_write(engine->db, DB_LANE_ACKNOWLEDGED, record, &redelivery, error);
    if (ok) {
        *result_out = intake_result_json(&item, &redelivery.result);
        queue_wake(engine);
        outbox_wake(engine);
    }
    intake_result_clear(&redelivery.result);
    return ok;
}
