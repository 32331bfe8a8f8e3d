/* SPDX-License-Identifier: Apache-2.0
 * run_retention: logs of old runs are removed; never one that is tied to a release. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "service/engine.h"

typedef struct RunRetention { /* what a pass did */
    int64_t n_logs;           /* removed; the rows of their jobs say when */
    int64_t n_folders;        /* live files that were left beside the kept logs */
} RunRetention;

/** Removes logs of runs that ended over @keep_us ago. A run that builds a release, has a draft or
 * left facts keeps its logs. Reports and artifacts stay. Blocks; may be run again at any time.
 * Errors: IO, those of db. */
bool run_retention_pass(Engine *engine, int64_t keep_us, RunRetention *out,
                        GError **error) MUST_CHECK;
