/* SPDX-License-Identifier: Apache-2.0
 * fact: parsing what the log holds; the rules of form of facts.md sections 1 and 2. */
#include "fact/fact.h"
#include "attest/dsse.h"
#include "attest/leaf.h"
#include "attest/manifest.h"
#include "attest/object_name.h"
#include "base/limits.h"
#include "base/banned.h"

static bool
add_seal_subjects(Statement *statement, const json_t *body, GError **error)
{
    g_autoptr(Manifest) manifest = manifest_parse(body, error);

    if (manifest == NULL)
        return false;
    for (unsigned i = 0; i < manifest->assets->len; i++) {
        const ManifestAsset *asset = g_ptr_array_index(manifest->assets, i);
        statement_add_subject_sha256(statement, asset->name, &asset->digest);
    }
    return true;
}

bool
fact_add_subjects(Statement *statement, const Predicate *predicate, GError **error)
{
    const json_t *manifest = json_object_get(predicate->body, "manifest");
    Digest digest = { 0 };

    switch (predicate->kind) {
    case PREDICATE_SEAL:
        return add_seal_subjects(statement, predicate->body, error);
    case PREDICATE_CLAIM: {
        const char *commit = json_need_string(predicate->body, "commit", "claim", error);
        if (commit == NULL)
            return false;
        statement_add_subject(statement, "source", "gitCommit", commit);
        return true;
    }
    default:
        break;
    }
    if (json_is_string(manifest)) {
        if (!digest_from_string(json_string_value(manifest), &digest, error))
            return false;
    } else {
        digest = object_name_digest(predicate->object);
    }
    statement_add_subject_sha256(statement, predicate->object, &digest);
    return true;
}

static bool
subject_equal(const StatementSubject *a, const StatementSubject *b)
{
    return g_strcmp0(a->name, b->name) == 0 && json_equal(a->digest, b->digest);
}

static bool
check_subjects(const Statement *statement, const Predicate *predicate, GError **error)
{
    g_autoptr(Statement) wanted = predicate_statement(predicate);

    if (!fact_add_subjects(wanted, predicate, error))
        return false;
    bool same = wanted->subjects->len == statement->subjects->len;
    for (unsigned i = 0; same && i < wanted->subjects->len; i++)
        same = subject_equal(g_ptr_array_index(wanted->subjects, i),
                             g_ptr_array_index(statement->subjects, i));
    if (!same)
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "the subjects are not what the predicate says");
    return same;
}

static bool
parse_ours(Fact *fact, Span payload, GError **error)
{
    if (!statement_is_canonical(payload)) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the payload is not canonical JSON");
        return false;
    }
    fact->predicate =
        predicate_parse(fact_kind_predicate(fact->kind), fact->statement->predicate, error);
    return fact->predicate != NULL && check_subjects(fact->statement, fact->predicate, error);
}

static bool
parse_content(Fact *fact, GError **error)
{
    Span type = { 0 };
    Span payload = { 0 };

    if (!dsse_pae_split(span_of_bytes(fact->pae), &type, &payload, error))
        return false;
    if (type.len != strlen(DSSE_TYPE_INTOTO) ||
        memcmp(type.data, DSSE_TYPE_INTOTO, type.len) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "the payload type is not '%s'",
                  DSSE_TYPE_INTOTO);
        return false;
    }
    fact->payload = g_bytes_new_from_bytes(
        fact->pae, (size_t)(payload.data - span_of_bytes(fact->pae).data), payload.len);
    fact->statement = statement_parse(payload, error);
    if (fact->statement == NULL)
        return false;
    fact->kind = fact_kind_of_type(fact->statement->predicate_type);
    if (fact->kind == FACT_UNKNOWN_OURS)
        fact->problem = g_strdup_printf("unknown type '%s': written by a newer program",
                                        fact->statement->predicate_type);
    return !fact_kind_is_ours(fact->kind) || parse_ours(fact, payload, error);
}

/* Sets everything that follows from pae; wrong content makes the fact MALFORMED. */
static void
fill_from_pae(Fact *fact)
{
    g_autoptr(GError) local = NULL;

    fact->s = fact_name(span_of_bytes(fact->pae));
    digest_to_string(&fact->s, fact->s_text);
    if (parse_content(fact, &local))
        return;
    fact->kind = FACT_MALFORMED;
    fact->problem = g_strdup(local->message);
    g_clear_pointer(&fact->statement, statement_free);
    g_clear_pointer(&fact->predicate, predicate_free);
}

static bool
check_leaf(const Leaf *leaf, Span pae, FactParseFlags flags, GError **error)
{
    if ((flags & FACT_PARSE_TRUSTED) == 0)
        return leaf_check(leaf, pae, NULL, error);
    Digest s = fact_name(pae);
    if (digest_equal(&s, &leaf->pae))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_UNTRUSTED, "leaf and statement do not belong together");
    return false;
}

Fact *
fact_parse(int64_t index, Span leaf_bytes, Span pae, FactParseFlags flags, GError **error)
{
    g_autoptr(Leaf) leaf = leaf_parse(leaf_bytes, error);

    if (leaf == NULL)
        return NULL;
    if (!check_leaf(leaf, pae, flags, error))
        return NULL;
    g_autoptr(Fact) fact = g_new0(Fact, 1);
    fact->index = index;
    fact->pae = g_bytes_new(pae.data, pae.len);
    fact->leaf = g_bytes_new(leaf_bytes.data, leaf_bytes.len);
    fact->spki = g_bytes_ref(leaf->spki);
    fact->keyid = leaf->keyid;
    fill_from_pae(fact);
    return g_steal_pointer(&fact);
}

Fact *
fact_from_payload(Span payload, Span spki, GError **error)
{
    g_autoptr(Fact) fact = g_new0(Fact, 1);

    if (payload.len > LIMIT_STATEMENT_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "the statement is longer than %u bytes",
                  LIMIT_STATEMENT_BYTES);
        return NULL;
    }
    fact->index = FACT_INDEX_NONE;
    fact->pae = dsse_pae(DSSE_TYPE_INTOTO, payload);
    fact->spki = g_bytes_new(spki.data, spki.len);
    fact->keyid = digest_of(spki);
    fill_from_pae(fact);
    if (fact->kind == FACT_MALFORMED || fact->kind == FACT_UNKNOWN_OURS) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "%s", fact->problem);
        return NULL;
    }
    return g_steal_pointer(&fact);
}

void
fact_free(Fact *fact)
{
    if (fact == NULL)
        return;
    g_clear_pointer(&fact->pae, g_bytes_unref);
    g_clear_pointer(&fact->payload, g_bytes_unref);
    g_clear_pointer(&fact->leaf, g_bytes_unref);
    g_clear_pointer(&fact->spki, g_bytes_unref);
    statement_free(fact->statement);
    predicate_free(fact->predicate);
    g_free(fact->problem);
    g_free(fact);
}

char *
fact_dup_project(const char *object)
{
    ObjectName name = { 0 };
    g_autoptr(GError) local = NULL;

    if (object == NULL || !object_name_parse(object, &name, &local) || name.kind == OBJECT_ROOT)
        return NULL;
    return g_strdup(name.project);
}
