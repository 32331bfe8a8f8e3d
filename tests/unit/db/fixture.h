/* SPDX-License-Identifier: Apache-2.0
 * fixture: a database in a temporary folder, for the tests of this folder. work_migration serves as
 * the table to write to: it is the only one this folder owns. */
#pragma once
#include <fcntl.h>
#include <stdlib.h>
#include "testing.h"
#include "base/files.h"
#include "db/db.h"

typedef struct {
    TempDir dir;      /* owned */
    char *path;       /* owned: dir/test.db */
    Db *db;           /* owned */
    DbReader *reader; /* owned */
    DbRows *rows;     /* owned */
    char *text;       /* owned */
    GError *error;    /* owned */
} Fixture;

static inline Db *
open_db(Fixture *f)
{
    return db_open(&(DbOptions){ .url = f->path, .flags = DB_FLAG_NO_SYNC }, &f->error);
}

static inline int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    *state = f;
    if (!temp_dir_make(&f->dir, "slipway-test", &f->error))
        return -1;
    f->path = g_build_filename(f->dir.path, "test.db", NULL);
    f->db = open_db(f);
    return f->db == NULL ? -1 : 0;
}

static inline int
teardown(void **state)
{
    Fixture *f = *state;

    g_clear_pointer(&f->rows, db_rows_free);
    g_clear_pointer(&f->reader, db_reader_release);
    g_clear_pointer(&f->db, db_free);
    g_clear_error(&f->error);
    temp_dir_clear(&f->dir);
    g_free(f->path);
    g_free(f->text);
    g_free(f);
    return 0;
}

#define CHECKSUM_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

typedef struct {
    int64_t number;
    const char *name;     /* borrowed */
    const char *checksum; /* borrowed */
} RowInput;

/* A DbWriteFn: adds the row of a RowInput. */
static inline bool
add_row(DbConn *conn, void *input, GError **error)
{
    const RowInput *row = input;

    return db_exec(
        conn, QUERY_DB_MIGRATION_ADD,
        DB_PARAMS(DB_INT(row->number), DB_TEXT(row->name), DB_TEXT(row->checksum), DB_INT(0)),
        error);
}

static inline bool
write_row(Fixture *f, int64_t number, const char *name)
{
    RowInput row = { number, name, CHECKSUM_64 };

    return db_write(f->db, DB_LANE_ACKNOWLEDGED, add_row, &row, &f->error);
}

/* Whether the row is there for a new reader. */
static inline bool
has_row(Fixture *f, int64_t number)
{
    g_autoptr(DbReader) reader = db_reader_acquire(f->db, NULL);
    g_autoptr(DbRows) rows = db_select(reader, QUERY_DB_MIGRATION_LIST, DB_NO_PARAMS, NULL);
    bool more = true, found = false;

    while (db_rows_next(rows, &more, NULL) && more)
        found = found || db_rows_int(rows, 0) == number;
    return found;
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
