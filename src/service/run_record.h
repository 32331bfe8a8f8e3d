/* SPDX-License-Identifier: Apache-2.0
 * run_record: the rows of runs and their jobs, read and written. Functions that take a DbConn work
 * inside the caller's transaction. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "db/db.h"
#include "service/run_state.h"

typedef struct {
    int64_t v;
} RunId;

typedef struct RunRecord { /* owned strings; end with run_record_clear */
    RunId id;
    char *project;
    int64_t number; /* per project, from 1 */
    char *event;    /* "tag", "push", "manual" */
    char *ref;
    char *commit;     /* hex */
    char *tree;       /* hex */
    char *tag_object; /* hex or NULL */
    char *pipeline;   /* digest string of slipway.yaml */
    char *release;    /* object name or NULL */
    RunState state;
    char *reason; /* why it ended so */
    char *why;    /* what asked for it: "push", "nightly", a person's words; "": nobody said */
    char *actor;  /* who; "": unknown */
    int64_t commit_us;
    int64_t created_us;
    int64_t started_us; /* 0: not yet */
    int64_t ended_us;   /* 0: not yet */
} RunRecord;
void run_record_clear(RunRecord *record);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RunRecord, run_record_clear)

/** Errors: NOT_FOUND and those of db. */
bool run_record_load(DbConn *conn, RunId id, RunRecord *out, GError **error) MUST_CHECK;
/** By project and number. Errors: NOT_FOUND and those of db. */
bool run_record_load_number(DbConn *conn, const char *project, int64_t number, RunRecord *out,
                            GError **error) MUST_CHECK;
typedef struct RunFilter { /* borrowed */
    const char *project;   /* NULL: any */
    const char *ref;       /* full; NULL: any */
    RunState state;        /* RUN_NONE: any */
    RunId before;          /* 0: from the newest */
    int limit;
} RunFilter;
/** Those that fit, newest first. Returns: owned array of owned RunRecord. */
GPtrArray *run_record_page(DbConn *conn, const RunFilter *filter, GError **error) MUST_CHECK;
/** The run with its jobs, steps, artifacts and outputs, as `slipway show --json` prints it. Owned
 * reference. */
json_t *run_record_to_json(DbConn *conn, const RunRecord *record, GError **error) MUST_CHECK;
/** The line of a list: no jobs. Owned reference. */
json_t *run_record_summary(const RunRecord *record);

/** Brings a run that is not final to @state and says so to the outbox, in the caller's transaction:
 * the only way a run changes state. One that is final already stays as it is. */
bool run_record_change(DbConn *conn, RunId id, RunState state, const char *reason, int64_t now_us,
                       GError **error) MUST_CHECK;
/** Tells the outbox alone, of a state that the caller's own query has just written. */
bool run_record_told(DbConn *conn, RunId id, RunState state, const char *reason, int64_t now_us,
                     GError **error) MUST_CHECK;

/** Ends every run that is being prepared or running as error with @reason; for the start after a crash. @n_out: how
 * many. */
bool run_record_end_open(Db *db, const char *reason, int64_t now_us, size_t *n_out,
                         GError **error) MUST_CHECK;
/** A run by "12" (of the only project) or "greeter/12". Errors: INVALID, NOT_FOUND, and those of
 * db. */
bool run_record_find(DbConn *conn, const char *text, RunRecord *out, GError **error) MUST_CHECK;
