/* SPDX-License-Identifier: Apache-2.0
 * sqlite_migrate: brings a database to the tables this program knows.
 *
 * Each migration and its row in work_migration are one transaction, so a crash leaves a prefix of
 * them. What was applied must be a prefix of what we have, text for text; anything else was written
 * by another program. */
#include <stdio.h>
#include "db/sqlite_files.h"
#include "db/sqlite_priv.h"
#include "base/banned.h"

/* The number of "NNNN-what.sql"; 0 for other files. */
static int64_t
migration_number(const EmbeddedFile *file)
{
    if (strspn(file->name, "0123456789") != 4 || file->name[4] != '-')
        return 0;
    return g_ascii_strtoll(file->name, NULL, 10);
}

/* Our migrations, ascending. Owned array of borrowed EmbeddedFile. */
static GPtrArray *
list_migrations(void)
{
    GPtrArray *list = g_ptr_array_new();

    for (size_t i = 0; i < sqlite_files_count; i++) {
        if (migration_number(&sqlite_files[i]) > 0)
            g_ptr_array_add(list, (gpointer)&sqlite_files[i]);
    }
    return list;
}

static bool
check_applied(const DbRows *rows, const GPtrArray *ours, size_t index, GError **error)
{
    int64_t number = db_rows_int(rows, 0);

    if (index >= ours->len) {
        error_set(error, DB_ERROR, DB_ERROR_SCHEMA,
                  "migration %" G_GINT64_FORMAT " ('%s') is newer than this program", number,
                  db_rows_text(rows, 1));
        return false;
    }
    const EmbeddedFile *file = g_ptr_array_index(ours, index);
    if (number == migration_number(file) && g_strcmp0(db_rows_text(rows, 2), file->sha256) == 0)
        return true;
    error_set(error, DB_ERROR, DB_ERROR_CORRUPT,
              "migration %" G_GINT64_FORMAT " ('%s') is not the '%s' of this program", number,
              db_rows_text(rows, 1), file->name);
    return false;
}

/* How many of ours are applied. */
static bool
count_applied(DbConn *conn, const GPtrArray *ours, size_t *count_out, GError **error)
{
    const DbValue table = DB_TEXT("work_migration");
    bool found = false, has_row = false;
    int64_t exists = 0;
    size_t count = 0;

    if (!db_select_int(conn, QUERY_DB_TABLE_EXISTS, &table, 1, &found, &exists, error))
        return false;
    if (exists > 0) {
        g_autoptr(DbRows) rows = db_select(conn, QUERY_DB_MIGRATION_LIST, DB_NO_PARAMS, error);

        if (rows == NULL || !db_rows_next(rows, &has_row, error))
            return false;
        while (has_row) {
            if (!check_applied(rows, ours, count, error) || !db_rows_next(rows, &has_row, error))
                return false;
            count++;
        }
    }
    *count_out = count;
    return true;
}

static bool
apply_inside(SqliteConn *conn, const EmbeddedFile *file, GError **error)
{
    int64_t now_us = clock_now_us(conn->base.db->clock);

    return sqlite_run_text(conn, (const char *)file->data, file->name, error) &&
           db_exec(&conn->base, QUERY_DB_MIGRATION_ADD,
                   DB_PARAMS(DB_INT(migration_number(file)), DB_TEXT(file->name),
                             DB_TEXT(file->sha256), DB_INT(now_us)),
                   error) &&
           db_exec(&conn->base, QUERY_DB_COMMIT, DB_NO_PARAMS, error);
}

static bool
apply(SqliteConn *conn, const EmbeddedFile *file, GError **error)
{
    if (!db_exec(&conn->base, QUERY_DB_BEGIN_WRITE, DB_NO_PARAMS, error))
        return false;
    if (apply_inside(conn, file, error))
        return true;
    if (sqlite3_get_autocommit(conn->handle) == 0) {
        g_autoptr(GError) local = NULL;

        error_ignore(db_exec(&conn->base, QUERY_DB_ROLLBACK, DB_NO_PARAMS, &local), &local,
                     "the caller closes the connection, which rolls back too");
    }
    return false;
}

bool
sqlite_migrate(DbConn *base, GError **error)
{
    SqliteConn *conn = (SqliteConn *)base;
    g_autoptr(GPtrArray) ours = list_migrations();
    size_t n_applied = 0;

    if (!count_applied(base, ours, &n_applied, error))
        return false;
    if (n_applied > 0 && n_applied < ours->len) {
        const EmbeddedFile *next = g_ptr_array_index(ours, n_applied);
        g_autofree char *path = g_strdup_printf("%s.before-%.4s", base->db->url, next->name);

        if (!sqlite_backup(base, path, error))
            return false;
    }
    for (size_t i = n_applied; i < ours->len; i++) {
        if (!apply(conn, g_ptr_array_index(ours, i), error))
            return false;
    }
    return true;
}
