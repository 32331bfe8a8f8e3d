/* SPDX-License-Identifier: Apache-2.0
 * predicate: one row a type, one function that reads the frame. */
#include "attest/predicate.h"
#include <assert.h>
#include "attest/decision.h"
#include "attest/object_name.h"
#include "base/ulid.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

#define BIT(kind)  (1u << (kind))
#define ANY_OBJECT (~0u)
#define WHERE      "predicate"
#define TYPE(name) PREDICATE_PREFIX name ":v1"

typedef struct {
    const char *name; /* static */
    const char *type; /* static */
    unsigned objects; /* BIT of each ObjectKind it may be about */
} KindRow;

static const KindRow kinds[PREDICATE_N_KINDS] = {
    [PREDICATE_NONE] = { "none", "", 0 },
    [PREDICATE_ROOT] = { "root", TYPE("root"), BIT(OBJECT_ROOT) },
    [PREDICATE_ROSTER] = { "roster", TYPE("roster"), BIT(OBJECT_ROSTER) },
    [PREDICATE_CLAIM] = { "claim", TYPE("claim"), BIT(OBJECT_RELEASE) },
    [PREDICATE_SEAL] = { "seal", TYPE("seal"), BIT(OBJECT_RELEASE) },
    [PREDICATE_REQUEST] = { "request", TYPE("request"), BIT(OBJECT_RELEASE) | BIT(OBJECT_ENV) },
    [PREDICATE_APPROVAL] = { "approval", TYPE("approval"), ANY_OBJECT },
    [PREDICATE_PUBLISH_INTENT] = { "publish-intent", TYPE("publish-intent"), BIT(OBJECT_RELEASE) },
    [PREDICATE_PUBLICATION] = { "publication", TYPE("publication"),
                                BIT(OBJECT_RELEASE) | BIT(OBJECT_TARGET) },
    [PREDICATE_QUALIFICATION] = { "qualification", TYPE("qualification"), BIT(OBJECT_RELEASE) },
    [PREDICATE_REJECTION] = { "rejection", TYPE("rejection"),
                              BIT(OBJECT_RELEASE) | BIT(OBJECT_ENV) },
    [PREDICATE_PROMOTION] = { "promotion", TYPE("promotion"), BIT(OBJECT_ENV) },
    [PREDICATE_CHANNEL] = { "channel", TYPE("channel"), BIT(OBJECT_CHANNEL) },
    [PREDICATE_DEPLOYMENT] = { "deployment", TYPE("deployment"), BIT(OBJECT_ENV) },
    [PREDICATE_REVOCATION] = { "revocation", TYPE("revocation"), ANY_OBJECT },
};

const char *
predicate_type(PredicateKind kind)
{
    assert(kind > PREDICATE_NONE && kind < PREDICATE_N_KINDS);
    return kinds[kind].type;
}

const char *
predicate_kind_name(PredicateKind kind)
{
    assert(kind < PREDICATE_N_KINDS);
    return kinds[kind].name;
}

PredicateKind
predicate_kind_of(const char *type)
{
    for (PredicateKind kind = PREDICATE_NONE + 1; kind < PREDICATE_N_KINDS; kind++) {
        if (strcmp(kinds[kind].type, type) == 0)
            return kind;
    }
    return PREDICATE_NONE;
}

bool
predicate_type_is_ours(const char *type)
{
    return g_str_has_prefix(type, PREDICATE_PREFIX);
}

static json_t *
digest_or_null(bool has, const Digest *digest)
{
    return has ? json_digest(digest) : json_null();
}

json_t *
predicate_to_json(const Predicate *predicate)
{
    json_t *object = json_object();
    json_t *policy = json_null();

    if (predicate->has_policy) {
        policy = json_object();
        json_object_set_new(policy, "roster", json_digest(&predicate->policy_roster));
        json_object_set_new(policy, "file",
                            digest_or_null(predicate->has_policy_file, &predicate->policy_file));
    }
    json_object_set_new(object, "log", json_string(predicate->log));
    json_object_set_new(object, "object", json_string(predicate->object));
    json_object_set_new(object, "previous",
                        digest_or_null(predicate->has_previous, &predicate->previous));
    json_object_set_new(object, "command", json_string(predicate->command));
    json_object_set_new(object, "at", json_integer(predicate->at_us));
    json_object_set_new(object, "actor", json_string(predicate->actor));
    json_object_set_new(object, "policy", policy);
    json_object_set(object, "body", predicate->body);
    if (predicate->proofs != NULL)
        json_object_set(object, "proofs", predicate->proofs);
    return object;
}

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, WHERE ".%s", why);
    return false;
}

static bool
actor_is_valid(const char *actor)
{
    static const char person[] = "person:";

    return strcmp(actor, "engine") == 0 ||
           (g_str_has_prefix(actor, person) && object_part_is_valid(actor + strlen(person)));
}

static bool
read_names(Predicate *predicate, const json_t *object, GError **error)
{
    const char *log = json_need_string(object, "log", WHERE, error);
    const char *name = log != NULL ? json_need_string(object, "object", WHERE, error) : NULL;
    const char *command = name != NULL ? json_need_string(object, "command", WHERE, error) : NULL;
    const char *actor = command != NULL ? json_need_string(object, "actor", WHERE, error) : NULL;
    ObjectName parsed;

    if (actor == NULL)
        return false;
    if (!origin_is_valid(log))
        return invalid(error, "log is not an origin");
    if (!object_name_parse(name, &parsed, error))
        return false;
    if ((kinds[predicate->kind].objects & BIT(parsed.kind)) == 0)
        return invalid(error, "object is of a kind this type is not about");
    if (!ulid_is_valid(command))
        return invalid(error, "command is not a ULID");
    if (!actor_is_valid(actor))
        return invalid(error, "actor is neither 'engine' nor 'person:NAME'");
    predicate->log = g_strdup(log);
    predicate->object = g_strdup(name);
    predicate->command = g_strdup(command);
    predicate->actor = g_strdup(actor);
    return true;
}

static bool
read_policy(Predicate *predicate, const json_t *object, GError **error)
{
    static const char *const members[] = { "roster", "file", NULL };
    const json_t *policy = json_object_get(object, "policy");

    if (json_is_null(policy))
        return true;
    if (!json_is_object(policy))
        return invalid(error, "policy is neither an object nor null");
    predicate->has_policy = true;
    return json_only_keys(policy, members, WHERE ".policy", error) &&
           json_need_digest(policy, "roster", WHERE ".policy", &predicate->policy_roster, error) &&
           json_need_digest_or_null(policy, "file", WHERE ".policy", &predicate->has_policy_file,
                                    &predicate->policy_file, error);
}

static bool
read_proofs(Predicate *predicate, const json_t *object, GError **error)
{
    json_t *proofs = json_object_get(object, "proofs");

    if (proofs == NULL)
        return true;
    if (!json_is_array(proofs) || json_array_size(proofs) == 0 ||
        json_array_size(proofs) > PREDICATE_MAX_PROOFS)
        return invalid(error, "proofs is not an array of 1 to 256 proofs");
    for (size_t i = 0; i < json_array_size(proofs); i++) {
        g_autoptr(GBytes) bytes = NULL;
        g_autoptr(DecisionProof) proof = NULL;
        if (!decision_pair_from_json(json_array_get(proofs, i), &bytes, &proof, error))
            return false;
    }
    predicate->proofs = json_incref(proofs);
    return true;
}

Predicate *
predicate_parse(PredicateKind kind, const json_t *object, GError **error)
{
    static const char *const members[] = { "log",   "object", "previous", "command", "at",
                                           "actor", "policy", "body",     "proofs",  NULL };
    g_autoptr(Predicate) predicate = g_new0(Predicate, 1);
    json_t *body = NULL;

    assert(kind > PREDICATE_NONE && kind < PREDICATE_N_KINDS);
    predicate->kind = kind;
    if (!json_only_keys(object, members, WHERE, error) || !read_names(predicate, object, error) ||
        !json_need_digest_or_null(object, "previous", WHERE, &predicate->has_previous,
                                  &predicate->previous, error) ||
        !json_need_uint(object, "at", WHERE, &predicate->at_us, error) ||
        !read_policy(predicate, object, error) ||
        (body = json_need_object(object, "body", WHERE, error)) == NULL ||
        !read_proofs(predicate, object, error))
        return NULL;
    if (kind == PREDICATE_APPROVAL && predicate->has_previous) {
        (void)invalid(error, "previous must be null: an approval moves no head");
        return NULL;
    }
    predicate->body = json_incref(body);
    return g_steal_pointer(&predicate);
}

Statement *
predicate_statement(const Predicate *predicate)
{
    return statement_new(predicate_type(predicate->kind), predicate_to_json(predicate));
}

void
predicate_free(Predicate *predicate)
{
    if (predicate == NULL)
        return;
    g_free(predicate->log);
    g_free(predicate->object);
    g_free(predicate->command);
    g_free(predicate->actor);
    json_decref(predicate->body);
    json_decref(predicate->proofs);
    g_free(predicate);
}
