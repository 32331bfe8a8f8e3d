/* SPDX-License-Identifier: Apache-2.0
 * queue_daily: what the queue's thread has done once a day, on a thread of its own. */
#pragma once
#include <stdint.h>
#include "service/engine.h"

typedef struct QueueDaily {
    int64_t keep_logs_us; /* 0: for ever */
    int64_t next_us;      /* monotonic; 0: at once */
} QueueDaily;

/** Starts the day's thread when it is time. Returns when to ask again, by the monotonic clock. */
int64_t queue_daily(Engine *engine, QueueDaily *daily);
