/* SPDX-License-Identifier: Apache-2.0
 * queue: runs that wait for a machine. Adding and cancelling happen in the caller's transaction; the
 * scheduler looks again when it is woken after the commit. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "db/db.h"
#include "service/engine.h"
#include "service/run_record.h"

typedef enum { /* why a run exists */
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

typedef struct QueueRequest { /* all borrowed */
    const char *project;
    RunTrigger trigger;
    const char *ref;      /* refs/heads/main, refs/tags/v1, refs/pull/7/head; full */
    const char *commit;   /* hex, or NULL: resolved while preparing */
    const char *base_ref; /* proposals: the target branch, whose file rules; else NULL */
    const char *actor;    /* forge login or person; "" unknown */
    const char *reason;   /* "push", "nightly", "restart of 12"; for people */
    const json_t *inputs; /* typed parameters or NULL */
    int priority;
    bool held; /* an outside proposal waits for a maintainer's click bound to this commit */
} QueueRequest;

/** In the caller's write transaction: a run row `queued`, older queued runs of the same project and
 * ref superseded (push, proposal), outbox rows. One commit = durable. */
bool queue_add(DbConn *conn, const QueueRequest *request, int64_t now_us, RunId *run_out,
               GError **error) MUST_CHECK;
/** In the caller's transaction: queued runs of a deleted ref or a commit end as cancelled; running
 * ones are marked to be cancelled. */
bool queue_cancel_ref(DbConn *conn, const char *project, const char *ref, const char *commit,
                      const char *reason, int64_t now_us, GError **error) MUST_CHECK;
/** After that commit: look again. */
void queue_wake(Engine *engine);
