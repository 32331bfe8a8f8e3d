/* SPDX-License-Identifier: Apache-2.0
 * roster: bodies of rosters, read strictly and written. */
#include "fact/roster.h"
#include <string.h>
#include "attest/object_name.h"
#include "base/banned.h"

#define ROSTER_MAX_PEOPLE 10000
#define ROSTER_MAX_RULES  1000
#define ROSTER_MAX_ITEMS  1000 /* keys, logins or names in one list */

typedef struct RosterBuild {
    char **objects;
    bool unisolated;
} RosterBuild;

static bool
set_invalid(GError **error, const char *where, const char *what)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: %s", where, what);
    return false;
}

static bool
need_bool(const json_t *object, const char *key, const char *where, bool *out, GError **error)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_boolean(value)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: '%s' is not true or false", where,
                  key);
        return false;
    }
    *out = json_is_true(value);
    return true;
}

/* A list of strings as a NULL-terminated vector; at least one. */
static char **
need_strings(const json_t *object, const char *key, const char *where, GError **error)
{
    const json_t *array = json_need_array(object, key, where, error);

    if (array == NULL)
        return NULL;
    size_t n = json_array_size(array);
    bool good = n > 0 && n <= ROSTER_MAX_ITEMS;
    for (size_t i = 0; good && i < n; i++)
        good = json_is_string(json_array_get(array, i));
    if (!good) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "%s: '%s' is not a list of 1 to %d strings", where, key, ROSTER_MAX_ITEMS);
        return NULL;
    }
    char **strings = g_new0(char *, n + 1);
    for (size_t i = 0; i < n; i++)
        strings[i] = g_strdup(json_string_value(json_array_get(array, i)));
    return strings;
}

static void
free_person_key(void *data)
{
    fact_person_key_free(data);
}

static void
free_person(void *data)
{
    RosterPerson *person = data;

    g_free(person->name);
    g_clear_pointer(&person->keys, g_ptr_array_unref);
    g_clear_pointer(&person->logins, g_ptr_array_unref);
    g_free(person);
}

static void
free_rule(void *data)
{
    RosterRule *rule = data;

    g_strfreev(rule->objects);
    g_free(rule->environment);
    g_strfreev(rule->people);
    g_free(rule);
}

static void
free_build(void *data)
{
    RosterBuild *build = data;

    g_strfreev(build->objects);
    g_free(build);
}

void
fact_roster_free(FactRoster *roster)
{
    if (roster == NULL)
        return;
    g_clear_pointer(&roster->people, g_ptr_array_unref);
    g_clear_pointer(&roster->rules, g_ptr_array_unref);
    g_clear_pointer(&roster->builds, g_ptr_array_unref);
    g_free(roster);
}

static bool
parse_logins(RosterPerson *person, const json_t *array, GError **error)
{
    static const char *const members[] = { "forge", "login", NULL };
    size_t i = 0;
    json_t *item = NULL;

    json_array_foreach (array, i, item) {
        if (!json_is_object(item))
            return set_invalid(error, person->name, "a login is not an object");
        if (!json_only_keys(item, members, "login", error))
            return false;
        const char *forge = json_need_string(item, "forge", "login", error);
        if (forge == NULL)
            return false;
        const char *login = json_need_string(item, "login", "login", error);
        if (login == NULL)
            return false;
        g_ptr_array_add(person->logins, g_strconcat(forge, ":", login, NULL));
    }
    return true;
}

static bool
parse_person(FactRoster *roster, const json_t *object, GError **error)
{
    static const char *const members[] = { "name", "keys", "logins", NULL };
    size_t i = 0;
    json_t *item = NULL;

    if (!json_is_object(object))
        return set_invalid(error, "roster", "a person is not an object");
    if (!json_only_keys(object, members, "person", error))
        return false;
    const char *name = json_need_string(object, "name", "person", error);
    if (name == NULL)
        return false;
    if (!object_part_is_valid(name) || strcmp(name, "unresolved") == 0)
        return set_invalid(error, name, "not a name a person can have");
    if (fact_roster_find_person(roster, name) != NULL)
        return set_invalid(error, name, "listed twice");
    const json_t *keys = json_need_array(object, "keys", name, error);
    if (keys == NULL)
        return false;
    const json_t *logins = json_need_array(object, "logins", name, error);
    if (logins == NULL)
        return false;
    if (json_array_size(keys) > ROSTER_MAX_ITEMS || json_array_size(logins) > ROSTER_MAX_ITEMS)
        return set_invalid(error, name, "too many keys or logins");
    RosterPerson *person = g_new0(RosterPerson, 1);
    g_ptr_array_add(roster->people, person);
    person->name = g_strdup(name);
    person->keys = g_ptr_array_new_with_free_func(free_person_key);
    person->logins = g_ptr_array_new_with_free_func(g_free);
    json_array_foreach (keys, i, item) {
        PersonKey *key = fact_person_key_parse(item, false, name, error);
        if (key == NULL)
            return false;
        g_ptr_array_add(person->keys, key);
    }
    return parse_logins(person, logins, error);
}

static bool
parse_schemes(RosterRule *rule, const json_t *value, GError **error)
{
    size_t i = 0;
    json_t *item = NULL;

    if (json_is_null(value))
        return true;
    if (!json_is_array(value) || json_array_size(value) == 0)
        return set_invalid(error, "rule", "'schemes' is neither null nor a list");
    json_array_foreach (value, i, item) {
        ProofScheme scheme =
            json_is_string(item) ? proof_scheme_from_name(json_string_value(item)) : PROOF_NONE;
        if (scheme == PROOF_NONE)
            return set_invalid(error, "rule", "unknown scheme");
        rule->schemes |= 1u << scheme;
    }
    return true;
}

static bool
parse_rule_names(RosterRule *rule, const json_t *object, GError **error)
{
    const char *environment = NULL;

    if (!json_need_string_or_null(object, "environment", "rule", &environment, error))
        return false;
    rule->environment = g_strdup(environment);
    const char *verb = json_need_string(object, "verb", "rule", error);
    if (verb == NULL)
        return false;
    const char *action = json_need_string(object, "action", "rule", error);
    if (action == NULL)
        return false;
    rule->verb = decision_verb_from_name(verb);
    rule->action = decision_action_from_name(action);
    if (rule->verb == DECISION_VERB_NONE || rule->action == DECISION_ACTION_INVALID)
        return set_invalid(error, "rule", "unknown verb or action");
    return true;
}

static bool
parse_rule(FactRoster *roster, const json_t *object, GError **error)
{
    static const char *const members[] = {
        "objects",   "environment",       "verb",    "action", "people",
        "threshold", "excludeInitiators", "schemes", NULL
    };
    int64_t threshold = 0;

    if (!json_is_object(object))
        return set_invalid(error, "roster", "a rule is not an object");
    if (!json_only_keys(object, members, "rule", error))
        return false;
    RosterRule *rule = g_new0(RosterRule, 1);
    g_ptr_array_add(roster->rules, rule);
    rule->objects = need_strings(object, "objects", "rule", error);
    if (rule->objects == NULL || !parse_rule_names(rule, object, error))
        return false;
    rule->people = need_strings(object, "people", "rule", error);
    if (rule->people == NULL || !json_need_uint(object, "threshold", "rule", &threshold, error) ||
        !need_bool(object, "excludeInitiators", "rule", &rule->exclude_initiators, error))
        return false;
    if (threshold < 1 || threshold > (int64_t)g_strv_length(rule->people))
        return set_invalid(error, "rule",
                           "the threshold is not between 1 and the number of people");
    rule->threshold = (unsigned)threshold;
    for (char **name = rule->people; *name != NULL; name++) {
        if (fact_roster_find_person(roster, *name) == NULL)
            return set_invalid(error, *name, "named in a rule but not among the people");
    }
    return parse_schemes(rule, json_object_get(object, "schemes"), error);
}

static bool
parse_build(FactRoster *roster, const json_t *object, GError **error)
{
    static const char *const members[] = { "objects", "unisolated", NULL };

    if (!json_is_object(object))
        return set_invalid(error, "roster", "a build rule is not an object");
    if (!json_only_keys(object, members, "build rule", error))
        return false;
    RosterBuild *build = g_new0(RosterBuild, 1);
    g_ptr_array_add(roster->builds, build);
    build->objects = need_strings(object, "objects", "build rule", error);
    return build->objects != NULL &&
           need_bool(object, "unisolated", "build rule", &build->unisolated, error);
}

static bool
parse_list(FactRoster *roster, const json_t *body, const char *key, size_t max,
           bool (*parse)(FactRoster *, const json_t *, GError **), GError **error)
{
    size_t i = 0;
    json_t *item = NULL;
    json_t *array = json_need_array(body, key, "roster", error);

    if (array == NULL)
        return false;
    if (json_array_size(array) > max)
        return set_invalid(error, "roster", "a list is too long");
    json_array_foreach (array, i, item) {
        if (!parse(roster, item, error))
            return false;
    }
    return true;
}

/* One key, one person: or one person could be counted twice. */
static bool
check_keys_distinct(const FactRoster *roster, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(digest_hash, digest_hash_equal);

    for (unsigned i = 0; i < roster->people->len; i++) {
        const RosterPerson *person = g_ptr_array_index(roster->people, i);
        for (unsigned j = 0; j < person->keys->len; j++) {
            PersonKey *key = g_ptr_array_index(person->keys, j);
            if (!g_hash_table_add(seen, &key->key_id))
                return set_invalid(error, person->name, "has a key that is listed before");
        }
    }
    return true;
}

FactRoster *
fact_roster_parse(const json_t *body, GError **error)
{
    static const char *const members[] = { "people", "rules", "builds", NULL };
    g_autoptr(FactRoster) roster = g_new0(FactRoster, 1);

    roster->people = g_ptr_array_new_with_free_func(free_person);
    roster->rules = g_ptr_array_new_with_free_func(free_rule);
    roster->builds = g_ptr_array_new_with_free_func(free_build);
    if (!json_only_keys(body, members, "roster", error) ||
        !parse_list(roster, body, "people", ROSTER_MAX_PEOPLE, parse_person, error) ||
        !parse_list(roster, body, "rules", ROSTER_MAX_RULES, parse_rule, error) ||
        !parse_list(roster, body, "builds", ROSTER_MAX_RULES, parse_build, error) ||
        !check_keys_distinct(roster, error))
        return NULL;
    return g_steal_pointer(&roster);
}

bool
fact_glob_match(const char *glob, const char *text)
{
    const char *star = NULL;
    const char *retry = NULL;

    while (*text != '\0') {
        if (*glob == '*') {
            star = ++glob;
            retry = text;
        } else if (*glob == *text) {
            glob++;
            text++;
        } else if (star != NULL) {
            glob = star;
            text = ++retry;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}

static bool
any_match(char **globs, const char *text)
{
    for (; *globs != NULL; globs++) {
        if (fact_glob_match(*globs, text))
            return true;
    }
    return false;
}

const RosterRule *
fact_roster_rule(const FactRoster *roster, const char *object, const char *environment,
                 DecisionVerb verb, DecisionAction action)
{
    for (unsigned i = 0; i < roster->rules->len; i++) {
        const RosterRule *rule = g_ptr_array_index(roster->rules, i);
        if (rule->verb == verb && rule->action == action &&
            g_strcmp0(rule->environment, environment) == 0 && any_match(rule->objects, object))
            return rule;
    }
    return NULL;
}

bool
fact_roster_allows_unisolated(const FactRoster *roster, const char *object)
{
    for (unsigned i = 0; i < roster->builds->len; i++) {
        const RosterBuild *build = g_ptr_array_index(roster->builds, i);
        if (any_match(build->objects, object))
            return build->unisolated;
    }
    return false;
}

const RosterPerson *
fact_roster_find_person(const FactRoster *roster, const char *name)
{
    for (unsigned i = 0; i < roster->people->len; i++) {
        const RosterPerson *person = g_ptr_array_index(roster->people, i);
        if (strcmp(person->name, name) == 0)
            return person;
    }
    return NULL;
}

const RosterPerson *
fact_roster_find_login(const FactRoster *roster, const char *forge, const char *login)
{
    g_autofree char *wanted = g_strconcat(forge, ":", login, NULL);

    for (unsigned i = 0; i < roster->people->len; i++) {
        const RosterPerson *person = g_ptr_array_index(roster->people, i);
        for (unsigned j = 0; j < person->logins->len; j++) {
            if (strcmp(g_ptr_array_index(person->logins, j), wanted) == 0)
                return person;
        }
    }
    return NULL;
}

const PersonKey *
fact_person_find_key(const RosterPerson *person, const Digest *key_id)
{
    for (unsigned i = 0; i < person->keys->len; i++) {
        const PersonKey *key = g_ptr_array_index(person->keys, i);
        if (digest_equal(&key->key_id, key_id))
            return key;
    }
    return NULL;
}

char *
fact_rule_dup_people(const RosterRule *rule)
{
    return g_strjoinv(", ", rule->people);
}

static json_t *
strings_json(char *const *strings)
{
    json_t *array = json_array();

    for (; *strings != NULL; strings++)
        json_array_append_new(array, json_string(*strings));
    return array;
}

json_t *
fact_roster_person_json(const char *name, json_t *keys, json_t *logins)
{
    json_t *person = json_object();

    json_object_set_new(person, "name", json_string(name));
    json_object_set(person, "keys", keys);
    json_object_set_new(person, "logins", logins != NULL ? json_incref(logins) : json_array());
    return person;
}

static json_t *
schemes_json(unsigned schemes)
{
    if (schemes == 0)
        return json_null();
    json_t *array = json_array();
    for (unsigned i = 1; i < PROOF_N_SCHEMES; i++) {
        if ((schemes & 1u << i) != 0)
            json_array_append_new(array, json_string(proof_scheme_name((ProofScheme)i)));
    }
    return array;
}

json_t *
fact_roster_rule_json(const RosterRule *rule)
{
    json_t *object = json_object();

    json_object_set_new(object, "objects", strings_json(rule->objects));
    json_object_set_new(object, "environment", json_string_or_null(rule->environment));
    json_object_set_new(object, "verb", json_string(decision_verb_name(rule->verb)));
    json_object_set_new(object, "action", json_string(decision_action_name(rule->action)));
    json_object_set_new(object, "people", strings_json(rule->people));
    json_object_set_new(object, "threshold", json_integer(rule->threshold));
    json_object_set_new(object, "excludeInitiators", json_boolean(rule->exclude_initiators));
    json_object_set_new(object, "schemes", schemes_json(rule->schemes));
    return object;
}

json_t *
fact_roster_body(json_t *people, json_t *rules, json_t *builds)
{
    json_t *body = json_object();

    json_object_set(body, "people", people);
    json_object_set(body, "rules", rules);
    json_object_set_new(body, "builds", builds != NULL ? json_incref(builds) : json_array());
    return body;
}

json_t *
fact_roster_simple_body(const char *project, json_t *people, unsigned threshold, bool unisolated)
{
    static const struct {
        DecisionVerb verb;
        DecisionAction action;
    } verbs[] = { { DECISION_APPROVE, DECISION_ACTION_PUBLISH },
                  { DECISION_REJECT, DECISION_ACTION_NONE },
                  { DECISION_QUALIFY, DECISION_ACTION_NONE },
                  { DECISION_REVOKE, DECISION_ACTION_NONE },
                  { DECISION_AMEND, DECISION_ACTION_NONE } };
    g_autofree char *releases = g_strdup_printf("release:%s/*", project);
    g_autofree char *roster = g_strdup_printf("roster:%s", project);
    size_t n = json_array_size(people);
    g_autofree char **names = g_new0(char *, n + 1); /* borrowed strings */
    g_autoptr(json_t) rules = json_array();
    g_autoptr(json_t) builds = json_array();

    for (size_t i = 0; i < n; i++)
        names[i] = (char *)json_string_value(json_object_get(json_array_get(people, i), "name"));
    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
        char *objects[] = { releases, roster, NULL };
        RosterRule rule = { .objects = objects,
                            .verb = verbs[i].verb,
                            .action = verbs[i].action,
                            .people = names,
                            .threshold = threshold };
        json_array_append_new(rules, fact_roster_rule_json(&rule));
    }
    json_t *build = json_object();
    json_object_set_new(build, "objects", json_pack("[s]", releases));
    json_object_set_new(build, "unisolated", json_boolean(unisolated));
    json_array_append_new(builds, build);
    return fact_roster_body(people, rules, builds);
}
