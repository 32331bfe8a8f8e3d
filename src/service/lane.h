/* SPDX-License-Identifier: Apache-2.0
 * lane: the one way from a command to a fact (facts.md section 3). One thread per log takes what is
 * queued and does, for the whole batch: decide ─► sign ─► append ─► apply ─► answer.
 *
 * Invariants:
 * 1. A command is decided against the folded log plus everything decided before it in its batch.
 * 2. Nothing is answered before its fact is durable in the journal and folded into the database.
 * 3. A refused command leaves nothing in the log; a refused signature drops that command alone.
 * 4. When a fact cannot be folded the lane halts: it answers UNAVAILABLE and writes nothing more.
 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "base/clock.h"
#include "base/ulid.h"
#include "db/db.h"
#include "fact/build.h"
#include "signer/client.h"
#include "store/store.h"
#include "sys/wake.h"
#include "tlog/tlog.h"

#define LANE_MAX_QUEUED 4096 /* requests waiting before BUSY */
#define LANE_MAX_BATCH  256

#define LANE_ERROR (lane_error_quark())
GQuark lane_error_quark(void);
typedef enum {
    LANE_ERROR_REFUSED =
        ERROR_CODE(ERROR_KIND_DENIED, 1), /* a rule says no; the message has all of it */
    LANE_ERROR_CONFLICT =
        ERROR_CODE(ERROR_KIND_CONFLICT, 1), /* somebody was faster; names the winner */
    LANE_ERROR_HALTED = ERROR_CODE(ERROR_KIND_UNAVAILABLE, 1), /* a fact could not be folded */
    LANE_ERROR_RESTORED =
        ERROR_CODE(ERROR_KIND_CORRUPT, 1), /* the folder is older than what was signed */
} LaneError;

typedef struct Lane Lane;

typedef struct LaneParts { /* all borrowed; outlive the lane */
    Db *db;
    Store *store;
    Tlog *tlog;
    SignerClient *signer;
    const Clock *clock;
    const GArray *known; /* of MerkleHead: checkpoints of this log seen elsewhere; NULL: none */
    Wake *grew;          /* sent after each batch's checkpoint; NULL: nobody waits */
} LaneParts;

/** Starts the thread. Returns: owned. Errors: UNAVAILABLE. */
Lane *lane_new(const LaneParts *parts, GError **error) MUST_CHECK;
/** Finishes what is queued, then ends the thread. Accepts NULL. */
void lane_free(Lane *lane);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lane, lane_free)

/** Decides one command: calls a fact_decide_… with @input. On the lane's thread. Returns: owned. */
typedef FactDecision *(*LaneDecide)(FactView *view, const FactCommand *command, void *input,
                                    GError **error);

typedef struct LaneRequest { /* all borrowed until lane_submit returns */
    SignerRole role;         /* whose key signs */
    const char *object;      /* NULL for foreign evidence */
    const char *command;     /* ULID; NULL: a new one. The same one again gets the first answer */
    const char *actor;       /* NULL: "engine" */
    const Digest *expect;    /* the head the client saw, or NULL */
    const Digest *file;      /* digest of the pipeline file's rules, or NULL */
    json_t *proofs;          /* or NULL */
    unsigned approvals;      /* publish-intent: at least so many; 0: as the roster says */
    LaneDecide decide;
    void *input;
} LaneRequest;

typedef struct LaneAnswer {
    Digest statement; /* S of the fact */
    int64_t index;    /* in the log; -1 when it was answered before */
    bool repeated;    /* the command had been answered before */
} LaneAnswer;

/** Queues the command and returns when its fact counts. Errors: BUSY (queue full), LANE_ERROR
 * codes, those of the signer, the log and the database. Blocks. */
bool lane_submit(Lane *lane, const LaneRequest *request, LaneAnswer *answer_out,
                 GError **error) MUST_CHECK;

/** The newest checkpoint, signed over everything in the log now. Returns: owned note text.
 * @head_out: optional. Errors: those of signer and log. */
GBytes *lane_checkpoint(Lane *lane, MerkleHead *head_out, GError **error) MUST_CHECK;
