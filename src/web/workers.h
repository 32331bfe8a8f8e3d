/* SPDX-License-Identifier: Apache-2.0
 * workers: a bounded number of threads for what blocks, started when there is work and ended when
 * there is none, so that an idle server has none. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/attributes.h"

#define WORKERS_IDLE_MS 3000 /* how long a thread without work stays */

typedef struct Workers Workers;
typedef void (*WorkersFn)(void *data, void *item);

/** @name: of the threads. @fn(@data, item) runs for each item pushed. Returns: owned. */
Workers *workers_new(const char *name, unsigned max_threads, unsigned max_waiting, WorkersFn fn,
                     void *data);
/** Hands @item on. False: full or stopped, the item stays the caller's. */
bool workers_push(Workers *workers, void *item) MUST_CHECK;
/** Takes no more, finishes what is there, ends every thread. Then free. */
void workers_stop(Workers *workers);
/** Accepts NULL. */
void workers_free(Workers *workers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Workers, workers_free)
/** Items that run or wait. */
unsigned workers_count(Workers *workers);
