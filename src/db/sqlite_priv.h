/* SPDX-License-Identifier: Apache-2.0
 * sqlite_priv: what the files of the SQLite driver share. */
#pragma once
#include <sqlite3.h>
#include "db/db_priv.h"

typedef struct {
    sqlite3_stmt *stmt; /* owned; NULL until first used */
    uint8_t
        positions[DB_MAX_PARAMS]; /* $n is parameter positions[n-1]: SQLite counts by appearance */
    bool busy;                    /* some DbRows runs it now */
} Statement;

typedef struct {
    DbConn base;
    sqlite3 *handle;               /* owned */
    Statement statements[QUERY_N]; /* prepared once */
    int n_wal_pages;               /* in the write-ahead log after the last commit */
} SqliteConn;

/** Sets DbError from @rc and the handle's message. @handle: may be NULL. */
void sqlite_set_error(GError **error, sqlite3 *handle, int rc, const char *format, ...)
    PRINTF_LIKE(4, 5);
/** The text of a file below sql/sqlite; ends the process if there is none: it is compiled in. */
const char *sqlite_file(const char *name);
/** Runs every statement of @text. */
bool sqlite_run_text(SqliteConn *conn, const char *text, const char *what,
                     GError **error) MUST_CHECK;

bool sqlite_migrate(DbConn *conn, GError **error) MUST_CHECK;
bool sqlite_backup(DbConn *conn, const char *path, GError **error) MUST_CHECK;
bool sqlite_dump(DbConn *conn, const char *prefix, int out_fd, GError **error) MUST_CHECK;
bool sqlite_clear(DbConn *conn, const char *prefix, GError **error) MUST_CHECK;
