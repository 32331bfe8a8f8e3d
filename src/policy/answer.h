/* SPDX-License-Identifier: Apache-2.0
 * answer: what stands between a release and its publication, said whole: every rule with what it
 * found, what is missing and who can supply it. The gate itself is fact/gate.h; this asks it and
 * explains. */
#pragma once
#include "fact/view.h"

typedef enum {
    POLICY_NONE,
    POLICY_MET,
    POLICY_MISSING, /* somebody can still supply it */
    POLICY_REFUSED, /* nothing can be supplied: another release or request is needed */
} PolicyState;

typedef struct PolicyFinding { /* one rule */
    PolicyState state;
    char *rule;          /* "approvals", "evidence", "request", "state", "file" */
    char *text;          /* what was found */
    char *missing;       /* or NULL */
    char *who;           /* or NULL */
    GPtrArray *evidence; /* S of what was counted */
} PolicyFinding;

typedef struct PolicyAnswer {
    GPtrArray *findings; /* of PolicyFinding */
} PolicyAnswer;

/**
 * Asks every rule of publishing @object at @at_us. @file_approvals: at least so many by the
 * pipeline file. Returns: owned. Errors: of the view; NOT_FOUND (no such release).
 */
PolicyAnswer *policy_ask_publish(FactView *view, const char *object, int64_t at_us,
                                 unsigned file_approvals, GError **error) MUST_CHECK;
void policy_answer_free(PolicyAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PolicyAnswer, policy_answer_free)
/** Whether every rule is met. */
bool policy_answer_is_met(const PolicyAnswer *answer);
/** "met"; static. */
const char *policy_state_name(PolicyState state);
/** {"met", "rules": [{rule, state, text, missing, who, evidence}]}. Owned. */
json_t *policy_answer_json(const PolicyAnswer *answer);
