/* SPDX-License-Identifier: Apache-2.0
 * run_view: a run on a terminal or in a plain log. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "cli/command.h"

#define RUN_VIEW_LAST_LINES 12 /* of a failed job */

/** Watches until the run has ended; *@state is replaced by its last state. On a terminal one line a
 * job is redrawn; else a line for each change. The first INT or TERM cancels the run and the
 * watching goes on. */
bool run_view_follow(CommandContext *context, json_t **state, GError **error) MUST_CHECK;
/** How it ended: the failing step's last lines, artifacts, and what to do next. @shown: of
 * run.show. */
void run_view_end(CommandContext *context, const json_t *shown);
typedef struct RunViewLog { /* which lines of a job's log */
    const char *run;        /* borrowed */
    int64_t position;
    int64_t attempt; /* 0: the last */
    int64_t step;    /* from 1; 0: all */
    bool follow;     /* go on while it grows */
    bool raw;        /* what the job wrote and nothing else */
} RunViewLog;
/** Prints a job's log. Errors: those of run.log. */
bool run_view_log(CommandContext *context, const RunViewLog *log, GError **error) MUST_CHECK;
