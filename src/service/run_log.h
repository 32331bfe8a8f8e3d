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
typedef struct RunLogPlace {
    int64_t position;
    int64_t attempt; /* 0: the last */
    uint64_t offset;
    int64_t fold; /* of the page before; 0 at the beginning */
    int64_t step; /* from 1: only its lines, from its beginning when offset is 0; 0: all */
} RunLogPlace;
/** A page of a job's log: {lines: [{at, step, kind, text, level, group?, collapsed?}], next, ended,
 * fold}. level: how deep the line is in groups; group: a line that opens one has its name, one that
 * closes one has null. The live file while it runs, the blob afterwards. Without a log there is
 * removedAt: when it was removed for its age, or null. Owned. Errors: NOT_FOUND, CORRUPT, IO. */
json_t *run_log_page(Engine *engine, DbConn *conn, const RunRecord *record,
                     const RunLogPlace *place, GError **error) MUST_CHECK;
/** The line of the job that most likely says why it failed, in step @step (from 1; 0: any):
 * {position, line, step, text, sure}, or null. Owned. Errors: as run_log_page. */
json_t *run_log_error(Engine *engine, DbConn *conn, const RunRecord *record, int64_t position,
                      int64_t attempt, int64_t step, GError **error) MUST_CHECK;
/** A page of a job's log from @offset: the live file while it runs, the blob afterwards. @attempt:
 * 0 is the last. {lines: [{at, step, kind, text}], next, ended}. Owned. Errors: NOT_FOUND, CORRUPT,
 * IO. */
json_t *run_log_lines(Engine *engine, DbConn *conn, const RunRecord *record, int64_t position,
                      int64_t attempt, uint64_t offset, GError **error) MUST_CHECK;
/** The last state of a run that is not active here, in the shape of run_watch. */
bool run_log_ended(Engine *engine, RunId id, json_t **result_out, GError **error) MUST_CHECK;
