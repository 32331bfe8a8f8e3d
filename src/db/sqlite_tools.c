/* SPDX-License-Identifier: Apache-2.0
 * sqlite_tools: backup, dump and emptying of SQLite databases. */
#include <fcntl.h>
#include "base/buffer.h"
#include "base/encoding.h"
#include "base/files.h"
#include "base/os.h"
#include "db/sqlite_priv.h"
#include "base/banned.h"

#define LIMIT_DUMP_ROW_BYTES    ((size_t)64 << 20)
#define DUMP_FLUSH_BYTES        ((size_t)64 << 10)
#define SQLITE_BACKUP_PAGES_ALL (-1)

/* A file that goes away unless it is kept. */
typedef struct {
    char *path; /* owned; NULL once kept */
} PartFile;

static void
part_file_clear(PartFile *file)
{
    if (file->path != NULL)
        (void)os_unlink(AT_FDCWD, file->path, 0); /* the next backup replaces it */
    g_clear_pointer(&file->path, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PartFile, part_file_clear)

static bool
copy_pages(SqliteConn *from, sqlite3 *to, GError **error)
{
    int rc = sqlite3_exec(to, sqlite_file("setup/backup.sql"), NULL, NULL, NULL);

    if (rc != SQLITE_OK) {
        sqlite_set_error(error, to, rc, "cannot prepare a backup");
        return false;
    }
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from->handle, "main");
    if (backup == NULL) {
        sqlite_set_error(error, to, SQLITE_ERROR, "cannot begin a backup");
        return false;
    }
    /* All pages in one step: one snapshot, and no start from the beginning when somebody writes. */
    rc = sqlite3_backup_step(backup, SQLITE_BACKUP_PAGES_ALL);
    (void)sqlite3_backup_finish(backup); /* says again what the step said */
    if (rc == SQLITE_DONE)
        return true;
    sqlite_set_error(error, NULL, rc, "cannot copy the database");
    return false;
}

static bool
write_copy(SqliteConn *from, const char *path, GError **error)
{
    sqlite3 *to = NULL;
    int rc = sqlite3_open_v2(
        path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    bool ok = rc == SQLITE_OK;

    if (!ok)
        sqlite_set_error(error, to, rc, "cannot create '%s'", path);
    ok = ok && copy_pages(from, to, error);
    rc = sqlite3_close(to);
    if (ok && rc != SQLITE_OK) {
        sqlite_set_error(error, NULL, rc, "cannot close '%s'", path);
        return false;
    }
    return ok;
}

static bool
sync_file(const char *path, int flags, GError **error)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | flags);

    if (fd >= 0 && os_fsync(fd) == 0)
        return true;
    error_set_errno(error, DB_ERROR, DB_ERROR_IO, "cannot sync '%s'", path);
    return false;
}

bool
sqlite_backup(DbConn *base, const char *path, GError **error)
{
    g_auto(PartFile) part = { .path = g_strconcat(path, ".part", NULL) };
    g_autofree char *folder = g_path_get_dirname(path);

    (void)os_unlink(AT_FDCWD, part.path, 0); /* of a backup that died */
    if (!write_copy((SqliteConn *)base, part.path, error) || !sync_file(part.path, 0, error))
        return false;
    if (os_rename(AT_FDCWD, part.path, AT_FDCWD, path) < 0) {
        error_set_errno(error, DB_ERROR, DB_ERROR_IO, "cannot name backup '%s'", path);
        return false;
    }
    g_clear_pointer(&part.path, g_free);
    return sync_file(folder, O_DIRECTORY, error);
}

/* @name as SQL wants it. Owned. */
static char *
quote_name(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "\"", -1);
    g_autofree char *inner = g_strjoinv("\"\"", parts);

    return g_strconcat("\"", inner, "\"", NULL);
}

/* The template @file with {key}s replaced; NULL-terminated pairs. Owned. */
static char *
fill_in(const char *file, ...)
{
    g_autoptr(GString) text = g_string_new(sqlite_file(file));
    va_list args;

    va_start(args, file);
    for (const char *key = va_arg(args, const char *); key != NULL;
         key = va_arg(args, const char *))
        g_string_replace(text, key, va_arg(args, const char *), 0);
    va_end(args);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Calls @each for every table whose name begins with @prefix. */
static bool
for_each_table(DbConn *conn, const char *prefix,
               bool (*each)(DbConn *conn, const char *table, void *context, GError **error),
               void *context, GError **error)
{
    const DbValue param = DB_TEXT(prefix);
    g_autoptr(DbRows) rows = db_select(conn, QUERY_DB_TABLE_LIST, &param, 1, error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    while (has_row) {
        g_autofree char *table = g_strdup(db_rows_text(rows, 0));

        if (!each(conn, table, context, error) || !db_rows_next(rows, &has_row, error))
            return false;
    }
    return true;
}

#define LIMIT_KEY_COLUMNS 16

/* The names for the SELECT, and those of the primary key in its order (all, if there is none). */
static bool
list_columns(DbConn *conn, const char *table, char **columns_out, char **key_out, GError **error)
{
    const DbValue param = DB_TEXT(table);
    g_autoptr(DbRows) rows = db_select(conn, QUERY_DB_COLUMN_LIST, &param, 1, error);
    g_autoptr(GString) columns = g_string_new(NULL);
    g_autoptr(GString) key = g_string_new(NULL);
    char *parts[LIMIT_KEY_COLUMNS + 1] = { NULL }; /* owned */
    bool ok = rows != NULL, has_row = true;

    while (ok && (ok = db_rows_next(rows, &has_row, error)) && has_row) {
        g_autofree char *name = quote_name(db_rows_text(rows, 0));
        int64_t place = db_rows_int(rows, 1); /* from 1; 0: not in the key */

        g_string_append_printf(columns, "%s%s", columns->len > 0 ? ", " : "", name);
        if (place > 0 && place <= LIMIT_KEY_COLUMNS && parts[place - 1] == NULL)
            parts[place - 1] = g_steal_pointer(&name);
    }
    for (size_t i = 0; i < LIMIT_KEY_COLUMNS; i++) {
        if (parts[i] != NULL)
            g_string_append_printf(key, "%s%s", key->len > 0 ? ", " : "", parts[i]);
        g_free(parts[i]);
    }
    if (!ok)
        return false;
    *key_out = g_strdup(key->len > 0 ? key->str : columns->str);
    *columns_out = g_string_free(g_steal_pointer(&columns), FALSE);
    return true;
}

/* A text on one line: what would end the line or the field is escaped. */
static void
append_text(Buffer *out, const char *text, size_t len)
{
    buffer_append_text(out, "'");
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < 0x20 || c == 0x7f || c == '\\' || c == '\'')
            buffer_append_printf(out, "\\x%02x", c);
        else
            buffer_append_u8(out, c);
    }
    buffer_append_text(out, "'");
}

static void
append_value(Buffer *out, sqlite3_stmt *stmt, int i)
{
    int type = sqlite3_column_type(stmt, i);

    if (type == SQLITE_NULL) {
        buffer_append_text(out, "null");
    } else if (type == SQLITE_INTEGER) {
        buffer_append_printf(out, "%lld", (long long)sqlite3_column_int64(stmt, i));
    } else if (type == SQLITE_BLOB) {
        const void *data = sqlite3_column_blob(stmt, i);
        g_autofree char *hex = hex_encode(span_of(data, (size_t)sqlite3_column_bytes(stmt, i)));

        buffer_append_printf(out, "x'%s'", hex);
    } else { /* texts; a REAL, which no table of ours has, in SQLite's spelling */
        const char *text = (const char *)sqlite3_column_text(stmt, i);

        append_text(out, text, (size_t)sqlite3_column_bytes(stmt, i));
    }
}

typedef struct {
    int fd; /* borrowed */
    Buffer out;
} Dump;

static bool
flush(Dump *dump, size_t at_least, GError **error)
{
    if (!buffer_check(&dump->out, "a row of the dump", error))
        return false;
    if (buffer_get(&dump->out).len < at_least)
        return true;
    if (!fd_write_all(dump->fd, buffer_get(&dump->out), error))
        return false;
    buffer_reset(&dump->out);
    return true;
}

static bool
dump_rows(SqliteConn *conn, sqlite3_stmt *stmt, Dump *dump, GError **error)
{
    int rc;

    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            buffer_append_text(&dump->out, i > 0 ? "\t" : "");
            append_value(&dump->out, stmt, i);
        }
        buffer_append_text(&dump->out, "\n");
        if (!flush(dump, DUMP_FLUSH_BYTES, error))
            return false;
    }
    if (rc == SQLITE_DONE)
        return true;
    sqlite_set_error(error, conn->handle, rc, "cannot read a table");
    return false;
}

static bool
dump_table(DbConn *base, const char *table, void *context, GError **error)
{
    SqliteConn *conn = (SqliteConn *)base;
    Dump *dump = context;
    sqlite3_stmt *stmt = NULL;
    g_autofree char *columns = NULL, *key = NULL;

    if (!list_columns(base, table, &columns, &key, error))
        return false;
    g_autofree char *quoted = quote_name(table);
    g_autofree char *text =
        fill_in("setup/dump.sql", "{columns}", columns, "{table}", quoted, "{key}", key, NULL);
    int rc = sqlite3_prepare_v2(conn->handle, text, -1, &stmt, NULL);
    if (rc != SQLITE_OK) {
        sqlite_set_error(error, conn->handle, rc, "cannot read table '%s'", table);
        return false;
    }
    buffer_append_printf(&dump->out, "table %s (%s)\n", quoted, columns);
    bool ok = dump_rows(conn, stmt, dump, error);
    sqlite3_finalize(stmt);
    return ok;
}

bool
sqlite_dump(DbConn *conn, const char *prefix, int out_fd, GError **error)
{
    Dump dump = { .fd = out_fd };

    buffer_init(&dump.out, LIMIT_DUMP_ROW_BYTES);
    bool ok = for_each_table(conn, prefix, dump_table, &dump, error) && flush(&dump, 1, error);
    buffer_clear(&dump.out);
    return ok;
}

static bool
clear_table(DbConn *conn, const char *table, void *context, GError **error)
{
    g_autofree char *quoted = quote_name(table);
    g_autofree char *text = fill_in("setup/clear.sql", "{table}", quoted, NULL);

    (void)context;
    return sqlite_run_text((SqliteConn *)conn, text, "setup/clear.sql", error);
}

bool
sqlite_clear(DbConn *conn, const char *prefix, GError **error)
{
    return db_exec(conn, QUERY_DB_DEFER_FOREIGN_KEYS, DB_NO_PARAMS, error) &&
           for_each_table(conn, prefix, clear_table, NULL, error);
}
