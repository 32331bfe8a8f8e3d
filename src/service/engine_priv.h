/* SPDX-License-Identifier: Apache-2.0
 * engine_priv: the inside of an Engine. Only src/service may include this. */
#pragma once
#include "executor/executor.h"
#include "service/engine.h"
#include "service/lane.h"
#include "sys/launch.h"
#include "sys/lock.h"
#include "sys/thread.h"

typedef struct Outbox Outbox; /* service/outbox_send.c */

struct Engine {
    char *home;           /* owned, absolute */
    const Clock *clock;   /* borrowed */
    char *origin;         /* owned */
    int home_fd;          /* owned */
    Lock *folder_lock;    /* owned */
    Store *store;         /* owned */
    Db *db;               /* owned */
    SignerClient *signer; /* owned */
    Tlog *tlog;           /* owned */
    GArray *known;        /* owned, of MerkleHead: checkpoints that targets keep */
    Lane *lane;           /* owned */

    Mutex lock;
    Launcher *launcher;     /* owned, guarded by lock; started at the first job */
    Executor *executors[4]; /* owned, guarded by lock: sandbox, host, command, vm */
    GHashTable *publishing; /* owned, guarded by lock: set of objects being published */
    GPtrArray *runs;        /* owned, guarded by lock: references to active runs */
    Outbox *outbox;         /* owned, guarded by lock; NULL unless outbox_start was called */
    GPtrArray *threads;     /* owned, guarded by lock: of EngineThread; see engine_thread.h */
    Mutex pool_lock;        /* with pool_changed: a lease was given back */
    Cond pool_changed;
    struct WitnessClient *witnesses; /* owned */
    struct Foreign *foreign;         /* owned, guarded by lock; opened when first asked for */
    struct Queue *queue;             /* owned, guarded by lock; NULL: no server takes runs here */
};
