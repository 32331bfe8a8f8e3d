/* SPDX-License-Identifier: Apache-2.0
 * tuf_propose: from a change to the metadata that people have to sign for it. */
#include <string.h>
#include "base/encoding.h"
#include "fact/root.h"
#include "service/engine_view.h"
#include "service/trust_root.h"
#include "service/tuf_repo_priv.h"
#include "base/banned.h"

#define DEFAULT_DAYS 365
#define MAX_DAYS     3650
#define DAY_US       (INT64_C(24) * 3600 * 1000000)

typedef struct Proposer { /* one proposal in the making; freed together */
    Engine *engine;
    const TufChange *change;
    int64_t expires_us;
    TufState state;
    json_t *documents; /* owned */
    json_t *wanted;    /* owned */
    json_t *names;     /* owned: {keyid: name} */
} Proposer;

static void
proposer_clear(Proposer *proposer)
{
    tuf_state_clear(&proposer->state);
    g_clear_pointer(&proposer->documents, json_decref);
    g_clear_pointer(&proposer->wanted, json_decref);
    g_clear_pointer(&proposer->names, json_decref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Proposer, proposer_clear)

static bool
refuse(GError **error, int code, const char *what)
{
    error_set(error, BASE_ERROR, code, "%s", what);
    return false;
}

/* ---- keys -------------------------------------------------------------------------------------- */

/* The key object of an SPKI goes into @keys, its name into the proposal. */
static bool
add_key(Proposer *proposer, json_t *keys, Span spki, const char *name, GError **error)
{
    g_autoptr(PublicKey) key = public_key_from_spki(spki, error);
    g_autoptr(json_t) object = key != NULL ? tuf_build_key(key, error) : NULL;
    g_autofree char *keyid = object != NULL ? tuf_keyid(object, error) : NULL;

    if (keyid == NULL)
        return false;
    json_array_append(keys, object);
    if (name != NULL)
        json_object_set_new(proposer->names, keyid, json_string(name));
    return true;
}

/* The root keys in force are the repository's root keys: those of them that can sign TUF metadata. */
static bool
root_signers(Proposer *proposer, json_t *keys, TufSigners *out, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_autoptr(FactRoot) root = NULL;

    if (!engine_view_open(proposer->engine, &view, error) ||
        !fact_view_root(view.view, &root, NULL, error))
        return false;
    if (root == NULL)
        return refuse(error, BASE_ERROR_NOT_FOUND,
                      "this log has no root yet: 'slipway init' did not finish");
    for (guint i = 0; i < root->root_keys->len; i++) {
        const PersonKey *key = root->root_keys->pdata[i];

        if (key->scheme == PROOF_NATIVE &&
            !add_key(proposer, keys, span_of_bytes(key->key), key->name, error))
            return false;
    }
    *out = (TufSigners){ .keys = keys, .threshold = root->threshold };
    return json_array_size(keys) >= root->threshold ||
           refuse(error, BASE_ERROR_UNAVAILABLE,
                  "TUF metadata cannot be signed with SSH keys, and without them the root keys in "
                  "force do not reach their threshold");
}

/* Timestamp and snapshot are the status key's. */
static bool
online_signers(Proposer *proposer, json_t *keys, TufSigners *out, GError **error)
{
    g_autoptr(GPtrArray) all = signer_public_keys(proposer->engine->signer, error);

    for (guint i = 0; all != NULL && i < all->len; i++) {
        const SignerPublicKey *key = all->pdata[i];

        if (key->role == SIGNER_ROLE_STATUS &&
            !add_key(proposer, keys, span_of_bytes(key->spki), "status", error))
            return false;
    }
    *out = (TufSigners){ .keys = keys, .threshold = 1 };
    return all != NULL && (json_array_size(keys) > 0 ||
                           refuse(error, BASE_ERROR_CORRUPT, "this engine has no status key"));
}

/* The keys the caller gave, in base64. */
static bool
given_signers(Proposer *proposer, json_t *keys, TufSigners *out, GError **error)
{
    const json_t *given = proposer->change->keys;

    for (size_t i = 0; i < json_array_size(given); i++) {
        const char *text = json_string_value(json_array_get(given, i));
        g_autoptr(GBytes) spki = base64_decode(text != NULL ? text : "", error);

        if (spki == NULL || !add_key(proposer, keys, span_of_bytes(spki), NULL, error))
            return false;
    }
    *out = (TufSigners){ .keys = keys, .threshold = MAX(proposer->change->threshold, 1) };
    return true;
}

/* ---- documents --------------------------------------------------------------------------------- */

static void
want(Proposer *proposer, const char *role, const json_t *keyids, int64_t threshold)
{
    json_array_append_new(proposer->wanted,
                          json_pack("{s:s, s:O, s:I}", "role", role, "keyids", (json_t *)keyids,
                                    "threshold", (json_int_t)threshold));
}

/* Asks for what the state says of @role. */
static void
want_as_delegated(Proposer *proposer, const TufState *state, const char *role)
{
    const json_t *keyids = NULL;
    int64_t threshold = 0;

    if (tuf_state_signers(state, role, &keyids, &threshold))
        want(proposer, role, keyids, threshold);
}

/* Asks for what the root @metadata says of @role. */
static void
want_of_root(Proposer *proposer, const json_t *metadata, const char *role)
{
    const json_t *row = json_object_get(json_object_get(metadata, "roles"), role);

    want(proposer, role, json_object_get(row, "keyids"),
         json_integer_value(json_object_get(row, "threshold")));
}

/* @metadata: shared. */
static void
add_document(Proposer *proposer, const char *role, json_t *metadata)
{
    json_array_append_new(proposer->documents, json_pack("{s:s, s:O, s:[]}", "role", role, "signed",
                                                         metadata, "signatures"));
}

/* The next version of a role's targets; owned. */
static json_t *
next_targets(Proposer *proposer, const char *role, GError **error)
{
    const json_t *now = json_object_get(proposer->state.roles, role);

    if (strcmp(role, "root") != 0 && now != NULL)
        return tuf_build_next(now, proposer->expires_us);
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "the repository has no targets role '%s'",
              role);
    return NULL;
}

static bool
put_text_target(Proposer *proposer, json_t *targets, const char *path, const char *text,
                GError **error)
{
    Digest digest;

    return store_put_bytes(proposer->engine->store, span_of_text(text), &digest, error) &&
           tuf_build_add_target(targets, path, strlen(text), &digest, error);
}

/* What Sigstore clients need to verify what we sign. */
static bool
put_trust_root(Proposer *proposer, json_t *targets, GError **error)
{
    g_auto(TrustRootFiles) files = { 0 };
    bool had = json_object_get(json_object_get(targets, "targets"), TRUST_ROOT_SIGNING_TARGET);

    if (!trust_root_make(proposer->engine, proposer->change->url, &files, error) ||
        !put_text_target(proposer, targets, TRUST_ROOT_TARGET, files.trusted_root, error))
        return false;
    return (had && proposer->change->url == NULL) ||
           put_text_target(proposer, targets, TRUST_ROOT_SIGNING_TARGET, files.signing_config,
                           error);
}

/* ---- the kinds of change ----------------------------------------------------------------------- */

/* Whether the targets role of @root has keys of its own rather than the root's. */
static bool
targets_stand_alone(const json_t *root)
{
    const json_t *roles = json_object_get(root, "roles");

    return !json_equal(json_object_get(roles, "root"), json_object_get(roles, TUF_TARGETS));
}

/* The signers of "targets": those given, those it had of its own, or the root keys. */
static bool
targets_signers(Proposer *proposer, json_t *keys, const TufSigners *root, TufSigners *out,
                GError **error)
{
    const json_t *before = tuf_state_root(&proposer->state);
    const json_t *row = json_object_get(json_object_get(before, "roles"), TUF_TARGETS);
    const json_t *keyids = json_object_get(row, "keyids");

    if (json_array_size(proposer->change->keys) > 0)
        return given_signers(proposer, keys, out, error);
    *out = *root;
    if (before == NULL || !targets_stand_alone(before))
        return true;
    for (size_t i = 0; i < json_array_size(keyids); i++)
        json_array_append(keys, json_object_get(json_object_get(before, "keys"),
                                                json_string_value(json_array_get(keyids, i))));
    *out = (TufSigners){ .keys = keys,
                         .threshold = json_integer_value(json_object_get(row, "threshold")) };
    return true;
}

static json_t *
make_root(Proposer *proposer, int64_t version, GError **error)
{
    g_autoptr(json_t) offline = json_array();
    g_autoptr(json_t) online = json_array();
    g_autoptr(json_t) others = json_array();
    TufSigners by_type[TUF_N_TYPES] = { 0 };

    if (!root_signers(proposer, offline, &by_type[TUF_TYPE_ROOT], error) ||
        !online_signers(proposer, online, &by_type[TUF_TYPE_TIMESTAMP], error) ||
        !targets_signers(proposer, others, &by_type[TUF_TYPE_ROOT], &by_type[TUF_TYPE_TARGETS],
                         error))
        return NULL;
    by_type[TUF_TYPE_SNAPSHOT] = by_type[TUF_TYPE_TIMESTAMP];
    return tuf_build_root(version, proposer->expires_us, by_type, error);
}

static bool
propose_init(Proposer *proposer, GError **error)
{
    g_autoptr(json_t) root = NULL;
    g_autoptr(json_t) targets = NULL;

    if (tuf_state_root(&proposer->state) != NULL)
        return refuse(error, BASE_ERROR_EXISTS, "this engine has a TUF repository already");
    root = make_root(proposer, 1, error);
    targets = tuf_build_targets(1, proposer->expires_us);
    if (root == NULL || !put_trust_root(proposer, targets, error))
        return false;
    add_document(proposer, "root", root);
    add_document(proposer, TUF_TARGETS, targets);
    want_of_root(proposer, root, "root");
    want_of_root(proposer, root, TUF_TARGETS);
    return true;
}

/* Old and new keys sign the root; where the keys of "targets" change, both sign new targets, too, so
 * that clients with either root accept them. */
static bool
propose_root(Proposer *proposer, GError **error)
{
    const json_t *before = tuf_state_root(&proposer->state);
    g_autoptr(json_t) root = make_root(proposer, tuf_version_of(before) + 1, error);
    g_autoptr(json_t) targets = root != NULL ? next_targets(proposer, TUF_TARGETS, error) : NULL;
    const json_t *old_row = json_object_get(json_object_get(before, "roles"), TUF_TARGETS);

    if (targets == NULL)
        return false;
    add_document(proposer, "root", root);
    want_of_root(proposer, before, "root");
    want_of_root(proposer, root, "root");
    if (json_equal(old_row, json_object_get(json_object_get(root, "roles"), TUF_TARGETS)))
        return true;
    if (!put_trust_root(proposer, targets, error))
        return false;
    add_document(proposer, TUF_TARGETS, targets);
    want_of_root(proposer, before, TUF_TARGETS);
    want_of_root(proposer, root, TUF_TARGETS);
    return true;
}

static bool
add_targets(Proposer *proposer, json_t *targets, GError **error)
{
    const TufChange *change = proposer->change;

    for (size_t i = 0; i < json_array_size(change->remove); i++) {
        const char *path = json_string_value(json_array_get(change->remove, i));

        if (!tuf_build_remove_target(targets, path != NULL ? path : "", error))
            return false;
    }
    for (size_t i = 0; i < json_array_size(change->add); i++) {
        const json_t *row = json_array_get(change->add, i);
        const char *path = json_need_string(row, "path", "target", error);
        int64_t size = 0;
        Digest digest;

        if (path == NULL || !json_need_uint(row, "size", "target", &size, error) ||
            !json_need_digest(row, "digest", "target", &digest, error) ||
            !tuf_build_add_target(targets, path, (uint64_t)size, &digest, error))
            return false;
    }
    return true;
}

static const char *
role_of(const Proposer *proposer)
{
    return proposer->change->role != NULL ? proposer->change->role : TUF_TARGETS;
}

static bool
propose_targets(Proposer *proposer, GError **error)
{
    const char *role = role_of(proposer);
    g_autoptr(json_t) targets = next_targets(proposer, role, error);

    if (targets == NULL || !add_targets(proposer, targets, error))
        return false;
    if (proposer->change->kind == TUF_CHANGE_RENEW && strcmp(role, TUF_TARGETS) == 0 &&
        !put_trust_root(proposer, targets, error))
        return false;
    add_document(proposer, role, targets);
    want_as_delegated(proposer, &proposer->state, role);
    return true;
}

/* The delegating role says whose it is; the new role's first version is signed by its own keys. */
static bool
propose_delegate(Proposer *proposer, GError **error)
{
    const TufChange *change = proposer->change;
    const char *name = change->name != NULL ? change->name : "";
    const char *delegator = tuf_state_delegator(&proposer->state, name);
    g_autoptr(json_t) keys = json_array();
    TufDelegation delegation = { .name = name,
                                 .paths = change->paths,
                                 .terminating = change->terminating };
    g_autoptr(json_t) above = next_targets(proposer, role_of(proposer), error);
    g_autoptr(json_t) below = NULL;
    const json_t *rows = NULL;

    if (above == NULL || !given_signers(proposer, keys, &delegation.signers, error))
        return false;
    if (delegator != NULL && strcmp(delegator, role_of(proposer)) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_EXISTS, "'%s' delegates to '%s' already", delegator,
                  name);
        return false;
    }
    if (!tuf_build_delegate(above, &delegation, error))
        return false;
    below = json_object_get(proposer->state.roles, name) != NULL
                ? next_targets(proposer, name, error)
                : tuf_build_targets(1, proposer->expires_us);
    add_document(proposer, role_of(proposer), above);
    add_document(proposer, name, below);
    want_as_delegated(proposer, &proposer->state, role_of(proposer));
    rows = json_object_get(json_object_get(above, "delegations"), "roles");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);

        if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
            want(proposer, name, json_object_get(row, "keyids"), delegation.signers.threshold);
    }
    return true;
}

static bool
propose(Proposer *proposer, GError **error)
{
    if (proposer->change->kind != TUF_CHANGE_INIT && !tuf_state_need(&proposer->state, error))
        return false;
    switch (proposer->change->kind) {
    case TUF_CHANGE_INIT:
        return propose_init(proposer, error);
    case TUF_CHANGE_ROOT:
        return propose_root(proposer, error);
    case TUF_CHANGE_TARGETS:
    case TUF_CHANGE_RENEW:
        return propose_targets(proposer, error);
    case TUF_CHANGE_DELEGATE:
        return propose_delegate(proposer, error);
    case TUF_CHANGE_NONE:
    case TUF_N_CHANGES:
        break;
    }
    return refuse(error, BASE_ERROR_INVALID,
                  "a change is one of init, root, targets, delegate, renew");
}

bool
tuf_repo_propose(Engine *engine, const TufChange *change, json_t **proposal_out, GError **error)
{
    int64_t days = change->days > 0 ? MIN(change->days, MAX_DAYS) : DEFAULT_DAYS;
    g_auto(Proposer) proposer = { .engine = engine,
                                  .change = change,
                                  .expires_us = clock_now_us(engine->clock) + days * DAY_US,
                                  .documents = json_array(),
                                  .wanted = json_array(),
                                  .names = json_object() };

    if (!tuf_state_load(engine, &proposer.state, error) || !propose(&proposer, error))
        return false;
    *proposal_out = json_pack("{s:i, s:s, s:O, s:O, s:O}", "slipwayTufProposal", 1, "origin",
                              engine->origin, "documents", proposer.documents, "wanted",
                              proposer.wanted, "names", proposer.names);
    return true;
}
