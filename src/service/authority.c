/* SPDX-License-Identifier: Apache-2.0
 * authority: proposals, and applying them with their proofs. */
#include "service/authority.h"
#include <string.h>
#include "attest/decision.h"
#include "attest/object_name.h"
#include "base/json.h"
#include "fact/body.h"
#include "fact/build.h"
#include "service/engine_view.h"
#include "service/lane.h"
#include "service/release_priv.h"
#include "signer/files.h"
#include "base/banned.h"

#define PROPOSAL_LIFE_US (30ll * 24 * 3600 * 1000000) /* people need time to meet */

static FactCommand
command_for(const Engine *engine, const char *object)
{
    return (FactCommand){ .log = engine->origin,
                          .object = object,
                          .actor = "engine",
                          .clock_us = clock_now_us(engine->clock) };
}

/* One decision for each signer, of the same body. */
static json_t *
decisions_for(Engine *engine, FactKind kind, const char *object, json_t *body,
              const char *const *signers, GError **error)
{
    g_auto(EngineView) view = { 0 };
    FactCommand command = command_for(engine, object);
    g_autoptr(json_t) decisions = json_object();

    if (!engine_view_open(engine, &view, error))
        return NULL;
    for (size_t i = 0; signers[i] != NULL; i++) {
        g_autoptr(Decision) decision =
            fact_proof_template(view.view, kind, &command, body, signers[i], error);
        json_t *json = NULL;

        if (decision == NULL)
            return NULL;
        decision->expires_us = MAX(decision->expires_us, command.clock_us + PROPOSAL_LIFE_US);
        json = release_decision_json(decision, error);
        if (json == NULL)
            return NULL;
        json_object_set_new(decisions, signers[i], json);
    }
    return g_steal_pointer(&decisions);
}

static bool
propose(Engine *engine, FactKind kind, const char *object, json_t *body, const char *const *signers,
        json_t **proposal_out, GError **error)
{
    json_t *decisions = decisions_for(engine, kind, object, body, signers, error);
    g_auto(EngineView) view = { 0 };
    bool has_head = false;
    Digest head;

    if (decisions == NULL)
        return false;
    if (!engine_view_open(engine, &view, error) ||
        !fact_view_head(view.view, object, &has_head, &head, error)) {
        json_decref(decisions);
        return false;
    }
    *proposal_out = json_pack("{s:i, s:s, s:s, s:o, s:O, s:o}", "slipwayProposal", 1, "kind",
                              fact_kind_name(kind), "object", object, "head",
                              has_head ? json_digest(&head) : json_null(), "body", body,
                              "decisions", decisions);
    return true;
}

/* @next: a key that is to take the place of the one of its role; NULL: none. */
static json_t *
engine_keys(Engine *engine, const SignerPublicKey *next, GError **error)
{
    static const KeyRole roles[SIGNER_N_ROLES] = {
        [SIGNER_ROLE_ENGINE] = KEY_ROLE_ENGINE,
        [SIGNER_ROLE_BUILDER_SANDBOX] = KEY_ROLE_BUILDER,
        [SIGNER_ROLE_BUILDER_HOST] = KEY_ROLE_BUILDER,
        [SIGNER_ROLE_BUILDER_VM] = KEY_ROLE_BUILDER,
        [SIGNER_ROLE_BUILDER_COMMAND] = KEY_ROLE_BUILDER,
        [SIGNER_ROLE_STATUS] = KEY_ROLE_STATUS,
        [SIGNER_ROLE_TIMESTAMP] = KEY_ROLE_TIMESTAMP,
        [SIGNER_ROLE_FORMAT] = KEY_ROLE_FORMAT,
        [SIGNER_ROLE_LOG] = KEY_ROLE_LOG,
    };
    g_autoptr(GPtrArray) keys = signer_public_keys(engine->signer, error);
    json_t *array = NULL;

    if (keys == NULL)
        return NULL;
    array = json_array();
    for (guint i = 0; i < keys->len; i++) {
        const SignerPublicKey *key = keys->pdata[i];
        json_t *item = NULL;

        if (next != NULL && key->role == next->role)
            continue;
        item = fact_root_key_json(roles[key->role], span_of_bytes(key->spki), key->builder_id);
        if (key->certs != NULL)
            fact_root_key_set_certs(item, key->certs);
        json_array_append_new(array, item);
    }
    if (next != NULL)
        json_array_append_new(
            array, fact_root_key_json(roles[next->role], span_of_bytes(next->spki), NULL));
    return array;
}

static bool
load_root(Engine *engine, FactRoot **root_out, GError **error)
{
    g_auto(EngineView) view = { 0 };

    if (!engine_view_open(engine, &view, error) ||
        !fact_view_root(view.view, root_out, NULL, error))
        return false;
    if (*root_out == NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "this log has no root yet");
    return *root_out != NULL;
}

static char **
names_of(const json_t *root_keys, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    size_t i = 0;
    json_t *key = NULL;

    json_array_foreach (root_keys, i, key) {
        const char *name = json_need_string(key, "name", "root key", error);

        if (name == NULL)
            return NULL;
        g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&names), FALSE);
}

bool
authority_propose_root(Engine *engine, json_t *root_keys, unsigned threshold, json_t **proposal_out,
                       GError **error)
{
    g_autofree char *object = object_name_root(engine->origin, error);
    g_autoptr(json_t) keys = object != NULL ? engine_keys(engine, NULL, error) : NULL;
    g_auto(GStrv) names = keys != NULL ? names_of(root_keys, error) : NULL;
    g_autoptr(json_t) body = NULL;

    if (names == NULL)
        return false;
    body = fact_root_body(engine->origin, root_keys, threshold, keys);
    return propose(engine, FACT_ROOT, object, body, (const char *const *)names, proposal_out,
                   error);
}

/* The root keys in force as a body has them. Owned. */
static json_t *
root_keys_json(const FactRoot *root)
{
    json_t *array = json_array();

    for (guint i = 0; i < root->root_keys->len; i++) {
        const PersonKey *key = root->root_keys->pdata[i];

        json_array_append_new(
            array, fact_person_key_json(key->name, key->scheme, span_of_bytes(key->key)));
    }
    return array;
}

bool
authority_propose_format_key(Engine *engine, const char *from, json_t **proposal_out,
                             GError **error)
{
    g_autofree char *object = object_name_root(engine->origin, error);
    g_autoptr(FactRoot) root = NULL;
    g_autoptr(SignerPublicKey) next = NULL;
    g_autoptr(json_t) keys = NULL;
    g_autoptr(json_t) root_keys = NULL;
    g_auto(GStrv) names = NULL;
    g_autoptr(json_t) body = NULL;

    if (object == NULL || !load_root(engine, &root, error) ||
        !signer_prepare_format_key(engine->signer, from, error) ||
        !signer_find_next_key(engine->signer, &next, error))
        return false;
    keys = engine_keys(engine, next, error);
    root_keys = root_keys_json(root);
    names = keys != NULL ? names_of(root_keys, error) : NULL;
    if (names == NULL)
        return false;
    body = fact_root_body(engine->origin, root_keys, root->threshold, keys);
    return propose(engine, FACT_ROOT, object, body, (const char *const *)names, proposal_out,
                   error);
}

bool
authority_adopt_key(Engine *engine, GError **error)
{
    g_autoptr(SignerPublicKey) next = NULL;
    g_autoptr(FactRoot) root = NULL;
    const RootKey *named = NULL;

    if (!signer_find_next_key(engine->signer, &next, error))
        return false;
    if (next == NULL)
        return true;
    if (!load_root(engine, &root, error))
        return false;
    named = fact_root_find_key(root, &next->keyid);
    if (named == NULL || named->role != KEY_ROLE_FORMAT)
        return true; /* people have not signed yet */
    return signer_adopt_next_key(engine->signer, error);
}

bool
authority_propose_roster(Engine *engine, const char *project, json_t *body,
                         const char *const *signers, json_t **proposal_out, GError **error)
{
    g_autofree char *object = object_name_roster(project, error);
    g_autoptr(FactRoster) checked = object != NULL ? fact_roster_parse(body, error) : NULL;

    return checked != NULL &&
           propose(engine, FACT_ROSTER, object, body, signers, proposal_out, error);
}

bool
authority_propose_rejection(Engine *engine, const char *object, const char *reason,
                            const char *const *signers, json_t **proposal_out, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_autoptr(json_t) body = NULL;

    if (!engine_view_open(engine, &view, error))
        return false;
    body = fact_rejection_body(view.view, object, reason, error);
    engine_view_clear(&view);
    return body != NULL &&
           propose(engine, FACT_REJECTION, object, body, signers, proposal_out, error);
}

typedef struct Apply {
    FactKind kind;
    json_t *body;
} Apply;

static FactDecision *
decide_apply(FactView *view, const FactCommand *command, void *input, GError **error)
{
    const Apply *apply = input;

    if (apply->kind == FACT_REJECTION)
        return fact_decide_rejection(
            view, command, json_string_value(json_object_get(apply->body, "reason")), error);
    return fact_decide(view, apply->kind, command, apply->body, error);
}

/* The head that the proposal was made over; NULL before the first. Borrowed from @digest. */
static const Digest *
proposed_head(const json_t *proposal, Digest *digest)
{
    const char *head = json_string_value(json_object_get(proposal, "head"));

    return head != NULL && digest_from_string(head, digest, NULL) ? digest : NULL;
}

bool
authority_apply(Engine *engine, const json_t *proposal, json_t *proofs, const char *command,
                json_t **result_out, GError **error)
{
    Digest head;
    const char *kind = json_need_string(proposal, "kind", "proposal", error);
    const char *object =
        kind != NULL ? json_need_string(proposal, "object", "proposal", error) : NULL;
    json_t *body = object != NULL ? json_need_object(proposal, "body", "proposal", error) : NULL;
    Apply apply = { .kind = kind != NULL ? fact_kind_from_name(kind) : FACT_NONE, .body = body };
    LaneRequest request = { .role = SIGNER_ROLE_ENGINE,
                            .object = object,
                            .command = command,
                            .expect = proposed_head(proposal, &head),
                            .proofs = proofs,
                            .decide = decide_apply,
                            .input = &apply };
    LaneAnswer answer = { 0 };

    if (body == NULL)
        return false;
    if (apply.kind != FACT_ROOT && apply.kind != FACT_ROSTER && apply.kind != FACT_REJECTION) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "a proposal is for a root, a roster or a rejection, not for '%s'", kind);
        return false;
    }
    if (!lane_submit(engine->lane, &request, &answer, error)) {
        error_prefix(error, "cannot apply the proposal for '%s'", object);
        return false;
    }
    if (apply.kind == FACT_ROOT && !authority_adopt_key(engine, error)) {
        error_prefix(error, "the root is logged; its new key is put in use at the next start");
        return false;
    }
    *result_out = json_pack("{s:s, s:o, s:I}", "object", object, "statement",
                            json_digest(&answer.statement), "index", (json_int_t)answer.index);
    return true;
}

char **
authority_root_names(Engine *engine, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_autoptr(FactRoot) root = NULL;
    char **names = NULL;

    if (!engine_view_open(engine, &view, error) || !fact_view_root(view.view, &root, NULL, error))
        return NULL;
    names = g_new0(char *, (root != NULL ? root->root_keys->len : 0) + 1);
    for (guint i = 0; root != NULL && i < root->root_keys->len; i++)
        names[i] = g_strdup(((const PersonKey *)root->root_keys->pdata[i])->name);
    return names;
}

json_t *
authority_roster(Engine *engine, const char *project, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_autoptr(FactRoster) roster = NULL;
    g_autoptr(json_t) predicate = NULL;
    Digest s;

    if (!engine_view_open(engine, &view, error) ||
        !fact_view_roster(view.view, project, &roster, &s, error))
        return NULL;
    if (roster == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "project '%s' has no roster: 'slipway roster set'", project);
        return NULL;
    }
    if (!fact_view_predicate(view.view, &s, FACT_ROSTER, &predicate, NULL, error))
        return NULL;
    return json_incref(json_object_get(predicate, "body"));
}
