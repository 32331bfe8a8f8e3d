/* SPDX-License-Identifier: Apache-2.0
 * sqlite: connections, statements and rows of the SQLite driver. */
#include <assert.h>
#include <fcntl.h>
#include "base/files.h"
#include "base/os.h"
#include "db/sqlite_files.h"
#include "db/sqlite_priv.h"
#include "base/banned.h"

#define SQLITE_BUSY_WAIT_MS    5000
#define SQLITE_RESTART_WAIT_MS 100
#define SQLITE_WAL_PAGES       1000 /* pages in the log from which they are moved into the database */
#define SQLITE_WAL_PAGES_LARGE                                                                     \
    16384 /* from which we wait a little for readers, so that it starts anew */

typedef struct {
    DbRows base;
    sqlite3_stmt *stmt; /* owned when slot is NULL */
    Statement *slot;    /* borrowed from the connection; NULL for a second run of the same query */
    QueryId query;
    bool ended;
} SqliteRows;

static DbError
code_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return DB_ERROR_BUSY;
    case SQLITE_CONSTRAINT:
        return rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
                       rc == SQLITE_CONSTRAINT_ROWID
                   ? DB_ERROR_EXISTS
                   : DB_ERROR_CONSTRAINT;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return DB_ERROR_CORRUPT;
    case SQLITE_FULL:
        return DB_ERROR_FULL;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
        return DB_ERROR_IO;
    case SQLITE_READONLY: /* without detail: a reader's connection was asked to write */
        return rc == SQLITE_READONLY ? DB_ERROR_INTERNAL : DB_ERROR_IO;
    default:
        return DB_ERROR_INTERNAL;
    }
}

static bool
is_io_failure(int rc)
{
    return (rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN;
}

void
sqlite_set_error(GError **error, sqlite3 *handle, int rc, const char *format, ...)
{
    va_list args;
    int cause = 0;

    va_start(args, format);
    g_autofree char *what = g_strdup_vprintf(format, args);
    va_end(args);
    if (handle != NULL && is_io_failure(sqlite3_errcode(handle)))
        cause = sqlite3_system_errno(handle); /* "disk I/O error" alone helps nobody */
    if (handle == NULL)
        error_set(error, DB_ERROR, (int)code_of(rc), "%s: %s", what, sqlite3_errstr(rc));
    else
        error_set(error, DB_ERROR, (int)code_of(sqlite3_extended_errcode(handle)), "%s: %s%s%s",
                  what, sqlite3_errmsg(handle), cause != 0 ? ": " : "",
                  cause != 0 ? g_strerror(cause) : "");
}

const char *
sqlite_file(const char *name)
{
    for (size_t i = 0; i < sqlite_files_count; i++) {
        if (strcmp(sqlite_files[i].name, name) == 0)
            return (const char *)sqlite_files[i].data;
    }
    assert(!"a file below sql/sqlite is missing");
    return NULL;
}

bool
sqlite_run_text(SqliteConn *conn, const char *text, const char *what, GError **error)
{
    int rc = sqlite3_exec(conn->handle, text, NULL, NULL, NULL);

    if (rc == SQLITE_OK)
        return true;
    sqlite_set_error(error, conn->handle, rc, "cannot run '%s'", what);
    return false;
}

static void
sqlite_disconnect(DbConn *base)
{
    SqliteConn *conn = (SqliteConn *)base;

    if (conn == NULL)
        return;
    for (size_t i = 0; i < QUERY_N; i++)
        sqlite3_finalize(conn->statements[i].stmt);
    sqlite3_close_v2(conn->handle);
    g_free(conn);
}

static int
count_wal_pages(void *context, sqlite3 *handle, const char *name, int n_pages)
{
    SqliteConn *conn = context;

    (void)handle;
    (void)name;
    conn->n_wal_pages = n_pages;
    return SQLITE_OK;
}

static bool
set_up(SqliteConn *conn, GError **error)
{
    const char *file = conn->base.role == DB_ROLE_WRITER ? "setup/writer.sql" : "setup/reader.sql";

    sqlite3_extended_result_codes(conn->handle, 1);
    sqlite3_busy_timeout(conn->handle, SQLITE_BUSY_WAIT_MS);
    if (!sqlite_run_text(conn, sqlite_file(file), file, error))
        return false;
    if (conn->base.role == DB_ROLE_WRITER)
        sqlite3_wal_hook(conn->handle, count_wal_pages, conn);
    return (conn->base.db->flags & DB_FLAG_NO_SYNC) == 0 ||
           sqlite_run_text(conn, sqlite_file("setup/no-sync.sql"), "setup/no-sync.sql", error);
}

/* SQLite syncs the folder with its first journal; this says so for every file system. */
static bool
sync_folder(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    AUTO_FD int fd = dir_open(AT_FDCWD, folder, error);

    if (fd < 0)
        return false;
    if (os_fsync(fd) == 0)
        return true;
    error_set_errno(error, DB_ERROR, DB_ERROR_IO, "cannot sync '%s'", folder);
    return false;
}

static DbConn *
sqlite_connect(Db *db, DbRole role, GError **error)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE |
                (role == DB_ROLE_WRITER ? SQLITE_OPEN_CREATE : 0);
    bool is_new = role == DB_ROLE_WRITER && !g_file_test(db->url, G_FILE_TEST_EXISTS);
    SqliteConn *conn = g_new0(SqliteConn, 1);

    conn->base = (DbConn){ .driver = &db_driver_sqlite, .db = db, .role = role };
    int rc = sqlite3_open_v2(db->url, &conn->handle, flags, NULL);
    if (rc != SQLITE_OK)
        sqlite_set_error(error, conn->handle, rc, "cannot open database '%s'", db->url);
    if (rc != SQLITE_OK || !set_up(conn, error) || (is_new && !sync_folder(db->url, error))) {
        sqlite_disconnect(&conn->base);
        return NULL;
    }
    return &conn->base;
}

/* A prepared statement for @query with its parameters located. */
static bool
prepare(SqliteConn *conn, QueryId query, Statement *out, GError **error)
{
    const QueryText *text = &query_texts[query];
    int rc = sqlite3_prepare_v3(conn->handle, text->sqlite, -1, SQLITE_PREPARE_PERSISTENT,
                                &out->stmt, NULL);

    if (rc != SQLITE_OK) {
        sqlite_set_error(error, conn->handle, rc, "cannot prepare query '%s'", text->name);
        return false;
    }
    for (int i = 0; i < text->n_params; i++) {
        char name[8];

        g_snprintf(name, sizeof name, "$%d", i + 1);
        out->positions[i] = (uint8_t)sqlite3_bind_parameter_index(out->stmt, name);
    }
    return true;
}

static int
bind_value(sqlite3_stmt *stmt, int position, const DbValue *value)
{
    /* SQLite takes a NULL pointer for NULL: an empty blob needs an address. */
    const void *data = value->bytes.data != NULL ? (const void *)value->bytes.data : "";

    switch (value->type) {
    case DB_TYPE_INT:
        return sqlite3_bind_int64(stmt, position, value->number);
    case DB_TYPE_TEXT:
        return sqlite3_bind_text64(stmt, position, data, value->bytes.len, SQLITE_TRANSIENT,
                                   SQLITE_UTF8);
    case DB_TYPE_BLOB:
        return sqlite3_bind_blob64(stmt, position, data, value->bytes.len, SQLITE_TRANSIENT);
    case DB_TYPE_NULL:
        break;
    }
    return sqlite3_bind_null(stmt, position);
}

static void
release_rows(SqliteRows *rows)
{
    if (rows->slot != NULL) {
        sqlite3_reset(rows->stmt); /* says again what the last step said */
        sqlite3_clear_bindings(rows->stmt);
        rows->slot->busy = false;
    } else {
        sqlite3_finalize(rows->stmt);
    }
    rows->stmt = NULL;
}

/* Makes @rows ready for its first step. */
static bool
start_rows(SqliteRows *rows, SqliteConn *conn, QueryId query, const DbValue *params,
           size_t n_params, GError **error)
{
    Statement *slot = &conn->statements[query];
    Statement second = { 0 };
    Statement *statement = slot->busy ? &second : slot;

    if (statement->stmt == NULL && !prepare(conn, query, statement, error))
        return false;
    *rows = (SqliteRows){
        .base = { .conn = &conn->base },
        .stmt = statement->stmt,
        .slot = statement == slot ? slot : NULL,
        .query = query,
    };
    slot->busy = true;
    for (size_t i = 0; i < n_params; i++) {
        int rc = bind_value(rows->stmt, statement->positions[i], &params[i]);

        if (rc != SQLITE_OK) {
            sqlite_set_error(error, conn->handle, rc, "cannot bind query '%s'",
                             query_texts[query].name);
            release_rows(rows);
            return false;
        }
    }
    return true;
}

static bool
sqlite_next(DbRows *base, bool *has_row_out, GError **error)
{
    SqliteRows *rows = (SqliteRows *)base;
    SqliteConn *conn = (SqliteConn *)base->conn;

    if (rows->ended) { /* a step more would start again */
        *has_row_out = false;
        return true;
    }
    int rc = sqlite3_step(rows->stmt);
    if (rc != SQLITE_ROW)
        rows->ended = true;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        sqlite_set_error(error, conn->handle, rc, "cannot run query '%s'",
                         query_texts[rows->query].name);
        return false;
    }
    *has_row_out = rc == SQLITE_ROW;
    return true;
}

static bool
sqlite_exec(DbConn *base, QueryId query, const DbValue *params, size_t n_params, GError **error)
{
    SqliteConn *conn = (SqliteConn *)base;
    SqliteRows rows;
    bool has_row = true, ok = true;

    if (!start_rows(&rows, conn, query, params, n_params, error))
        return false;
    while (ok && has_row)
        ok = sqlite_next(&rows.base, &has_row, error);
    release_rows(&rows);
    base->n_changes = ok ? sqlite3_changes64(conn->handle) : 0;
    return ok;
}

static DbRows *
sqlite_select(DbConn *base, QueryId query, const DbValue *params, size_t n_params, GError **error)
{
    SqliteRows *rows = g_new0(SqliteRows, 1);

    if (!start_rows(rows, (SqliteConn *)base, query, params, n_params, error)) {
        g_free(rows);
        return NULL;
    }
    return &rows->base;
}

static void
sqlite_rows_free(DbRows *base)
{
    SqliteRows *rows = (SqliteRows *)base;

    release_rows(rows);
    g_free(rows);
}

static int64_t
sqlite_get_int(const DbRows *rows, int index)
{
    return sqlite3_column_int64(((const SqliteRows *)rows)->stmt, index);
}

static const char *
sqlite_get_text(const DbRows *rows, int index)
{
    return (const char *)sqlite3_column_text(((const SqliteRows *)rows)->stmt, index);
}

static Span
sqlite_get_blob(const DbRows *rows, int index)
{
    sqlite3_stmt *stmt = ((const SqliteRows *)rows)->stmt;
    const void *data = sqlite3_column_blob(stmt, index); /* before its length */

    return span_of(data, (size_t)sqlite3_column_bytes(stmt, index));
}

static bool
sqlite_is_null(const DbRows *rows, int index)
{
    return sqlite3_column_type(((const SqliteRows *)rows)->stmt, index) == SQLITE_NULL;
}

static bool
sqlite_in_transaction(const DbConn *conn)
{
    return sqlite3_get_autocommit(((const SqliteConn *)conn)->handle) == 0;
}

/* Moves the log into the database. A failure is harmless: the log goes on growing and the next rest
 * tries again. */
static void
sqlite_rest(DbConn *base)
{
    SqliteConn *conn = (SqliteConn *)base;

    if (conn->n_wal_pages < SQLITE_WAL_PAGES)
        return;
    if (conn->n_wal_pages < SQLITE_WAL_PAGES_LARGE) {
        (void)sqlite3_wal_checkpoint_v2(conn->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    } else {
        sqlite3_busy_timeout(conn->handle, SQLITE_RESTART_WAIT_MS);
        (void)sqlite3_wal_checkpoint_v2(conn->handle, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
        sqlite3_busy_timeout(conn->handle, SQLITE_BUSY_WAIT_MS);
    }
    conn->n_wal_pages = 0; /* the next commit says how it is */
}

const DbDriver db_driver_sqlite = {
    .name = "sqlite",
    .connect = sqlite_connect,
    .disconnect = sqlite_disconnect,
    .migrate = sqlite_migrate,
    .exec = sqlite_exec,
    .select = sqlite_select,
    .next = sqlite_next,
    .get_int = sqlite_get_int,
    .get_text = sqlite_get_text,
    .get_blob = sqlite_get_blob,
    .is_null = sqlite_is_null,
    .rows_free = sqlite_rows_free,
    .in_transaction = sqlite_in_transaction,
    .rest = sqlite_rest,
    .backup = sqlite_backup,
    .dump = sqlite_dump,
    .clear = sqlite_clear,
};
