/* SPDX-License-Identifier: Apache-2.0
 * census: a few counting queries and the numbers kept in memory. */
#include "service/census.h"
#include "service/engine_priv.h"
#include "base/banned.h"

static bool
count_states(DbReader *reader, Census *census, GError **error)
{
    g_autoptr(DbRows) rows = db_select(reader, QUERY_CENSUS_RUNS, DB_NO_PARAMS, error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    while (has_row && census->n_states < CENSUS_MAX_STATES) {
        g_strlcpy(census->states[census->n_states].name, db_rows_text(rows, 0),
                  sizeof census->states[0].name);
        census->states[census->n_states++].count = db_rows_int(rows, 1);
        if (!db_rows_next(rows, &has_row, error))
            return false;
    }
    return true;
}

bool
census_take(Engine *engine, Census *out, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    Census census = { 0 };
    DbStats stats = { 0 };
    bool found = false;

    if (reader == NULL || !count_states(reader, &census, error) ||
        !db_select_int(reader, QUERY_CENSUS_PROJECTS, DB_NO_PARAMS, &found, &census.n_projects,
                       error))
        return false;
    db_get_stats(engine->db, &stats);
    census.n_commits = stats.n_commits;
    census.n_writes = stats.n_writes;
    census.n_failed = stats.n_failed;
    census.n_queued = stats.n_queued;
    census.log_size = tlog_get_size(engine->tlog);
    *out = census;
    return true;
}
