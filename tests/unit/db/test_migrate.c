/* SPDX-License-Identifier: Apache-2.0
 * test_migrate: bringing older databases up to date. The older ones are made here with SQLite
 * itself. */
#include <glib/gstdio.h>
#include <sqlite3.h>
#include "fixture.h"
#include "db/sqlite_files.h"
#include "base/banned.h"

/* Runs @sql on the file, past our own code. */
static void
run_raw(const char *path, const char *sql)
{
    sqlite3 *handle = NULL;

    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    int rc = sqlite3_exec(handle, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        print_message("# %s\n", sqlite3_errmsg(handle));
    sqlite3_close(handle);
    assert_int_equal(rc, SQLITE_OK);
}

/* Replaces the fixture's database by one that had the first migration only. */
static void
make_old_database(Fixture *f)
{
    const EmbeddedFile *first = &sqlite_files[0];
    g_autofree char *row = g_strdup_printf("INSERT INTO work_migration VALUES (1, '%s', '%s', 7)",
                                           first->name, first->sha256);

    g_clear_pointer(&f->db, db_free);
    assert_int_equal(g_remove(f->path), 0);
    run_raw(f->path, (const char *)first->data);
    run_raw(f->path, row);
}

static void
migrations_are_numbered_from_one_without_a_gap(void **state)
{
    (void)state;
    for (size_t i = 0; i < sqlite_files_count; i++) {
        if (!g_ascii_isdigit(sqlite_files[i].name[0]))
            continue; /* sorted: digits come first */
        test_case("%s\n", sqlite_files[i].name);
        assert_int_equal(g_ascii_strtoll(sqlite_files[i].name, NULL, 10), i + 1);
        assert_int_equal(sqlite_files[i].name[4], '-');
    }
}

static void
an_old_database_is_copied_before_its_migration(void **state)
{
    Fixture *f = *state;
    g_autofree char *copy = g_strconcat(f->path, ".before-0002", NULL);

    make_old_database(f);
    f->db = open_db(f);
    assert_no_gerror(f->error);
    assert_true(has_row(f, 2));
    g_clear_pointer(&f->db, db_free);
    /* The copy is the old one: what the second migration makes can be made in it. */
    run_raw(copy, (const char *)sqlite_files[1].data);
}

static void
a_new_database_is_not_copied(void **state)
{
    Fixture *f = *state;
    g_autofree char *copy = g_strconcat(f->path, ".before-0001", NULL);
    g_autofree char *second = g_strconcat(f->path, ".before-0002", NULL);

    assert_false(g_file_test(copy, G_FILE_TEST_EXISTS));
    assert_false(g_file_test(second, G_FILE_TEST_EXISTS));
}

static void
a_migration_with_another_text_is_refused(void **state)
{
    Fixture *f = *state;

    g_clear_pointer(&f->db, db_free);
    run_raw(f->path, "UPDATE work_migration SET checksum = replace(hex(zeroblob(32)), 'x', '') "
                     "WHERE number = 1");
    f->db = open_db(f);
    assert_null(f->db);
    assert_gerror(f->error, DB_ERROR, DB_ERROR_CORRUPT);
}

static void
a_migration_that_fails_leaves_the_old_database(void **state)
{
    Fixture *f = *state;

    make_old_database(f);
    run_raw(f->path,
            "CREATE TABLE fact_log (in_the_way INTEGER) STRICT"); /* 0002 wants that name */
    f->db = open_db(f);
    assert_null(f->db);
    assert_non_null(f->error);
    /* Still at 1: nothing of 0002 is there, so the table in the way can go and 0002 be made. */
    run_raw(f->path, "DROP TABLE fact_log");
    g_clear_error(&f->error);
    f->db = open_db(f);
    assert_no_gerror(f->error);
    assert_true(has_row(f, 2));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(migrations_are_numbered_from_one_without_a_gap),
        T(an_old_database_is_copied_before_its_migration),
        T(a_new_database_is_not_copied),
        T(a_migration_with_another_text_is_refused),
        T(a_migration_that_fails_leaves_the_old_database),
    };

    return cmocka_run_group_tests_name("migrate", tests, NULL, NULL);
}
