/* SPDX-License-Identifier: Apache-2.0
 * count: which decisions of people count towards a threshold (facts.md section 4). */
#pragma once
#include "attest/decision.h"
#include "fact/roster.h"

typedef struct CountExpect { /* what a decision must say; borrowed */
    const char *log, *object, *environment;
    DecisionVerb verb;
    DecisionAction action;
    Digest manifest;
    bool has_request, has_policy;
    Digest request, policy;
    int64_t at_us; /* of the transition that names the decisions */
} CountExpect;

typedef struct CountPeople { /* who may decide: root keys, or people by a roster's rule; borrowed */
    const FactRoot *root;
    const FactRoster *roster;
    const RosterRule *rule; /* with roster; NULL: nobody */
    GHashTable *initiators; /* set of names, or NULL; used where the rule excludes them */
} CountPeople;

typedef struct FactCount { /* what became of the decisions offered */
    unsigned needed;
    unsigned counted;
    GPtrArray *people;     /* of char *: who counted */
    GPtrArray *statements; /* of char *: S of approvals that counted */
    GPtrArray *rejected;   /* of char *: "bob: the decision has expired" */
    char *who;             /* who may decide: "alice, bob" */
} FactCount;

/** An empty count with needed and who set. Returns: owned. */
FactCount *fact_count_new(const CountPeople *people);
void fact_count_free(FactCount *count);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FactCount, fact_count_free)
/** Judges one {decision, proof}. @s: the approval it came in, or NULL. */
void fact_count_add(FactCount *count, const CountPeople *people, const CountExpect *expect,
                    const json_t *pair, const char *s);
bool fact_count_is_met(const FactCount *count);
