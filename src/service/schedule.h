/* SPDX-License-Identifier: Apache-2.0
 * schedule: runs that come again. The file at the head of a project's default branch says which; a
 * time that was missed is made up for once; one that comes while the run before is still open is
 * left out. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "db/db.h"
#include "pipeline/pipeline.h"
#include "service/engine.h"
#include "service/run_record.h"

/** The first time after @after_us that fits. */
int64_t schedule_next_us(const Cron *cron, int64_t after_us);
/** In the transaction that prepares a run: when @ref is the project's default branch, its schedules
 * are those of @pipeline from now on. */
bool schedule_take(DbConn *conn, const char *ref, const Pipeline *pipeline, int64_t now_us,
                   GError **error) MUST_CHECK;
/** Queues what is due at @now_us, durable before it returns. @next_us_out: when to ask again;
 * INT64_MAX: never, unless woken. */
bool schedule_due(Engine *engine, int64_t now_us, int64_t *next_us_out, GError **error) MUST_CHECK;
/** Queues schedule @position of @project now, whatever its time. Errors: NOT_FOUND, those of
 * queue_add. */
bool schedule_run(Engine *engine, const char *project, int64_t position, const char *actor,
                  RunId *run_out, GError **error) MUST_CHECK;
/** [{project, position, cron, reason, branch, inputs, nextAt, lastAt, lastRun, lastState}]. @project:
 * NULL is all. Owned. */
json_t *schedule_list(Engine *engine, const char *project, GError **error) MUST_CHECK;
