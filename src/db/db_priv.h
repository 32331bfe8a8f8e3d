/* SPDX-License-Identifier: Apache-2.0
 * db_priv: what the files of this folder share; nobody else includes it. */
#pragma once
#include "db/db.h"
#include "db/query_text.h"
#include "sys/thread.h"

typedef struct DbDriver DbDriver;
typedef struct DbWriter DbWriter;
typedef struct DbReaders DbReaders;

typedef enum { DB_ROLE_NONE, DB_ROLE_WRITER, DB_ROLE_READER } DbRole;

struct Db {
    const DbDriver *driver;
    char *url;          /* owned */
    const Clock *clock; /* borrowed */
    DbFlags flags;
    DbWriter *writer;   /* owned */
    DbReaders *readers; /* owned */
};

/* A driver's connection begins with this. */
struct DbConn {
    const DbDriver *driver;
    Db *db; /* borrowed */
    DbRole role;
    int64_t n_changes; /* of the last exec */
};

/* A driver's rows begin with this. */
struct DbRows {
    DbConn *conn; /* borrowed */
};

/* One kind of database. Errors of all slots are DbError. */
struct DbDriver {
    const char *name; /* static */
    /* Ready to use, outside any transaction. Owned. The first WRITER creates the database. */
    DbConn *(*connect)(Db *db, DbRole role, GError **error);
    void (*disconnect)(DbConn *conn); /* accepts NULL */
    /* Applies what is missing; called once, on the writer, before anything else. */
    bool (*migrate)(DbConn *conn, GError **error);
    bool (*exec)(DbConn *conn, QueryId query, const DbValue *params, size_t n_params,
                 GError **error);
    DbRows *(*select)(DbConn *conn, QueryId query, const DbValue *params, size_t n_params,
                      GError **error);
    bool (*next)(DbRows *rows, bool *has_row_out, GError **error);
    int64_t (*get_int)(const DbRows *rows, int index);
    const char *(*get_text)(const DbRows *rows, int index);
    Span (*get_blob)(const DbRows *rows, int index);
    bool (*is_null)(const DbRows *rows, int index);
    void (*rows_free)(DbRows *rows); /* accepts NULL */
    /* Whether the transaction begun is still there: some failures end it. */
    bool (*in_transaction)(const DbConn *conn);
    /* Upkeep between two groups, after their callers were told. */
    void (*rest)(DbConn *conn);
    bool (*backup)(DbConn *conn, const char *path, GError **error);
    bool (*dump)(DbConn *conn, const char *prefix, int out_fd, GError **error);
    bool (*clear)(DbConn *conn, const char *prefix, GError **error);
};

extern const DbDriver db_driver_sqlite;

/* writer.c */
/** Takes @conn, and frees it at its end. Returns: owned. Errors: UNAVAILABLE. */
DbWriter *db_writer_start(Db *db, DbConn *conn, GError **error) MUST_CHECK;
/** Runs what is queued, then ends. Accepts NULL. */
void db_writer_stop(DbWriter *writer);

/* reader.c */
DbReaders *db_readers_new(Db *db);
void db_readers_free(DbReaders *readers);
