/* SPDX-License-Identifier: Apache-2.0
 * run_log: what runs wrote and how they ended, for readers. */
#pragma once
#include <jansson.h>
#include <stdint.h>
#include "base/attributes.h"
#include "db/db.h"
#include "service/engine.h"
#include "service/run_record.h"

#define RUN_LOG_PAGE_LINES 1000

/** A reader of the engine's database. Returns: owned. */
DbReader *run_log_reader(Engine *engine, GError **error) MUST_CHECK;
/** A page of a job's log from @offset: the live file while it runs, the blob afterwards. @attempt:
 * 0 is the last. {lines: [{at, step, kind, text}], next, ended}. Owned. Errors: NOT_FOUND, CORRUPT,
 * IO. */
json_t *run_log_lines(Engine *engine, DbConn *conn, const RunRecord *record, int64_t position,
                      int64_t attempt, uint64_t offset, GError **error) MUST_CHECK;
/** The last state of a run that is not active here, in the shape of run_watch. */
bool run_log_ended(Engine *engine, RunId id, json_t **result_out, GError **error) MUST_CHECK;
