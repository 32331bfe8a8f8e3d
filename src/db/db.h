/* SPDX-License-Identifier: Apache-2.0
 * db: one header over SQLite (now) and PostgreSQL (later): named queries, one writer with group
 * commit, readers with a snapshot each. Thread-safe; a DbConn belongs to one thread at a time. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/span.h"
#include "db/queries.h" /* generated: enum QueryId, QUERY_… from sql/queries */

#define DB_ERROR (db_error_quark())
GQuark db_error_quark(void);
typedef enum {
    DB_ERROR_BUSY =
        ERROR_CODE(ERROR_KIND_BUSY, 1), /* queue full, no reader free, or locked outside */
    DB_ERROR_EXISTS = ERROR_CODE(ERROR_KIND_EXISTS, 1), /* a unique key is taken */
    DB_ERROR_CONSTRAINT =
        ERROR_CODE(ERROR_KIND_CONFLICT, 1), /* foreign key, CHECK, NOT NULL or STRICT type */
    DB_ERROR_SCHEMA = ERROR_CODE(ERROR_KIND_UNAVAILABLE, 1), /* written by a newer program */
    DB_ERROR_CORRUPT =
        ERROR_CODE(ERROR_KIND_CORRUPT, 1),        /* file or applied migrations are damaged */
    DB_ERROR_FULL = ERROR_CODE(ERROR_KIND_IO, 2), /* no room on the disk */
    DB_ERROR_IO = ERROR_CODE(ERROR_KIND_IO, 1),   /* the system refused; message has the cause */
    DB_ERROR_INTERNAL = ERROR_CODE(ERROR_KIND_INTERNAL, 1), /* our query is wrong */
} DbError;

typedef struct Db Db;         /* one database with its writer thread and readers */
typedef struct DbConn DbConn; /* a connection inside a transaction */
typedef struct DbRows DbRows; /* a running SELECT or RETURNING */

typedef enum {
    DB_FLAG_NO_SYNC = 1 << 0, /* commits do not reach the disk: tests and scratch databases only */
} DbFlags;
typedef struct {
    const char *url;    /* a file path, or later postgresql://… */
    const Clock *clock; /* borrowed for the life of the Db; NULL: the system's */
    DbFlags flags;
} DbOptions;

/** Opens or creates, applies the missing migrations (an existing database is first copied beside
 * itself as NAME.before-NNNN), starts the writer. Returns: owned. Errors: SCHEMA, CORRUPT, BUSY,
 * FULL, IO. */
Db *db_open(const DbOptions *options, GError **error) MUST_CHECK;
/** Finishes what is queued, then closes. No reader may be held and nobody may be writing. */
void db_free(Db *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Db, db_free)

/* Values. DB_TEXT(NULL) is NULL. Text and blobs are borrowed until the call returns. */
typedef enum { DB_TYPE_NULL, DB_TYPE_INT, DB_TYPE_TEXT, DB_TYPE_BLOB } DbType;
typedef struct {
    DbType type;
    int64_t number;
    Span bytes;
} DbValue;
static inline DbValue
db_value_text(const char *text)
{
    return text == NULL ? (DbValue){ .type = DB_TYPE_NULL }
                        : (DbValue){ .type = DB_TYPE_TEXT, .bytes = span_of_text(text) };
}
#define DB_INT(x)     ((DbValue){ .type = DB_TYPE_INT, .number = (x) })
#define DB_TEXT(s)    (db_value_text(s))
#define DB_BLOB(span) ((DbValue){ .type = DB_TYPE_BLOB, .bytes = (span) })
#define DB_NULL       ((DbValue){ .type = DB_TYPE_NULL })
/* The two parameter arguments: db_exec(conn, QUERY_X, DB_PARAMS(DB_INT(1), DB_TEXT("a")), error).
 */
#define DB_PARAMS(...)                                                                             \
    (const DbValue[]){ __VA_ARGS__ }, G_N_ELEMENTS(((const DbValue[]){ __VA_ARGS__ }))
#define DB_NO_PARAMS NULL, 0

/** Runs a query whose rows nobody wants. The count of @params must be the query's. Errors: all of
 * DbError. */
bool db_exec(DbConn *conn, QueryId query, const DbValue *params, size_t n_params,
             GError **error) MUST_CHECK;
/** Rows inserted, changed or deleted by the last db_exec on @conn. */
int64_t db_changes(const DbConn *conn);
/** Starts a SELECT, or a change with RETURNING. Returns: owned; free before the transaction ends.
 */
DbRows *db_select(DbConn *conn, QueryId query, const DbValue *params, size_t n_params,
                  GError **error) MUST_CHECK;
/** Steps to the next row; @has_row_out is false after the last. Column pointers die here. */
bool db_rows_next(DbRows *rows, bool *has_row_out, GError **error) MUST_CHECK;
/* Column @index of the current row, from 0. A NULL gives 0, NULL and an empty span. Borrowed until
 * the next step. */
int64_t db_rows_int(const DbRows *rows, int index);
const char *db_rows_text(const DbRows *rows, int index);
Span db_rows_blob(const DbRows *rows, int index);
bool db_rows_is_null(const DbRows *rows, int index);
void db_rows_free(DbRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbRows, db_rows_free)
/** The first column of the first row, as number or owned text; @found_out false when there is no
 * row. */
bool db_select_int(DbConn *conn, QueryId query, const DbValue *params, size_t n_params,
                   bool *found_out, int64_t *value_out, GError **error) MUST_CHECK;
bool db_select_text(DbConn *conn, QueryId query, const DbValue *params, size_t n_params,
                    bool *found_out, char **value_out, GError **error) MUST_CHECK;

/* Writing: functions wait in three lanes, one before the other; those waiting together commit
 * together. */
typedef enum { DB_LANE_CONTROL, DB_LANE_ACKNOWLEDGED, DB_LANE_PROGRESS, DB_N_LANES } DbLane;
/** Makes one change. Runs on the writer thread in a SAVEPOINT of its own; false undoes this change
 * only. May be run more than once with the same @input (the group is repeated one by one when its
 * commit fails), so it assigns its results and never adds to them. Must not wait for anybody nor
 * call db_write. */
typedef bool (*DbWriteFn)(DbConn *conn, void *input, GError **error);
/** Runs @fn and returns after its COMMIT is on disk. Errors: BUSY (queue full), those of @fn, FULL,
 * IO. */
bool db_write(Db *db, DbLane lane, DbWriteFn fn, void *input, GError **error) MUST_CHECK;
/** Queues @fn and returns; a later failure only counts in DbStats. @input: taken on success, freed
 * with
 * @free_input after the last run; on error still the caller's. Errors: BUSY. */
bool db_write_async(Db *db, DbLane lane, DbWriteFn fn, void *input, GDestroyNotify free_input,
                    GError **error) MUST_CHECK;
/** Returns when everything queued before is committed or failed. */
void db_flush(Db *db);

typedef struct DbConn
    DbReader; /* a DbConn that reads one snapshot; a writing query fails with INTERNAL */
/** A reader of its own, from a bounded pool; waits a little for a free one. Hold it briefly: the
 * snapshot keeps the write-ahead log from shrinking. Returns: owned. Errors: BUSY, IO. */
DbReader *db_reader_acquire(Db *db, GError **error) MUST_CHECK;
void db_reader_release(DbReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbReader, db_reader_release)

typedef struct {
    uint64_t n_commits, n_writes,
        n_failed;      /* groups committed; functions in them; functions that failed */
    uint64_t n_queued; /* waiting now, all lanes */
} DbStats;
void db_get_stats(Db *db, DbStats *stats_out);

/** Copies the whole database online into a new file, synced, that appears complete or not at all.
 * Errors: FULL, IO. */
bool db_backup(Db *db, const char *path, GError **error) MUST_CHECK;
/** Every row of every table whose name begins with @prefix, tables by name, rows by primary key, as
 * text: equal content gives equal bytes. Writes to @out_fd (borrowed). Errors: IO. */
bool db_dump_tables(DbConn *conn, const char *prefix, int out_fd, GError **error) MUST_CHECK;
/** Empties every table whose name begins with @prefix; foreign keys among them are checked at
 * COMMIT. */
bool db_clear_tables(DbConn *conn, const char *prefix, GError **error) MUST_CHECK;
/** Integrity and foreign keys of the whole file. Errors: CORRUPT with the first finding, IO. */
bool db_check(Db *db, GError **error) MUST_CHECK;
