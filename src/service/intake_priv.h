/* SPDX-License-Identifier: Apache-2.0
 * intake_priv: one believed event on its way into the database; for src/service/intake*.c, delivery.c
 * and poll.c only. */
#pragma once
#include "db/db.h"
#include "forge/event.h"
#include "service/intake.h"
#include "service/run_record.h"

typedef struct IntakeItem { /* all borrowed */
    const char *project;
    const char *delivery; /* its name; unique in the project */
    const char *body;     /* digest of the bytes that were signed */
    bool body_counts;     /* the same bytes under another name are the same delivery */
    const ForgeEvent *event;
    const char *peer;
    int64_t now_us;
} IntakeItem;

typedef enum {
    INTAKE_NONE,
    INTAKE_QUEUED,
    INTAKE_HELD,
    INTAKE_CANCELLED,
    INTAKE_IGNORED,
    INTAKE_N_ACTIONS
} IntakeAction;
/** "queued"; static. */
const char *intake_action_name(IntakeAction action);

typedef struct IntakeResult { /* end with intake_result_clear */
    IntakeAction action;
    bool known;    /* it was here before; nothing was done now */
    bool conflict; /* its name was used for other bytes */
    int64_t id;    /* of the row */
    int64_t run;   /* id; 0: none */
    int64_t number;
    char *delivery; /* owned: the name of the first */
    char *reason;   /* owned */
} IntakeResult;
void intake_result_clear(IntakeResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IntakeResult, intake_result_clear)

/** In the caller's transaction: finds @item among what is known, or decides about it, queues or
 * cancels, and writes its row. @result: cleared first, so that it may run twice. */
bool intake_record(DbConn *conn, const IntakeItem *item, IntakeResult *result,
                   GError **error) MUST_CHECK;
/** {delivery, id, action, reason, run, number, known}. Owned. */
json_t *intake_result_json(const IntakeItem *item, const IntakeResult *result);
