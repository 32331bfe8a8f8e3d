/* SPDX-License-Identifier: Apache-2.0
 * state: the life of a release as an enum, a table and one function.
 *
 *   none --claim--> draft --seal--> sealed --publish_intent--> publishing --published--> published
 *                     |               |  ^                        |   |                      |
 *                     +---reject------+  +----publish_failed------+   +--reject--> rejected
 * +--revoke--> revoked
 *
 * draft: the name is claimed for one commit; a build may run. sealed: assets are fixed by digest,
 * the manifest digest exists. publishing: policy was met and logged; bytes may become visible.
 * published: every named target confirmed. rejected: the name is dead. revoked: verifiers refuse
 * it. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "base/error.h"

typedef enum {
    RELEASE_NONE, /* no such release; as a result: refused */
    RELEASE_DRAFT,
    RELEASE_SEALED,
    RELEASE_PUBLISHING,
    RELEASE_PUBLISHED,
    RELEASE_REJECTED,
    RELEASE_REVOKED,
    RELEASE_N_STATES
} ReleaseState;

typedef enum {
    RELEASE_EVENT_CLAIM,
    RELEASE_EVENT_SEAL,
    RELEASE_EVENT_REQUEST,
    RELEASE_EVENT_PUBLISH_INTENT,
    RELEASE_EVENT_PROGRESS, /* a target reported; not all are confirmed yet */
    RELEASE_EVENT_PUBLISHED,
    RELEASE_EVENT_PUBLISH_FAILED, /* the self-verification failed: sealed again */
    RELEASE_EVENT_REJECT,
    RELEASE_EVENT_REVOKE,
    RELEASE_EVENT_DEPRECATE, /* a revocation that only warns */
    RELEASE_N_EVENTS
} ReleaseEvent;

/** The state after @event; RELEASE_NONE = refused. */
ReleaseState release_state_next(ReleaseState state, ReleaseEvent event);
/** "publishing"; static. */
const char *release_state_name(ReleaseState state);
/** Errors: INVALID. */
bool release_state_from_string(const char *name, ReleaseState *out, GError **error) MUST_CHECK;
/** "publish-intent"; for messages; static. */
const char *release_event_name(ReleaseEvent event);
