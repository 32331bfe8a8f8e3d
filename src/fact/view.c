/* SPDX-License-Identifier: Apache-2.0
 * view: typed look-ups over rows. */
#include "fact/view.h"
#include "base/limits.h"
#include "base/banned.h"

bool
fact_view_find(FactView *view, FactTable table, const FactValue *key, FactRow **row_out,
               GError **error)
{
    return view->driver->find(view, table, key, row_out, error);
}

bool
fact_view_find_text(FactView *view, FactTable table, const char *key, FactRow **row_out,
                    GError **error)
{
    FactValue value = FACT_TEXT(key);

    return view->driver->find(view, table, &value, row_out, error);
}

bool
fact_view_scan(FactView *view, FactTable table, const char *group, GPtrArray **rows_out,
               GError **error)
{
    FactValue value = FACT_TEXT(group);

    return view->driver->scan(view, table, group != NULL ? &value : NULL, rows_out, error);
}

bool
fact_view_log(FactView *view, FactLogState *out, GError **error)
{
    g_autoptr(FactRow) row = NULL;

    if (!fact_view_find(view, FACT_TABLE_LOG, NULL, &row, error))
        return false;
    *out = (FactLogState){ 0 };
    if (row == NULL)
        return true;
    out->size = fact_row_int(row, FACT_LOG_SIZE);
    out->last_at = fact_row_int(row, FACT_LOG_LAST_AT);
    g_strlcpy(out->origin, fact_row_text(row, FACT_LOG_ORIGIN), sizeof out->origin);
    return true;
}

/* A digest the fold itself wrote: anything else is damage. */
static bool
row_digest(const FactRow *row, unsigned column, Digest *out, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (digest_from_string(fact_row_text(row, column), out, &local))
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
              "a row of '%s' has no digest where one must be",
              fact_table_spec(fact_row_table(row))->name);
    return false;
}

static bool
row_digest_or_null(const FactRow *row, unsigned column, bool *has_out, Digest *out, GError **error)
{
    *has_out = fact_row_text(row, column) != NULL;
    return !*has_out || row_digest(row, column, out, error);
}

bool
fact_view_head(FactView *view, const char *object, bool *found_out, Digest *out, GError **error)
{
    g_autoptr(FactRow) row = NULL;

    if (!fact_view_find_text(view, FACT_TABLE_HEAD, object, &row, error))
        return false;
    if (row != NULL && !row_digest(row, FACT_HEAD_STATEMENT, out, error))
        return false;
    *found_out = row != NULL;
    return true;
}

bool
fact_view_statement(FactView *view, const Digest *s, FactRow **row_out, GError **error)
{
    char text[DIGEST_STRING_SIZE];

    digest_to_string(s, text);
    return fact_view_find_text(view, FACT_TABLE_STATEMENT, text, row_out, error);
}

bool
fact_view_predicate(FactView *view, const Digest *s, FactKind kind, json_t **predicate_out,
                    int64_t *index_out, GError **error)
{
    g_autoptr(FactRow) row = NULL;

    if (!fact_view_statement(view, s, &row, error))
        return false;
    *predicate_out = NULL;
    if (row == NULL || fact_kind_from_name(fact_row_text(row, FACT_STATEMENT_KIND)) != kind)
        return true;
    const char *text = fact_row_text(row, FACT_STATEMENT_PREDICATE);
    json_t *predicate =
        text == NULL ? NULL : json_parse(span_of_text(text), LIMIT_STATEMENT_BYTES, error);
    if (predicate == NULL) {
        if (text == NULL)
            error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT,
                      "a statement of ours has no predicate");
        return false;
    }
    *predicate_out = predicate;
    if (index_out != NULL)
        *index_out = fact_row_int(row, FACT_STATEMENT_INDEX);
    return true;
}

/* The newest row of a table of versions, or NULL. */
static bool
newest_row(FactView *view, FactTable table, const char *group, FactRow **row_out, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;

    if (!fact_view_scan(view, table, group, &rows, error))
        return false;
    *row_out = rows->len == 0 ? NULL : fact_row_ref(g_ptr_array_index(rows, rows->len - 1));
    return true;
}

static bool
load_body(FactView *view, const FactRow *row, unsigned column, FactKind kind, Digest *s_out,
          json_t **predicate_out, GError **error)
{
    if (!row_digest(row, column, s_out, error) ||
        !fact_view_predicate(view, s_out, kind, predicate_out, NULL, error))
        return false;
    if (*predicate_out != NULL)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "a row of '%s' names no admitted statement",
              fact_table_spec(fact_row_table(row))->name);
    return false;
}

bool
fact_view_root(FactView *view, FactRoot **root_out, Digest *s_out, GError **error)
{
    g_autoptr(FactRow) row = NULL;
    g_autoptr(json_t) predicate = NULL;
    Digest s = { 0 };

    if (!newest_row(view, FACT_TABLE_ROOT, NULL, &row, error))
        return false;
    if (row == NULL) {
        *root_out = NULL;
        return true;
    }
    if (!load_body(view, row, FACT_ROOT_STATEMENT, FACT_ROOT, &s, &predicate, error))
        return false;
    FactRoot *root = fact_root_parse_admitted(json_object_get(predicate, "body"), error);
    if (root == NULL)
        return false;
    *root_out = root;
    if (s_out != NULL)
        *s_out = s;
    return true;
}

bool
fact_view_roster(FactView *view, const char *project, FactRoster **roster_out, Digest *s_out,
                 GError **error)
{
    g_autofree char *object = g_strconcat("roster:", project, NULL);
    g_autoptr(FactRow) row = NULL;
    g_autoptr(json_t) predicate = NULL;
    Digest s = { 0 };

    if (!newest_row(view, FACT_TABLE_ROSTER, object, &row, error))
        return false;
    if (row == NULL) {
        *roster_out = NULL;
        return true;
    }
    if (!load_body(view, row, FACT_ROSTER_STATEMENT, FACT_ROSTER, &s, &predicate, error))
        return false;
    FactRoster *roster = fact_roster_parse(json_object_get(predicate, "body"), error);
    if (roster == NULL)
        return false;
    *roster_out = roster;
    if (s_out != NULL)
        *s_out = s;
    return true;
}

bool
fact_view_release(FactView *view, const char *object, FactRelease *out, GError **error)
{
    g_autoptr(FactRow) row = NULL;
    g_auto(FactRelease) release = { 0 };

    if (!fact_view_find_text(view, FACT_TABLE_RELEASE, object, &row, error))
        return false;
    if (row != NULL) {
        if (!release_state_from_string(fact_row_text(row, FACT_RELEASE_STATE), &release.state,
                                       error) ||
            !row_digest_or_null(row, FACT_RELEASE_CLAIM, &release.has_claim, &release.claim,
                                error) ||
            !row_digest_or_null(row, FACT_RELEASE_SEAL, &release.has_seal, &release.seal, error) ||
            !row_digest_or_null(row, FACT_RELEASE_REQUEST, &release.has_request, &release.request,
                                error) ||
            !row_digest_or_null(row, FACT_RELEASE_INTENT, &release.has_intent, &release.intent,
                                error))
            return false;
        release.commit = g_strdup(fact_row_text(row, FACT_RELEASE_COMMIT));
        release.tag = g_strdup(fact_row_text(row, FACT_RELEASE_TAG));
        release.changed_us = fact_row_int(row, FACT_RELEASE_AT);
    }
    *out = release;
    release = (FactRelease){ 0 };
    return true;
}

void
fact_release_clear(FactRelease *release)
{
    g_free(release->commit);
    g_free(release->tag);
    *release = (FactRelease){ 0 };
}
