/* SPDX-License-Identifier: Apache-2.0
 * roster: the body of a roster: people, their keys, and the rules that say what needs whose
 * decision.
 *
 *   {"people": [{"name", "keys": [{"scheme", "key"}], "logins": [{"forge", "login"}]}],
 *    "rules":  [{"objects": [glob], "environment": name or null, "verb", "action", "people":
 * [name], "threshold", "excludeInitiators", "schemes": [scheme] or null}], "builds": [{"objects":
 * [glob], "unisolated": bool}]}
 *
 * The first rule that matches object, environment, verb and action speaks; no rule = refused. Globs
 * know
 * '*' (any run of characters) only. */
#pragma once
#include "attest/decision.h"
#include "fact/root.h"

typedef struct RosterPerson {
    char *name;
    GPtrArray *keys;   /* of PersonKey */
    GPtrArray *logins; /* of char *: "forge:login" */
} RosterPerson;

typedef struct RosterRule {
    char **objects;    /* globs */
    char *environment; /* NULL: none */
    DecisionVerb verb;
    DecisionAction action;
    char **people;
    unsigned threshold; /* at least 1 */
    bool exclude_initiators;
    unsigned schemes; /* bits 1 << ProofScheme; 0: any */
} RosterRule;

typedef struct FactRoster {
    GPtrArray *people; /* of RosterPerson */
    GPtrArray *rules;  /* of RosterRule */
    GPtrArray *builds; /* of RosterBuild */
} FactRoster;

/** Parses the body of a roster. Errors: INVALID, naming the member. */
FactRoster *fact_roster_parse(const json_t *body, GError **error) MUST_CHECK;
void fact_roster_free(FactRoster *roster);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FactRoster, fact_roster_free)
/** The rule for a decision, or NULL. @environment: NULL for none. Borrowed. */
const RosterRule *fact_roster_rule(const FactRoster *roster, const char *object,
                                   const char *environment, DecisionVerb verb,
                                   DecisionAction action);
/** Whether builds without isolation may be sealed into @object. */
bool fact_roster_allows_unisolated(const FactRoster *roster, const char *object);
/** Borrowed, or NULL. */
const RosterPerson *fact_roster_find_person(const FactRoster *roster, const char *name);
/** The person with that forge login, or NULL. Borrowed. */
const RosterPerson *fact_roster_find_login(const FactRoster *roster, const char *forge,
                                           const char *login);
/** The key of @person with that id, or NULL. Borrowed. */
const PersonKey *fact_person_find_key(const RosterPerson *person, const Digest *keyid);
/** "alice, bob". Owned. */
char *fact_rule_dup_people(const RosterRule *rule);
/** Whether @text matches @glob ('*' only). */
bool fact_glob_match(const char *glob, const char *text);

/* Making a body. */
/** @keys: array of fact_person_key_json(NULL, …); @logins: array of {"forge","login"} or NULL.
 * Owned. */
json_t *fact_roster_person_json(const char *name, json_t *keys, json_t *logins);
/** @rule: borrowed strings. Owned. */
json_t *fact_roster_rule_json(const RosterRule *rule);
/** @builds: array of {"objects","unisolated"} or NULL. Borrowed arrays. Owned. */
json_t *fact_roster_body(json_t *people, json_t *rules, json_t *builds);
/** A roster for one project: every person in @people (array of fact_roster_person_json) may approve
 * publishing, reject, revoke and amend, @threshold at a time. Owned. */
json_t *fact_roster_simple_body(const char *project, json_t *people, unsigned threshold,
                                bool unisolated);
