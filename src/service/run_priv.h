/* SPDX-License-Identifier: Apache-2.0
 * run_priv: a run while it is executed. Only run*.c and job*.c may include this.
 *
 * Invariants: plan, mirror and record are set before the workers start and not changed after; a
 * job's fields under `lock` belong to whoever holds it; `result` of a job is written by its one
 * worker and read by others only after the state became final. */
#pragma once
#include "executor/executor.h"
#include "git/mirror.h"
#include "service/engine_priv.h"
#include "service/pool.h"
#include "service/run.h"
#include "sys/thread.h"
#include "sys/wake.h"

typedef struct JobArtifact {
    char *path; /* owned */
    Digest digest;
    uint64_t size_bytes;
    bool executable; /* by its owner: jobs that need it get it so */
} JobArtifact;

typedef struct JobStepResult {
    int exit_code; /* -1: did not run */
    int64_t wall_us;
    uint64_t log_start; /* where its lines begin in the log; 0: nowhere */
} JobStepResult;

typedef struct JobResult { /* of one attempt */
    JobState state;
    char *reason; /* owned; for people */
    int exit_code;
    int failed_step; /* index, -1: none */
    bool has_log;
    Digest log;
    bool has_summary, has_tests;
    Digest summary, tests;
    GArray *steps;        /* owned, of JobStepResult */
    GPtrArray *artifacts; /* owned, of JobArtifact */
    GHashTable *outputs;  /* owned, name to value; NULL: none */
    json_t *machine;      /* owned: what the machine was, for provenance */
    int64_t started_us, ended_us;
} JobResult;
void job_result_clear(JobResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(JobResult, job_result_clear)

typedef struct ActiveJob {
    size_t position;
    const PlanJob *plan;  /* borrowed from the run's plan */
    const char *executor; /* driver name; static */
    JobState state;       /* guarded by run->lock */
    unsigned attempt;     /* guarded by run->lock */
    int step;             /* guarded by run->lock: index of the running step, -1 before */
    unsigned reused;      /* the attempt of the earlier run it is; 0: it runs here */
    int64_t started_us;   /* guarded by run->lock */
    int64_t ended_us;     /* guarded by run->lock */
    char *log_path;       /* owned, guarded by run->lock */
    JobResult result;     /* of the last attempt */
} ActiveJob;

struct ActiveRun {
    gint n_refs;    /* atomic */
    Engine *engine; /* borrowed */
    RunRecord record;
    Pipeline *pipeline; /* owned */
    Plan *plan;         /* owned */
    GitMirror *mirror;  /* owned; guarded by git_lock */
    Mutex git_lock;
    GitCommit commit;
    char ruling[GIT_ID_SIZE]; /* the commit whose slipway.yaml rules */
    char *source;             /* owned */
    char *stream;             /* owned or NULL */
    char *version;            /* owned or NULL */
    json_t *inputs;           /* owned: object of what was given by hand */
    GPtrArray *changed_paths; /* owned strings, NULL at the end; NULL: nobody knows what changed */
    RunId reuse;              /* whose passed jobs it takes over; 0: none */
    Cancel *cancel;           /* owned */
    Wake *output;             /* owned: job output arrived */
    unsigned parallel;

    Mutex lock;
    Cond changed;       /* with lock */
    int64_t version_no; /* guarded by lock: rises with every change */
    RunState state;     /* guarded by lock */
    ActiveJob *jobs;    /* owned array */
    size_t n_jobs;
    int64_t started_us;
};

/** A run without rows yet, not known to the engine. @cancel: referenced; NULL: one of its own. */
ActiveRun *active_run_new(Engine *engine, Cancel *cancel);
/** The engine knows it from now on: it can be found and cancelled. */
void run_remember(ActiveRun *run);
/** Source, commit, file, plan and release name, as asked. Blocks. */
bool run_fill_plan(ActiveRun *run, const RunRequest *request, GError **error) MUST_CHECK;
/** What changed, where the file's filters or conditions ask: then run->changed_paths is set, if anybody
 * knows. After the file was read, before it is planned. */
void run_find_changed(ActiveRun *run, const RunRequest *request);
/** The main branch of the project, full; NULL: not known. Owned. With git_lock held, or before jobs
 * run. */
char *run_main_ref(const ActiveRun *run);
/** Whether "on" and skip marks let a queued run of a push, tag or proposal happen. Errors: CANCELLED
 * with the reason, those of db. */
bool run_check_on(const ActiveRun *run, const RunRequest *request, GError **error) MUST_CHECK;
/** Marks the jobs that passed in run->reuse as passed here, with what they left. Before the rows are
 * written. Errors: CONFLICT (another file rules now), those of db. */
bool run_reuse_jobs(ActiveRun *run, GError **error) MUST_CHECK;
/** The rows of a job that run_reuse_jobs took over, in the caller's transaction. */
bool run_insert_reused(ActiveRun *run, const ActiveJob *job, DbConn *conn,
                       GError **error) MUST_CHECK;
/** Reads the file that ruled at @commit once more and plans it, from what the mirror has; fetches and
 * writes nothing. Errors: NOT_FOUND (the commit is not here any more), those of git and plan. */
bool run_plan_again(ActiveRun *run, const RunRequest *request, const char *commit,
                    GError **error) MUST_CHECK;
/** Claims the release's name in the log, if it makes one. */
bool run_claim(ActiveRun *run, const RunRequest *request, GError **error) MUST_CHECK;
/** The rows of its jobs, and its file's schedules where it is the default branch's, in the
 * caller's transaction. */
bool run_insert_jobs(ActiveRun *run, DbConn *conn, GError **error) MUST_CHECK;
/** Ends a run before any job of it was started. */
bool run_end_early(ActiveRun *run, RunEvent event, const char *reason, GError **error) MUST_CHECK;
/** Leases a machine for @job, if its executor has pools; @out stays empty else. Blocks until one is
 * free. */
bool job_lease(ActiveRun *run, const ActiveJob *job, PoolLease *out, GError **error) MUST_CHECK;
/** Gives it back and clears it. */
void job_give_back(ActiveRun *run, PoolLease *lease);
/** Runs one attempt of @job; @result_out is always filled, init'ed by this function. Blocks. */
void job_attempt(ActiveRun *run, ActiveJob *job, unsigned attempt, JobResult *result_out);
/** Writes the end of an attempt with its steps, artifacts and outputs. */
bool job_record_end(ActiveRun *run, const ActiveJob *job, unsigned attempt, const JobResult *result,
                    GError **error) MUST_CHECK;
/** Logs what a passed run proved: provenance for each job with artifacts; and makes the draft. */
bool run_attest(ActiveRun *run, GError **error) MUST_CHECK;
/** Tells watchers that something changed. Called with run->lock held. */
void run_touch(ActiveRun *run);
/** The executor of that name, opened once per engine. Borrowed. Errors: UNAVAILABLE and others. */
Executor *engine_get_executor(Engine *engine, const char *name, GError **error) MUST_CHECK;
