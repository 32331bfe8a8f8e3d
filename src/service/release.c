/* SPDX-License-Identifier: Apache-2.0
 * release: from a claimed name to a sealed manifest. */
#include "service/release.h"
#include <string.h>
#include "attest/leaf.h"
#include "attest/manifest.h"
#include "attest/object_name.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "fact/build.h"
#include "service/engine_view.h"
#include "service/release_priv.h"
#include "service/release_signatures.h"
#include "base/banned.h"

char *
release_name(const char *text, GError **error)
{
    g_autofree char *full =
        g_str_has_prefix(text, "release:") ? g_strdup(text) : g_strdup_printf("release:%s", text);
    ObjectName name;

    if (!object_name_parse(full, &name, error) || name.kind != OBJECT_RELEASE) {
        g_clear_error(error);
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "'%s' is not a release: expected 'PROJECT/STREAM@VERSION'", text);
        return NULL;
    }
    return g_steal_pointer(&full);
}

/* ---- claim
 * ---------------------------------------------------------------------------------------- */

typedef struct Claim {
    const char *tag;
    const char *commit;
} Claim;

static FactDecision *
decide_claim(FactView *view, const FactCommand *command, void *input, GError **error)
{
    static const char *const initiators[] = { "unresolved", NULL };
    const Claim *claim = input;

    return fact_decide_claim(view, command, claim->tag, claim->commit, initiators, error);
}

static FactDecision *
decide_retag(FactView *view, const FactCommand *command, void *input, GError **error)
{
    (void)input;
    return fact_decide_rejection(view, command, "retag", error);
}

bool
release_claim(Engine *engine, const char *object, const char *tag, const char *commit,
              GError **error)
{
    Claim claim = { .tag = tag, .commit = commit };
    LaneRequest request = {
        .role = SIGNER_ROLE_ENGINE, .object = object, .decide = decide_claim, .input = &claim
    };
    LaneAnswer answer = { 0 };
    g_auto(EngineView) view = { 0 };
    g_auto(FactRelease) release = { 0 };

    if (!engine_view_open(engine, &view, error) ||
        !fact_view_release(view.view, object, &release, error))
        return false;
    engine_view_clear(&view);
    if (release.state == RELEASE_NONE)
        return lane_submit(engine->lane, &request, &answer, error);
    if (release.state == RELEASE_DRAFT && g_strcmp0(release.tag, tag) == 0 &&
        strcmp(release.commit, commit) == 0)
        return true; /* a failed run keeps the claim for the same commit */
    if (release.state == RELEASE_DRAFT) {
        request.decide = decide_retag;
        if (!lane_submit(engine->lane, &request, &answer, error))
            return false;
        error_set(error, LANE_ERROR, LANE_ERROR_CONFLICT,
                  "'%s' was claimed for commit %.12s and now names %.12s: the name is dead, choose "
                  "a new version",
                  object, release.commit, commit);
        return false;
    }
    if (g_strcmp0(release.tag, tag) != 0 || g_strcmp0(release.commit, commit) != 0)
        log_event(LOG_ERROR, "alarm: the tag of a sealed release was moved", "SLIPWAY_RELEASE",
                  object, "SLIPWAY_SEALED_COMMIT", release.commit, "SLIPWAY_NEW_COMMIT", commit,
                  NULL);
    error_set(error, LANE_ERROR, LANE_ERROR_CONFLICT,
              "'%s' is %s already and its name is never used again: choose a new version", object,
              release_state_name(release.state));
    return false;
}

/* ---- the draft
 * ------------------------------------------------------------------------------------ */

void
draft_clear(Draft *draft)
{
    g_clear_pointer(&draft->notes, g_free);
    g_clear_pointer(&draft->required, g_strfreev);
    g_clear_pointer(&draft->targets, g_strfreev);
    g_clear_pointer(&draft->signatures, g_strfreev);
}

bool
draft_load(DbConn *conn, const char *object, Draft *out, GError **error)
{
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_DRAFT_BY_OBJECT, DB_PARAMS(DB_TEXT(object)), error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    if (!has_row) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "there is no draft of '%s': a passed run of its tag makes one", object);
        return false;
    }
    out->run.v = db_rows_int(rows, 1);
    out->notes = g_strdup(db_rows_text(rows, 2));
    out->required = g_strsplit(db_rows_text(rows, 3), " ", -1);
    out->targets = g_strsplit(db_rows_text(rows, 4), " ", -1);
    out->approvals = (unsigned)db_rows_int(rows, 6);
    out->signatures = g_strsplit(db_rows_text(rows, 7), " ", -1);
    return true;
}

static bool
add_assets(DbConn *conn, const char *object, Manifest *manifest, GError **error)
{
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_DRAFT_ASSET_LIST, DB_PARAMS(DB_TEXT(object)), error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    while (has_row) {
        const char *name = db_rows_text(rows, 0);
        g_autofree char *bundle = g_strdup_printf("%s.sigstore.json", name);
        Digest digest;

        if (!digest_from_string(db_rows_text(rows, 1), &digest, error))
            return false;
        manifest_add_asset(manifest, name, db_rows_int(rows, 2), &digest);
        manifest_add_derived(manifest, bundle, DERIVED_SIGSTORE_BUNDLE, name);
        if (!db_rows_next(rows, &has_row, error))
            return false;
    }
    return true;
}

/* What the draft would seal. Owned. */
static Manifest *
draft_manifest(Engine *engine, const char *object, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(Manifest) manifest = manifest_new();
    g_auto(Draft) draft = { 0 };

    if (reader == NULL || !draft_load(reader, object, &draft, error) ||
        !add_assets(reader, object, manifest, error))
        return NULL;
    for (size_t i = 0; draft.required[i] != NULL; i++) {
        if (draft.required[i][0] != '\0')
            manifest_add_evidence(manifest, draft.required[i], NULL);
    }
    manifest_add_derived(manifest, "SHA256SUMS", DERIVED_SHA256SUMS, NULL);
    manifest_add_derived(manifest, "release.json", DERIVED_INDEX, NULL);
    manifest_add_derived(manifest, "attestations.intoto.jsonl", DERIVED_INTOTO_JSONL, NULL);
    if (!release_signatures_add(engine, manifest, (const char *const *)draft.signatures, error))
        return NULL;
    manifest->has_notes = draft.notes != NULL;
    if (manifest->has_notes && !digest_from_string(draft.notes, &manifest->notes, error))
        return NULL;
    return g_steal_pointer(&manifest);
}

typedef struct NotesInput {
    const char *object;
    const char *digest;
} NotesInput;

static bool
write_notes(DbConn *conn, void *input, GError **error)
{
    const NotesInput *notes = input;

    if (!db_exec(conn, QUERY_DRAFT_SET_NOTES,
                 DB_PARAMS(DB_TEXT(notes->object), DB_TEXT(notes->digest)), error))
        return false;
    if (db_changes(conn) == 1)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no draft of '%s'", notes->object);
    return false;
}

bool
release_set_notes(Engine *engine, const char *object, const char *text, GError **error)
{
    Digest digest;
    char name[DIGEST_STRING_SIZE];
    NotesInput input = { .object = object, .digest = name };

    if (!store_put_bytes(engine->store, span_of_text(text), &digest, error))
        return false;
    digest_to_string(&digest, name);
    return db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_notes, &input, error);
}

/* ---- the seal
 * ------------------------------------------------------------------------------------- */

static FactDecision *
decide_seal(FactView *view, const FactCommand *command, void *input, GError **error)
{
    return fact_decide_seal(view, command, input, error);
}

json_t *
release_answer(const char *object, const char *what, const LaneAnswer *answer)
{
    json_t *result = json_object();

    json_object_set_new(result, "release", json_string(object + strlen("release:")));
    json_object_set_new(result, what, json_digest(&answer->statement));
    json_object_set_new(result, "index",
                        answer->repeated ? json_null() : json_integer(answer->index));
    json_object_set_new(result, "repeated", json_boolean(answer->repeated));
    return result;
}

/* The leaf of @s as it would be, but for the signature: null until it is made. Owned. */
static json_t *
unsigned_leaf(const Digest *s, Span spki)
{
    static const uint8_t stand_in[1] = { 0 };
    g_autoptr(GBytes) leaf = leaf_build(s, span_of(stand_in, sizeof stand_in), spki);
    json_t *json = json_parse(span_of_bytes(leaf), LIMIT_LEAF_BYTES, NULL);
    json_t *record = json_object_get(json_object_get(json, "spec"), "hashedRekordV002");

    json_object_set_new(json_object_get(record, "signature"), "content", json_null());
    return json;
}

/* Decides without signing or logging: manifest, statement, and the leaf as it would be but for the
 * signature, which exists only once it is made. */
bool
release_seal_dry(Engine *engine, const char *object, json_t **result_out, GError **error)
{
    g_autoptr(Manifest) manifest = draft_manifest(engine, object, error);
    g_auto(EngineView) view = { 0 };
    g_autoptr(GPtrArray) keys = manifest != NULL ? signer_public_keys(engine->signer, error) : NULL;
    g_autoptr(FactDecision) decision = NULL;
    char ulid[ULID_SIZE];
    FactCommand command = { .log = engine->origin,
                            .object = object,
                            .command = ulid,
                            .actor = "engine",
                            .clock_us = clock_now_us(engine->clock) };

    if (manifest == NULL || keys == NULL || !engine_view_open(engine, &view, error))
        return false;
    ulid_make(command.clock_us, ulid);
    for (guint i = 0; i < keys->len; i++) {
        const SignerPublicKey *key = keys->pdata[i];

        if (key->role == SIGNER_ROLE_ENGINE)
            command.spki = span_of_bytes(key->spki);
    }
    decision = fact_decide_seal(view.view, &command, manifest, error);
    if (decision == NULL)
        return false;
    if (decision->refusal != NULL) {
        fact_verdict_set_error(decision->refusal, error);
        return false;
    }
    {
        json_t *leaf = unsigned_leaf(&decision->fact->s, command.spki);
        json_t *result = json_object();

        json_object_set_new(result, "release", json_string(object + strlen("release:")));
        json_object_set_new(result, "dryRun", json_true());
        json_object_set_new(result, "manifest", json_string(decision->fact->s_text));
        json_object_set_new(
            result, "statement",
            json_parse(span_of_bytes(decision->fact->payload), LIMIT_STATEMENT_BYTES, NULL));
        json_object_set_new(result, "leaf", leaf);
        *result_out = result;
    }
    return true;
}

bool
release_seal(Engine *engine, const char *object, const ReleaseCommand *command, json_t **result_out,
             GError **error)
{
    g_autoptr(Manifest) manifest = draft_manifest(engine, object, error);
    LaneRequest request = { .role = SIGNER_ROLE_ENGINE,
                            .object = object,
                            .command = command->command,
                            .expect = command->expect,
                            .decide = decide_seal,
                            .input = manifest };
    LaneAnswer answer = { 0 };

    if (manifest == NULL)
        return false;
    if (!lane_submit(engine->lane, &request, &answer, error)) {
        error_prefix(error, "cannot seal '%s'", object + strlen("release:"));
        return false;
    }
    *result_out = release_answer(object, "manifest", &answer);
    json_object_set_new(*result_out, "assets", json_integer((json_int_t)manifest->assets->len));
    return true;
}
