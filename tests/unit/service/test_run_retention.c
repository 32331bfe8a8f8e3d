/* SPDX-License-Identifier: Apache-2.0
 * test_run_retention: logs of old runs go, with their bytes; those of a release, of young runs and
 * those that a later run took over stay. */
#include "testing.h"
#include <string.h>
#include "base/files.h"
#include "base/json.h"
#include "engine_fixture.h"
#include "service/run_log.h"
#include "service/run_record.h"
#include "service/run_retention.h"
#include "base/banned.h"

#define DAY_US (24ll * 3600 * 1000000)

typedef struct Row { /* a passed run with one job and its log */
    const char *release;
    int64_t ended_us;
    int64_t number;
    Digest log;
    RunId id;
    int64_t reuse; /* takes the job over from this run; 0: runs it */
} Row;

static bool
add_project(DbConn *conn, void *input, GError **error)
{
    (void)input;
    return db_exec(conn, QUERY_PROJECT_UPSERT,
                   DB_PARAMS(DB_TEXT("web"), DB_TEXT("/repo"), DB_INT(1)), error);
}

static bool
insert_row(DbConn *conn, void *input, GError **error)
{
    Row *row = input;
    char log[DIGEST_STRING_SIZE];
    bool found = false;

    digest_to_string(&row->log, log);
    if (!db_select_int(conn, QUERY_RUN_INSERT,
                       DB_PARAMS(DB_TEXT("web"), DB_INT(row->number), DB_TEXT("push"),
                                 DB_TEXT("refs/heads/main"), DB_TEXT(""), DB_TEXT(""), DB_NULL,
                                 DB_TEXT(""), DB_TEXT(row->release), DB_INT(1), DB_INT(1)),
                       &found, &row->id.v, error))
        return false;
    DbValue id = DB_INT(row->id.v);
    bool ok = row->reuse > 0
                  ? db_exec(conn, QUERY_JOB_REUSE,
                            DB_PARAMS(id, DB_INT(row->reuse), DB_INT(0), DB_INT(1)), error)
                  : db_exec(conn, QUERY_JOB_INSERT,
                            DB_PARAMS(id, DB_INT(0), DB_INT(1), DB_TEXT("a"), DB_TEXT("host"),
                                      DB_TEXT("waiting"), DB_TEXT("")),
                            error) &&
                        db_exec(conn, QUERY_JOB_END,
                                DB_PARAMS(id, DB_INT(0), DB_INT(1), DB_TEXT("passed"), DB_TEXT(""),
                                          DB_INT(0), DB_NULL, DB_TEXT(log), DB_INT(row->ended_us)),
                                error);
    return ok &&
           db_exec(conn, QUERY_RUN_END,
                   DB_PARAMS(id, DB_TEXT("passed"), DB_TEXT(""), DB_INT(row->ended_us)), error);
}

/* A run that ended @days ago, its log in the store and its live file in runs/. */
static Row
add_run(EngineFixture *f, int64_t number, int64_t days, const char *release, const Row *reuse)
{
    Row row = { .number = number,
                .ended_us = clock_now_us(f->engine->clock) - days * DAY_US,
                .release = release,
                .reuse = reuse != NULL ? reuse->id.v : 0 };
    g_autofree char *text =
        g_strdup_printf("slipway-joblog 1\n1 1 1 o line of %" G_GINT64_FORMAT "\n", number);
    g_autofree char *folder = NULL;

    if (!store_put_bytes(f->engine->store, span_of_text(text), &row.log, &f->error) ||
        !db_write(f->engine->db, DB_LANE_ACKNOWLEDGED, insert_row, &row, &f->error))
        g_error("%s", f->error->message);
    folder = g_strdup_printf("runs/%" G_GINT64_FORMAT, row.id.v);
    if (!dir_create_all(f->engine->home_fd, folder, 0700, &f->error))
        g_error("%s", f->error->message);
    return row;
}

static bool
has_folder(EngineFixture *f, const Row *row)
{
    g_autofree char *path = g_strdup_printf("%s/runs/%" G_GINT64_FORMAT, f->home, row->id.v);

    return g_file_test(path, G_FILE_TEST_IS_DIR);
}

/* The page of the run's log. Owned. */
static json_t *
log_of(EngineFixture *f, const Row *row)
{
    g_autoptr(DbReader) reader = run_log_reader(f->engine, &f->error);
    g_auto(RunRecord) record = { 0 };
    RunLogPlace place = { 0 };

    if (reader == NULL || !run_record_load(reader, row->id, &record, &f->error))
        return NULL;
    return run_log_page(f->engine, reader, &record, &place, &f->error);
}

static RunRetention
pass(EngineFixture *f, int64_t keep_days)
{
    RunRetention done = { 0 };

    if (!run_retention_pass(f->engine, keep_days * DAY_US, &done, &f->error))
        g_error("%s", f->error->message);
    return done;
}

static int
setup(void **state)
{
    EngineFixture *f = engine_fixture_new(1, 1);

    *state = f;
    return db_write(f->engine->db, DB_LANE_ACKNOWLEDGED, add_project, NULL, &f->error) ? 0 : 1;
}

static int
teardown(void **state)
{
    engine_fixture_free(*state);
    return 0;
}

static void
an_old_log_is_removed_and_its_page_says_when(void **state)
{
    EngineFixture *f = *state;
    Row old = add_run(f, 1, 31, NULL, NULL);

    assert_int_equal(pass(f, 30).n_logs, 1);
    assert_false(store_has(f->engine->store, &old.log));
    assert_false(has_folder(f, &old));
    g_autoptr(json_t) page = log_of(f, &old);
    assert_non_null(page);
    assert_int_equal(json_array_size(json_object_get(page, "lines")), 0);
    assert_true(json_is_true(json_object_get(page, "ended")));
    assert_true(json_integer_value(json_object_get(page, "removedAt")) > 0);
}

static void
a_young_log_stays(void **state)
{
    EngineFixture *f = *state;
    Row young = add_run(f, 1, 29, NULL, NULL);

    assert_int_equal(pass(f, 30).n_logs, 0);
    assert_true(store_has(f->engine->store, &young.log));
    assert_true(has_folder(f, &young));
}

static void
a_log_tied_to_a_release_stays_by_digest(void **state)
{
    EngineFixture *f = *state;
    Row release = add_run(f, 1, 400, "release:web/main@1.0.0", NULL);

    assert_int_equal(pass(f, 30).n_logs, 0);
    assert_true(store_has(f->engine->store, &release.log));
    g_autoptr(json_t) page = log_of(f, &release);
    assert_int_equal(json_array_size(json_object_get(page, "lines")), 1);
    assert_false(has_folder(f, &release)); /* the live copy is not needed beside the blob */
}

static void
a_log_that_a_later_run_took_over_keeps_its_bytes(void **state)
{
    EngineFixture *f = *state;
    Row old = add_run(f, 1, 31, NULL, NULL);
    Row later = add_run(f, 2, 1, NULL, &old);

    assert_int_equal(pass(f, 30).n_logs, 1);
    assert_true(store_has(f->engine->store, &old.log));
    g_autoptr(json_t) page = log_of(f, &later);
    assert_int_equal(json_array_size(json_object_get(page, "lines")), 1);
}

static void
a_second_pass_finds_nothing(void **state)
{
    EngineFixture *f = *state;

    (void)add_run(f, 1, 31, NULL, NULL);
    (void)pass(f, 30);
    RunRetention again = pass(f, 30);
    assert_int_equal(again.n_logs, 0);
    assert_int_equal(again.n_folders, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_old_log_is_removed_and_its_page_says_when),
        TEST(a_young_log_stays),
        TEST(a_log_tied_to_a_release_stays_by_digest),
        TEST(a_log_that_a_later_run_took_over_keeps_its_bytes),
        TEST(a_second_pass_finds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
