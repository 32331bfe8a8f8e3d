/* SPDX-License-Identifier: Apache-2.0
 * queue: runs that wait for their turn. Whatever asks for a run adds a row; one thread of the
 * server takes rows, as many at a time as there is room for, and starts them. A queued run survives
 * every crash; one that was already taken ends as error at the next start.
 *
 *   queued ──► preparing ──► running …
 *     ├──► cancelled   a newer push of its ref, a deleted ref, or somebody asked
 *     └──► error       no room within the longest wait */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "db/db.h"
#include "service/engine.h"
#include "service/run_record.h"

#define QUEUE_MAX_WAIT_US       (3600ll * 1000000)
#define QUEUE_MAX_ROWS          10000 /* looked at in one go; more wait until some are taken */
#define QUEUE_MAX_PARALLEL_RUNS 256
#define QUEUE_MAX_INPUT_BYTES   (64u << 10)

typedef enum {
    RUN_TRIGGER_NONE,
    RUN_TRIGGER_PUSH,
    RUN_TRIGGER_TAG,
    RUN_TRIGGER_PROPOSAL,
    RUN_TRIGGER_MANUAL,
    RUN_TRIGGER_SCHEDULE,
    RUN_TRIGGER_RELEASE,
    RUN_TRIGGER_ARTIFACT,
    RUN_N_TRIGGERS
} RunTrigger;

/** "push"; static. */
const char *run_trigger_name(RunTrigger trigger);
/** RUN_TRIGGER_NONE for an unknown spelling. */
RunTrigger run_trigger_from_string(const char *name);

typedef struct QueueRequest { /* all borrowed */
    const char *project;
    RunTrigger trigger;
    const char *ref;      /* refs/heads/main, refs/tags/v1, refs/pull/7/head; full */
    const char *commit;   /* hex, or NULL: resolved while preparing */
    const char *base_ref; /* proposals: the target branch, whose file rules; else NULL */
    const char *before;   /* hex: what the ref was, to see what changed; or NULL */
    RunId reuse;          /* whose passed jobs are taken over; 0: none */
    const char *actor;    /* forge login or person; "" unknown */
    const char *reason;   /* "push", "nightly", "restart of 12"; for people */
    const json_t *inputs; /* typed parameters or NULL */
    int priority;         /* -100 to 100 */
    bool again;           /* an older commit once more: supersedes nothing; no filter counts */
    bool held; /* an outside proposal: waits for a maintainer's click, bound to this commit */
} QueueRequest;

/** In the caller's write transaction: a run row `queued`, older queued runs of the same project and
 * ref superseded (push, proposal), and what the outbox says of both. One commit makes it durable.
 * Errors: NOT_FOUND (project), INVALID, LIMIT, those of db. */
bool queue_add(DbConn *conn, const QueueRequest *request, int64_t now_us, RunId *run_out,
               GError **error) MUST_CHECK;
/** In the caller's transaction: queued runs of @ref (NULL: any) at @commit (NULL: any) end as
 * cancelled; running ones are marked to be. @n_out: how many; may be NULL. */
bool queue_cancel_ref(DbConn *conn, const char *project, const char *ref, const char *commit,
                      const char *reason, int64_t now_us, GError **error) MUST_CHECK;

typedef struct QueueOptions { /* zeros: the defaults */
    unsigned parallel_runs;   /* one a processor */
    unsigned per_project;     /* as parallel_runs */
    int64_t max_wait_us;      /* QUEUE_MAX_WAIT_US */
    int64_t keep_logs_us;     /* of runs that ended; 0: for ever */
} QueueOptions;

/** Starts the thread that takes runs. @options may be NULL. Errors: UNAVAILABLE. */
bool queue_start(Engine *engine, const QueueOptions *options, GError **error) MUST_CHECK;
/** After a commit that queued or stopped something: look again. From any thread; does nothing while
 * no queue is started. */
void queue_wake(Engine *engine);
/** Takes no more work and waits until what runs has ended. Idempotent. */
void queue_drain(Engine *engine);
/** Takes no more work and returns; runs go on. What engine_free and a second signal do. */
void queue_stop(Engine *engine);

/** Adds and wakes, in a transaction of its own. Errors: as queue_add. */
bool queue_submit(Engine *engine, const QueueRequest *request, RunId *run_out,
                  GError **error) MUST_CHECK;
/** Cancels by ref or commit, in a transaction of its own. @n_out: runs concerned. */
bool queue_cancel(Engine *engine, const char *project, const char *ref, const char *commit,
                  const char *reason, int64_t *n_out, GError **error) MUST_CHECK;
/** Ends the queued run @id as cancelled. False in @done_out: it was not queued any more. */
bool queue_cancel_run(Engine *engine, RunId id, const char *reason, bool *done_out,
                      GError **error) MUST_CHECK;
/** Notes that somebody wants @id stopped, which is being prepared or runs, and why: it ends so as soon
 * as whoever has it sees that. False in @done_out: it waits or has ended, or was to be stopped before.
 */
bool queue_stop_run(Engine *engine, RunId id, const char *reason, bool *done_out,
                    GError **error) MUST_CHECK;
/** A maintainer lets the held run @id go, at exactly @commit. Errors: CONFLICT (not held, or for
 * another commit), those of db. */
bool queue_allow(Engine *engine, RunId id, const char *commit, GError **error) MUST_CHECK;
typedef struct QueueRestart {
    RunId run;
    const char *actor;
    bool only_failed; /* jobs that passed are taken over with all they left, by digest */
} QueueRestart;
/** Queues what a run was once more: same project, ref and commit. Errors: NOT_FOUND; @only_failed:
 * CONFLICT (it goes on or has passed), DENIED (it builds a release). */
bool queue_restart(Engine *engine, const QueueRestart *what, RunId *run_out,
                   GError **error) MUST_CHECK;
/** [{run, position, project, ref, commit, event, waiting, since, priority, held, why}] in the order
 * they would be taken. Owned. */
json_t *queue_list(Engine *engine, GError **error) MUST_CHECK;
