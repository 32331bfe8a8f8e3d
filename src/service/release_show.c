/* SPDX-License-Identifier: Apache-2.0
 * release_show: what is known of a release, for people and programs. */
#include <string.h>
#include "base/json.h"
#include "service/engine_view.h"
#include "service/release_facts.h"
#include "service/release_priv.h"
#include "base/banned.h"

static json_t *
digest_or_null(bool present, const Digest *digest)
{
    return present ? json_digest(digest) : json_null();
}

static json_t *
draft_assets(DbConn *conn, const char *object, GError **error)
{
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_DRAFT_ASSET_LIST, DB_PARAMS(DB_TEXT(object)), error);
    g_autoptr(json_t) array = json_array();
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        json_array_append_new(array, json_pack("{s:s, s:s, s:I}", "name", db_rows_text(rows, 0),
                                               "digest", db_rows_text(rows, 1), "size",
                                               (json_int_t)db_rows_int(rows, 2)));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&array);
}

static json_t *
publications(DbConn *conn, const FactRelease *release, GError **error)
{
    g_autoptr(json_t) array = json_array();
    g_autofree char *intent = release->has_intent ? digest_dup_string(&release->intent) : NULL;
    g_autoptr(DbRows) rows = NULL;
    bool has_row = false;

    if (intent == NULL)
        return g_steal_pointer(&array);
    rows = db_select(conn, QUERY_PUBLICATION_LIST, DB_PARAMS(DB_TEXT(intent)), error);
    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        json_array_append_new(
            array, json_pack("{s:s, s:s, s:s, s:o}", "target", db_rows_text(rows, 1), "state",
                             db_rows_text(rows, 4), "reason", db_rows_text(rows, 5), "location",
                             json_string_or_null(db_rows_text(rows, 6))));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&array);
}

static json_t *
summary(const char *object, const FactRelease *release)
{
    json_t *result = json_object();

    json_object_set_new(result, "release", json_string(object + strlen("release:")));
    json_object_set_new(result, "state", json_string(release_state_name(release->state)));
    json_object_set_new(result, "commit", json_string_or_null(release->commit));
    json_object_set_new(result, "tag", json_string_or_null(release->tag));
    json_object_set_new(result, "claim", digest_or_null(release->has_claim, &release->claim));
    json_object_set_new(result, "manifest", digest_or_null(release->has_seal, &release->seal));
    json_object_set_new(result, "request", digest_or_null(release->has_request, &release->request));
    json_object_set_new(result, "intent", digest_or_null(release->has_intent, &release->intent));
    json_object_set_new(result, "changedAt", json_integer(release->changed_us));
    return result;
}

bool
release_show(Engine *engine, const char *object, json_t **result_out, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_auto(FactRelease) release = { 0 };
    g_autoptr(json_t) result = NULL;
    json_t *assets = NULL;
    json_t *targets = NULL;
    bool has_head = false;
    Digest head = { 0 };

    if (!engine_view_open(engine, &view, error) ||
        !fact_view_release(view.view, object, &release, error))
        return false;
    if (release.state == RELEASE_NONE) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no release '%s'",
                  object + strlen("release:"));
        return false;
    }
    if (!fact_view_head(view.view, object, &has_head, &head, error))
        return false;
    result = summary(object, &release);
    json_object_set_new(result, "head", digest_or_null(has_head, &head));
    assets = draft_assets(view.reader, object, error);
    if (assets == NULL)
        return false;
    json_object_set_new(result, "assets", assets);
    targets = publications(view.reader, &release, error);
    if (targets == NULL)
        return false;
    json_object_set_new(result, "publications", targets);
    *result_out = g_steal_pointer(&result);
    return true;
}

bool
release_list(Engine *engine, json_t **result_out, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_autoptr(GPtrArray) rows = NULL;
    g_autoptr(json_t) array = json_array();

    if (!engine_view_open(engine, &view, error) ||
        !fact_view_scan(view.view, FACT_TABLE_RELEASE, NULL, &rows, error))
        return false;
    for (guint i = 0; i < rows->len; i++) {
        const char *object = fact_row_text(rows->pdata[i], FACT_RELEASE_OBJECT);
        g_auto(FactRelease) release = { 0 };

        if (!fact_view_release(view.view, object, &release, error))
            return false;
        json_array_append_new(array, summary(object, &release));
    }
    *result_out = g_steal_pointer(&array);
    return true;
}
