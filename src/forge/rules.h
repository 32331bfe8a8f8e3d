/* SPDX-License-Identifier: Apache-2.0
 * rules: what an event means for a project: a run, a run that waits for a maintainer, an end to what
 * is queued, or nothing. Pure. */
#pragma once
#include <stdbool.h>
#include "base/attributes.h"
#include "forge/event.h"

typedef enum {                       /* which proposals run */
               FORGE_PROPOSALS_NONE, /* none at all */
               FORGE_PROPOSALS_INSIDE, /* those from branches of the repository itself; no strangers */
               FORGE_PROPOSALS_HELD, /* and those from outside, once a maintainer has clicked */
} ForgeProposals;

typedef struct ForgeFilter {     /* all borrowed; an empty list lets everything through */
    const char *const *branches; /* globs over branch names; NULL-terminated or NULL. "!glob" takes
                                    away again; the last that matches decides */
    const char *const *tags;
    const char *const *paths;
    const char *repository; /* deliveries of another repository are ignored; NULL or "": any */
    ForgeProposals proposals;
    bool ignore_skip_marks; /* build even where the message says [skip ci] */
} ForgeFilter;

typedef enum {
    FORGE_VERDICT_NONE,
    FORGE_VERDICT_RUN,
    FORGE_VERDICT_HOLD,   /* a run that waits for a maintainer's click bound to this commit */
    FORGE_VERDICT_CANCEL, /* the ref is gone: end what is queued or runs for it */
    FORGE_VERDICT_IGNORE,
} ForgeVerdict;

/** @reason_out: owned, for people: why nothing runs, or what the run is for. */
ForgeVerdict forge_rules_decide(const ForgeFilter *filter, const ForgeEvent *event,
                                char **reason_out);
