/* SPDX-License-Identifier: Apache-2.0
 * effects: publications planned by a publish-intent, and runs that follow a release. */
#include "service/effects.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/ulid.h"
#include "service/follow.h"
#include "base/banned.h"

/* Plans one publication for each target of an intent; what is planned already stays. */
static bool
plan_publications(DbConn *conn, const char *intent, const char *release, const json_t *body,
                  const char *state, int64_t now_us, GError **error)
{
    json_t *targets = json_need_array(body, "targets", "publish-intent", error);
    size_t i = 0;
    json_t *target = NULL;

    if (targets == NULL)
        return false;
    json_array_foreach (targets, i, target) {
        char attempt[ULID_SIZE];

        ulid_make(now_us, attempt);
        if (!db_exec(conn, QUERY_PUBLICATION_PLAN,
                     DB_PARAMS(DB_TEXT(intent), DB_TEXT(json_string_value(target)),
                               DB_TEXT(release), DB_TEXT(attempt), DB_TEXT(state), DB_INT(now_us)),
                     error))
            return false;
    }
    return true;
}

bool
effects_plan(DbConn *conn, const Fact *fact, int64_t now_us, GError **error)
{
    if (fact->kind == FACT_PUBLICATION || fact->kind == FACT_REVOCATION)
        return follow_release(conn, fact->s_text, fact->predicate->object, now_us, error);
    if (fact->kind != FACT_PUBLISH_INTENT)
        return true;
    return plan_publications(conn, fact->s_text, fact->predicate->object, fact->predicate->body,
                             "planned", now_us, error);
}

bool
effects_set_through(DbConn *conn, const char *origin, int64_t through, GError **error)
{
    return db_exec(conn, QUERY_EFFECTS_SET_THROUGH, DB_PARAMS(DB_TEXT(origin), DB_INT(through)),
                   error);
}

typedef struct CatchUp {
    const char *origin;
    int64_t now_us;
} CatchUp;

typedef struct Followed {
    char *statement, *object; /* owned */
} Followed;

static void
followed_free(void *data)
{
    Followed *followed = data;

    g_free(followed->statement);
    g_free(followed->object);
    g_free(followed);
}

/* Releases that changed while nobody queued what follows them. */
static bool
catch_up_followers(DbConn *conn, const CatchUp *work, int64_t through, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(followed_free);
    bool has_row = false;

    {
        g_autoptr(DbRows) rows =
            db_select(conn, QUERY_FOLLOW_STATEMENTS,
                      DB_PARAMS(DB_TEXT(work->origin), DB_INT(through)), error);

        if (rows == NULL || !db_rows_next(rows, &has_row, error))
            return false;
        while (has_row) {
            Followed *followed = g_new0(Followed, 1);

            followed->statement = g_strdup(db_rows_text(rows, 0));
            followed->object = g_strdup(db_rows_text(rows, 1));
            g_ptr_array_add(list, followed);
            if (!db_rows_next(rows, &has_row, error))
                return false;
        }
    }
    for (guint i = 0; i < list->len; i++) {
        const Followed *followed = list->pdata[i];

        if (!follow_release(conn, followed->statement, followed->object, work->now_us, error))
            return false;
    }
    return true;
}

/* An intent found after a crash may have been acted on: unknown, so that the target is asked first.
 */
static bool
catch_up(DbConn *conn, void *input, GError **error)
{
    const CatchUp *work = input;
    int64_t through = 0;
    int64_t size = 0;
    bool found = false;

    if (!db_select_int(conn, QUERY_EFFECTS_THROUGH, DB_PARAMS(DB_TEXT(work->origin)), &found,
                       &through, error) ||
        !db_select_int(conn, QUERY_EFFECTS_LOG_SIZE, DB_PARAMS(DB_TEXT(work->origin)), &found,
                       &size, error))
        return false;
    if (through >= size)
        return true;
    {
        g_autoptr(DbRows) rows = db_select(
            conn, QUERY_EFFECTS_INTENTS, DB_PARAMS(DB_TEXT(work->origin), DB_INT(through)), error);
        bool has_row = false;

        if (rows == NULL || !db_rows_next(rows, &has_row, error))
            return false;
        while (has_row) {
            g_autoptr(json_t) predicate =
                json_parse(span_of_text(db_rows_text(rows, 2)), LIMIT_STATEMENT_BYTES, error);
            json_t *body = predicate != NULL
                               ? json_need_object(predicate, "body", "publish-intent", error)
                               : NULL;

            if (body == NULL ||
                !plan_publications(conn, db_rows_text(rows, 0), db_rows_text(rows, 1), body,
                                   "unknown", work->now_us, error) ||
                !db_rows_next(rows, &has_row, error))
                return false;
        }
    }
    return catch_up_followers(conn, work, through, error) &&
           effects_set_through(conn, work->origin, size, error);
}

bool
effects_catch_up(Db *db, const char *origin, int64_t now_us, GError **error)
{
    CatchUp work = { .origin = origin, .now_us = now_us };

    return db_write(db, DB_LANE_CONTROL, catch_up, &work, error);
}
