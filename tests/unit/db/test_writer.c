/* SPDX-License-Identifier: Apache-2.0
 * test_writer: lanes, groups, savepoints and limits of the one writer. */
#include "fixture.h"
#include <pthread.h>
#include <semaphore.h>
#include "base/banned.h"

/* A write that holds the writer until it is let go, so that others queue up behind it. */
typedef struct {
    sem_t entered, go;
} Gate;

static bool
wait_in_gate(DbConn *conn, void *input, GError **error)
{
    Gate *gate = input;

    (void)conn;
    (void)error;
    sem_post(&gate->entered);
    sem_wait(&gate->go);
    return true;
}

static void
close_gate(Gate *gate, Db *db)
{
    sem_init(&gate->entered, 0, 0);
    sem_init(&gate->go, 0, 0);
    assert_true(db_write_async(db, DB_LANE_CONTROL, wait_in_gate, gate, NULL, NULL));
    sem_wait(&gate->entered);
}

static void
open_gate(Gate *gate, Db *db)
{
    sem_post(&gate->go);
    db_flush(db);
}

typedef struct {
    GString *order; /* borrowed */
    char letter;
} Letter;

static bool
note_letter(DbConn *conn, void *input, GError **error)
{
    Letter *letter = input;

    (void)conn;
    (void)error;
    g_string_append_c(letter->order, letter->letter);
    return true;
}

static void
control_goes_before_acknowledged_before_progress(void **state)
{
    Fixture *f = *state;
    g_autoptr(GString) order = g_string_new(NULL);
    Letter letters[] = { { order, 'p' }, { order, 'a' }, { order, 'c' } };
    Gate gate;

    close_gate(&gate, f->db);
    assert_true(db_write_async(f->db, DB_LANE_PROGRESS, note_letter, &letters[0], NULL, NULL));
    assert_true(db_write_async(f->db, DB_LANE_ACKNOWLEDGED, note_letter, &letters[1], NULL, NULL));
    assert_true(db_write_async(f->db, DB_LANE_CONTROL, note_letter, &letters[2], NULL, NULL));
    open_gate(&gate, f->db);
    f->text = g_strdup(order->str);
    assert_string_equal(f->text, "cap");
}

static void
writes_that_wait_together_commit_together(void **state)
{
    Fixture *f = *state;
    RowInput rows[50];
    DbStats before, after;
    Gate gate;

    db_get_stats(f->db, &before);
    close_gate(&gate, f->db);
    for (int i = 0; i < 50; i++) {
        rows[i] = (RowInput){ 500 + i, "x", CHECKSUM_64 };
        assert_true(db_write_async(f->db, DB_LANE_PROGRESS, add_row, &rows[i], NULL, NULL));
    }
    open_gate(&gate, f->db);
    db_get_stats(f->db, &after);
    /* The gate, all the others, and the flush if it came after them. */
    assert_in_range(after.n_commits - before.n_commits, 2, 3);
    assert_true(has_row(f, 549));
}

static void
a_failing_write_undoes_only_itself(void **state)
{
    Fixture *f = *state;
    RowInput rows[] = { { 500, "a", CHECKSUM_64 },
                        { 500, "twice", CHECKSUM_64 },
                        { 501, "b", CHECKSUM_64 } };
    DbStats stats;
    Gate gate;

    close_gate(&gate, f->db);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        assert_true(db_write_async(f->db, DB_LANE_PROGRESS, add_row, &rows[i], NULL, NULL));
    open_gate(&gate, f->db);
    db_get_stats(f->db, &stats);
    assert_int_equal(stats.n_failed, 1);
    assert_true(has_row(f, 500));
    assert_true(has_row(f, 501));
}

static bool
add_then_fail(DbConn *conn, void *input, GError **error)
{
    if (!add_row(conn, input, error))
        return false;
    error_set(error, BASE_ERROR, BASE_ERROR_DENIED, "changed its mind");
    return false;
}

static void
a_write_that_fails_late_leaves_nothing(void **state)
{
    Fixture *f = *state;
    RowInput row = { 500, "gone", CHECKSUM_64 };

    assert_false(db_write(f->db, DB_LANE_CONTROL, add_then_fail, &row, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_DENIED);
    assert_false(has_row(f, 500));
}

/* Ends the group's transaction from inside, as a full disk may. */
static bool
lose_transaction(DbConn *conn, void *input, GError **error)
{
    (void)input;
    return db_exec(conn, QUERY_DB_ROLLBACK, DB_NO_PARAMS, error) &&
           db_exec(conn, QUERY_DB_COMMIT, DB_NO_PARAMS, error);
}

static void
a_lost_transaction_fails_its_cause_and_repeats_the_others(void **state)
{
    Fixture *f = *state;
    RowInput rows[] = { { 500, "a", CHECKSUM_64 }, { 501, "b", CHECKSUM_64 } };
    DbStats stats;
    Gate gate;

    close_gate(&gate, f->db);
    assert_true(db_write_async(f->db, DB_LANE_PROGRESS, add_row, &rows[0], NULL, NULL));
    assert_true(db_write_async(f->db, DB_LANE_PROGRESS, lose_transaction, NULL, NULL, NULL));
    assert_true(db_write_async(f->db, DB_LANE_PROGRESS, add_row, &rows[1], NULL, NULL));
    open_gate(&gate, f->db);
    db_get_stats(f->db, &stats);
    assert_int_equal(stats.n_failed, 1);
    assert_true(has_row(f, 500));
    assert_true(has_row(f, 501));
}

static void
a_full_queue_is_busy(void **state)
{
    Fixture *f = *state;
    g_autoptr(GString) order = g_string_new(NULL);
    Letter letter = { order, 'x' };
    unsigned n = 0;
    Gate gate;

    close_gate(&gate, f->db);
    while (n < 100000 &&
           db_write_async(f->db, DB_LANE_CONTROL, note_letter, &letter, NULL, &f->error))
        n++;
    open_gate(&gate, f->db);
    assert_int_equal(n, 1024);
    assert_gerror(f->error, DB_ERROR, DB_ERROR_BUSY);
}

static bool
write_inside(DbConn *conn, void *input, GError **error)
{
    Fixture *f = input;
    RowInput row = { 500, "inner", CHECKSUM_64 };

    (void)conn;
    return db_write(f->db, DB_LANE_CONTROL, add_row, &row, error);
}

static void
a_write_inside_a_write_is_refused(void **state)
{
    Fixture *f = *state;

    assert_false(db_write(f->db, DB_LANE_CONTROL, write_inside, f, &f->error));
    assert_gerror(f->error, DB_ERROR, DB_ERROR_INTERNAL);
}

#define N_THREADS 8
#define N_WRITES  25

typedef struct {
    Db *db; /* borrowed */
    int first;
} Worker;

static void *
write_many(void *arg)
{
    const Worker *worker = arg;

    for (int i = 0; i < N_WRITES; i++) {
        RowInput row = { worker->first + i, "x", CHECKSUM_64 };

        if (!db_write(worker->db, DB_LANE_ACKNOWLEDGED, add_row, &row, NULL))
            return arg;
    }
    return NULL;
}

static void
many_threads_write_at_once(void **state)
{
    Fixture *f = *state;
    pthread_t threads[N_THREADS];
    Worker workers[N_THREADS];

    for (int i = 0; i < N_THREADS; i++) {
        workers[i] = (Worker){ f->db, 1000 + i * N_WRITES };
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, &workers[i]), 0);
    }
    for (int i = 0; i < N_THREADS; i++) {
        void *failed = f;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    for (int i = 0; i < N_THREADS * N_WRITES; i++)
        assert_true(has_row(f, 1000 + i));
}

static void
closing_finishes_what_is_queued(void **state)
{
    Fixture *f = *state;
    g_autoptr(GString) order = g_string_new(NULL);
    Letter letter = { order, 'x' };

    for (int i = 0; i < 20; i++)
        assert_true(db_write_async(f->db, DB_LANE_PROGRESS, note_letter, &letter, NULL, NULL));
    g_clear_pointer(&f->db, db_free);
    size_t n = order->len;
    assert_int_equal(n, 20);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(control_goes_before_acknowledged_before_progress),
        T(writes_that_wait_together_commit_together),
        T(a_failing_write_undoes_only_itself),
        T(a_write_that_fails_late_leaves_nothing),
        T(a_lost_transaction_fails_its_cause_and_repeats_the_others),
        T(a_full_queue_is_busy),
        T(a_write_inside_a_write_is_refused),
        T(many_threads_write_at_once),
        T(closing_finishes_what_is_queued),
    };

    return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
