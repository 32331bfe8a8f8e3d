/* SPDX-License-Identifier: Apache-2.0
 * test_db: opening, values, errors, readers, backup, dump and check. */
#include "fixture.h"
#include <unistd.h>
#include "db/query_text.h"
#include "base/banned.h"

static void
every_query_prepares(void **state)
{
    Fixture *f = *state;

    f->reader = db_reader_acquire(f->db, &f->error);
    assert_no_gerror(f->error);
    for (int query = 0; query < QUERY_N; query++) {
        DbValue params[DB_MAX_PARAMS] = { DB_NULL };

        test_case("query %s\n", query_texts[query].name);
        f->rows = db_select(f->reader, (QueryId)query, params, (size_t)query_texts[query].n_params,
                            &f->error);
        assert_no_gerror(f->error);
        g_clear_pointer(&f->rows, db_rows_free);
    }
}

static void
what_was_written_is_there_after_reopening(void **state)
{
    Fixture *f = *state;
    RowInput row = { 1, "again", CHECKSUM_64 };

    g_clear_pointer(&f->db, db_free);
    f->db = db_open(&(DbOptions){ .url = f->path }, &f->error); /* with real syncs */
    assert_no_gerror(f->error);
    assert_false(
        db_write(f->db, DB_LANE_CONTROL, add_row, &row, &f->error)); /* 1 is there already */
    assert_gerror(f->error, DB_ERROR, DB_ERROR_EXISTS);
}

static void
a_table_rule_refuses_as_constraint(void **state)
{
    Fixture *f = *state;

    assert_false(write_row(f, -1, "negative"));
    assert_gerror(f->error, DB_ERROR, DB_ERROR_CONSTRAINT);
}

static void
null_where_none_may_be_refuses_as_constraint(void **state)
{
    Fixture *f = *state;

    assert_false(write_row(f, 500, NULL));
    assert_gerror(f->error, DB_ERROR, DB_ERROR_CONSTRAINT);
}

static void
a_reader_cannot_write(void **state)
{
    Fixture *f = *state;
    RowInput row = { 500, "x", CHECKSUM_64 };

    f->reader = db_reader_acquire(f->db, &f->error);
    assert_false(add_row(f->reader, &row, &f->error));
    assert_gerror(f->error, DB_ERROR, DB_ERROR_INTERNAL);
}

static int64_t
count_rows(DbConn *conn)
{
    g_autoptr(DbRows) rows = db_select(conn, QUERY_DB_MIGRATION_LIST, DB_NO_PARAMS, NULL);
    bool more = true;
    int64_t n = 0;

    while (db_rows_next(rows, &more, NULL) && more)
        n++;
    return n;
}

static void
a_reader_sees_one_snapshot(void **state)
{
    Fixture *f = *state;

    f->reader = db_reader_acquire(f->db, &f->error);
    int64_t before = count_rows(f->reader);
    assert_true(write_row(f, 500, "later"));
    assert_int_equal(count_rows(f->reader), before);
    g_clear_pointer(&f->reader, db_reader_release);
    f->reader = db_reader_acquire(f->db, &f->error);
    assert_int_equal(count_rows(f->reader), before + 1);
}

static void
the_same_query_may_run_twice_at_once(void **state)
{
    Fixture *f = *state;
    bool more = false;

    assert_true(write_row(f, 500, "a"));
    f->reader = db_reader_acquire(f->db, &f->error);
    f->rows = db_select(f->reader, QUERY_DB_MIGRATION_LIST, DB_NO_PARAMS, &f->error);
    assert_true(db_rows_next(f->rows, &more, &f->error));
    assert_int_equal(db_rows_int(f->rows, 0), 1);
    assert_true(count_rows(f->reader) >= 2);
    assert_int_equal(db_rows_int(f->rows, 0), 1); /* not disturbed */
}

static void
select_int_says_when_there_is_no_row(void **state)
{
    Fixture *f = *state;
    const DbValue none = DB_TEXT("no_such_table");
    bool found = true;

    f->reader = db_reader_acquire(f->db, &f->error);
    assert_true(
        db_select_text(f->reader, QUERY_DB_TABLE_LIST, &none, 1, &found, &f->text, &f->error));
    assert_false(found);
    assert_null(f->text);
}

static void
all_readers_held_is_busy_for_the_next_only_after_a_wait(void **state)
{
    Fixture *f = *state;
    DbReader *held[16];
    int64_t began_us = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(held); i++)
        held[i] = db_reader_acquire(f->db, NULL);
    began_us = clock_monotonic_us();
    db_reader_release(held[15]);
    f->reader = db_reader_acquire(f->db, &f->error);
    for (size_t i = 0; i < 15; i++)
        db_reader_release(held[i]);
    assert_no_gerror(f->error);
    assert_true(clock_monotonic_us() - began_us < G_USEC_PER_SEC);
}

static void
a_database_of_a_newer_program_is_refused(void **state)
{
    Fixture *f = *state;

    assert_true(write_row(f, 9000, "from-the-future"));
    g_clear_pointer(&f->db, db_free);
    f->db = open_db(f);
    assert_null(f->db);
    assert_gerror(f->error, DB_ERROR, DB_ERROR_SCHEMA);
}

static void
a_file_that_is_no_database_is_corrupt(void **state)
{
    Fixture *f = *state;

    g_clear_pointer(&f->db, db_free);
    g_autofree char *junk = g_strnfill(8192, 'x');
    assert_true(g_file_set_contents(f->path, junk, 8192, NULL));
    f->db = open_db(f);
    assert_null(f->db);
    assert_gerror(f->error, DB_ERROR, DB_ERROR_CORRUPT);
}

static void
a_folder_that_is_not_there_is_an_io_error(void **state)
{
    Fixture *f = *state;

    g_clear_pointer(&f->db, db_free);
    g_free(f->path);
    f->path = g_strdup("/nonexistent/folder/test.db");
    f->db = open_db(f);
    assert_null(f->db);
    assert_gerror(f->error, DB_ERROR, DB_ERROR_IO);
}

static void
a_backup_holds_everything(void **state)
{
    Fixture *f = *state;
    g_autofree char *copy = g_build_filename(f->dir.path, "copy.db", NULL);

    assert_true(write_row(f, 2000, "kept"));
    assert_true(db_backup(f->db, copy, &f->error));
    assert_no_gerror(f->error);
    /* Opened as a database of a newer program: the row is there. */
    g_autoptr(Db) opened = db_open(&(DbOptions){ .url = copy }, &f->error);
    assert_null(opened);
    assert_gerror(f->error, DB_ERROR, DB_ERROR_SCHEMA);
    g_autofree char *part = g_strconcat(copy, ".part", NULL);
    assert_false(g_file_test(part, G_FILE_TEST_EXISTS));
}

/* The dump of all tables. Owned. */
static char *
dump(Fixture *f)
{
    g_autofree char *path = g_build_filename(f->dir.path, "dump", NULL);
    AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    g_autoptr(DbReader) reader = db_reader_acquire(f->db, NULL);

    if (!db_dump_tables(reader, "work_migration", fd, &f->error) || lseek(fd, 0, SEEK_SET) != 0)
        return NULL;
    return file_read_text(AT_FDCWD, path, 1u << 20, NULL);
}

static void
a_dump_is_one_line_a_row_in_the_order_of_the_key(void **state)
{
    Fixture *f = *state;

    assert_true(write_row(f, 901, "tab\there, quote ' and \\"));
    assert_true(write_row(f, 900, "first"));
    f->text = dump(f);
    assert_no_gerror(f->error);
    assert_true(g_str_has_prefix(
        f->text,
        "table \"work_migration\" (\"number\", \"name\", \"checksum\", \"applied_us\")\n1\t"));
    assert_true(g_str_has_suffix(
        f->text, "900\t'first'\t'" CHECKSUM_64 "'\t0\n"
                 "901\t'tab\\x09here, quote \\x27 and \\x5c'\t'" CHECKSUM_64 "'\t0\n"));
}

static bool
clear_all(DbConn *conn, void *input, GError **error)
{
    const char *const *prefix = input;

    return db_clear_tables(conn, *prefix, error);
}

static void
clear_empties_the_tables_with_the_prefix_only(void **state)
{
    Fixture *f = *state;
    const char *prefix = "fact_";

    assert_true(db_write(f->db, DB_LANE_CONTROL, clear_all, &prefix, &f->error));
    assert_true(has_row(f, 1));
    prefix = "work_migration";
    assert_true(db_write(f->db, DB_LANE_CONTROL, clear_all, &prefix, &f->error));
    assert_false(has_row(f, 1));
}

static void
check_passes_a_sound_database(void **state)
{
    Fixture *f = *state;

    assert_true(db_check(f->db, &f->error));
    assert_no_gerror(f->error);
}

static void
check_finds_a_damaged_page(void **state)
{
    Fixture *f = *state;
    AUTO_FD int fd = -1;
    uint8_t junk[2048];

    g_clear_pointer(&f->db, db_free); /* moves the log into the file */
    memset(junk, 0xa5, sizeof junk);
    fd = open(f->path, O_RDWR | O_CLOEXEC);
    /* The second page is the root of the first table; the header of the page stays. */
    assert_int_equal(pwrite(fd, junk, sizeof junk, 4096 + 8), sizeof junk);
    f->db = open_db(f);
    bool sound = f->db != NULL && db_check(f->db, &f->error);
    assert_false(sound);
    assert_gerror(f->error, DB_ERROR, DB_ERROR_CORRUPT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_query_prepares),
        T(what_was_written_is_there_after_reopening),
        T(a_table_rule_refuses_as_constraint),
        T(null_where_none_may_be_refuses_as_constraint),
        T(a_reader_cannot_write),
        T(a_reader_sees_one_snapshot),
        T(the_same_query_may_run_twice_at_once),
        T(select_int_says_when_there_is_no_row),
        T(all_readers_held_is_busy_for_the_next_only_after_a_wait),
        T(a_database_of_a_newer_program_is_refused),
        T(a_file_that_is_no_database_is_corrupt),
        T(a_folder_that_is_not_there_is_an_io_error),
        T(a_backup_holds_everything),
        T(a_dump_is_one_line_a_row_in_the_order_of_the_key),
        T(clear_empties_the_tables_with_the_prefix_only),
        T(check_passes_a_sound_database),
        T(check_finds_a_damaged_page),
    };

    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}
