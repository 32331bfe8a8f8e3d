/* SPDX-License-Identifier: Apache-2.0
 * pool_refresh: see pool_refresh.h. The next time is written before the work starts: after a crash it is not begun again at once. */
#include "service/pool_refresh.h"
#include <fcntl.h>
#include <string.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "pipeline/cron.h"
#include "service/engine_priv.h"
#include "service/engine_thread.h"
#include "service/pool_priv.h"
#include "service/run_priv.h"
#include "base/banned.h"

#define SHOWN_BYTES  2000 /* of the end of what a machine's commands said */
#define RETRY_US     (60ll * 1000000)
#define MAX_SLEEP_US (24ll * 3600 * 1000000)

/* ---- one machine ------------------------------------------------------------------------------- */

typedef struct Upkeep {
    const char *pool, *slot;
    int64_t now_us;
    bool taken;
} Upkeep;

static bool
write_upkeep(DbConn *conn, void *input, GError **error)
{
    Upkeep *upkeep = input;

    if (!db_exec(conn, QUERY_UPKEEP_TAKE,
                 DB_PARAMS(DB_TEXT(upkeep->pool), DB_TEXT(upkeep->slot), DB_INT(upkeep->now_us)),
                 error))
        return false;
    upkeep->taken = db_changes(conn) == 1;
    return true;
}

static bool
write_upkeep_end(DbConn *conn, void *input, GError **error)
{
    const Upkeep *upkeep = input;

    return db_exec(conn, QUERY_UPKEEP_END, DB_PARAMS(DB_TEXT(upkeep->pool), DB_TEXT(upkeep->slot)),
                   error);
}

static bool
end_upkeep(Engine *engine, Upkeep *upkeep, GError **error)
{
    if (!db_write(engine->db, DB_LANE_CONTROL, write_upkeep_end, upkeep, error))
        return false;
    MUTEX_GUARD(&engine->pool_lock);
    cond_broadcast(&engine->pool_changed);
    return true;
}

static bool
take_upkeep(Engine *engine, Upkeep *upkeep, Cancel *cancel, GError **error)
{
    int64_t deadline_us = clock_monotonic_us() + POOL_MAX_WAIT_US;

    for (;;) {
        upkeep->now_us = clock_now_us(engine->clock);
        if (!db_write(engine->db, DB_LANE_CONTROL, write_upkeep, upkeep, error))
            return false;
        if (upkeep->taken)
            return true;
        if (!pool_wait(engine, cancel, deadline_us, error))
            return false;
    }
}

/* The end of what was said. Owned. */
static char *
shown(int fd)
{
    char text[SHOWN_BYTES + 1] = { 0 };
    off_t end = lseek(fd, 0, SEEK_END);
    ssize_t n = pread(fd, text, SHOWN_BYTES, MAX(end - SHOWN_BYTES, 0));

    text[MAX(n, 0)] = '\0';
    return g_utf8_make_valid(text, -1);
}

typedef struct Pool {
    char *name, *executor; /* owned */
    json_t *settings;      /* owned */
    GPtrArray *slots;      /* owned, of owned names */
} Pool;

static void
pool_clear(Pool *pool)
{
    g_free(pool->name);
    g_free(pool->executor);
    json_decref(pool->settings);
    g_clear_pointer(&pool->slots, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pool, pool_clear)

/* {slot, snapshot, output}, or {slot, error, output} and @error too. Owned. */
static json_t *
refresh_one(Engine *engine, Executor *driver, const Pool *pool, const char *slot, Cancel *cancel,
            GError **error)
{
    Upkeep upkeep = { .pool = pool->name, .slot = slot };
    AUTO_FD int output = openat(engine->home_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    g_autoptr(GError) local = NULL;
    g_autoptr(GError) second = NULL;
    g_autofree char *snapshot = NULL;
    bool ok = output >= 0 && take_upkeep(engine, &upkeep, cancel, &local);

    if (output < 0)
        error_set_errno(&local, BASE_ERROR, BASE_ERROR_IO, "cannot create a temporary file");
    ok = ok && executor_refresh(driver, slot, pool->settings, output, cancel, &snapshot, &local);
    if (upkeep.taken && !end_upkeep(engine, &upkeep, &second))
        log_event(LOG_WARNING,
                  "a machine could not be given back, it is when the server starts again",
                  "SLIPWAY_REASON", second->message, NULL);
    g_autofree char *said = shown(output);
    json_t *result = json_pack("{s:s, s:s}", "slot", slot, "output", said);

    if (ok) {
        json_object_set_new(result, "snapshot", json_string_or_null(snapshot));
    } else {
        g_autofree char *valid = g_utf8_make_valid(local->message, -1);

        json_object_set_new(result, "error", json_string(valid));
        if (error != NULL && *error == NULL)
            g_propagate_error(error, g_steal_pointer(&local));
    }
    return result;
}

/* ---- a pool ------------------------------------------------------------------------------------ */

static bool
load_slots(DbReader *reader, Pool *pool, GError **error)
{
    g_autoptr(DbRows) rows =
        db_select(reader, QUERY_SLOT_NAMES, DB_PARAMS(DB_TEXT(pool->name)), error);
    bool has_row = false;

    pool->slots = g_ptr_array_new_with_free_func(g_free);
    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    while (has_row) {
        g_ptr_array_add(pool->slots, g_strdup(db_rows_text(rows, 0)));
        if (!db_rows_next(rows, &has_row, error))
            return false;
    }
    return true;
}

static bool
load_pool(Engine *engine, const char *name, Pool *pool, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);

    pool->name = g_strdup(name);
    if (reader == NULL)
        return false;
    {
        g_autoptr(DbRows) rows =
            db_select(reader, QUERY_POOL_BY_NAME, DB_PARAMS(DB_TEXT(name)), error);
        bool has_row = false;

        if (rows == NULL || !db_rows_next(rows, &has_row, error))
            return false;
        if (!has_row) {
            error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no pool '%s'", name);
            return false;
        }
        pool->executor = g_strdup(db_rows_text(rows, 0));
        pool->settings = json_parse(span_of_text(db_rows_text(rows, 1)), LIMIT_JSON_BYTES, error);
    }
    return pool->settings != NULL && load_slots(reader, pool, error);
}

typedef struct Done {
    const char *pool;
    const char *result;
    int64_t now_us;
} Done;

static bool
write_done(DbConn *conn, void *input, GError **error)
{
    const Done *done = input;

    return db_exec(conn, QUERY_REFRESH_DONE,
                   DB_PARAMS(DB_TEXT(done->pool), DB_INT(done->now_us), DB_TEXT(done->result)),
                   error);
}

bool
pool_refresh(Engine *engine, const char *name, Cancel *cancel, json_t **result_out, GError **error)
{
    g_auto(Pool) pool = { 0 };
    g_autoptr(GError) first = NULL;
    g_autoptr(json_t) results = json_array();

    if (!load_pool(engine, name, &pool, error))
        return false;
    Executor *driver = engine_get_executor(engine, pool.executor, error);

    if (driver == NULL)
        return false;
    for (guint i = 0; i < pool.slots->len && !cancel_is_set(cancel); i++)
        json_array_append_new(
            results, refresh_one(engine, driver, &pool, pool.slots->pdata[i], cancel, &first));
    g_autofree char *text = json_canonical(results, NULL, error);
    Done done = { .pool = name, .result = text, .now_us = clock_now_us(engine->clock) };

    if (text == NULL || !db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_done, &done, error))
        return false;
    if (first != NULL || !cancel_check(cancel, &first)) {
        g_propagate_error(error, g_steal_pointer(&first));
        return false;
    }
    *result_out = g_steal_pointer(&results);
    return true;
}

/* ---- by the clock ------------------------------------------------------------------------------ */

static const char *
schedule_of(const json_t *settings)
{
    const char *text = json_string_value(json_object_get(settings, "refresh-schedule"));

    return text != NULL && text[0] != '\0' ? text : NULL;
}

bool
pool_refresh_check(const json_t *settings, GError **error)
{
    Cron cron = { 0 };

    if (schedule_of(settings) == NULL || cron_parse(schedule_of(settings), &cron, error))
        return true;
    error_prefix(error, "'refresh-schedule'");
    return false;
}

typedef struct NextTime { /* of one pool, to be written */
    char *pool;           /* owned */
    char *schedule;       /* owned; "": none */
    int64_t next_us;
    bool due;
} NextTime;

static void
next_time_free(void *data)
{
    NextTime *plan = data;

    g_free(plan->pool);
    g_free(plan->schedule);
    g_free(plan);
}

/* What must be written for this pool; NULL: nothing. @next_us: lowered to the pool's next time. */
static NextTime *
plan_of_row(const DbRows *rows, int64_t now_us, int64_t *next_us)
{
    g_autoptr(json_t) settings = json_loads(db_rows_text(rows, 1), 0, NULL);
    const char *schedule = schedule_of(settings);
    bool known = schedule != NULL && !db_rows_is_null(rows, 3) &&
                 strcmp(db_rows_text(rows, 2), schedule) == 0;
    Cron cron = { 0 };

    if (known && db_rows_int(rows, 3) > now_us) {
        *next_us = MIN(*next_us, db_rows_int(rows, 3));
        return NULL;
    }
    if (schedule == NULL ? db_rows_is_null(rows, 3) : !cron_parse(schedule, &cron, NULL))
        return NULL;
    NextTime *plan = g_new0(NextTime, 1);

    plan->pool = g_strdup(db_rows_text(rows, 0));
    plan->schedule = g_strdup(schedule != NULL ? schedule : "");
    plan->next_us = schedule != NULL ? cron_next_us(&cron, now_us) : INT64_MAX;
    plan->due = known;
    *next_us = MIN(*next_us, plan->next_us);
    return plan;
}

static GPtrArray *
load_plans(Engine *engine, int64_t now_us, int64_t *next_us, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_REFRESH_LIST, DB_NO_PARAMS, error) : NULL;
    g_autoptr(GPtrArray) plans = g_ptr_array_new_with_free_func(next_time_free);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        NextTime *plan = plan_of_row(rows, now_us, next_us);

        if (plan != NULL)
            g_ptr_array_add(plans, plan);
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&plans);
}

static bool
write_plans(DbConn *conn, void *input, GError **error)
{
    const GPtrArray *plans = input;

    for (guint i = 0; i < plans->len; i++) {
        const NextTime *plan = plans->pdata[i];

        if (!db_exec(conn, QUERY_REFRESH_PLAN,
                     DB_PARAMS(DB_TEXT(plan->pool), DB_TEXT(plan->schedule),
                               plan->next_us == INT64_MAX ? DB_NULL : DB_INT(plan->next_us)),
                     error))
            return false;
    }
    return true;
}

typedef struct Job {
    Engine *engine; /* borrowed */
    char *pool;     /* owned */
    Cancel *cancel; /* shared (ref) */
} Job;

static void
job_free(Job *job)
{
    cancel_unref(job->cancel);
    g_free(job->pool);
    g_free(job);
}

static void
refresh_thread(void *data)
{
    Job *job = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) result = NULL;

    if (pool_refresh(job->engine, job->pool, job->cancel, &result, &error))
        log_event(LOG_NOTICE, "renewed the machines of a pool", "SLIPWAY_POOL", job->pool, NULL);
    else
        log_event(LOG_WARNING,
                  "machines of a pool were not renewed, retrying at the next time of its schedule",
                  "SLIPWAY_POOL", job->pool, "SLIPWAY_REASON", error->message, NULL);
    job_free(job);
}

static void
start_due(Engine *engine, const GPtrArray *plans, Cancel *cancel)
{
    for (guint i = 0; i < plans->len; i++) {
        const NextTime *plan = plans->pdata[i];
        g_autoptr(GError) error = NULL;

        if (!plan->due || plan->schedule[0] == '\0')
            continue;
        Job *job = g_new0(Job, 1);

        job->engine = engine;
        job->pool = g_strdup(plan->pool);
        job->cancel = cancel_ref(cancel);
        if (engine_thread_start(engine, "refresh", refresh_thread, job, &error))
            continue;
        job_free(job);
        log_event(LOG_WARNING,
                  "a pool cannot be renewed, retrying at the next time of its schedule",
                  "SLIPWAY_REASON", error->message, NULL);
    }
}

int64_t
pool_refresh_due(Engine *engine, Cancel *cancel)
{
    g_autoptr(GError) error = NULL;
    int64_t now_us = clock_now_us(engine->clock);
    int64_t next_us = INT64_MAX;
    g_autoptr(GPtrArray) plans = load_plans(engine, now_us, &next_us, &error);

    if (plans == NULL || (plans->len > 0 && !db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_plans,
                                                      plans, &error))) {
        log_event(LOG_WARNING, "refreshes of pools cannot be planned, retrying", "SLIPWAY_REASON",
                  error->message, NULL);
        return clock_monotonic_us() + RETRY_US;
    }
    start_due(engine, plans, cancel);
    return next_us == INT64_MAX
               ? INT64_MAX
               : clock_monotonic_us() + CLAMP(next_us - now_us, 0, MAX_SLEEP_US) + 1000;
}

/* ---- after a crash ----------------------------------------------------------------------------- */

static bool
reclaim_row(Engine *engine, const json_t *row, GError **error)
{
    Upkeep upkeep = { .pool = json_string_value(json_object_get(row, "pool")),
                      .slot = json_string_value(json_object_get(row, "slot")) };
    Executor *driver =
        engine_get_executor(engine, json_string_value(json_object_get(row, "executor")), error);

    return driver != NULL &&
           executor_reclaim(driver, upkeep.slot, json_object_get(row, "settings"), NULL, error) &&
           end_upkeep(engine, &upkeep, error);
}

static json_t *
load_upkeep(Engine *engine, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_UPKEEP_LIST, DB_NO_PARAMS, error) : NULL;
    g_autoptr(json_t) list = json_array();
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "pool", db_rows_text(rows, 0),
                                              "slot", db_rows_text(rows, 1), "executor",
                                              db_rows_text(rows, 2), "settings",
                                              json_loads(db_rows_text(rows, 3), 0, NULL)));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&list);
}

void
pool_reclaim_upkeep(Engine *engine)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) list = load_upkeep(engine, &error);
    size_t i = 0;
    json_t *row = NULL;

    json_array_foreach (list, i, row) {
        g_clear_error(&error);
        if (!reclaim_row(engine, row, &error))
            log_event(LOG_WARNING,
                      "a machine that was being renewed could not be reclaimed, retrying at the "
                      "next start",
                      "SLIPWAY_REASON", error->message, NULL);
    }
}
