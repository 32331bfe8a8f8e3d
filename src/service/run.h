/* SPDX-License-Identifier: Apache-2.0
 * run: the life of a run, from a ref to a passed or failed pipeline. A run is prepared (source
 * fetched into our mirror, file read and planned, release claimed, rows written), then executed by
 * a few workers. What it is doing now can be watched; what it did is in the database. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "pipeline/plan.h"
#include "service/engine.h"
#include "service/run_record.h"
#include "sys/cancel.h"

#define RUN_MAX_PARALLEL_JOBS 64
#define RUN_DEFAULT_GRACE_MS  2000u /* between TERM and KILL */

typedef struct RunRequest { /* all borrowed */
    const char *source;     /* path or URL of the repository; NULL: as the project was added */
    const char *project;    /* NULL: the file's name decides (then source must be given) */
    const char *tag;        /* exactly one of the three */
    const char *branch;
    const char *commit;
    const char *release;  /* "STREAM@VERSION" to build without a tag; NULL: the tag decides */
    const char *executor; /* NULL: as the file says; else overrides every job ("host") */
    const char *ref;      /* instead of the three: another full ref, as refs/pull/7/head */
    const char *pinned;   /* the commit (or tag object) the ref was seen to name; NULL: as it is */
    const char *event;    /* NULL: "tag", "push" or "manual", by which of the three is given */
    const char *base_ref; /* proposals: the full ref whose slipway.yaml rules; NULL: the commit's */
    const char *before;   /* the commit the ref named before, to see what changed; or NULL */
    const PipelinePair *inputs;
    size_t n_inputs;
    unsigned parallel; /* jobs at once; 0: one a processor */
} RunRequest;

/** What a run was made of: {commit, digest, file: its slipway.yaml, plan: as plan_to_json, text: for
 * people}. Owned. Errors: NOT_FOUND (nothing was prepared, or git has dropped it), CONFLICT (the
 * branch a proposal is for has another file now). Blocks; fetches nothing. */
json_t *run_config(Engine *engine, RunId id, GError **error) MUST_CHECK;

typedef struct ActiveRun ActiveRun; /* a run of this process; shared (ref) */

/** Fetches, reads, plans, claims and writes the rows: the run is queued. Returns: owned reference.
 * Errors: INVALID (the pipeline file: all findings), NOT_FOUND (ref), CONFLICT (version taken), and
 * those of git, lane and database. Blocks. */
ActiveRun *run_prepare(Engine *engine, const RunRequest *request, Cancel *cancel,
                       GError **error) MUST_CHECK;
/** As run_prepare, for a queued run that was taken (its row says preparing). When it cannot be
 * prepared its row has ended as error, with the reason; NULL and @error say so too. Blocks. */
ActiveRun *run_prepare_queued(Engine *engine, RunId id, GError **error) MUST_CHECK;
/** Runs it to its end on this thread and workers of its own. The state is in the database before
 * this returns. Errors: only when that could not be written. Blocks. */
bool run_execute(ActiveRun *run, GError **error) MUST_CHECK;
/** As run_execute on a thread of its own; the engine joins it. Errors: UNAVAILABLE. */
bool run_start(ActiveRun *run, GError **error) MUST_CHECK;

ActiveRun *run_ref(ActiveRun *run);
void run_unref(ActiveRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ActiveRun, run_unref)

RunId run_get_id(const ActiveRun *run);
/** Asks it to stop: running jobs are killed, waiting ones never start, the run ends as cancelled.
 */
void run_cancel(ActiveRun *run);
/** The active run with that id, or NULL. Returns: owned reference. */
ActiveRun *run_find_active(Engine *engine, RunId id);

/** What it is doing: {run, state, version, elapsedUs, jobs: [{position, name, state, step, attempt,
 * elapsedUs, log}]}. Waits until the version is above @seen or @timeout_ms passed. Owned reference.
 */
json_t *run_watch(ActiveRun *run, int64_t seen, int timeout_ms);
