/* SPDX-License-Identifier: Apache-2.0
 * engine_thread: threads that belong to an engine for as long as their work takes: joined soon
 * after they end, at the latest when the engine closes. */
#pragma once
#include "service/engine_priv.h"

/** Runs @fn(@data) on a thread of its own. Errors: UNAVAILABLE; @data is the caller's then. */
bool engine_thread_start(Engine *engine, const char *name, void (*fn)(void *data), void *data,
                         GError **error) MUST_CHECK;
/** Waits until every one of them has ended. Not from such a thread. */
void engine_threads_join(Engine *engine);
