/* SPDX-License-Identifier: Apache-2.0
 * status_build: roots, rosters, revocations and void entries read off the fold. */
#include "fact/status_build.h"
#include "base/banned.h"

static bool
row_statement(const FactRow *row, unsigned column, Digest *out, GError **error)
{
    return digest_from_string(fact_row_text(row, column), out, error);
}

static bool
add_roots(FactView *view, Status *status, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;

    if (!fact_view_scan(view, FACT_TABLE_ROOT, NULL, &rows, error))
        return false;
    for (unsigned i = 0; i < rows->len; i++) {
        const FactRow *row = g_ptr_array_index(rows, i);
        Digest s = { 0 };
        if (!row_statement(row, FACT_ROOT_STATEMENT, &s, error))
            return false;
        status_add_root(status, &s, fact_row_int(row, FACT_ROOT_INDEX));
    }
    return true;
}

static int
compare_roster_rows(const void *a, const void *b)
{
    int64_t left = fact_row_int(*(FactRow *const *)a, FACT_ROSTER_INDEX);
    int64_t right = fact_row_int(*(FactRow *const *)b, FACT_ROSTER_INDEX);

    return (left > right) - (left < right);
}

static bool
add_rosters(FactView *view, Status *status, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;

    if (!fact_view_scan(view, FACT_TABLE_ROSTER, NULL, &rows, error))
        return false;
    g_ptr_array_sort(rows, compare_roster_rows);
    for (unsigned i = 0; i < rows->len; i++) {
        const FactRow *row = g_ptr_array_index(rows, i);
        Digest s = { 0 };
        if (!row_statement(row, FACT_ROSTER_STATEMENT, &s, error))
            return false;
        status_add_roster(status, fact_row_text(row, FACT_ROSTER_OBJECT), &s,
                          fact_row_int(row, FACT_ROSTER_INDEX));
    }
    return true;
}

static bool
add_revoked(FactView *view, Status *status, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;

    if (!fact_view_scan(view, FACT_TABLE_REVOKED, NULL, &rows, error))
        return false;
    for (unsigned i = 0; i < rows->len; i++) {
        const FactRow *row = g_ptr_array_index(rows, i);
        Digest s = { 0 };
        if (!row_statement(row, FACT_REVOKED_STATEMENT, &s, error))
            return false;
        StatusRevoked *revoked = g_new0(StatusRevoked, 1);
        revoked->object = g_strdup(fact_row_text(row, FACT_REVOKED_OBJECT));
        revoked->key = g_strdup(fact_row_text(row, FACT_REVOKED_KEY));
        revoked->statement = s;
        revoked->index = fact_row_int(row, FACT_REVOKED_INDEX);
        revoked->effect = revoked_effect_from_name(fact_row_text(row, FACT_REVOKED_EFFECT));
        revoked->has_from_index =
            fact_row_values(row)[FACT_REVOKED_FROM_INDEX].kind == FACT_VALUE_INT;
        revoked->from_index = fact_row_int(row, FACT_REVOKED_FROM_INDEX);
        status_take_revoked(status, revoked);
    }
    return true;
}

static bool
add_voids(FactView *view, Status *status, GError **error)
{
    g_autoptr(GPtrArray) rows = NULL;

    if (!fact_view_scan(view, FACT_TABLE_VOID, NULL, &rows, error))
        return false;
    for (unsigned i = 0; i < rows->len; i++) {
        const FactRow *row = g_ptr_array_index(rows, i);
        Digest s = { 0 };
        if (!row_statement(row, FACT_VOID_STATEMENT, &s, error))
            return false;
        status_add_void(status, &s, fact_row_int(row, FACT_VOID_INDEX));
    }
    return true;
}

Status *
fact_status_build(FactView *view, GError **error)
{
    FactLogState log = { 0 };

    if (!fact_view_log(view, &log, error))
        return NULL;
    g_autoptr(Status) status = status_new(log.origin);
    status->head.size = (uint64_t)log.size;
    if (!add_roots(view, status, error) || !add_rosters(view, status, error) ||
        !add_revoked(view, status, error) || !add_voids(view, status, error))
        return NULL;
    return g_steal_pointer(&status);
}
