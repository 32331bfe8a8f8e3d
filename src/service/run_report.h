/* SPDX-License-Identifier: Apache-2.0
 * run_report: what the jobs of a run left for people. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "db/db.h"
#include "service/engine.h"
#include "service/run_record.h"

/** @tests: [{position, attempt, job, tests: as junit_add}], else [{position, attempt, job, summary}]
 * with Markdown a job wrote, which is not to be trusted. Owned. Errors: those of store and db. */
json_t *run_report_list(Engine *engine, DbConn *conn, RunId run, bool tests,
                        GError **error) MUST_CHECK;
