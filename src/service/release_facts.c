/* SPDX-License-Identifier: Apache-2.0
 * release_facts: walking from the newest transition of a release back to its claim. */
#include "service/release_facts.h"
#include <string.h>
#include "attest/facts_line.h"
#include "attest/object_name.h"
#include "base/json.h"
#include "base/limits.h"
#include "fact/gate.h"
#include "service/engine_priv.h"
#include "base/banned.h"

typedef struct Collection {
    FactView *view;
    GHashTable *seen; /* owned; S strings */
    GArray *indexes;  /* owned; int64_t */
} Collection;

static void
collection_clear(Collection *collection)
{
    g_clear_pointer(&collection->seen, g_hash_table_unref);
    g_clear_pointer(&collection->indexes, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Collection, collection_clear)

static void
collection_init(Collection *collection, FactView *view)
{
    collection->view = view;
    collection->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    collection->indexes = g_array_new(FALSE, FALSE, sizeof(int64_t));
}

/* Adds the statement @s; *@row_out is owned. */
static bool
add_statement(Collection *collection, const char *s, FactRow **row_out, GError **error)
{
    g_autoptr(FactRow) row = NULL;
    int64_t index = 0;

    if (!fact_view_find_text(collection->view, FACT_TABLE_STATEMENT, s, &row, error))
        return false;
    if (row == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                  "the log names statement '%s' but does not hold it", s);
        return false;
    }
    index = fact_row_int(row, FACT_STATEMENT_INDEX);
    if (g_hash_table_add(collection->seen, g_strdup(s)))
        g_array_append_val(collection->indexes, index);
    *row_out = g_steal_pointer(&row);
    return true;
}

static bool
add_list(Collection *collection, const json_t *list, GError **error)
{
    size_t i = 0;
    json_t *s = NULL;

    json_array_foreach (list, i, s) {
        g_autoptr(FactRow) row = NULL;

        if (!add_statement(collection, json_string_value(s), &row, error))
            return false;
    }
    return true;
}

/* What an intent of the chain names. */
static bool
add_named(Collection *collection, const FactRow *row, GError **error)
{
    g_autoptr(json_t) predicate = NULL;
    json_t *body = NULL;

    if (fact_kind_from_name(fact_row_text(row, FACT_STATEMENT_KIND)) != FACT_PUBLISH_INTENT)
        return true;
    predicate = json_parse(span_of_text(fact_row_text(row, FACT_STATEMENT_PREDICATE)),
                           LIMIT_STATEMENT_BYTES, error);
    body = predicate != NULL ? json_need_object(predicate, "body", "publish-intent", error) : NULL;
    return body != NULL && add_list(collection, json_object_get(body, "approvals"), error) &&
           add_list(collection, json_object_get(body, "evidence"), error);
}

/* From @s back along `previous` to the claim. */
static bool
add_chain(Collection *collection, const Digest *last, GError **error)
{
    g_autofree char *s = digest_dup_string(last);

    while (s != NULL) {
        g_autoptr(FactRow) row = NULL;

        if (!add_statement(collection, s, &row, error) || !add_named(collection, row, error))
            return false;
        g_free(s);
        s = g_strdup(fact_row_text(row, FACT_STATEMENT_PREVIOUS));
    }
    return true;
}

static bool
add_table(Collection *collection, FactTable table, const char *group, unsigned statement_column,
          GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;

    if (!fact_view_scan(collection->view, table, group, &rows, error))
        return false;
    for (guint i = 0; i < rows->len; i++) {
        g_autoptr(FactRow) row = NULL;

        if (!add_statement(collection, fact_row_text(rows->pdata[i], statement_column), &row,
                           error))
            return false;
    }
    return true;
}

static int
compare_indexes(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* Roots and rosters, then the chain; rising. */
static bool
collect(Collection *collection, const char *object, const Digest *last, GError **error)
{
    ObjectName name;
    g_autofree char *roster = NULL;

    if (!object_name_parse(object, &name, error))
        return false;
    roster = object_name_roster(name.project, error);
    if (roster == NULL ||
        !add_table(collection, FACT_TABLE_ROOT, NULL, FACT_ROOT_STATEMENT, error) ||
        !add_table(collection, FACT_TABLE_ROSTER, roster, FACT_ROSTER_STATEMENT, error) ||
        !add_chain(collection, last, error))
        return false;
    g_array_sort(collection->indexes, compare_indexes);
    return true;
}

GArray *
release_facts_for_publication(FactView *view, const char *object, GError **error)
{
    g_auto(Collection) collection = { 0 };
    g_auto(FactRelease) release = { 0 };

    collection_init(&collection, view);
    if (!fact_view_release(view, object, &release, error))
        return NULL;
    if (!release.has_intent) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "'%s' has no publish-intent", object);
        return NULL;
    }
    return collect(&collection, object, &release.intent, error)
               ? g_steal_pointer(&collection.indexes)
               : NULL;
}

GArray *
release_facts_for_request(FactView *view, const char *object, GError **error)
{
    g_auto(Collection) collection = { 0 };
    g_auto(FactRelease) release = { 0 };
    g_autoptr(json_t) predicate = NULL;
    g_autoptr(Manifest) manifest = NULL;
    g_autoptr(json_t) evidence = NULL;

    collection_init(&collection, view);
    if (!fact_view_release(view, object, &release, error))
        return NULL;
    if (!release.has_request) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "nobody has asked to publish '%s' yet: 'slipway release request'",
                  object + strlen("release:"));
        return NULL;
    }
    if (!fact_view_predicate(view, &release.seal, FACT_SEAL, &predicate, NULL, error))
        return NULL;
    manifest = manifest_parse(json_object_get(predicate, "body"), error);
    if (manifest == NULL || !fact_collect_evidence(view, object, manifest, &evidence, error) ||
        !add_list(&collection, evidence, error) ||
        !collect(&collection, object, &release.request, error))
        return NULL;
    return g_steal_pointer(&collection.indexes);
}

GBytes *
release_fact_pae(Engine *engine, int64_t index, GBytes **leaf_out, GError **error)
{
    g_auto(TlogRecord) record = { 0 };
    g_autoptr(GBytes) pae = NULL;

    if (!tlog_read(engine->tlog, (uint64_t)index, &record, error))
        return NULL;
    pae = record.where == TLOG_PAE_INLINE
              ? g_bytes_ref(record.pae)
              : store_get_bytes(engine->store, &record.pae_digest, LIMIT_STATEMENT_BYTES, error);
    if (pae != NULL && leaf_out != NULL)
        *leaf_out = g_bytes_ref(record.leaf);
    return g_steal_pointer(&pae);
}

char *
release_fact_line(Engine *engine, int64_t index, uint64_t size, GError **error)
{
    g_autoptr(GBytes) leaf = NULL;
    g_autoptr(GBytes) pae = release_fact_pae(engine, index, &leaf, error);
    TlogProof proof = { 0 };

    if (pae == NULL || !tlog_prove_inclusion(engine->tlog, (uint64_t)index, size, &proof, error))
        return NULL;
    return facts_line_build(index, span_of_bytes(leaf), span_of_bytes(pae),
                            (MerkleProof){ .hashes = proof.hashes, .n_hashes = proof.n });
}
