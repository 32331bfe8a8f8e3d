/* SPDX-License-Identifier: Apache-2.0
 * fixture: an engine's surroundings worth attacking, and one machine of the executor under test. */
#pragma once
#include <stdbool.h>
#include "testing.h"
#include "base/files.h"
#include "executor/executor.h"
#include "sys/cancel.h"
#include "sys/launch.h"

#define SECRET "TOP-SECRET-KEY-BYTES"

typedef struct {
    const char *driver; /* of the suite that runs */
    Launcher *launcher;
    Executor *executor;
    bool unavailable; /* this machine cannot run the driver */
    char *why;
    json_t *settings; /* owned: of the pool; NULL: the fixture makes them */
} Suite;

typedef struct {
    const Suite *suite;
    TempDir dir;
    char *data;   /* a data folder with keys/engine.key and slipway.sock in it */
    char *marker; /* a word no other process on this machine has in its command line */
    char *scratch;
    char *source;
    char *slot;       /* of spec */
    char *machines;   /* of the command driver's program */
    json_t *settings; /* of the pool */
    int unix_fd;      /* listening on data/slipway.sock */
    int abstract_fd;  /* listening on the abstract name `marker` */
    int tcp_fd;       /* listening on every address, port `port` */
    int port;
    MachineSpec spec; /* changed by a test before acquire() */
    Machine *machine;
    Cancel *cancel;
    StepResult result;
    char *output; /* of the last run() */
    GPtrArray *files;
    GHashTable *table;
    GBytes *bytes;
    GError *error;
} Fixture;

int fixture_setup(void **state); /* *state: the Suite before, the Fixture after */
int fixture_teardown(void **state);

/** The name of the pool's machine number @n, from 0; a pool has two. Owned. */
char *fixture_slot(const Fixture *f, int n);
/** Acquires the machine as f->spec says; fails the test if it cannot be had. */
void acquire(Fixture *f);
/** Runs a shell line with the T_… variables (T_DATA, T_MARK, T_PORT, T_OTHER); acquires first if
 * need be. The output is in f->output, the rest in f->result. Returns machine_exec's answer. */
bool run_for(Fixture *f, const char *script, uint64_t timeout_ms);
/** run_for without a limit of time; fails the test if the step could not be run. */
void run(Fixture *f, const char *script);
/** Runs a shell line that must end with 0. */
void run_good(Fixture *f, const char *script);
/** Fails unless the last output has the text, or unless it has not. */
void assert_says(const Fixture *f, const char *text);
void assert_silent_about(const Fixture *f, const char *text);
/** How many processes of this machine have f->marker in their command line. */
unsigned count_marked_processes(const Fixture *f);
