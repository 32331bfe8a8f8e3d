/* SPDX-License-Identifier: Apache-2.0
 * reader: a bounded pool of connections that read. */
#include "db/db_priv.h"
#include "base/banned.h"

#define DB_READERS_MAX    16
#define DB_READERS_IDLE   4 /* kept open; each costs its page cache */
#define DB_READER_WAIT_US ((int64_t)5 * G_USEC_PER_SEC)
/* How long a caller waits for one of those kept open before it opens another: opening reads the
 * whole schema, which costs as much as many short reads. */
#define DB_READER_PATIENCE_US 2000

struct DbReaders {
    Db *db; /* borrowed */
    Mutex lock;
    Cond freed;
    GPtrArray *idle; /* owned, of DbConn; guarded by lock */
    unsigned n_open; /* guarded by lock: idle or held */
};

DbReaders *
db_readers_new(Db *db)
{
    DbReaders *readers = g_new0(DbReaders, 1);

    readers->db = db;
    mutex_init(&readers->lock);
    cond_init(&readers->freed);
    readers->idle = g_ptr_array_new();
    return readers;
}

void
db_readers_free(DbReaders *readers)
{
    if (readers == NULL)
        return;
    for (size_t i = 0; i < readers->idle->len; i++)
        readers->db->driver->disconnect(g_ptr_array_index(readers->idle, i));
    g_ptr_array_unref(readers->idle);
    mutex_clear(&readers->lock);
    cond_clear(&readers->freed);
    g_free(readers);
}

/* Takes an idle connection, or the right to open one. */
static bool
take_slot(DbReaders *readers, DbConn **conn_out, GError **error)
{
    int64_t deadline_us = clock_monotonic_us() + DB_READER_WAIT_US;
    int64_t patience_us = deadline_us - DB_READER_WAIT_US + DB_READER_PATIENCE_US;
    MUTEX_GUARD(&readers->lock);

    while (readers->idle->len == 0 && readers->n_open >= DB_READERS_IDLE &&
           cond_wait_until(&readers->freed, &readers->lock, patience_us))
        continue;
    while (readers->idle->len == 0 && readers->n_open == DB_READERS_MAX) {
        if (!cond_wait_until(&readers->freed, &readers->lock, deadline_us) &&
            clock_monotonic_us() >= deadline_us) {
            error_set(error, DB_ERROR, DB_ERROR_BUSY, "all %d readers of database '%s' are held",
                      DB_READERS_MAX, readers->db->url);
            return false;
        }
    }
    if (readers->idle->len > 0) {
        *conn_out = g_ptr_array_steal_index(readers->idle, readers->idle->len - 1);
    } else {
        readers->n_open++;
        *conn_out = NULL;
    }
    return true;
}

static void
close_reader(DbReaders *readers, DbConn *conn)
{
    readers->db->driver->disconnect(conn);
    MUTEX_GUARD(&readers->lock);
    readers->n_open--;
    cond_signal(&readers->freed);
}

DbReader *
db_reader_acquire(Db *db, GError **error)
{
    DbConn *conn = NULL;

    if (!take_slot(db->readers, &conn, error))
        return NULL;
    if (conn == NULL)
        conn = db->driver->connect(db, DB_ROLE_READER, error);
    if (conn == NULL || !db_exec(conn, QUERY_DB_BEGIN_READ, DB_NO_PARAMS, error)) {
        close_reader(db->readers, conn);
        return NULL;
    }
    return conn;
}

void
db_reader_release(DbReader *reader)
{
    if (reader == NULL)
        return;
    DbReaders *readers = reader->db->readers;
    g_autoptr(GError) local = NULL;
    bool ended = db_exec(reader, QUERY_DB_ROLLBACK, DB_NO_PARAMS, &local);

    {
        MUTEX_GUARD(&readers->lock);
        if (ended && readers->idle->len < DB_READERS_IDLE) {
            g_ptr_array_add(readers->idle, reader);
            cond_signal(&readers->freed);
            return;
        }
    }
    close_reader(readers, reader);
}
