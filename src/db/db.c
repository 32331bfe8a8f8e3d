/* SPDX-License-Identifier: Apache-2.0
 * db: opening, and the calls that go straight to the driver. */
#include "db/db.h"
#include <assert.h>
#include "db/db_priv.h"
#include "base/banned.h"

GQuark
db_error_quark(void)
{
    return g_quark_from_static_string("db-error");
}

Db *
db_open(const DbOptions *options, GError **error)
{
    g_autoptr(Db) db = g_new0(Db, 1);

    db->driver = &db_driver_sqlite;
    db->url = g_strdup(options->url);
    db->clock = options->clock != NULL ? options->clock : &clock_system;
    db->flags = options->flags;
    DbConn *conn = db->driver->connect(db, DB_ROLE_WRITER, error);
    if (conn == NULL)
        return NULL;
    if (!db->driver->migrate(conn, error)) {
        db->driver->disconnect(conn);
        error_prefix(error, "cannot open database '%s'", db->url);
        return NULL;
    }
    db->readers = db_readers_new(db);
    db->writer = db_writer_start(db, conn, error);
    if (db->writer == NULL)
        return NULL;
    return g_steal_pointer(&db);
}

void
db_free(Db *db)
{
    if (db == NULL)
        return;
    db_readers_free(db->readers); /* before the writer: the last connection tidies up the files */
    db_writer_stop(db->writer);
    g_free(db->url);
    g_free(db);
}

bool
db_exec(DbConn *conn, QueryId query, const DbValue *params, size_t n_params, GError **error)
{
    assert(query < QUERY_N && n_params == (size_t)query_texts[query].n_params);
    return conn->driver->exec(conn, query, params, n_params, error);
}

int64_t
db_changes(const DbConn *conn)
{
    return conn->n_changes;
}

DbRows *
db_select(DbConn *conn, QueryId query, const DbValue *params, size_t n_params, GError **error)
{
    assert(query < QUERY_N && n_params == (size_t)query_texts[query].n_params);
    return conn->driver->select(conn, query, params, n_params, error);
}

bool
db_rows_next(DbRows *rows, bool *has_row_out, GError **error)
{
    return rows->conn->driver->next(rows, has_row_out, error);
}

int64_t
db_rows_int(const DbRows *rows, int index)
{
    return rows->conn->driver->get_int(rows, index);
}

const char *
db_rows_text(const DbRows *rows, int index)
{
    return rows->conn->driver->get_text(rows, index);
}

Span
db_rows_blob(const DbRows *rows, int index)
{
    return rows->conn->driver->get_blob(rows, index);
}

bool
db_rows_is_null(const DbRows *rows, int index)
{
    return rows->conn->driver->is_null(rows, index);
}

void
db_rows_free(DbRows *rows)
{
    if (rows != NULL)
        rows->conn->driver->rows_free(rows);
}

bool
db_select_int(DbConn *conn, QueryId query, const DbValue *params, size_t n_params, bool *found_out,
              int64_t *value_out, GError **error)
{
    g_autoptr(DbRows) rows = db_select(conn, query, params, n_params, error);
    bool found = false;

    if (rows == NULL || !db_rows_next(rows, &found, error))
        return false;
    if (found)
        *value_out = db_rows_int(rows, 0);
    *found_out = found;
    return true;
}

bool
db_select_text(DbConn *conn, QueryId query, const DbValue *params, size_t n_params, bool *found_out,
               char **value_out, GError **error)
{
    g_autoptr(DbRows) rows = db_select(conn, query, params, n_params, error);
    bool found = false;

    if (rows == NULL || !db_rows_next(rows, &found, error))
        return false;
    if (found)
        *value_out = g_strdup(db_rows_text(rows, 0));
    *found_out = found;
    return true;
}

bool
db_backup(Db *db, const char *path, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(db, error);

    return reader != NULL && db->driver->backup(reader, path, error);
}

bool
db_dump_tables(DbConn *conn, const char *prefix, int out_fd, GError **error)
{
    return conn->driver->dump(conn, prefix, out_fd, error);
}

bool
db_clear_tables(DbConn *conn, const char *prefix, GError **error)
{
    return conn->driver->clear(conn, prefix, error);
}

static bool
check_integrity(DbConn *conn, GError **error)
{
    g_autofree char *finding = NULL;
    bool found = false;

    if (!db_select_text(conn, QUERY_DB_CHECK_INTEGRITY, DB_NO_PARAMS, &found, &finding, error))
        return false;
    if (found && g_strcmp0(finding, "ok") == 0)
        return true;
    error_set(error, DB_ERROR, DB_ERROR_CORRUPT, "%s", found ? finding : "no answer");
    return false;
}

static bool
check_foreign_keys(DbConn *conn, GError **error)
{
    g_autoptr(DbRows) rows = db_select(conn, QUERY_DB_CHECK_FOREIGN_KEYS, DB_NO_PARAMS, error);
    bool found = false;

    if (rows == NULL || !db_rows_next(rows, &found, error))
        return false;
    if (!found)
        return true;
    error_set(error, DB_ERROR, DB_ERROR_CORRUPT,
              "row %" G_GINT64_FORMAT " of table '%s' refers to nothing in '%s'",
              db_rows_int(rows, 1), db_rows_text(rows, 0), db_rows_text(rows, 2));
    return false;
}

bool
db_check(Db *db, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(db, error);

    if (reader == NULL)
        return false;
    if (check_integrity(reader, error) && check_foreign_keys(reader, error))
        return true;
    error_prefix(error, "database '%s' does not pass its check", db->url);
    return false;
}
