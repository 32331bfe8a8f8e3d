/* SPDX-License-Identifier: Apache-2.0
 * run_state: the states of runs and jobs.
 *
 *   run:  queued ──► preparing ──► running ──► passed    every job passed or was skipped by its
 * condition │           │            ├──────► failed    a job failed
 *            ├───────────┴────────────┼──────► error     we could not run it; the reason says why
 *            └────────────────────────┴──────► cancelled somebody asked
 *
 *   job:  waiting ──► running ──► passed | failed | error | cancelled
 *            └──────► skipped | cancelled
 *
 * The four on the right are final: a row in a final state never changes again (the SQL says so
 * too). */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"

typedef enum {
    RUN_NONE, /* refused */
    RUN_QUEUED,
    RUN_PREPARING,
    RUN_RUNNING,
    RUN_PASSED,
    RUN_FAILED,
    RUN_ERROR,
    RUN_CANCELLED,
    RUN_N_STATES
} RunState;

typedef enum {
    RUN_EVENT_TAKE,
    RUN_EVENT_START,
    RUN_EVENT_PASS,
    RUN_EVENT_FAIL,
    RUN_EVENT_BREAK,
    RUN_EVENT_CANCEL,
    RUN_N_EVENTS
} RunEvent;

/** The state after @event; RUN_NONE when it is refused. */
RunState run_state_next(RunState state, RunEvent event) MUST_CHECK;
bool run_state_is_final(RunState state);
/** "passed"; static. */
const char *run_state_name(RunState state);
/** RUN_NONE for an unknown spelling. */
RunState run_state_from_string(const char *name);

typedef enum {
    JOB_NONE, /* refused */
    JOB_WAITING,
    JOB_RUNNING,
    JOB_PASSED,
    JOB_FAILED,
    JOB_ERROR,
    JOB_SKIPPED,
    JOB_CANCELLED,
    JOB_N_STATES
} JobState;

/** Whether a job in that state never changes again. */
bool job_state_is_final(JobState state);
/** "passed"; static. */
const char *job_state_name(JobState state);
/** JOB_NONE for an unknown spelling. */
JobState job_state_from_string(const char *name);
