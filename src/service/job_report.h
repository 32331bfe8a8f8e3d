/* SPDX-License-Identifier: Apache-2.0
 * job_report: what a job leaves for people: $STEP_SUMMARY (Markdown) and test results below
 * $SLIPWAY_TESTS (JUnit XML). Collected whether it passed or failed; never its failure. Only job*.c
 * and op handlers' service calls may include this. */
#pragma once
#include <jansson.h>
#include "base/attributes.h"
#include "db/db.h"
#include "joblog/mask.h"
#include "service/run_priv.h"

#define JOB_REPORT_SUMMARY_BYTES (1u << 20)
#define JOB_REPORT_MAX_FILES     200

/** Whether a file below $SLIPWAY_OUT is a report, so no artifact. */
bool job_report_is_one(const char *path);
/** Keeps what @machine holds in the store, masked. @error says what could not be read; what could
 * was kept all the same. */
bool job_report_collect(Engine *engine, Machine *machine, const Mask *mask, JobResult *result,
                        GError **error) MUST_CHECK;
/** The rows of it, in the transaction that ends the attempt. */
bool job_report_write(DbConn *conn, RunId run, size_t position, unsigned attempt,
                      const JobResult *result, GError **error) MUST_CHECK;
