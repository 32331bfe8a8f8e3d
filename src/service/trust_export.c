/* SPDX-License-Identifier: Apache-2.0
 * trust_export: from the folded log to a trust file. */
#include "service/trust_export.h"
#include <string.h>
#include "attest/trust.h"
#include "service/engine_view.h"
#include "service/witness_client.h"
#include "base/banned.h"

static bool
first_root(FactView *view, Digest *out, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;

    if (!fact_view_scan(view, FACT_TABLE_ROOT, NULL, &rows, error))
        return false;
    if (rows->len == 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "this log has no root yet: 'slipway init' did not finish");
        return false;
    }
    return digest_from_string(fact_row_text(rows->pdata[0], FACT_ROOT_STATEMENT), out, error);
}

static void
add_source(TrustAccept *accept, const char *source)
{
    g_ptr_array_add(accept->source,
                    g_strdup_printf(source[0] == '/' ? "git+file://%s" : "git+%s", source));
}

static bool
add_project_source(EngineView *view, const char *project, TrustAccept *accept, GError **error)
{
    g_autoptr(DbRows) rows =
        db_select(view->reader, QUERY_PROJECT_BY_NAME, DB_PARAMS(DB_TEXT(project)), error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    if (!has_row) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "there is no project '%s': no run of it was made yet", project);
        return false;
    }
    add_source(accept, db_rows_text(rows, 1));
    return true;
}

char *
trust_export(Engine *engine, const char *project, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_autoptr(FactRoster) roster = NULL;
    g_autoptr(Trust) trust = NULL;
    g_autofree char *pattern = g_strdup_printf("release:%s/*", project);
    const RosterRule *rule = NULL;
    TrustAccept *accept = NULL;
    bool wants_quorum = false;
    Digest root;

    if (!engine_view_open(engine, &view, error) || !first_root(view.view, &root, error) ||
        !fact_view_roster(view.view, project, &roster, NULL, error))
        return NULL;
    if (roster == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "project '%s' has no roster: 'slipway roster set'", project);
        return NULL;
    }
    rule = fact_roster_rule(roster, pattern, NULL, DECISION_APPROVE, DECISION_ACTION_PUBLISH);
    trust = trust_new(engine->origin, &root);
    accept = trust_add_accept(trust, pattern, rule != NULL ? (int64_t)rule->threshold : 1);
    if (!add_project_source(&view, project, accept, error))
        return NULL;
    g_ptr_array_add(accept->builders,
                    g_strdup_printf("%s/builder/sandbox/isolated", engine->origin));
    if (fact_roster_allows_unisolated(roster, pattern))
        g_ptr_array_add(accept->builders, g_strdup_printf("%s/builder/host/none", engine->origin));
    if (!witness_wants_quorum(engine, &wants_quorum, error) ||
        (wants_quorum && !witness_policy_text(engine, &trust->witness_policy, error)))
        return NULL;
    return trust_build(trust, error);
}

char *
trust_export_fingerprint(const char *text, GError **error)
{
    g_autoptr(Trust) trust = trust_parse(span_of_text(text), error);

    return trust != NULL ? trust_fingerprint(trust) : NULL;
}
