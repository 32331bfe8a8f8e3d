/* SPDX-License-Identifier: Apache-2.0
 * state: the transition table of a release. */
#include "fact/state.h"
#include <string.h>
#include "base/banned.h"

/* clang-format off */
static const ReleaseState next_state[RELEASE_N_STATES][RELEASE_N_EVENTS] = { /* left out = RELEASE_NONE = refused */
    [RELEASE_NONE]       = { [RELEASE_EVENT_CLAIM] = RELEASE_DRAFT },
    [RELEASE_DRAFT]      = { [RELEASE_EVENT_SEAL] = RELEASE_SEALED,
                             [RELEASE_EVENT_REJECT] = RELEASE_REJECTED },
    [RELEASE_SEALED]     = { [RELEASE_EVENT_REQUEST] = RELEASE_SEALED,
                             [RELEASE_EVENT_PUBLISH_INTENT] = RELEASE_PUBLISHING,
                             [RELEASE_EVENT_REJECT] = RELEASE_REJECTED },
    [RELEASE_PUBLISHING] = { [RELEASE_EVENT_PROGRESS] = RELEASE_PUBLISHING,
                             [RELEASE_EVENT_PUBLISHED] = RELEASE_PUBLISHED,
                             [RELEASE_EVENT_PUBLISH_FAILED] = RELEASE_SEALED,
                             [RELEASE_EVENT_REJECT] = RELEASE_REJECTED },
    [RELEASE_PUBLISHED]  = { [RELEASE_EVENT_REVOKE] = RELEASE_REVOKED,
                             [RELEASE_EVENT_DEPRECATE] = RELEASE_PUBLISHED },
    [RELEASE_REJECTED]   = { 0 },
    [RELEASE_REVOKED]    = { [RELEASE_EVENT_REVOKE] = RELEASE_REVOKED },
};
/* clang-format on */

static const char *const state_names[RELEASE_N_STATES] = {
    [RELEASE_NONE] = "none",           [RELEASE_DRAFT] = "draft",
    [RELEASE_SEALED] = "sealed",       [RELEASE_PUBLISHING] = "publishing",
    [RELEASE_PUBLISHED] = "published", [RELEASE_REJECTED] = "rejected",
    [RELEASE_REVOKED] = "revoked",
};

static const char *const event_names[RELEASE_N_EVENTS] = {
    [RELEASE_EVENT_CLAIM] = "claim",
    [RELEASE_EVENT_SEAL] = "seal",
    [RELEASE_EVENT_REQUEST] = "request",
    [RELEASE_EVENT_PUBLISH_INTENT] = "publish-intent",
    [RELEASE_EVENT_PROGRESS] = "publication",
    [RELEASE_EVENT_PUBLISHED] = "publication",
    [RELEASE_EVENT_PUBLISH_FAILED] = "failed self-verification",
    [RELEASE_EVENT_REJECT] = "rejection",
    [RELEASE_EVENT_REVOKE] = "revocation",
    [RELEASE_EVENT_DEPRECATE] = "deprecation",
};

ReleaseState
release_state_next(ReleaseState state, ReleaseEvent event)
{
    return next_state[state][event];
}

const char *
release_state_name(ReleaseState state)
{
    return state_names[state];
}

bool
release_state_from_string(const char *name, ReleaseState *out, GError **error)
{
    for (size_t i = 0; i < RELEASE_N_STATES; i++) {
        if (strcmp(state_names[i], name) == 0) {
            *out = (ReleaseState)i;
            return true;
        }
    }
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "unknown release state '%s'", name);
    return false;
}

const char *
release_event_name(ReleaseEvent event)
{
    return event_names[event];
}
