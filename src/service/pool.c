/* SPDX-License-Identifier: Apache-2.0
 * pool: a lease is taken in one transaction; who finds none waits for one to be given back. */
#include "service/pool.h"
#include <string.h>
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "service/engine_priv.h"
#include "service/pool_priv.h"
#include "service/pool_refresh.h"
#include "service/run_priv.h"
#include "base/banned.h"

#define LOOK_AGAIN_US (1000ll * 1000) /* for a cancel, and for leases that became stale */

void
pool_lease_clear(PoolLease *lease)
{
    g_clear_pointer(&lease->pool, g_free);
    g_clear_pointer(&lease->slot, g_free);
    g_clear_pointer(&lease->settings, json_decref);
}

/* ---- taking ------------------------------------------------------------------------------------ */

typedef struct Take {
    const char *executor;
    const json_t *labels;
    RunId run;
    int64_t position, now_us;
    bool fits;       /* some pool has such machines */
    bool stale;      /* the slot was somebody's who did not give it back */
    PoolLease lease; /* owned; pool NULL: every one is busy */
} Take;

static bool
labels_fit(const json_t *wanted, const json_t *has)
{
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach ((json_t *)wanted, name, value) {
        if (!json_equal(value, json_object_get(has, name)))
            return false;
    }
    return true;
}

/* Owned array of PoolLease with pool and settings: those whose machines fit. */
static GPtrArray *
fitting_pools(DbConn *conn, const Take *take, GError **error)
{
    g_autoptr(GPtrArray) pools = g_ptr_array_new();
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_POOL_OF_EXECUTOR, DB_PARAMS(DB_TEXT(take->executor)), error);
    bool has_row = false;
    bool ok = rows != NULL && db_rows_next(rows, &has_row, error);

    while (ok && has_row) {
        g_autoptr(json_t) labels =
            json_parse(span_of_text(db_rows_text(rows, 2)), LIMIT_JSON_BYTES, error);

        ok = labels != NULL;
        if (ok && labels_fit(take->labels, labels)) {
            PoolLease *pool = g_new0(PoolLease, 1);

            pool->pool = g_strdup(db_rows_text(rows, 0));
            pool->settings = json_loads(db_rows_text(rows, 1), 0, NULL);
            g_ptr_array_add(pools, pool);
        }
        ok = ok && db_rows_next(rows, &has_row, error);
    }
    return g_steal_pointer(&pools);
}

static void
free_pools(GPtrArray *pools)
{
    for (guint i = 0; pools != NULL && i < pools->len; i++) {
        pool_lease_clear(pools->pdata[i]);
        g_free(pools->pdata[i]);
    }
    if (pools != NULL)
        g_ptr_array_unref(pools);
}

/* A free slot of the pool, if there is one, becomes the lease. */
static bool
take_slot(DbConn *conn, Take *take, PoolLease *pool, GError **error)
{
    g_autofree char *slot = NULL;

    {
        g_autoptr(DbRows) rows =
            db_select(conn, QUERY_SLOT_FREE, DB_PARAMS(DB_TEXT(pool->pool)), error);
        bool has_row = false;

        if (rows == NULL || !db_rows_next(rows, &has_row, error))
            return false;
        if (!has_row)
            return true;
        slot = g_strdup(db_rows_text(rows, 0));
        take->stale = db_rows_int(rows, 1) != 0;
    }
    if (!db_exec(conn, QUERY_LEASE_TAKE,
                 DB_PARAMS(DB_TEXT(pool->pool), DB_TEXT(slot), DB_INT(take->run.v),
                           DB_INT(take->position), DB_INT(take->now_us)),
                 error))
        return false;
    pool_lease_clear(&take->lease);
    take->lease = *pool;
    take->lease.slot = g_steal_pointer(&slot);
    *pool = (PoolLease){ 0 };
    return true;
}

static bool
write_take(DbConn *conn, void *input, GError **error)
{
    Take *take = input;
    g_autoptr(GError) local = NULL;
    GPtrArray *pools = NULL;
    bool ok = true;

    pool_lease_clear(&take->lease);
    pools = fitting_pools(conn, take, &local);
    take->fits = pools->len > 0;
    for (guint i = 0; ok && local == NULL && i < pools->len && take->lease.pool == NULL; i++)
        ok = take_slot(conn, take, pools->pdata[i], &local);
    free_pools(pools);
    if (local != NULL)
        g_propagate_error(error, g_steal_pointer(&local));
    return ok && (error == NULL || *error == NULL);
}

static bool
nobody_has(const Take *take, GError **error)
{
    g_autofree char *labels = json_canonical(take->labels, NULL, NULL);

    error_set(
        error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
        "no pool of '%s' has machines with the labels %s: 'slipway pool list' shows what there "
        "is",
        take->executor, labels != NULL ? labels : "{}");
    return false;
}

bool
pool_wait(Engine *engine, Cancel *cancel, int64_t deadline_us, GError **error)
{
    if (cancel_is_set(cancel)) {
        error_set(error, BASE_ERROR, BASE_ERROR_CANCELLED,
                  "cancelled while it waited for a machine");
        return false;
    }
    if (clock_monotonic_us() > deadline_us) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT,
                  "no capacity: no machine was free for an hour");
        return false;
    }
    MUTEX_GUARD(&engine->pool_lock);
    (void)cond_wait_until(&engine->pool_changed, &engine->pool_lock,
                          clock_monotonic_us() + LOOK_AGAIN_US);
    return true;
}

bool
pool_lease(Engine *engine, const char *executor, const json_t *labels, RunId run, int64_t position,
           Cancel *cancel, PoolLease *out, GError **error)
{
    int64_t deadline_us = clock_monotonic_us() + POOL_MAX_WAIT_US;
    Take take = { .executor = executor, .labels = labels, .run = run, .position = position };
    Executor *driver = engine_get_executor(engine, executor, error);

    if (driver == NULL)
        return false;
    while (true) {
        take.now_us = clock_now_us(engine->clock);
        if (!db_write(engine->db, DB_LANE_CONTROL, write_take, &take, error))
            return false;
        if (take.lease.pool != NULL)
            break;
        if (!take.fits)
            return nobody_has(&take, error);
        if (!pool_wait(engine, cancel, deadline_us, error))
            return false;
    }
    *out = take.lease;
    return !take.stale || executor_reclaim(driver, out->slot, out->settings, cancel, error);
}

/* ---- giving back ------------------------------------------------------------------------------- */

typedef struct GiveBack {
    const char *pool, *slot;
    RunId run;
} GiveBack;

static bool
write_give_back(DbConn *conn, void *input, GError **error)
{
    const GiveBack *back = input;

    return db_exec(conn, QUERY_LEASE_END,
                   DB_PARAMS(DB_TEXT(back->pool), DB_TEXT(back->slot), DB_INT(back->run.v)), error);
}

static bool
give_back(Engine *engine, GiveBack *back, GError **error)
{
    if (!db_write(engine->db, DB_LANE_CONTROL, write_give_back, back, error))
        return false;
    MUTEX_GUARD(&engine->pool_lock);
    cond_broadcast(&engine->pool_changed);
    return true;
}

bool
pool_give_back(Engine *engine, const PoolLease *lease, RunId run, GError **error)
{
    GiveBack back = { .pool = lease->pool, .slot = lease->slot, .run = run };

    return give_back(engine, &back, error);
}

/* {pool, slot, run, executor, settings} of each stale lease. Owned. */
static json_t *
stale_leases(Engine *engine, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_LEASE_STALE, DB_NO_PARAMS, error) : NULL;
    g_autoptr(json_t) array = json_array();
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        json_array_append_new(array, json_pack("{s:s, s:s, s:I, s:s, s:o}", "pool",
                                               db_rows_text(rows, 0), "slot", db_rows_text(rows, 1),
                                               "run", (json_int_t)db_rows_int(rows, 2), "executor",
                                               db_rows_text(rows, 3), "settings",
                                               json_loads(db_rows_text(rows, 4), 0, NULL)));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&array);
}

static bool
reclaim_one(Engine *engine, const json_t *lease, GError **error)
{
    GiveBack back = { .pool = json_string_value(json_object_get(lease, "pool")),
                      .slot = json_string_value(json_object_get(lease, "slot")),
                      .run = { json_integer_value(json_object_get(lease, "run")) } };
    Executor *driver =
        engine_get_executor(engine, json_string_value(json_object_get(lease, "executor")), error);

    return driver != NULL &&
           executor_reclaim(driver, back.slot, json_object_get(lease, "settings"), NULL, error) &&
           give_back(engine, &back, error);
}

void
pool_reclaim_stale(Engine *engine)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) leases = stale_leases(engine, &error);
    size_t i = 0;
    json_t *lease = NULL;

    json_array_foreach (leases, i, lease) {
        g_clear_error(&error);
        if (!reclaim_one(engine, lease, &error))
            log_event(LOG_WARNING, "a machine could not be reclaimed, retrying when it is leased",
                      "SLIPWAY_REASON", error->message, NULL);
    }
    pool_reclaim_upkeep(engine);
}

/* ---- settings ---------------------------------------------------------------------------------- */

typedef struct Set {
    const char *name, *executor;
    char *settings, *labels; /* owned */
    const char *const *slots;
} Set;

static bool
write_set(DbConn *conn, void *input, GError **error)
{
    const Set *set = input;

    if (!db_exec(conn, QUERY_POOL_UPSERT,
                 DB_PARAMS(DB_TEXT(set->name), DB_TEXT(set->executor), DB_TEXT(set->settings),
                           DB_TEXT(set->labels)),
                 error) ||
        !db_exec(conn, QUERY_SLOT_DELETE_OTHERS, DB_PARAMS(DB_TEXT(set->name)), error))
        return false;
    for (size_t i = 0; set->slots[i] != NULL; i++) {
        if (!db_exec(conn, QUERY_SLOT_INSERT, DB_PARAMS(DB_TEXT(set->name), DB_TEXT(set->slots[i])),
                     error))
            return false;
    }
    return true;
}

bool
pool_set(Engine *engine, const char *name, const char *executor, const json_t *settings,
         const json_t *labels, const char *const *slots, GError **error)
{
    Set set = { .name = name, .executor = executor, .slots = slots };
    bool ok = false;

    if (name[0] == '\0' || strpbrk(name, " \t\r\n/") != NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "'%s' cannot be a pool: expected a name without blanks and '/'", name);
        return false;
    }
    if (!executor_check_settings(executor, settings, error))
        return false;
    if (slots[0] == NULL || g_strv_length((char **)slots) > POOL_MAX_SLOTS) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "a pool has 1 to %d machines",
                  POOL_MAX_SLOTS);
        return false;
    }
    if (!pool_refresh_check(settings, error))
        return false;
    set.settings = json_canonical(settings, NULL, error);
    set.labels = set.settings != NULL ? json_canonical(labels, NULL, error) : NULL;
    ok = set.labels != NULL && db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_set, &set, error);
    g_free(set.settings);
    g_free(set.labels);
    return ok;
}

static bool
write_remove(DbConn *conn, void *input, GError **error)
{
    const char *name = input;

    if (!db_exec(conn, QUERY_SLOT_DELETE_OTHERS, DB_PARAMS(DB_TEXT(name)), error) ||
        !db_exec(conn, QUERY_REFRESH_DELETE, DB_PARAMS(DB_TEXT(name)), error) ||
        !db_exec(conn, QUERY_POOL_DELETE, DB_PARAMS(DB_TEXT(name)), error))
        return false;
    if (db_changes(conn) == 1)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no pool '%s'", name);
    return false;
}

bool
pool_remove(Engine *engine, const char *name, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_remove, (void *)name, &local))
        return true;
    if (!g_error_matches(local, DB_ERROR, DB_ERROR_CONSTRAINT)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT, "a machine of pool '%s' is leased", name);
    return false;
}

/* When it is renewed, and what came of it the last time. */
static void
add_refresh(json_t *pool, const DbRows *rows)
{
    if (!db_rows_is_null(rows, 10))
        json_object_set_new(pool, "nextRefresh", json_integer(db_rows_int(rows, 10)));
    if (db_rows_is_null(rows, 11))
        return;
    json_object_set_new(pool, "lastRefresh", json_integer(db_rows_int(rows, 11)));
    json_object_set_new(pool, "refreshed", json_loads(db_rows_text(rows, 12), 0, NULL));
}

/* The pool of the row: the last of @pools, or a new one. Borrowed. */
static json_t *
pool_of_row(json_t *pools, const DbRows *rows)
{
    json_t *last = json_array_get(pools, json_array_size(pools) - 1);
    const char *name = db_rows_text(rows, 0);

    if (last != NULL && strcmp(json_string_value(json_object_get(last, "name")), name) == 0)
        return last;
    last = json_pack("{s:s, s:s, s:o, s:[]}", "name", name, "executor", db_rows_text(rows, 1),
                     "labels", json_loads(db_rows_text(rows, 2), 0, NULL), "slots");
    add_refresh(last, rows);
    json_array_append_new(pools, last);
    return last;
}

static void
add_slot(json_t *pool, const DbRows *rows)
{
    const char *state = db_rows_text(rows, 6);
    json_t *slot = NULL;

    if (db_rows_is_null(rows, 3))
        return;
    slot = json_pack("{s:s, s:s}", "name", db_rows_text(rows, 3), "state",
                     !db_rows_is_null(rows, 9) ? "upkeep"
                     : state == NULL           ? "free"
                     : strcmp(state, run_state_name(RUN_RUNNING)) == 0 ||
                             strcmp(state, run_state_name(RUN_PREPARING)) == 0
                         ? "leased"
                         : "stale");
    if (state != NULL) {
        json_object_set_new(
            slot, "run",
            json_sprintf("%s/%lld", db_rows_text(rows, 4), (long long)db_rows_int(rows, 5)));
        json_object_set_new(slot, "job", json_integer(db_rows_int(rows, 7)));
        json_object_set_new(slot, "since", json_integer(db_rows_int(rows, 8)));
    }
    json_array_append_new(json_object_get(pool, "slots"), slot);
}

json_t *
pool_list(Engine *engine, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_POOL_SLOTS, DB_NO_PARAMS, error) : NULL;
    g_autoptr(json_t) pools = json_array();
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        add_slot(pool_of_row(pools, rows), rows);
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&pools);
}
