/* SPDX-License-Identifier: Apache-2.0
 * monitor_log: looking at a log over the network again and again (C2SP tlog-tiles): that it only
 * grew since the last look, and what in it was signed with keys of ours. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "base/error.h"
#include "sys/cancel.h"

typedef struct {        /* all borrowed */
    const char *url;    /* of the log: checkpoint, tile/… are below it */
    const char *vkey;   /* the log's verifier key */
    const char *state;  /* file of what was seen; made at the first look */
    const char *policy; /* tlog-policy text every checkpoint must meet; NULL: none */
    const Digest *mine; /* SHA-256 of SPKIs: entries signed with one of them are alarms */
    size_t n_mine;
} MonitorOptions;

typedef enum {
    MONITOR_QUIET,  /* it grew, or not */
    MONITOR_ENTRY,  /* an entry is signed with a key of ours */
    MONITOR_QUORUM, /* the checkpoint lacks its witnesses */
    MONITOR_FORK,   /* it is not the log that was seen before, or not the one its head says */
} MonitorVerdict;

/** Reads everything since the last look. What was seen is kept, durable, before this returns, but
 * not after a fork: then the old state stays as the proof.
 * @result_out: {origin, size, root, previous, read, alarms: [{kind: fork, quorum, entry; index,
 * leafHash, text}]}; set whenever the answer is a verdict. Errors: INVALID, UNAVAILABLE, LIMIT, IO.
 */
bool monitor_look(const MonitorOptions *options, Cancel *cancel, MonitorVerdict *verdict_out,
                  json_t **result_out, GError **error) MUST_CHECK;
