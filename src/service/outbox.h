/* SPDX-License-Identifier: Apache-2.0
 * outbox: what the world is to be told about runs: commit statuses and notices, as rows written in
 * the transaction that changes the run, sent by a process of its own, at least once.
 *
 *   waiting ──► sent      the other side took it
 *      ├──────► dropped   a newer state of the same commit and context came before it was sent;
 *      │                  never the last word of a run
 *      └──────► failed    refused for good, or not taken within OUTBOX_GIVE_UP_US
 *
 * Rows of one lane (a commit and context, a channel) are sent one after the other, oldest first. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "db/db.h"
#include "service/engine.h"
#include "service/run_record.h"
#include "service/run_state.h"

#define OUTBOX_GIVE_UP_US (48ll * 3600 * 1000000)

/** In the caller's transaction that brings @run to @state: the status row and the notices that the
 * project's channels want. Saying the same again changes nothing. */
bool outbox_run_changed(DbConn *conn, RunId run, RunState state, const char *reason, int64_t now_us,
                        GError **error) MUST_CHECK;

/** Starts the thread that sends what waits; the sender process starts with the first row. Also the
 * thread that polls repositories, if any is to be polled. Errors: UNAVAILABLE. */
bool outbox_start(Engine *engine, GError **error) MUST_CHECK;
/** Ends both threads and the sender; what was not confirmed waits for the next start. */
void outbox_stop(Engine *engine);
/** After a commit: look again. From any thread; does nothing while nothing is started. */
void outbox_wake(Engine *engine);

/** Where people find this server ("https://ci.example.org"): the beginning of every target_url.
 * Kept in the database. Errors: INVALID and those of db. */
bool outbox_set_public_url(Engine *engine, const char *url, GError **error) MUST_CHECK;

/** The newest rows of @project (NULL: of all): [{id, effect, lane, state, attempts, …}]. Owned. */
json_t *outbox_list(Engine *engine, const char *project, int64_t limit, GError **error) MUST_CHECK;
/** Sends a failed or sent row once more. Errors: NOT_FOUND, CONFLICT (it waits already). */
bool outbox_retry(Engine *engine, int64_t id, GError **error) MUST_CHECK;
/** Numbers for metrics: {waiting, failed, oldestUs}. Owned. */
json_t *outbox_stats(Engine *engine, GError **error) MUST_CHECK;
