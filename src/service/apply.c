/* SPDX-License-Identifier: Apache-2.0
 * apply: rows of the fold as rows of the database; one table says which query serves which. */
#include "service/apply.h"
#include <string.h>
#include "base/banned.h"

struct ApplyView {
    FactView view; /* first */
    DbConn *conn;  /* borrowed */
    char *origin;
};

#define NO_QUERY ((QueryId)-1)

typedef struct {
    QueryId put;
    QueryId find;
    QueryId scan;     /* of one group; for tables with two key columns */
    QueryId scan_all; /* the whole log */
} TableQueries;

/* clang-format off */
static const TableQueries queries[FACT_N_TABLES] = {
    [FACT_TABLE_LOG] = { QUERY_FACT_LOG_PUT, QUERY_FACT_LOG_FIND, NO_QUERY, NO_QUERY },
    [FACT_TABLE_ENTRY] = { QUERY_FACT_ENTRY_PUT, QUERY_FACT_ENTRY_FIND, NO_QUERY, NO_QUERY },
    [FACT_TABLE_STATEMENT] = { QUERY_FACT_STATEMENT_PUT, QUERY_FACT_STATEMENT_FIND, NO_QUERY, NO_QUERY },
    [FACT_TABLE_HEAD] = { QUERY_FACT_HEAD_PUT, QUERY_FACT_HEAD_FIND, NO_QUERY, NO_QUERY },
    [FACT_TABLE_COMMAND] = { QUERY_FACT_COMMAND_PUT, QUERY_FACT_COMMAND_FIND, NO_QUERY, NO_QUERY },
    [FACT_TABLE_NAME] = { QUERY_FACT_NAME_PUT, QUERY_FACT_NAME_FIND, NO_QUERY, NO_QUERY },
    [FACT_TABLE_ROOT] = { QUERY_FACT_ROOT_PUT, QUERY_FACT_ROOT_FIND, NO_QUERY, QUERY_FACT_ROOT_SCAN },
    [FACT_TABLE_ROSTER] = { QUERY_FACT_ROSTER_PUT, QUERY_FACT_ROSTER_FIND, QUERY_FACT_ROSTER_SCAN, QUERY_FACT_ROSTER_SCAN_ALL },
    [FACT_TABLE_RELEASE] = { QUERY_FACT_RELEASE_PUT, QUERY_FACT_RELEASE_FIND, NO_QUERY, QUERY_FACT_RELEASE_SCAN },
    [FACT_TABLE_ASSET] = { QUERY_FACT_ASSET_PUT, QUERY_FACT_ASSET_FIND, QUERY_FACT_ASSET_SCAN, QUERY_FACT_ASSET_SCAN_ALL },
    [FACT_TABLE_SUBJECT] = { QUERY_FACT_SUBJECT_PUT, QUERY_FACT_SUBJECT_FIND, QUERY_FACT_SUBJECT_SCAN, QUERY_FACT_SUBJECT_SCAN_ALL },
    [FACT_TABLE_APPROVAL] = { QUERY_FACT_APPROVAL_PUT, QUERY_FACT_APPROVAL_FIND, QUERY_FACT_APPROVAL_SCAN, QUERY_FACT_APPROVAL_SCAN_ALL },
    [FACT_TABLE_PUBLICATION] = { QUERY_FACT_PUBLICATION_PUT, QUERY_FACT_PUBLICATION_FIND, QUERY_FACT_PUBLICATION_SCAN, QUERY_FACT_PUBLICATION_SCAN_ALL },
    [FACT_TABLE_REVOKED] = { QUERY_FACT_REVOKED_PUT, QUERY_FACT_REVOKED_FIND, NO_QUERY, QUERY_FACT_REVOKED_SCAN },
    [FACT_TABLE_VOID] = { QUERY_FACT_VOID_PUT, QUERY_FACT_VOID_FIND, NO_QUERY, QUERY_FACT_VOID_SCAN },
};
/* clang-format on */

static DbValue
to_db(const FactValue *value)
{
    switch (value->kind) {
    case FACT_VALUE_INT:
        return DB_INT(value->number);
    case FACT_VALUE_TEXT:
        return DB_TEXT(value->text);
    case FACT_VALUE_NULL:
        break;
    }
    return DB_NULL;
}

/* Parameters: the log, then @n of @values. @params: room for one more than the widest table. */
static void
fill_params(const ApplyView *self, const FactValue *values, unsigned n, DbValue *params)
{
    params[0] = DB_TEXT(self->origin);
    for (unsigned i = 0; i < n; i++)
        params[i + 1] = to_db(&values[i]);
}

static FactRow *
read_row(const DbRows *rows, FactTable table)
{
    const FactTableSpec *spec = fact_table_spec(table);
    FactValue values[FACT_MAX_COLUMNS] = { 0 };

    for (unsigned i = 0; i < spec->n_columns; i++) {
        int column = (int)i;
        bool is_int = spec->types[i] == 'i' || spec->types[i] == 'I';
        if (db_rows_is_null(rows, column))
            values[i] = FACT_NULL;
        else if (is_int)
            values[i] = FACT_INT(db_rows_int(rows, column));
        else
            values[i] = FACT_TEXT(db_rows_text(rows, column));
    }
    return fact_row_new(table, values);
}

static void
unref_row(void *row)
{
    fact_row_unref(row);
}

static bool
select_rows(ApplyView *self, FactTable table, QueryId query, const DbValue *params, size_t n_params,
            GPtrArray **rows_out, GError **error)
{
    g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(unref_row);
    g_autoptr(DbRows) rows = db_select(self->conn, query, params, n_params, error);
    bool has_row = false;

    if (rows == NULL)
        return false;
    do {
        if (!db_rows_next(rows, &has_row, error))
            return false;
        if (has_row)
            g_ptr_array_add(found, read_row(rows, table));
    } while (has_row);
    *rows_out = g_steal_pointer(&found);
    return true;
}

static bool
apply_view_find(FactView *view, FactTable table, const FactValue *key, FactRow **row_out,
                GError **error)
{
    ApplyView *self = (ApplyView *)view;
    unsigned n_key = fact_table_spec(table)->n_key;
    DbValue params[FACT_MAX_KEY + 1] = { 0 };
    g_autoptr(GPtrArray) rows = NULL;

    fill_params(self, key, n_key, params);
    if (!select_rows(self, table, queries[table].find, params, n_key + 1u, &rows, error))
        return false;
    *row_out = rows->len == 0 ? NULL : fact_row_ref(g_ptr_array_index(rows, 0));
    return true;
}

static bool
apply_view_scan(FactView *view, FactTable table, const FactValue *group, GPtrArray **rows_out,
                GError **error)
{
    ApplyView *self = (ApplyView *)view;
    QueryId query = group != NULL ? queries[table].scan : queries[table].scan_all;
    DbValue params[2] = { 0 };
    unsigned n = group != NULL ? 1 : 0;

    if (query == NO_QUERY) {
        error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "no scan of '%s' like that",
                  fact_table_spec(table)->name);
        return false;
    }
    fill_params(self, group, n, params);
    return select_rows(self, table, query, params, n + 1u, rows_out, error);
}

static const FactViewDriver apply_view_driver = { .find = apply_view_find,
                                                  .scan = apply_view_scan };

ApplyView *
apply_view_new(DbConn *conn, const char *origin)
{
    ApplyView *self = g_new0(ApplyView, 1);

    self->view.driver = &apply_view_driver;
    self->conn = conn;
    self->origin = g_strdup(origin);
    return self;
}

void
apply_view_free(ApplyView *self)
{
    if (self == NULL)
        return;
    g_free(self->origin);
    g_free(self);
}

FactView *
apply_view(ApplyView *self)
{
    return &self->view;
}

static bool
put_row(ApplyView *self, const FactRow *row, GError **error)
{
    FactTable table = fact_row_table(row);
    unsigned n = fact_table_spec(table)->n_columns;
    DbValue params[FACT_MAX_COLUMNS + 1] = { 0 };

    fill_params(self, fact_row_values(row), n, params);
    return db_exec(self->conn, queries[table].put, params, n + 1u, error);
}

static bool
put_delta(ApplyView *self, const FactDelta *delta, GError **error)
{
    for (unsigned i = 0; i < delta->rows->len; i++) {
        if (!put_row(self, g_ptr_array_index(delta->rows, i), error))
            return false;
    }
    return true;
}

static bool
check_index(const Fact *fact, int64_t size, GError **error)
{
    if (fact->index == size)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "entry %" G_GINT64_FORMAT " cannot follow a fold of %" G_GINT64_FORMAT " entries",
              fact->index, size);
    return false;
}

bool
apply_fact(DbConn *conn, const char *origin, const Fact *fact, FactVerdict **verdict_out,
           GError **error)
{
    g_autoptr(ApplyView) self = apply_view_new(conn, origin);
    g_autoptr(FactVerdict) verdict = NULL;
    g_autoptr(FactDelta) delta = NULL;
    FactLogState log = { 0 };

    if (!fact_view_log(&self->view, &log, error) || !check_index(fact, log.size, error) ||
        !fact_admit(&self->view, fact, &verdict, error))
        return false;
    if (verdict->outcome == FACT_HALT) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "folding stops at entry %" G_GINT64_FORMAT ": %s", fact->index, verdict->text);
        return false;
    }
    if (!fact_delta(&self->view, fact, verdict, log.size, &delta, error) ||
        !put_delta(self, delta, error))
        return false;
    if (verdict_out != NULL)
        *verdict_out = g_steal_pointer(&verdict);
    return true;
}

bool
apply_through(DbConn *conn, const char *origin, int64_t *size_out, GError **error)
{
    g_autoptr(ApplyView) self = apply_view_new(conn, origin);
    FactLogState log = { 0 };

    if (!fact_view_log(&self->view, &log, error))
        return false;
    *size_out = log.size;
    return true;
}
