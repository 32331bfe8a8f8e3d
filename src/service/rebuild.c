/* SPDX-License-Identifier: Apache-2.0
 * rebuild: the journal folded into the database, in transactions of a bounded number of entries. A
 * death between two leaves a shorter fold, which the next start continues. */
#include "service/rebuild.h"
#include "base/limits.h"
#include "service/apply.h"
#include "base/banned.h"

#define REBUILD_ENTRIES_PER_WRITE 512

typedef struct Rebuild {
    Tlog *log;
    Store *store;
    const char *origin;
    int64_t through; /* result: entries folded after this write */
} Rebuild;

static GBytes *
load_pae(const Rebuild *rebuild, const TlogRecord *record, GError **error)
{
    if (record->where == TLOG_PAE_INLINE)
        return g_bytes_ref(record->pae);
    if (record->where == TLOG_PAE_BLOB)
        return store_get_bytes(rebuild->store, &record->pae_digest, LIMIT_STATEMENT_BYTES, error);
    error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "entry %" G_GUINT64_FORMAT " has no statement",
              record->index);
    return NULL;
}

static bool
apply_entry(const Rebuild *rebuild, DbConn *conn, int64_t index, GError **error)
{
    g_auto(TlogRecord) record = { 0 };

    if (!tlog_read(rebuild->log, (uint64_t)index, &record, error))
        return false;
    g_autoptr(GBytes) pae = load_pae(rebuild, &record, error);
    if (pae == NULL)
        return false;
    /* Checked when it was appended, or by no one if a crash came between: check always. */
    g_autoptr(Fact) fact = fact_parse(index, span_of_bytes(record.leaf), span_of_bytes(pae),
                                      FACT_PARSE_CHECKED, error);
    return fact != NULL && apply_fact(conn, rebuild->origin, fact, NULL, error);
}

static bool
write_some(DbConn *conn, void *input, GError **error)
{
    Rebuild *rebuild = input;
    int64_t size = (int64_t)tlog_get_size(rebuild->log);
    int64_t next = 0;

    if (!apply_through(conn, rebuild->origin, &next, error))
        return false;
    int64_t end = MIN(size, next + REBUILD_ENTRIES_PER_WRITE);
    for (int64_t i = next; i < end; i++) {
        if (!apply_entry(rebuild, conn, i, error))
            return false;
    }
    rebuild->through = MAX(end, next);
    return true;
}

/* One entry a write, to keep all that folds before the one that does not. */
static bool
write_one(DbConn *conn, void *input, GError **error)
{
    Rebuild *rebuild = input;
    int64_t next = 0;

    if (!apply_through(conn, rebuild->origin, &next, error))
        return false;
    if (next < (int64_t)tlog_get_size(rebuild->log)) {
        if (!apply_entry(rebuild, conn, next, error))
            return false;
        next++;
    }
    rebuild->through = next;
    return true;
}

static bool
write_clear(DbConn *conn, void *input, GError **error)
{
    (void)input;
    return db_clear_tables(conn, "fact_", error);
}

static bool
check_not_longer(const Rebuild *rebuild, int64_t through, GError **error)
{
    int64_t size = (int64_t)tlog_get_size(rebuild->log);

    if (through <= size)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
              "the database knows %" G_GINT64_FORMAT " entries, the log has %" G_GINT64_FORMAT
              ": the log is older than the database",
              through, size);
    return false;
}

static bool
fold_rest(Db *db, Rebuild *rebuild, GError **error)
{
    int64_t size = (int64_t)tlog_get_size(rebuild->log);

    while (rebuild->through < size) {
        g_autoptr(GError) local = NULL;
        if (db_write(db, DB_LANE_CONTROL, write_some, rebuild, &local))
            continue;
        if (error_kind(local) != ERROR_KIND_UNAVAILABLE) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        while (db_write(db, DB_LANE_CONTROL, write_one, rebuild, error)) {
            if (rebuild->through >= size)
                return true;
        }
        return false;
    }
    return true;
}

bool
rebuild_facts(Db *db, Tlog *log, Store *store, GError **error)
{
    Rebuild rebuild = { .log = log, .store = store, .origin = tlog_get_origin(log) };

    return db_write(db, DB_LANE_CONTROL, write_clear, NULL, error) &&
           fold_rest(db, &rebuild, error);
}

bool
rebuild_catch_up(Db *db, Tlog *log, Store *store, int64_t *applied_out, GError **error)
{
    Rebuild rebuild = { .log = log, .store = store, .origin = tlog_get_origin(log) };
    g_autoptr(DbReader) reader = db_reader_acquire(db, error);
    int64_t before = 0;

    if (reader == NULL || !apply_through(reader, rebuild.origin, &before, error))
        return false;
    g_clear_pointer(&reader, db_reader_release);
    if (!check_not_longer(&rebuild, before, error))
        return false;
    rebuild.through = before;
    if (!fold_rest(db, &rebuild, error))
        return false;
    if (applied_out != NULL)
        *applied_out = rebuild.through - before;
    return true;
}
