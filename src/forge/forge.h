/* SPDX-License-Identifier: Apache-2.0
 * forge: which forges we speak to, and what they call the states of a run. Pure. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"

typedef enum {
    FORGE_NONE, /* refused */
    FORGE_GIT,  /* no forge: a post-receive hook or polling tells us, nobody wants statuses */
    FORGE_GITHUB,
    FORGE_GITEA, /* Forgejo too */
    FORGE_GITLAB,
    FORGE_N_TYPES
} ForgeType;

/** "github"; static. */
const char *forge_type_name(ForgeType type);
/** "forgejo" is FORGE_GITEA; FORGE_NONE for an unknown spelling. */
ForgeType forge_type_from_string(const char *name);
/** Where its API is when nobody said otherwise: "https://api.github.com"; NULL: must be said. */
const char *forge_default_api(ForgeType type);

typedef enum { /* what a commit status can say; every forge has fewer words than we have states */
               FORGE_STATE_NONE,
               FORGE_STATE_QUEUED,
               FORGE_STATE_RUNNING,
               FORGE_STATE_PASSED,
               FORGE_STATE_FAILED,
               FORGE_STATE_ERROR,
               FORGE_STATE_CANCELLED,
               FORGE_N_STATES
} ForgeState;

/** The forge's own word for @state: "pending", "success" …; static; NULL: it takes no statuses. */
const char *forge_state_word(ForgeType type, ForgeState state);
