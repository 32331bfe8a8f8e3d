/* SPDX-License-Identifier: Apache-2.0
 * census: how much of everything there is, for those who watch an engine. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "service/engine.h"

#define CENSUS_MAX_STATES 16

typedef struct Census {
    struct {
        char name[24];
        int64_t count;
    } states[CENSUS_MAX_STATES]; /* of runs */
    unsigned n_states;
    int64_t n_projects;
    uint64_t log_size;
    uint64_t n_commits, n_writes, n_failed, n_queued; /* of the database */
} Census;

/** Counts. Errors: those of db. */
bool census_take(Engine *engine, Census *out, GError **error) MUST_CHECK;
