/* SPDX-License-Identifier: Apache-2.0
 * witness_client: the witnesses of our own logs: which they are, what each has cosigned, and asking
 * them (C2SP tlog-witness, tlog-policy).
 *
 * HOME/witness-policy         our witnesses and their quorum, tlog-policy text
 * HOME/logs/NAME.witnessed    JSON: the newest checkpoint that has its quorum, and how far each is
 *
 * With a quorum, what is served and shipped is the newest checkpoint that has it. */
#pragma once
#include <jansson.h>
#include "base/attributes.h"
#include "proof/merkle.h"
#include "proof/tlog_policy.h"
#include "service/engine.h"
#include "sys/wake.h"
#include "tlog/tlog.h"

typedef struct WitnessClient WitnessClient; /* of one engine */

/* ---- which they are ---- */

/** The policy's text; owned; NULL without error: none. Errors: IO. */
bool witness_policy_text(Engine *engine, char **text_out, GError **error) MUST_CHECK;
/** Replaces it. @text: tlog-policy; empty: none any more. Errors: those of tlog_policy_parse, IO. */
bool witness_policy_set(Engine *engine, const char *text, GError **error) MUST_CHECK;
/** Adds one to a policy of the plain form "K of all", which stays so (new: all). @url: where its
 * add-checkpoint is. Errors: INVALID (also: a policy of another form), EXISTS, IO. */
bool witness_policy_add(Engine *engine, const char *name, const char *vkey, const char *url,
                        GError **error) MUST_CHECK;
/** Removes one from such a policy. Errors: NOT_FOUND, INVALID, IO. */
bool witness_policy_remove(Engine *engine, const char *name, GError **error) MUST_CHECK;
/** @quorum: "all", "any", "none" or a number. Errors: INVALID, IO. */
bool witness_policy_quorum(Engine *engine, const char *quorum, GError **error) MUST_CHECK;

/* ---- what they say ---- */

/** Asks every witness for its word on @note, a checkpoint of @tlog, and adds what holds.
 * @log: the log's folder name. @cosigned_out: owned; set in any case but errors of ours: @note with
 * their lines. Blocks for the network. Errors: UNAVAILABLE (the quorum is not there), IO. */
bool witness_cosign(Engine *engine, const char *log, Tlog *tlog, GBytes *note,
                    GBytes **cosigned_out, GError **error) MUST_CHECK;
/** Whether what is served needs a quorum. Errors: those of tlog_policy_parse, IO. */
bool witness_wants_quorum(Engine *engine, bool *wants_out, GError **error) MUST_CHECK;
/** The newest checkpoint of @log that had the quorum. @note_out: owned; NULL: none yet. Errors:
 * INVALID, IO. */
bool witness_kept(Engine *engine, const char *log, GBytes **note_out, GError **error) MUST_CHECK;
/** [{name, vkey, url, size, at, problem}] of a log; at in seconds, null: never. Errors: IO. */
bool witness_status(Engine *engine, const char *log, json_t **result_out,
                    GError **error) MUST_CHECK;

/** For engine.c. Returns: owned; ended by witness_client_stop. */
WitnessClient *witness_client_new(Engine *engine);
/** Sent when a log has a new checkpoint; borrowed. */
Wake *witness_client_get_wake(Engine *engine);
/** Asks them behind each new checkpoint, from now to the engine's end. Errors: UNAVAILABLE. */
bool witness_client_start(Engine *engine, GError **error) MUST_CHECK;
/** For engine.c: ends its thread. */
void witness_client_stop(Engine *engine);
