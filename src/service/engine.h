/* SPDX-License-Identifier: Apache-2.0
 * engine: one open data folder with everything that works on it. Whoever has an Engine holds the
 * folder's lock. Opening finishes what a crash left behind: the log's tail is folded, open runs end
 * as error, open publications become unknown.
 *
 * Order of opening, each step needing the ones before: lock, store, database, log, fold, lane,
 * runs. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"

typedef struct Engine Engine;

typedef struct {
    const char *home;    /* the data folder; borrowed */
    const char *command; /* what we do, for the lock file: "slipway run"; borrowed */
    const Clock *clock;  /* borrowed; NULL: the machine's */
} EngineOptions;

/** Opens an existing data folder. Returns: owned. Errors: NOT_FOUND (hint: slipway init), BUSY
 * (names pid, host and command of the holder), CORRUPT (restored old folder), IO. Blocks for crash
 * recovery. */
Engine *engine_open(const EngineOptions *options, GError **error) MUST_CHECK;
/** Stops the lane and all jobs, closes everything, gives the lock back. */
void engine_free(Engine *engine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Engine, engine_free)

/** Asks every run of this process to stop, as run_cancel does; returns at once. From any thread. */
void engine_cancel_runs(Engine *engine);

typedef struct {
    const char *home;   /* borrowed; must not exist or be empty */
    const char *origin; /* borrowed; NULL: localhost/ and 32 random hex digits */
    const Clock *clock; /* borrowed; NULL: the machine's */
} EngineCreateOptions;

/** Makes folder, keys (inside the signer), store, database and an empty log; logs nothing. Until
 * engine_create_done the folder is unfinished: the next create empties it and begins anew.
 * @resumed_out: whether it was. Errors: EXISTS, INVALID (origin), IO. */
bool engine_create(const EngineCreateOptions *options, bool *resumed_out,
                   GError **error) MUST_CHECK;
/** Entry 0 is logged: from now on the folder is never taken for an unfinished one. Errors: IO. */
bool engine_create_done(const char *home, GError **error) MUST_CHECK;
