/* SPDX-License-Identifier: Apache-2.0
 * pool_refresh: what the machines of a pool are reverted to is renewed: by hand, or by the schedule among the pool's settings
 * ("refresh-schedule", as in crontab). A machine that is being renewed is leased like one that runs a job. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "service/engine.h"
#include "sys/cancel.h"

/** Renews every machine of the pool, one after another; waits for those that are leased. @result_out: owned,
 * [{slot, snapshot or error, output}]. Errors: NOT_FOUND (no such pool), those of executor_refresh for the first that failed, after all
 * were tried, and of db. */
bool pool_refresh(Engine *engine, const char *pool, Cancel *cancel, json_t **result_out,
                  GError **error) MUST_CHECK;
/** Starts what is due on threads of their own, which end early with @cancel. Returns when to ask again, by the monotonic clock. */
int64_t pool_refresh_due(Engine *engine, Cancel *cancel);
/** Whether the settings' schedule can be read. Errors: INVALID. */
bool pool_refresh_check(const json_t *settings, GError **error) MUST_CHECK;
/** At the start: machines that were being renewed when the engine died are powered off and free again. */
void pool_reclaim_upkeep(Engine *engine);
