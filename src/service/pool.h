/* SPDX-License-Identifier: Apache-2.0
 * pool: machines that jobs lease, by name and by what they are. A lease is a row: whether a machine
 * is free is never asked of the machine. A lease of a run that has ended without giving it back is
 * stale: who takes it next has the machine reclaimed first. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "service/engine.h"
#include "service/run_record.h"
#include "sys/cancel.h"

#define POOL_MAX_SLOTS   1024
#define POOL_MAX_WAIT_US (3600ll * 1000000)

typedef struct PoolLease { /* ends with pool_lease_clear; giving it back is pool_give_back */
    char *pool;            /* owned; NULL: no lease */
    char *slot;            /* owned */
    json_t *settings;      /* owned: of the pool, for MachineSpec */
} PoolLease;
void pool_lease_clear(PoolLease *lease);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PoolLease, pool_lease_clear)

/** Leases a machine of @executor that has every one of @labels ({name: text}) for job @position of
 * @run; waits for one at most POOL_MAX_WAIT_US. The machine is off and clean when it returns.
 * Errors: NOT_FOUND (no pool has such machines), LIMIT (no capacity), CANCELLED, those of
 * executor_reclaim and db. */
bool pool_lease(Engine *engine, const char *executor, const json_t *labels, RunId run,
                int64_t position, Cancel *cancel, PoolLease *out, GError **error) MUST_CHECK;
/** Others may have it. Call it when the machine is released. Errors: those of db: the lease is
 * stale then. */
bool pool_give_back(Engine *engine, const PoolLease *lease, RunId run, GError **error) MUST_CHECK;
/** Reclaims the machines of every stale lease: after a crash. Failures are logged, and tried again
 * by whoever leases the machine next. */
void pool_reclaim_stale(Engine *engine);

/** Adds or replaces a pool. @settings, @labels: objects. Slots in use stay until they are given
 * back. Errors: INVALID, those of db. */
bool pool_set(Engine *engine, const char *name, const char *executor, const json_t *settings,
              const json_t *labels, const char *const *slots, GError **error) MUST_CHECK;
/** Errors: NOT_FOUND, CONFLICT (a slot is leased). */
bool pool_remove(Engine *engine, const char *name, GError **error) MUST_CHECK;
/** [{name, executor, labels, slots: [{name, state: free|leased|stale|upkeep, run, job, since}], nextRefresh,
 * lastRefresh, refreshed}]. Owned. */
json_t *pool_list(Engine *engine, GError **error) MUST_CHECK;
