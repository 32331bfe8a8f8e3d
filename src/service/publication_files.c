/* SPDX-License-Identifier: Apache-2.0
 * publication_files: generating, keeping and opening what a release ships. */
#include "service/publication_files.h"
#include <string.h>
#include <unistd.h>
#include "attest/bundle.h"
#include "attest/dsse.h"
#include "attest/facts_line.h"
#include "attest/leaf.h"
#include "attest/manifest.h"
#include "attest/statement.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "format/derived.h"
#include "proof/note.h"
#include "service/engine_view.h"
#include "service/release_facts.h"
#include "service/release_signatures.h"
#include "service/status.h"
#include "service/timestamp.h"
#include "base/banned.h"

typedef struct ShippedFact {
    int64_t index;
    char *s;      /* owned */
    GBytes *leaf; /* owned */
    GBytes *pae;  /* owned */
    TlogProof proof;
    bool is_evidence;
} ShippedFact;

typedef struct Maker { /* one making of the files; freed together */
    Engine *engine;
    const char *object;
    EngineView view;
    StatusFiles status; /* checkpoint and status.json of one moment */
    Manifest *manifest; /* owned */
    Digest seal;
    int64_t intent_at_us;
    GPtrArray *facts;  /* owned, of ShippedFact, rising */
    StoreBatch *batch; /* owned */
    json_t *items;     /* owned: [{path, digest, size}] */
} Maker;

static void
shipped_fact_free(void *data)
{
    ShippedFact *fact = data;

    g_free(fact->s);
    g_clear_pointer(&fact->leaf, g_bytes_unref);
    g_clear_pointer(&fact->pae, g_bytes_unref);
    g_free(fact);
}

static void
maker_clear(Maker *maker)
{
    engine_view_clear(&maker->view);
    status_files_clear(&maker->status);
    g_clear_pointer(&maker->manifest, manifest_free);
    g_clear_pointer(&maker->facts, g_ptr_array_unref);
    g_clear_pointer(&maker->batch, store_batch_free);
    g_clear_pointer(&maker->items, json_decref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Maker, maker_clear)

/* ---- adding
 * --------------------------------------------------------------------------------------- */

static void
add_item(Maker *maker, const char *path, const Digest *digest, int64_t size_bytes)
{
    json_t *item = json_object();

    json_object_set_new(item, "path", json_string(path));
    json_object_set_new(item, "digest", json_digest(digest));
    json_object_set_new(item, "size", json_integer(size_bytes));
    json_array_append_new(maker->items, item);
}

static bool
add_text(Maker *maker, const char *path, Span text, GError **error)
{
    Digest digest;

    if (!store_batch_put_bytes(maker->batch, text, &digest, error))
        return false;
    add_item(maker, path, &digest, (int64_t)text.len);
    return true;
}

/* ---- the facts
 * ------------------------------------------------------------------------------------ */

static bool
load_fact(Maker *maker, int64_t index, GError **error)
{
    ShippedFact *fact = g_new0(ShippedFact, 1);
    g_autoptr(FactRow) row = NULL;
    Digest s;

    g_ptr_array_add(maker->facts, fact);
    fact->index = index;
    fact->pae = release_fact_pae(maker->engine, index, &fact->leaf, error);
    if (fact->pae == NULL || !tlog_prove_inclusion(maker->engine->tlog, (uint64_t)index,
                                                   maker->status.head.size, &fact->proof, error))
        return false;
    s = fact_name(span_of_bytes(fact->pae));
    fact->s = digest_dup_string(&s);
    if (!fact_view_find_text(maker->view.view, FACT_TABLE_STATEMENT, fact->s, &row, error))
        return false;
    fact->is_evidence =
        row != NULL &&
        fact_kind_from_name(fact_row_text(row, FACT_STATEMENT_KIND)) == FACT_EVIDENCE;
    return true;
}

static bool
load_facts(Maker *maker, GError **error)
{
    g_autoptr(GArray) indexes =
        release_facts_for_publication(maker->view.view, maker->object, error);

    if (indexes == NULL)
        return false;
    maker->facts = g_ptr_array_new_with_free_func(shipped_fact_free);
    for (guint i = 0; i < indexes->len; i++) {
        if (!load_fact(maker, g_array_index(indexes, int64_t, i), error))
            return false;
    }
    return true;
}

static bool
load_manifest(Maker *maker, GError **error)
{
    g_auto(FactRelease) release = { 0 };
    g_autoptr(json_t) predicate = NULL;

    if (!fact_view_release(maker->view.view, maker->object, &release, error) ||
        !fact_view_predicate(maker->view.view, &release.seal, FACT_SEAL, &predicate, NULL, error))
        return false;
    maker->seal = release.seal;
    maker->manifest = manifest_parse(json_object_get(predicate, "body"), error);
    return maker->manifest != NULL;
}

static bool
load_intent(Maker *maker, const char *intent, GError **error)
{
    g_autoptr(json_t) predicate = NULL;
    Digest s;

    if (!digest_from_string(intent, &s, error) ||
        !fact_view_predicate(maker->view.view, &s, FACT_PUBLISH_INTENT, &predicate, NULL, error))
        return false;
    maker->intent_at_us = json_integer_value(json_object_get(predicate, "at"));
    return true;
}

static bool
add_facts_file(Maker *maker, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < maker->facts->len; i++) {
        const ShippedFact *fact = maker->facts->pdata[i];
        g_autofree char *line = facts_line_build(
            fact->index, span_of_bytes(fact->leaf), span_of_bytes(fact->pae),
            (MerkleProof){ .hashes = fact->proof.hashes, .n_hashes = fact->proof.n });

        g_string_append(text, line);
    }
    return add_text(maker, ".slipway/facts.jsonl", span_of(text->str, text->len), error) &&
           add_text(maker, ".slipway/checkpoint", span_of_bytes(maker->status.checkpoint), error) &&
           add_text(maker, ".slipway/status.json", span_of_bytes(maker->status.status), error);
}

/* ---- derived files
 * --------------------------------------------------------------------------------- */

/* The first shipped evidence of type provenance about the asset; any evidence about it otherwise.
 */
static const ShippedFact *
find_evidence(const Maker *maker, const ManifestAsset *asset)
{
    const ShippedFact *other = NULL;

    for (guint i = 0; i < maker->facts->len; i++) {
        const ShippedFact *fact = maker->facts->pdata[i];
        g_autoptr(Statement) statement = NULL;
        Span type = { 0 };
        Span payload = { 0 };

        if (!fact->is_evidence || !dsse_pae_split(span_of_bytes(fact->pae), &type, &payload, NULL))
            continue;
        statement = statement_parse(payload, NULL);
        if (statement == NULL || statement_find_sha256(statement, &asset->digest) == NULL)
            continue;
        if (strcmp(statement->predicate_type, PREDICATE_TYPE_PROVENANCE) == 0)
            return fact;
        other = fact;
    }
    return other;
}

static bool
log_identity(const Maker *maker, Digest *log_id_out, GError **error)
{
    g_autoptr(GPtrArray) keys = signer_public_keys(maker->engine->signer, error);

    for (guint i = 0; keys != NULL && i < keys->len; i++) {
        const SignerPublicKey *key = keys->pdata[i];

        if (key->role == SIGNER_ROLE_LOG) {
            g_autoptr(PublicKey) public_key = public_key_from_spki(span_of_bytes(key->spki), error);

            if (public_key == NULL)
                return false;
            *log_id_out = note_log_id(maker->engine->origin, public_key);
            return true;
        }
    }
    if (keys != NULL)
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "this engine has no log key");
    return false;
}

static bool
add_bundle(Maker *maker, const ManifestDerived *derived, GError **error)
{
    const ManifestAsset *asset = manifest_find_asset(maker->manifest, derived->of);
    const ShippedFact *fact = asset != NULL ? find_evidence(maker, asset) : NULL;
    g_autofree char *text = NULL;
    g_autoptr(GBytes) stamp = NULL;
    BundleParts parts = { 0 };
    Span stamped = { 0 };

    if (fact == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "no evidence about asset '%s' for its bundle", derived->of);
        return false;
    }
    parts = (BundleParts){
        .pae = span_of_bytes(fact->pae),
        .leaf = span_of_bytes(fact->leaf),
        .index = (uint64_t)fact->index,
        .head = { .size = maker->status.head.size, .root = maker->status.head.root },
        .proof = { .hashes = fact->proof.hashes, .n_hashes = fact->proof.n },
        .checkpoint = span_of_bytes(maker->status.checkpoint),
    };
    if (!log_identity(maker, &parts.log_id, error) ||
        !timestamp_of_leaf(maker->engine, parts.leaf, &stamp, error))
        return false;
    stamped = stamp != NULL ? span_of_bytes(stamp) : stamped;
    parts.timestamps = &stamped;
    parts.n_timestamps = stamp != NULL;
    text = bundle_build(&parts, error);
    return text != NULL && add_text(maker, derived->name, span_of_text(text), error);
}

/* One DSSE envelope a line, over all shipped evidence, by index. */
static bool
add_intoto(Maker *maker, const ManifestDerived *derived, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < maker->facts->len; i++) {
        const ShippedFact *fact = maker->facts->pdata[i];
        g_autoptr(Leaf) leaf = NULL;
        g_autoptr(PublicKey) key = NULL;
        g_autoptr(DsseEnvelope) envelope = NULL;
        g_autofree char *line = NULL;
        Span type = { 0 };
        Span payload = { 0 };

        if (!fact->is_evidence)
            continue;
        leaf = leaf_parse(span_of_bytes(fact->leaf), error);
        key = leaf != NULL ? public_key_from_spki(span_of_bytes(leaf->spki), error) : NULL;
        if (key == NULL || !dsse_pae_split(span_of_bytes(fact->pae), &type, &payload, error))
            return false;
        envelope = dsse_new(DSSE_TYPE_INTOTO, payload, key, span_of_bytes(leaf->signature));
        line = dsse_format(envelope);
        g_string_append_printf(text, "%s\n", line);
    }
    return add_text(maker, derived->name, span_of(text->str, text->len), error);
}

/* A signature in another format. It says when the intent was logged, so that making it again makes
 * the same. */
static bool
add_signature(Maker *maker, const ManifestDerived *derived, GError **error)
{
    g_autofree char *text =
        release_signature_make(maker->engine, maker->manifest, derived, maker->intent_at_us, error);

    return text != NULL && add_text(maker, derived->name, span_of_text(text), error);
}

static bool
add_derived(Maker *maker, const ManifestDerived *derived, GError **error)
{
    g_autoptr(GArray) assets = release_derived_assets(maker->manifest);
    const DerivedAsset *first = (const DerivedAsset *)assets->data;
    g_autofree char *text = NULL;

    switch (derived->generator) {
    case DERIVED_SHA256SUMS:
        text = derived_sha256sums(first, assets->len);
        return add_text(maker, derived->name, span_of_text(text), error);
    case DERIVED_INDEX:
        text = derived_index(maker->object, &maker->seal, first, assets->len, error);
        return text != NULL && add_text(maker, derived->name, span_of_text(text), error);
    case DERIVED_SIGSTORE_BUNDLE:
        return add_bundle(maker, derived, error);
    case DERIVED_INTOTO_JSONL:
        return add_intoto(maker, derived, error);
    case DERIVED_OPENPGP:
    case DERIVED_SSHSIG:
    case DERIVED_MINISIGN:
        return add_signature(maker, derived, error);
    case DERIVED_NONE:
    case DERIVED_N_GENERATORS:
        break;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
              "cannot make '%s': this build has no generator '%s'", derived->name,
              derived_generator_name(derived->generator));
    return false;
}

/* ---- all of it
 * -------------------------------------------------------------------------------------- */

static bool
make_items(Maker *maker, GError **error)
{
    for (guint i = 0; i < maker->manifest->assets->len; i++) {
        const ManifestAsset *asset = maker->manifest->assets->pdata[i];

        add_item(maker, asset->name, &asset->digest, asset->size_bytes);
    }
    for (guint i = 0; i < maker->manifest->derived->len; i++) {
        if (!add_derived(maker, maker->manifest->derived->pdata[i], error))
            return false;
    }
    return add_facts_file(maker, error);
}

typedef struct PlanRow {
    const char *intent;
    const char *plan;
} PlanRow;

static bool
write_plan(DbConn *conn, void *input, GError **error)
{
    const PlanRow *row = input;

    return db_exec(conn, QUERY_INTENT_PLAN_INSERT,
                   DB_PARAMS(DB_TEXT(row->intent), DB_TEXT(row->plan)), error);
}

/* Makes every file, keeps it in the store, then the list of them, then its name: in that order. */
static bool
make_plan(Engine *engine, const char *object, const char *intent, GError **error)
{
    g_auto(Maker) maker = { .engine = engine, .object = object, .items = json_array() };
    g_autofree char *text = NULL;
    char name[DIGEST_STRING_SIZE];
    PlanRow row = { .intent = intent, .plan = name };
    size_t len = 0;
    Digest digest;

    maker.batch = store_batch_begin(engine->store, error);
    if (maker.batch == NULL || !status_files_make(engine, &maker.status, error) ||
        !engine_view_open(engine, &maker.view, error) || !load_manifest(&maker, error) ||
        !load_intent(&maker, intent, error) || !load_facts(&maker, error) ||
        !make_items(&maker, error))
        return false;
    text = json_canonical(maker.items, &len, error);
    if (text == NULL || !store_batch_put_bytes(maker.batch, span_of(text, len), &digest, error) ||
        !store_batch_commit(maker.batch, error))
        return false;
    engine_view_clear(&maker.view);
    digest_to_string(&digest, name);
    return db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_plan, &row, error);
}

static void
item_clear(void *data)
{
    PublishItem *item = data;

    if (item->fd >= 0)
        close(item->fd);
    g_free((char *)item->path);
}

void
publication_files_free(PublicationFiles *files)
{
    if (files == NULL)
        return;
    g_clear_pointer(&files->items, g_array_unref);
    g_free(files);
}

static int
compare_items(const void *a, const void *b)
{
    return strcmp(((const PublishItem *)a)->path, ((const PublishItem *)b)->path);
}

static PublicationFiles *
open_plan(Engine *engine, const char *plan, GError **error)
{
    g_autoptr(PublicationFiles) files = g_new0(PublicationFiles, 1);
    g_autoptr(GBytes) text = NULL;
    g_autoptr(json_t) items = NULL;
    Digest digest;
    size_t i = 0;
    json_t *item = NULL;

    files->items = g_array_new(FALSE, FALSE, sizeof(PublishItem));
    g_array_set_clear_func(files->items, item_clear);
    if (!digest_from_string(plan, &digest, error))
        return NULL;
    text = store_get_bytes(engine->store, &digest, LIMIT_JSON_BYTES, error);
    items = text != NULL ? json_parse(span_of_bytes(text), LIMIT_JSON_BYTES, error) : NULL;
    if (items == NULL)
        return NULL;
    json_array_foreach (items, i, item) {
        PublishItem entry = { .fd = -1 };
        const char *path = json_need_string(item, "path", "publication plan", error);

        if (path == NULL ||
            !json_need_digest(item, "digest", "publication plan", &entry.digest, error))
            return NULL;
        entry.fd = store_open_blob(engine->store, &entry.digest, &entry.size_bytes, error);
        if (entry.fd < 0)
            return NULL;
        entry.path = g_strdup(path);
        g_array_append_val(files->items, entry);
    }
    g_array_sort(files->items, compare_items);
    return g_steal_pointer(&files);
}

static bool
find_plan(Engine *engine, const char *intent, char **plan_out, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    bool found = false;

    return reader != NULL && db_select_text(reader, QUERY_INTENT_PLAN_BY_INTENT,
                                            DB_PARAMS(DB_TEXT(intent)), &found, plan_out, error);
}

PublicationFiles *
publication_files_load(Engine *engine, const char *object, const Digest *intent, GError **error)
{
    g_autofree char *intent_text = digest_dup_string(intent);
    g_autofree char *plan = NULL;

    if (!find_plan(engine, intent_text, &plan, error))
        return NULL;
    if (plan == NULL && (!make_plan(engine, object, intent_text, error) ||
                         !find_plan(engine, intent_text, &plan, error)))
        return NULL;
    return open_plan(engine, plan, error);
}
