/* SPDX-License-Identifier: Apache-2.0
 * events: server-sent events of runs and their logs. One thread looks for all who listen, reads each
 * place of a log once and shares what it found; nobody listens: no thread. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "web/stream.h"

struct Engine;

#define EVENTS_MAX      2200 /* streams at once: a page that looks on has two */
#define EVENTS_LOOK_MS  200
#define EVENTS_MORE_MS  10    /* after a whole page of lines: there is more */
#define EVENTS_ALIVE_MS 15000 /* a comment, so that a reader who is gone is noticed */

typedef struct Events Events;

/** @engine: borrowed. Returns: owned. */
Events *events_new(struct Engine *engine);
/** Ends every stream. Accepts NULL. */
void events_free(Events *events);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Events, events_free)
/** Ends every stream and takes no more. */
void events_stop(Events *events);
unsigned events_count(Events *events);

/** A stream of `run` events, each the JSON of run.watch, until it has ended. @run:
 * "PROJECT/NUMBER". Returns: owned reference. Errors: NOT_FOUND, BUSY (too many). */
WebStream *events_watch_run(Events *events, const char *run, GError **error) MUST_CHECK;
/** A stream of `lines` events, each a page of run.log, its id the offset after it. */
WebStream *events_watch_log(Events *events, const char *run, int64_t position, uint64_t offset,
                            GError **error) MUST_CHECK;
