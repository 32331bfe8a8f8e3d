/* SPDX-License-Identifier: Apache-2.0
 * decision: the bytes a person signs, read and written. Proofs are in decision_proof.c. */
#include "attest/decision.h"
#include <assert.h>
#include "attest/dsse.h"
#include "attest/object_name.h"
#include "base/encoding.h"
#include "base/random.h"
#include "proof/checkpoint.h"
#include "base/banned.h"

#define WHERE "decision"

static const char *const verbs[DECISION_N_VERBS] = {
    [DECISION_VERB_NONE] = "",    [DECISION_APPROVE] = "approve",
    [DECISION_REJECT] = "reject", [DECISION_QUALIFY] = "qualify",
    [DECISION_REVOKE] = "revoke", [DECISION_WAIVE] = "waive",
    [DECISION_AMEND] = "amend",   [DECISION_BREAK_GLASS] = "break-glass",
};

static const char *const actions[DECISION_N_ACTIONS] = {
    [DECISION_ACTION_INVALID] = "",          [DECISION_ACTION_NONE] = "none",
    [DECISION_ACTION_PUBLISH] = "publish",   [DECISION_ACTION_PROMOTE] = "promote",
    [DECISION_ACTION_ROLLBACK] = "rollback",
};

const char *
decision_verb_name(DecisionVerb verb)
{
    assert(verb < DECISION_N_VERBS);
    return verbs[verb];
}

const char *
decision_action_name(DecisionAction action)
{
    assert(action < DECISION_N_ACTIONS);
    return actions[action];
}

DecisionVerb
decision_verb_from_name(const char *name)
{
    for (DecisionVerb verb = DECISION_VERB_NONE + 1; verb < DECISION_N_VERBS; verb++) {
        if (strcmp(verbs[verb], name) == 0)
            return verb;
    }
    return DECISION_VERB_NONE;
}

DecisionAction
decision_action_from_name(const char *name)
{
    for (DecisionAction a = DECISION_ACTION_INVALID + 1; a < DECISION_N_ACTIONS; a++) {
        if (strcmp(actions[a], name) == 0)
            return a;
    }
    return DECISION_ACTION_INVALID;
}

static json_t *
digest_or_null(bool has, const Digest *digest)
{
    return has ? json_digest(digest) : json_null();
}

static json_t *
decision_to_json(const Decision *decision)
{
    json_t *object = json_object();

    json_object_set_new(object, "log", json_string(decision->log));
    json_object_set_new(object, "object", json_string(decision->object));
    json_object_set_new(object, "verb", json_string(decision_verb_name(decision->verb)));
    json_object_set_new(object, "action", json_string(decision_action_name(decision->action)));
    json_object_set_new(object, "environment", json_string_or_null(decision->environment));
    json_object_set_new(object, "manifest", json_digest(&decision->manifest));
    json_object_set_new(object, "request",
                        digest_or_null(decision->has_request, &decision->request));
    json_object_set_new(object, "policy", digest_or_null(decision->has_policy, &decision->policy));
    json_object_set_new(object, "person", json_string(decision->person));
    json_object_set_new(object, "at", json_integer(decision->at_us));
    json_object_set_new(object, "expires", json_integer(decision->expires_us));
    json_object_set_new(object, "reasonDigest",
                        digest_or_null(decision->has_reason, &decision->reason));
    json_object_set_new(object, "nonce", json_string(decision->nonce));
    return object;
}

static bool
invalid(GError **error, const char *why)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, WHERE ".%s", why);
    return false;
}

/* The grammar of the members that have one of their own. */
static bool
check_members(const Decision *decision, GError **error)
{
    ObjectName name;

    if (!origin_is_valid(decision->log))
        return invalid(error, "log is not an origin");
    if (!object_name_parse(decision->object, &name, error))
        return false;
    if (decision->verb == DECISION_VERB_NONE)
        return invalid(error, "verb is not a verb");
    if (decision->action == DECISION_ACTION_INVALID)
        return invalid(error, "action is not an action");
    if (decision->environment != NULL && !object_part_is_valid(decision->environment))
        return invalid(error, "environment is not a name");
    if (!object_part_is_valid(decision->person))
        return invalid(error, "person is not a name");
    if (decision->at_us < 0 || decision->expires_us < decision->at_us)
        return invalid(error, "expires is before at");
    if (strlen(decision->nonce) != DECISION_NONCE_SIZE - 1 ||
        strspn(decision->nonce, "0123456789abcdef") != DECISION_NONCE_SIZE - 1)
        return invalid(error, "nonce is not 32 lower-case hex digits");
    return true;
}

GBytes *
decision_build(const Decision *decision, GError **error)
{
    size_t len = 0;

    if (!check_members(decision, error)) {
        error_prefix(error, "cannot write decision");
        return NULL;
    }
    g_autoptr(json_t) object = decision_to_json(decision);
    char *text = json_canonical(object, &len, error);
    return text != NULL ? g_bytes_new_take(text, len) : NULL;
}

static bool
read_texts(Decision *decision, const json_t *object, GError **error)
{
    const char *log, *name, *verb, *action, *environment, *person, *nonce;

    if ((log = json_need_string(object, "log", WHERE, error)) == NULL ||
        (name = json_need_string(object, "object", WHERE, error)) == NULL ||
        (verb = json_need_string(object, "verb", WHERE, error)) == NULL ||
        (action = json_need_string(object, "action", WHERE, error)) == NULL ||
        !json_need_string_or_null(object, "environment", WHERE, &environment, error) ||
        (person = json_need_string(object, "person", WHERE, error)) == NULL ||
        (nonce = json_need_string(object, "nonce", WHERE, error)) == NULL)
        return false;
    decision->log = g_strdup(log);
    decision->object = g_strdup(name);
    decision->verb = decision_verb_from_name(verb);
    decision->action = decision_action_from_name(action);
    decision->environment = g_strdup(environment);
    decision->person = g_strdup(person);
    return g_strlcpy(decision->nonce, nonce, sizeof decision->nonce) < sizeof decision->nonce ||
           invalid(error, "nonce is not 32 lower-case hex digits");
}

static bool
read_digests(Decision *decision, const json_t *object, GError **error)
{
    return json_need_digest(object, "manifest", WHERE, &decision->manifest, error) &&
           json_need_digest_or_null(object, "request", WHERE, &decision->has_request,
                                    &decision->request, error) &&
           json_need_digest_or_null(object, "policy", WHERE, &decision->has_policy,
                                    &decision->policy, error) &&
           json_need_digest_or_null(object, "reasonDigest", WHERE, &decision->has_reason,
                                    &decision->reason, error);
}

static Decision *
read_decision(Span bytes, const json_t *object, GError **error)
{
    static const char *const members[] = { "log",         "object",   "verb",    "action",
                                           "environment", "manifest", "request", "policy",
                                           "person",      "at",       "expires", "reasonDigest",
                                           "nonce",       NULL };
    g_autoptr(Decision) decision = g_new0(Decision, 1);

    if (!json_only_keys(object, members, WHERE, error) || !read_texts(decision, object, error) ||
        !read_digests(decision, object, error) ||
        !json_need_uint(object, "at", WHERE, &decision->at_us, error) ||
        !json_need_uint(object, "expires", WHERE, &decision->expires_us, error) ||
        !check_members(decision, error))
        return NULL;
    if (!json_is_canonical(bytes, object)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the bytes are not canonical JSON");
        return NULL;
    }
    return g_steal_pointer(&decision);
}

Decision *
decision_parse(Span bytes, GError **error)
{
    g_autoptr(json_t) object = json_parse(bytes, DECISION_MAX_BYTES, error);
    Decision *decision = object != NULL ? read_decision(bytes, object, error) : NULL;

    if (decision == NULL)
        error_prefix(error, "cannot read decision");
    return decision;
}

GBytes *
decision_pae(Span bytes)
{
    return dsse_pae(DSSE_TYPE_DECISION, bytes);
}

void
decision_make_nonce(char out[DECISION_NONCE_SIZE])
{
    uint8_t random[(DECISION_NONCE_SIZE - 1) / 2];

    random_fill(random, sizeof random);
    g_autofree char *hex = hex_encode(span_of(random, sizeof random));
    g_strlcpy(out, hex, DECISION_NONCE_SIZE);
}

void
decision_free(Decision *decision)
{
    if (decision == NULL)
        return;
    g_free(decision->log);
    g_free(decision->object);
    g_free(decision->environment);
    g_free(decision->person);
    g_free(decision);
}
