/* SPDX-License-Identifier: Apache-2.0
 * rebuild: the fact_* tables made anew from the journal, or caught up with it. */
#pragma once
#include "db/db.h"
#include "store/store.h"
#include "tlog/tlog.h"

/** Empties fact_* for @log's origin and folds every entry again; work_* stays. @store: long PAEs
 * are read from it. Errors: of database, log, store; UNAVAILABLE when the fold halts (what was
 * folded stays). */
bool rebuild_facts(Db *db, Tlog *log, Store *store, GError **error) MUST_CHECK;
/** Folds what the journal has beyond the fold; called at each start. *@applied_out: optional. */
bool rebuild_catch_up(Db *db, Tlog *log, Store *store, int64_t *applied_out,
                      GError **error) MUST_CHECK;
