/* SPDX-License-Identifier: Apache-2.0
 * writer: the one thread that changes the database.
 *
 * 1. What waits together commits together, lane by lane, each function in a SAVEPOINT of its own.
 * 2. A caller hears after COMMIT returned, and then only.
 * 3. When a group's COMMIT fails, or a failure inside ends the transaction, nothing of the group
 * has happened; its functions run again, each alone, so that one bad apple fails alone.
 * 4. After an I/O error at COMMIT nobody knows what the disk has: every later write is refused
 * until the database is opened again and has recovered. */
#include <assert.h>
#include <pthread.h>
#include "db/db_priv.h"
#include "base/banned.h"

#define DB_GROUP_MAX 512 /* functions in one COMMIT; bounds how long a control write can wait */

static const size_t lane_limit[DB_N_LANES] = {
    [DB_LANE_CONTROL] = 1024,
    [DB_LANE_ACKNOWLEDGED] = 4096,
    [DB_LANE_PROGRESS] = 8192,
};

typedef struct {
    DbWriteFn fn;
    void *input;               /* borrowed; owned when free_input is set */
    GDestroyNotify free_input; /* may be NULL */
    bool detached;             /* nobody waits; freed by the writer */
    bool ok, done;             /* guarded by the writer's lock */
    GError *failure;           /* owned; as done */
    Cond finished;             /* unused when detached */
} Job;

struct DbWriter {
    Db *db;         /* borrowed */
    DbConn *conn;   /* owned; the thread's alone */
    Thread *thread; /* owned */
    bool broken;    /* the thread's alone: see 4 */
    pthread_t self; /* guarded by lock, as started */
    bool started;   /* guarded by lock */
    Mutex lock;
    Cond arrived;
    GQueue lanes[DB_N_LANES]; /* guarded by lock: of Job */
    bool closing;             /* guarded by lock */
    DbStats stats;            /* guarded by lock */
};

static size_t
count_queued(const DbWriter *writer)
{
    size_t n = 0;

    for (int lane = 0; lane < DB_N_LANES; lane++)
        n += writer->lanes[lane].length;
    return n;
}

/* Waits for work and takes a group of it; empty only at the end. */
static void
take_group(DbWriter *writer, GPtrArray *group)
{
    MUTEX_GUARD(&writer->lock);
    while (count_queued(writer) == 0 && !writer->closing)
        cond_wait(&writer->arrived, &writer->lock);
    for (int lane = 0; lane < DB_N_LANES; lane++) {
        while (group->len < DB_GROUP_MAX && writer->lanes[lane].length > 0)
            g_ptr_array_add(group, g_queue_pop_head(&writer->lanes[lane]));
    }
}

/* Runs one function in its savepoint. False only when the whole transaction is lost. */
static bool
run_in_savepoint(DbConn *conn, Job *job)
{
    g_clear_error(&job->failure);
    job->ok = db_exec(conn, QUERY_DB_SAVEPOINT, DB_NO_PARAMS, &job->failure) &&
              job->fn(conn, job->input, &job->failure);
    if (!job->ok && job->failure == NULL)
        error_set(&job->failure, DB_ERROR, DB_ERROR_INTERNAL, "a write failed without a reason");
    if (!conn->driver->in_transaction(conn)) {
        job->ok = false;
        return false;
    }
    if (!job->ok && !db_exec(conn, QUERY_DB_SAVEPOINT_ROLLBACK, DB_NO_PARAMS, NULL))
        return false;
    return db_exec(conn, QUERY_DB_SAVEPOINT_RELEASE, DB_NO_PARAMS, NULL);
}

static void
fail_job(Job *job, const GError *failure)
{
    job->ok = false;
    if (job->failure == NULL)
        job->failure = g_error_copy(failure);
}

static void
roll_back(DbConn *conn)
{
    g_autoptr(GError) local = NULL;

    if (conn->driver->in_transaction(conn))
        error_ignore(db_exec(conn, QUERY_DB_ROLLBACK, DB_NO_PARAMS, &local), &local,
                     "the next BEGIN fails if it is still there");
}

/* One transaction over @n jobs. False: nothing happened, *@failure_out says why. */
static bool
run_transaction(DbWriter *writer, Job **jobs, size_t n, GError **failure_out)
{
    DbConn *conn = writer->conn;

    if (!db_exec(conn, QUERY_DB_BEGIN_WRITE, DB_NO_PARAMS, failure_out))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (run_in_savepoint(conn, jobs[i]))
            continue;
        roll_back(conn);
        if (jobs[i]->failure != NULL)
            g_propagate_error(failure_out, g_error_copy(jobs[i]->failure));
        else
            error_set(failure_out, DB_ERROR, DB_ERROR_IO, "the transaction was lost");
        return false;
    }
    if (db_exec(conn, QUERY_DB_COMMIT, DB_NO_PARAMS, failure_out))
        return true;
    if (failure_out != NULL && g_error_matches(*failure_out, DB_ERROR, DB_ERROR_IO))
        writer->broken = true;
    roll_back(conn);
    return false;
}

static void
run_alone(DbWriter *writer, Job *job)
{
    g_autoptr(GError) failure = NULL;

    if (!writer->broken && run_transaction(writer, &job, 1, &failure))
        return;
    if (failure == NULL)
        error_set(&failure, DB_ERROR, DB_ERROR_IO, "database '%s' is out of use after an I/O error",
                  writer->db->url);
    fail_job(job, failure);
}

static void
run_group(DbWriter *writer, GPtrArray *group)
{
    g_autoptr(GError) failure = NULL;

    if (!writer->broken && group->len > 1 &&
        run_transaction(writer, (Job **)group->pdata, group->len, &failure))
        return;
    for (size_t i = 0; i < group->len; i++)
        run_alone(writer, g_ptr_array_index(group, i));
}

static void
free_detached(Job *job)
{
    if (job->free_input != NULL)
        job->free_input(job->input);
    g_clear_error(&job->failure);
    g_free(job);
}

/* Tells the callers. A job that somebody waits for is gone once `done` is seen. */
static void
answer_group(DbWriter *writer, GPtrArray *group)
{
    {
        MUTEX_GUARD(&writer->lock);
        writer->stats.n_commits++;
        for (size_t i = 0; i < group->len; i++) {
            Job *job = g_ptr_array_index(group, i);

            writer->stats.n_writes++;
            writer->stats.n_failed += !job->ok;
            if (job->detached)
                continue;
            job->done = true;
            cond_signal(&job->finished);
            g_ptr_array_index(group, i) = NULL;
        }
    }
    for (size_t i = 0; i < group->len; i++) {
        if (g_ptr_array_index(group, i) != NULL)
            free_detached(g_ptr_array_index(group, i));
    }
    g_ptr_array_set_size(group, 0);
}

static void
write_until_closed(void *arg)
{
    DbWriter *writer = arg;
    g_autoptr(GPtrArray) group = g_ptr_array_sized_new(DB_GROUP_MAX);

    {
        MUTEX_GUARD(&writer->lock);
        writer->self = pthread_self();
        writer->started = true;
    }
    for (;;) {
        take_group(writer, group);
        if (group->len == 0)
            return;
        run_group(writer, group);
        answer_group(writer, group);
        writer->conn->driver->rest(writer->conn);
    }
}

DbWriter *
db_writer_start(Db *db, DbConn *conn, GError **error)
{
    DbWriter *writer = g_new0(DbWriter, 1);

    writer->db = db;
    writer->conn = conn;
    mutex_init(&writer->lock);
    cond_init(&writer->arrived);
    for (int lane = 0; lane < DB_N_LANES; lane++)
        g_queue_init(&writer->lanes[lane]);
    writer->thread = thread_start("db-writer", write_until_closed, writer, error);
    if (writer->thread == NULL) {
        db_writer_stop(writer);
        return NULL;
    }
    return writer;
}

void
db_writer_stop(DbWriter *writer)
{
    if (writer == NULL)
        return;
    {
        MUTEX_GUARD(&writer->lock);
        writer->closing = true;
        cond_signal(&writer->arrived);
    }
    thread_join(writer->thread);
    writer->db->driver->disconnect(writer->conn);
    mutex_clear(&writer->lock);
    cond_clear(&writer->arrived);
    g_free(writer);
}

static bool
refuse(DbWriter *writer, DbLane lane, GError **error)
{
    if (writer->started && pthread_equal(writer->self, pthread_self())) {
        error_set(error, DB_ERROR, DB_ERROR_INTERNAL, "a write asks for a write");
        return true;
    }
    if (writer->lanes[lane].length < lane_limit[lane])
        return false;
    error_set(error, DB_ERROR, DB_ERROR_BUSY, "%zu writes to database '%s' are waiting already",
              lane_limit[lane], writer->db->url);
    return true;
}

static bool
write_and_wait(DbWriter *writer, DbLane lane, Job *job, GError **error)
{
    MUTEX_GUARD(&writer->lock);
    if (refuse(writer, lane, error))
        return false;
    g_queue_push_tail(&writer->lanes[lane], job);
    cond_signal(&writer->arrived);
    while (!job->done)
        cond_wait(&job->finished, &writer->lock);
    if (!job->ok)
        g_propagate_error(error, g_steal_pointer(&job->failure));
    return job->ok;
}

bool
db_write(Db *db, DbLane lane, DbWriteFn fn, void *input, GError **error)
{
    Job job = { .fn = fn, .input = input };

    cond_init(&job.finished);
    bool ok = write_and_wait(db->writer, lane, &job, error);
    cond_clear(&job.finished);
    g_clear_error(&job.failure);
    return ok;
}

bool
db_write_async(Db *db, DbLane lane, DbWriteFn fn, void *input, GDestroyNotify free_input,
               GError **error)
{
    DbWriter *writer = db->writer;
    MUTEX_GUARD(&writer->lock);

    if (refuse(writer, lane, error))
        return false;
    Job *job = g_new0(Job, 1);
    *job = (Job){ .fn = fn, .input = input, .free_input = free_input, .detached = true };
    g_queue_push_tail(&writer->lanes[lane], job);
    cond_signal(&writer->arrived);
    return true;
}

static bool
do_nothing(DbConn *conn, void *input, GError **error)
{
    (void)conn;
    (void)input;
    (void)error;
    return true;
}

void
db_flush(Db *db)
{
    DbWriter *writer = db->writer;
    Job job = { .fn = do_nothing };

    cond_init(&job.finished);
    {
        MUTEX_GUARD(&writer->lock); /* the end of the last lane, however long it is */
        g_queue_push_tail(&writer->lanes[DB_LANE_PROGRESS], &job);
        cond_signal(&writer->arrived);
        while (!job.done)
            cond_wait(&job.finished, &writer->lock);
    }
    cond_clear(&job.finished);
    g_clear_error(&job.failure);
}

void
db_get_stats(Db *db, DbStats *stats_out)
{
    MUTEX_GUARD(&db->writer->lock);
    *stats_out = db->writer->stats;
    stats_out->n_queued = count_queued(db->writer);
}
