/* SPDX-License-Identifier: Apache-2.0
 * body: strict readers of bodies. */
#include "fact/body.h"
#include <string.h>
#include "attest/object_name.h"
#include "base/banned.h"

#define BODY_MAX_ITEMS 100000

static const char *const outcome_names[PUBLICATION_N_OUTCOMES] = {
    [PUBLICATION_NONE] = "none",         [PUBLICATION_CONFIRMED] = "confirmed",
    [PUBLICATION_FAILED] = "failed",     [PUBLICATION_UNKNOWN] = "unknown",
    [PUBLICATION_CONFLICT] = "conflict",
};

static const char *const scope_names[REVOCATION_N_SCOPES] = {
    [REVOCATION_SCOPE_NONE] = "none", [REVOCATION_RELEASE] = "release",
    [REVOCATION_ASSET] = "asset",     [REVOCATION_KEY] = "key",
    [REVOCATION_BUILDER] = "builder", [REVOCATION_PERSON] = "person",
};

static const char *const revocation_reasons[] = { "compromise", "vulnerable", "defective",
                                                  "legal",      "superseded", NULL };
static const char *const fate_reasons[] = { "retag",     "compromise", "vulnerable",
                                            "defective", "legal",      "superseded",
                                            "withdrawn", "qualified",  NULL };

const char *
publication_outcome_name(PublicationOutcome outcome)
{
    return outcome_names[outcome];
}

PublicationOutcome
publication_outcome_from_name(const char *name)
{
    for (size_t i = 1; i < PUBLICATION_N_OUTCOMES; i++) {
        if (strcmp(outcome_names[i], name) == 0)
            return (PublicationOutcome)i;
    }
    return PUBLICATION_NONE;
}

static bool
set_invalid(GError **error, const char *where, const char *member)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s: '%s' is not what it must be", where,
              member);
    return false;
}

static bool
is_one_of(const char *text, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(*names, text) == 0)
            return true;
    }
    return false;
}

bool
fact_json_has(const json_t *array, const char *text)
{
    size_t i = 0;
    json_t *item = NULL;

    json_array_foreach (array, i, item) {
        if (json_is_string(item) && strcmp(json_string_value(item), text) == 0)
            return true;
    }
    return false;
}

typedef bool (*ItemCheck)(const char *text);

static bool
is_statement(const char *text)
{
    Digest digest = { 0 };
    g_autoptr(GError) local = NULL;

    return digest_from_string(text, &digest, &local);
}

static bool
is_initiator(const char *text)
{
    return strcmp(text, FACT_INITIATOR_UNRESOLVED) == 0 || object_part_is_valid(text);
}

/* A list of distinct strings that all pass @check. */
static const json_t *
need_list(const json_t *body, const char *key, const char *where, ItemCheck check, GError **error)
{
    size_t i = 0;
    json_t *item = NULL;
    const json_t *array = json_need_array(body, key, where, error);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

    if (array == NULL)
        return NULL;
    bool good = json_array_size(array) <= BODY_MAX_ITEMS;
    json_array_foreach (array, i, item) {
        good = good && json_is_string(item) && check(json_string_value(item)) &&
               g_hash_table_add(seen, (char *)json_string_value(item));
    }
    if (!good) {
        bool ignored = set_invalid(error, where, key);
        (void)ignored;
        return NULL;
    }
    return array;
}

static bool
is_hex_id(const char *text)
{
    size_t n = strspn(text, "0123456789abcdef");

    return text[n] == '\0' && (n == 40 || n == 64);
}

bool
fact_body_claim(const json_t *body, ClaimBody *out, GError **error)
{
    static const char *const members[] = { "tag", "commit", "initiators", NULL };
    ClaimBody claim = { 0 };

    if (!json_only_keys(body, members, "claim", error) ||
        !json_need_string_or_null(body, "tag", "claim", &claim.tag, error))
        return false;
    claim.commit = json_need_string(body, "commit", "claim", error);
    if (claim.commit == NULL)
        return false;
    claim.initiators = need_list(body, "initiators", "claim", is_initiator, error);
    if (claim.initiators == NULL)
        return false;
    if (!is_hex_id(claim.commit))
        return set_invalid(error, "claim", "commit");
    if (claim.tag != NULL && !is_hex_id(claim.tag))
        return set_invalid(error, "claim", "tag");
    *out = claim;
    return true;
}

static bool
request_names(const json_t *body, RequestBody *request, GError **error)
{
    const char *verb = json_need_string(body, "verb", "request", error);

    if (verb == NULL)
        return false;
    const char *action = json_need_string(body, "action", "request", error);
    if (action == NULL)
        return false;
    request->verb = decision_verb_from_name(verb);
    request->action = decision_action_from_name(action);
    if (request->verb == DECISION_VERB_NONE)
        return set_invalid(error, "request", "verb");
    if (request->action == DECISION_ACTION_INVALID)
        return set_invalid(error, "request", "action");
    return json_need_string_or_null(body, "environment", "request", &request->environment, error);
}

bool
fact_body_request(const json_t *body, RequestBody *out, GError **error)
{
    static const char *const members[] = { "manifest", "verb",    "action",     "environment",
                                           "targets",  "expires", "initiators", NULL };
    RequestBody request = { 0 };

    if (!json_only_keys(body, members, "request", error) ||
        !json_need_digest(body, "manifest", "request", &request.manifest, error) ||
        !request_names(body, &request, error) ||
        !json_need_uint(body, "expires", "request", &request.expires_us, error))
        return false;
    request.targets = need_list(body, "targets", "request", object_part_is_valid, error);
    if (request.targets == NULL)
        return false;
    request.initiators = need_list(body, "initiators", "request", is_initiator, error);
    if (request.initiators == NULL)
        return false;
    *out = request;
    return true;
}

bool
fact_body_intent(const json_t *body, IntentBody *out, GError **error)
{
    static const char *const members[] = { "manifest", "request", "approvals",
                                           "evidence", "targets", NULL };
    IntentBody intent = { 0 };

    if (!json_only_keys(body, members, "publish-intent", error) ||
        !json_need_digest(body, "manifest", "publish-intent", &intent.manifest, error) ||
        !json_need_digest(body, "request", "publish-intent", &intent.request, error))
        return false;
    intent.approvals = need_list(body, "approvals", "publish-intent", is_statement, error);
    if (intent.approvals == NULL)
        return false;
    intent.evidence = need_list(body, "evidence", "publish-intent", is_statement, error);
    if (intent.evidence == NULL)
        return false;
    intent.targets = need_list(body, "targets", "publish-intent", object_part_is_valid, error);
    if (intent.targets == NULL)
        return false;
    *out = intent;
    return true;
}

static bool
check_served(const json_t *digests, GError **error)
{
    static const char *const members[] = { "name", "digest", NULL };
    size_t i = 0;
    json_t *item = NULL;
    Digest digest = { 0 };

    json_array_foreach (digests, i, item) {
        if (!json_is_object(item))
            return set_invalid(error, "publication", "digests");
        if (!json_only_keys(item, members, "publication", error) ||
            json_need_string(item, "name", "publication", error) == NULL ||
            !json_need_digest(item, "digest", "publication", &digest, error))
            return false;
    }
    return true;
}

bool
fact_body_publication(const json_t *body, PublicationBody *out, GError **error)
{
    static const char *const members[] = { "manifest", "intent",  "target",
                                           "outcome",  "digests", NULL };
    PublicationBody publication = { 0 };

    if (!json_only_keys(body, members, "publication", error) ||
        !json_need_digest(body, "manifest", "publication", &publication.manifest, error) ||
        !json_need_digest(body, "intent", "publication", &publication.intent, error) ||
        !json_need_string_or_null(body, "target", "publication", &publication.target, error))
        return false;
    const char *outcome = json_need_string(body, "outcome", "publication", error);
    if (outcome == NULL)
        return false;
    publication.outcome = publication_outcome_from_name(outcome);
    if (publication.outcome == PUBLICATION_NONE)
        return set_invalid(error, "publication", "outcome");
    publication.digests = json_need_array(body, "digests", "publication", error);
    if (publication.digests == NULL || !check_served(publication.digests, error))
        return false;
    *out = publication;
    return true;
}

bool
fact_body_fate(const json_t *body, FateBody *out, GError **error)
{
    static const char *const members[] = { "manifest", "reason", "detailsDigest", NULL };
    FateBody fate = { 0 };
    bool has_details = false;
    Digest details = { 0 };

    if (!json_only_keys(body, members, "rejection", error) ||
        !json_need_digest_or_null(body, "manifest", "rejection", &fate.has_manifest, &fate.manifest,
                                  error) ||
        !json_need_digest_or_null(body, "detailsDigest", "rejection", &has_details, &details,
                                  error))
        return false;
    fate.reason = json_need_string(body, "reason", "rejection", error);
    if (fate.reason == NULL)
        return false;
    if (!is_one_of(fate.reason, fate_reasons))
        return set_invalid(error, "rejection", "reason");
    *out = fate;
    return true;
}

static bool
revocation_names(const json_t *body, RevocationBody *revocation, GError **error)
{
    const char *scope = json_need_string(body, "scope", "revocation", error);

    if (scope == NULL)
        return false;
    const char *effect = json_need_string(body, "effect", "revocation", error);
    if (effect == NULL)
        return false;
    const char *reason = json_need_string(body, "reason", "revocation", error);
    if (reason == NULL)
        return false;
    revocation->target = json_need_string(body, "target", "revocation", error);
    if (revocation->target == NULL)
        return false;
    for (size_t i = 1; i < REVOCATION_N_SCOPES; i++) {
        if (strcmp(scope_names[i], scope) == 0)
            revocation->scope = (RevocationScope)i;
    }
    revocation->effect = revoked_effect_from_name(effect);
    if (revocation->scope == REVOCATION_SCOPE_NONE)
        return set_invalid(error, "revocation", "scope");
    if (revocation->effect == REVOKED_NONE || revocation->effect == REVOKED_REJECTED)
        return set_invalid(error, "revocation", "effect");
    return is_one_of(reason, revocation_reasons) || set_invalid(error, "revocation", "reason");
}

bool
fact_body_revocation(const json_t *body, RevocationBody *out, GError **error)
{
    static const char *const members[] = { "scope",  "target",        "effect",      "fromIndex",
                                           "reason", "detailsDigest", "replacement", NULL };
    RevocationBody revocation = { 0 };
    bool has_details = false;
    Digest details = { 0 };
    const char *replacement = NULL;
    const json_t *from = json_object_get(body, "fromIndex");

    if (!json_only_keys(body, members, "revocation", error) ||
        !revocation_names(body, &revocation, error) ||
        !json_need_digest_or_null(body, "detailsDigest", "revocation", &has_details, &details,
                                  error) ||
        !json_need_string_or_null(body, "replacement", "revocation", &replacement, error))
        return false;
    if (!json_is_null(from)) {
        if (!json_need_uint(body, "fromIndex", "revocation", &revocation.from_index, error))
            return false;
        revocation.has_from_index = true;
    }
    *out = revocation;
    return true;
}
