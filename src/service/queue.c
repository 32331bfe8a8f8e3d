/* SPDX-License-Identifier: Apache-2.0
 * queue: the one thread that takes waiting runs. It sleeps until it is woken or the longest wait of
 * a run is over; then it reads the rows again and does all that can be done. */
#include "service/queue.h"
#include <string.h>
#include "base/log.h"
#include "service/engine_thread.h"
#include "service/outbox.h"
#include "service/pool.h"
#include "service/pool_refresh.h"
#include "service/queue_daily.h"
#include "service/queue_order.h"
#include "service/run.h"
#include "service/run_priv.h"
#include "service/schedule.h"
#include "base/banned.h"

#define MAX_SLEEP_US                                                                               \
    (3600ll * G_USEC_PER_SEC) /* the wall clock may be set while a schedule waits */

#define RETRY_US (1000ll * 1000) /* after a database that was busy */
/* While no run can start, the waiting rows are not read again for every one that comes. */
#define FULL_LIST_US (1000ll * 1000)

typedef struct Queue {
    Engine *engine; /* borrowed */
    QueueOptions options;
    QueueDaily daily;       /* the thread's */
    Cancel *refresh_cancel; /* shared (ref) with threads that renew machines */
    Thread *thread;         /* owned */
    Mutex lock;
    Cond changed;      /* with lock */
    bool woken;        /* guarded by lock */
    bool stop;         /* guarded by lock */
    int64_t relist_us; /* the thread's: when full, rows are not read before this; monotonic */
} Queue;

/* ---- the rows at one moment -------------------------------------------------------------------- */

typedef struct Waiting { /* one queued row; owned strings */
    int64_t id, number, created_us;
    char *project, *event, *ref, *commit, *why, *actor;
    int priority;
    bool held;
} Waiting;

static void
waiting_free(void *data)
{
    Waiting *one = data;

    g_free(one->project);
    g_free(one->event);
    g_free(one->ref);
    g_free(one->commit);
    g_free(one->why);
    g_free(one->actor);
    g_free(one);
}

typedef struct Snapshot { /* ends with snapshot_clear */
    GPtrArray *waiting;   /* owned, of Waiting, by id */
    GArray *loads;        /* owned, of QueueLoad */
    GPtrArray *names;     /* owned, of the projects in loads */
    size_t *order;        /* owned: indexes of waiting */
    QueueWait *wait;      /* owned: by place in order */
} Snapshot;

static void
snapshot_clear(Snapshot *snapshot)
{
    g_clear_pointer(&snapshot->waiting, g_ptr_array_unref);
    g_clear_pointer(&snapshot->loads, g_array_unref);
    g_clear_pointer(&snapshot->names, g_ptr_array_unref);
    g_free(snapshot->order);
    g_free(snapshot->wait);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Snapshot, snapshot_clear)

static bool
load_waiting(DbConn *conn, Snapshot *snapshot, GError **error)
{
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_QUEUE_LIST, DB_PARAMS(DB_INT(QUEUE_MAX_ROWS)), error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    while (has_row) {
        Waiting *one = g_new0(Waiting, 1);

        one->id = db_rows_int(rows, 0);
        one->project = g_strdup(db_rows_text(rows, 1));
        one->number = db_rows_int(rows, 2);
        one->event = g_strdup(db_rows_text(rows, 3));
        one->ref = g_strdup(db_rows_text(rows, 4));
        one->commit = g_strdup(db_rows_text(rows, 5));
        one->created_us = db_rows_int(rows, 6);
        one->priority = (int)db_rows_int(rows, 7);
        one->held = db_rows_int(rows, 8) != 0;
        one->why = g_strdup(db_rows_text(rows, 9));
        one->actor = g_strdup(db_rows_text(rows, 10));
        g_ptr_array_add(snapshot->waiting, one);
        if (!db_rows_next(rows, &has_row, error))
            return false;
    }
    return true;
}

static bool
load_active(DbConn *conn, Snapshot *snapshot, GError **error)
{
    g_autoptr(DbRows) rows = db_select(conn, QUERY_QUEUE_ACTIVE, DB_NO_PARAMS, error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    while (has_row) {
        QueueLoad load = { .project = g_strdup(db_rows_text(rows, 0)),
                           .running = (unsigned)db_rows_int(rows, 1) };

        g_ptr_array_add(snapshot->names, (gpointer)load.project);
        g_array_append_val(snapshot->loads, load);
        if (!db_rows_next(rows, &has_row, error))
            return false;
    }
    return true;
}

static void
put_in_order(Snapshot *snapshot, const QueueOptions *options)
{
    size_t n = snapshot->waiting->len;
    g_autofree QueueRow *rows = g_new0(QueueRow, n + 1);
    QueueLimits limits = { .total = options->parallel_runs, .per_project = options->per_project };

    for (size_t i = 0; i < n; i++) {
        const Waiting *one = snapshot->waiting->pdata[i];

        rows[i] = (QueueRow){
            .id = one->id, .project = one->project, .priority = one->priority, .held = one->held
        };
    }
    snapshot->order = g_new0(size_t, n + 1);
    snapshot->wait = g_new0(QueueWait, n + 1);
    queue_order(rows, n, (const QueueLoad *)snapshot->loads->data, snapshot->loads->len, &limits,
                snapshot->order, snapshot->wait);
}

/* What runs. @full_out: nothing more can. */
static bool
snapshot_begin(Engine *engine, const QueueOptions *options, Snapshot *out, bool *full_out,
               GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    unsigned running = 0;

    out->waiting = g_ptr_array_new_with_free_func(waiting_free);
    out->loads = g_array_new(FALSE, FALSE, sizeof(QueueLoad));
    out->names = g_ptr_array_new_with_free_func(g_free);
    if (reader == NULL || !load_active(reader, out, error))
        return false;
    for (guint i = 0; i < out->loads->len; i++)
        running += g_array_index(out->loads, QueueLoad, i).running;
    *full_out = running >= options->parallel_runs;
    return true;
}

/* What waits, in its order. Only this thread starts runs, so fewer may run than were counted. */
static bool
snapshot_load(Engine *engine, const QueueOptions *options, Snapshot *out, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);

    if (reader == NULL || !load_waiting(reader, out, error))
        return false;
    put_in_order(out, options);
    return true;
}

/* ---- taking ------------------------------------------------------------------------------------ */

typedef struct Take {
    Engine *engine; /* borrowed */
    RunId run;
    int64_t now_us;
    bool taken;
} Take;

static bool
write_take(DbConn *conn, void *input, GError **error)
{
    Take *take = input;

    if (!db_exec(conn, QUERY_QUEUE_TAKE, DB_PARAMS(DB_INT(take->run.v), DB_INT(take->now_us)),
                 error))
        return false;
    take->taken = db_changes(conn) == 1;
    return !take->taken || run_record_told(conn, take->run, RUN_PREPARING, "", take->now_us, error);
}

static void
execute_thread(void *data)
{
    Take *take = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(ActiveRun) run = run_prepare_queued(take->engine, take->run, &error);

    if (run == NULL)
        log_event(LOG_NOTICE, "a run could not be prepared", "SLIPWAY_REASON", error->message,
                  NULL);
    else if (!run_execute(run, &error))
        log_event(LOG_ERROR, "the end of a run could not be written; the next start ends it",
                  "SLIPWAY_REASON", error->message, NULL);
    g_free(take);
}

static bool
take_run(Engine *engine, int64_t id, GError **error)
{
    Take *take = g_new0(Take, 1);

    take->engine = engine;
    take->run.v = id;
    take->now_us = clock_now_us(engine->clock);
    if (!db_write(engine->db, DB_LANE_CONTROL, write_take, take, error)) {
        g_free(take);
        return false;
    }
    outbox_wake(engine);
    if (!take->taken) {
        g_free(take);
        return true;
    }
    if (engine_thread_start(engine, "run", execute_thread, take, error))
        return true;
    g_free(take);
    return false;
}

/* ---- what else there is to do ------------------------------------------------------------------ */

typedef struct Overdue {
    int64_t before_us, now_us;
    char *reason; /* owned */
} Overdue;

static bool
write_overdue(DbConn *conn, void *input, GError **error)
{
    const Overdue *overdue = input;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(int64_t));
    bool has_row = false;

    {
        g_autoptr(DbRows) rows =
            db_select(conn, QUERY_QUEUE_OVERDUE, DB_PARAMS(DB_INT(overdue->before_us)), error);

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
        if (!run_record_change(conn, (RunId){ g_array_index(ids, int64_t, i) }, RUN_ERROR,
                               overdue->reason, overdue->now_us, error))
            return false;
    }
    return true;
}

static bool
end_overdue(const Queue *queue, const Snapshot *snapshot, GError **error)
{
    int64_t now_us = clock_now_us(queue->engine->clock);
    Overdue overdue = { .before_us = now_us - queue->options.max_wait_us, .now_us = now_us };
    bool any = false, ok = true;

    for (guint i = 0; i < snapshot->waiting->len; i++) {
        const Waiting *one = snapshot->waiting->pdata[i];

        any = any || (!one->held && one->created_us < overdue.before_us);
    }
    if (!any)
        return true;
    overdue.reason = g_strdup_printf("no capacity: it waited %lld s for its turn",
                                     (long long)(queue->options.max_wait_us / 1000000));
    ok = db_write(queue->engine->db, DB_LANE_CONTROL, write_overdue, &overdue, error);
    g_free(overdue.reason);
    return ok;
}

/* Runs that somebody wants stopped by commit or ref. */
static bool
stop_marked(const Queue *queue, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(queue->engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_QUEUE_STOPPED, DB_NO_PARAMS, error) : NULL;
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    while (has_row) {
        g_autoptr(ActiveRun) run = run_find_active(queue->engine, (RunId){ db_rows_int(rows, 0) });

        if (run != NULL)
            run_cancel(run);
        if (!db_rows_next(rows, &has_row, error))
            return false;
    }
    return true;
}

/* When the oldest that waits will have waited too long, by the monotonic clock. */
static int64_t
next_deadline(const Queue *queue, const Snapshot *snapshot)
{
    int64_t now_us = clock_now_us(queue->engine->clock);
    int64_t deadline = INT64_MAX;

    for (guint i = 0; i < snapshot->waiting->len; i++) {
        const Waiting *one = snapshot->waiting->pdata[i];
        int64_t left = one->created_us + queue->options.max_wait_us - now_us;

        if (!one->held)
            deadline = MIN(deadline, clock_monotonic_us() + MAX(left, 0) + 1000);
    }
    return deadline;
}

static bool
take_next(const Queue *queue, const Snapshot *snapshot, GError **error)
{
    for (guint i = 0; i < snapshot->waiting->len; i++) {
        const Waiting *one = snapshot->waiting->pdata[snapshot->order[i]];

        if (snapshot->wait[i] == QUEUE_NEXT && !take_run(queue->engine, one->id, error))
            return false;
    }
    return true;
}

/* Queues what has come due. A schedule that cannot be queued must not hold up the queue. Returns
 * when the next one is due, by the monotonic clock. */
static int64_t
queue_schedules(const Queue *queue)
{
    g_autoptr(GError) error = NULL;
    int64_t now_us = clock_now_us(queue->engine->clock);
    int64_t next_us = INT64_MAX;

    if (schedule_due(queue->engine, now_us, &next_us, &error))
        return next_us == INT64_MAX
                   ? INT64_MAX
                   : clock_monotonic_us() + CLAMP(next_us - now_us, 0, MAX_SLEEP_US) + 1000;
    log_event(LOG_WARNING, "schedules cannot be queued, retrying", "SLIPWAY_REASON", error->message,
              NULL);
    return clock_monotonic_us() + RETRY_US;
}

/* Reads what waits and does what can be done with it. @next_out: when to look again. */
static bool
serve_waiting(Queue *queue, int64_t *next_out, GError **error)
{
    g_auto(Snapshot) snapshot = { 0 };
    bool full = false;

    *next_out = queue->relist_us;
    if (!snapshot_begin(queue->engine, &queue->options, &snapshot, &full, error))
        return false;
    if (full && clock_monotonic_us() < queue->relist_us)
        return true;
    if (!snapshot_load(queue->engine, &queue->options, &snapshot, error) ||
        !end_overdue(queue, &snapshot, error) || !take_next(queue, &snapshot, error))
        return false;
    *next_out = next_deadline(queue, &snapshot);
    queue->relist_us = MIN(*next_out, clock_monotonic_us() + FULL_LIST_US);
    return true;
}

/* Everything that can be done now. Returns when to look again at the latest. */
static int64_t
look(Queue *queue)
{
    g_autoptr(GError) error = NULL;
    int64_t scheduled = MIN(queue_schedules(queue), queue_daily(queue->engine, &queue->daily));
    int64_t refresh = pool_refresh_due(queue->engine, queue->refresh_cancel);
    int64_t next = INT64_MAX;

    if (stop_marked(queue, &error) && serve_waiting(queue, &next, &error))
        return MIN(MIN(scheduled, refresh), next);
    log_event(LOG_WARNING, "the queue cannot be served, retrying", "SLIPWAY_REASON", error->message,
              NULL);
    return clock_monotonic_us() + RETRY_US;
}

static void
queue_thread(void *data)
{
    Queue *queue = data;

    pool_reclaim_stale(queue->engine);
    for (;;) {
        int64_t deadline = look(queue);

        MUTEX_GUARD(&queue->lock);
        while (!queue->woken && !queue->stop) {
            if (deadline == INT64_MAX)
                cond_wait(&queue->changed, &queue->lock);
            else if (!cond_wait_until(&queue->changed, &queue->lock, deadline))
                break;
        }
        queue->woken = false;
        if (queue->stop)
            return;
    }
}

/* ---- its life ---------------------------------------------------------------------------------- */

static QueueOptions
with_defaults(const QueueOptions *options)
{
    QueueOptions full = options != NULL ? *options : (QueueOptions){ 0 };

    if (full.parallel_runs == 0)
        full.parallel_runs = g_get_num_processors();
    if (full.per_project == 0)
        full.per_project = full.parallel_runs;
    if (full.max_wait_us == 0)
        full.max_wait_us = QUEUE_MAX_WAIT_US;
    return full;
}

bool
queue_start(Engine *engine, const QueueOptions *options, GError **error)
{
    Queue *queue = g_new0(Queue, 1);

    queue->engine = engine;
    queue->options = with_defaults(options);
    queue->daily.keep_logs_us = queue->options.keep_logs_us;
    queue->refresh_cancel = cancel_new();
    mutex_init(&queue->lock);
    cond_init(&queue->changed);
    queue->thread = thread_start("queue", queue_thread, queue, error);
    if (queue->thread == NULL) {
        g_free(queue);
        return false;
    }
    MUTEX_GUARD(&engine->lock);
    engine->queue = queue;
    return true;
}

void
queue_wake(Engine *engine)
{
    outbox_wake(engine); /* whatever changed a run wrote what others hear of it */
    MUTEX_GUARD(&engine->lock);

    if (engine->queue == NULL)
        return;
    mutex_lock(&engine->queue->lock);
    engine->queue->woken = true;
    cond_signal(&engine->queue->changed);
    mutex_unlock(&engine->queue->lock);
}

void
queue_stop(Engine *engine)
{
    Queue *queue = NULL;

    {
        MUTEX_GUARD(&engine->lock);

        queue = engine->queue;
        engine->queue = NULL;
    }
    if (queue == NULL)
        return;
    mutex_lock(&queue->lock);
    queue->stop = true;
    cond_signal(&queue->changed);
    mutex_unlock(&queue->lock);
    cancel_trigger(queue->refresh_cancel);
    thread_join(queue->thread);
    cancel_unref(queue->refresh_cancel);
    cond_clear(&queue->changed);
    mutex_clear(&queue->lock);
    g_free(queue);
}

void
queue_drain(Engine *engine)
{
    queue_stop(engine);
    engine_threads_join(engine);
}

/* ---- for people -------------------------------------------------------------------------------- */

static json_t *
waiting_to_json(const Waiting *one, QueueWait wait, size_t position)
{
    static const char *const texts[] = {
        [QUEUE_NEXT] = "is taken now",
        [QUEUE_HELD] = "a maintainer has to let it go",
        [QUEUE_FULL] = "every place is busy",
        [QUEUE_PROJECT] = "its project runs as many as it may",
    };
    json_t *object = json_object();

    json_object_set_new(object, "run",
                        json_sprintf("%s/%lld", one->project, (long long)one->number));
    json_object_set_new(object, "position", json_integer((json_int_t)position + 1));
    json_object_set_new(object, "project", json_string(one->project));
    json_object_set_new(object, "event", json_string(one->event));
    json_object_set_new(object, "ref", json_string(one->ref));
    json_object_set_new(object, "commit", json_string(one->commit));
    json_object_set_new(object, "waiting", json_string(texts[wait]));
    json_object_set_new(object, "held", json_boolean(one->held));
    json_object_set_new(object, "since", json_integer(one->created_us));
    json_object_set_new(object, "priority", json_integer(one->priority));
    json_object_set_new(object, "why", json_string(one->why));
    json_object_set_new(object, "actor", json_string(one->actor));
    return object;
}

static QueueOptions
options_of(Engine *engine)
{
    MUTEX_GUARD(&engine->lock);

    return engine->queue != NULL ? engine->queue->options : with_defaults(NULL);
}

json_t *
queue_list(Engine *engine, GError **error)
{
    QueueOptions options = options_of(engine);
    g_auto(Snapshot) snapshot = { 0 };
    json_t *array = NULL;
    bool full = false;

    if (!snapshot_begin(engine, &options, &snapshot, &full, error) ||
        !snapshot_load(engine, &options, &snapshot, error))
        return NULL;
    array = json_array();
    for (guint i = 0; i < snapshot.waiting->len; i++)
        json_array_append_new(array, waiting_to_json(snapshot.waiting->pdata[snapshot.order[i]],
                                                     snapshot.wait[i], i));
    return array;
}
