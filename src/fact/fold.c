/* SPDX-License-Identifier: Apache-2.0
 * fold: rows in hash tables.
 *
 * Invariants: 1. tables[t] maps a row's key text to the row and owns it. 2. groups[t] maps the
 * first key column to the rows that have it, each once. 3. A row here hides the row of that key in
 * the base. */
#include "fact/fold.h"
#include <string.h>
#include "base/banned.h"

struct FactFold {
    FactView view;  /* first */
    FactView *base; /* borrowed; may be NULL */
    GHashTable *tables[FACT_N_TABLES];
    GHashTable *groups[FACT_N_TABLES]; /* only for tables with two key columns */
};

static void
append_key(GString *text, const FactValue *value)
{
    if (value->kind == FACT_VALUE_INT)
        g_string_append_printf(text, "%" G_GINT64_FORMAT, value->number);
    else
        g_string_append(text, value->text);
}

static char *
key_text(FactTable table, const FactValue *values)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < fact_table_spec(table)->n_key; i++) {
        append_key(text, &values[i]);
        g_string_append_c(text, '\n'); /* in no key column */
    }
    return g_string_free(text, FALSE);
}

static bool
fold_find(FactView *view, FactTable table, const FactValue *key, FactRow **row_out, GError **error)
{
    FactFold *fold = (FactFold *)view;
    g_autofree char *text = key_text(table, key);
    FactRow *row = g_hash_table_lookup(fold->tables[table], text);

    if (row == NULL && fold->base != NULL)
        return fact_view_find(fold->base, table, key, row_out, error);
    *row_out = row != NULL ? fact_row_ref(row) : NULL;
    return true;
}

static int
compare_values(const FactValue *a, const FactValue *b)
{
    if (a->kind == FACT_VALUE_INT)
        return (a->number > b->number) - (a->number < b->number);
    return strcmp(a->text, b->text);
}

static int
compare_rows(const void *a, const void *b)
{
    const FactRow *left = *(FactRow *const *)a;
    const FactRow *right = *(FactRow *const *)b;
    unsigned n_key = fact_table_spec(fact_row_table(left))->n_key;
    int order = 0;

    for (unsigned i = 0; order == 0 && i < n_key; i++)
        order = compare_values(&fact_row_values(left)[i], &fact_row_values(right)[i]);
    return order;
}

static void
unref_row(void *row)
{
    fact_row_unref(row);
}

static void
add_own_rows(FactFold *fold, FactTable table, const FactValue *group, GPtrArray *rows)
{
    GHashTableIter iter;
    void *value = NULL;

    if (group != NULL && fold->groups[table] != NULL) {
        GPtrArray *members = g_hash_table_lookup(fold->groups[table], group->text);
        for (unsigned i = 0; members != NULL && i < members->len; i++)
            g_ptr_array_add(rows, fact_row_ref(g_ptr_array_index(members, i)));
        return;
    }
    g_hash_table_iter_init(&iter, fold->tables[table]);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (group == NULL || compare_values(&fact_row_values(value)[0], group) == 0)
            g_ptr_array_add(rows, fact_row_ref(value));
    }
}

static bool
fold_scan(FactView *view, FactTable table, const FactValue *group, GPtrArray **rows_out,
          GError **error)
{
    FactFold *fold = (FactFold *)view;
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(unref_row);
    g_autoptr(GPtrArray) below = NULL;

    if (fold->base != NULL && !fold->base->driver->scan(fold->base, table, group, &below, error))
        return false;
    for (unsigned i = 0; below != NULL && i < below->len; i++) {
        FactRow *row = g_ptr_array_index(below, i);
        g_autofree char *text = key_text(table, fact_row_values(row));
        if (!g_hash_table_contains(fold->tables[table], text))
            g_ptr_array_add(rows, fact_row_ref(row));
    }
    add_own_rows(fold, table, group, rows);
    g_ptr_array_sort(rows, compare_rows);
    *rows_out = g_steal_pointer(&rows);
    return true;
}

static const FactViewDriver fold_driver = { .find = fold_find, .scan = fold_scan };

static void
unref_array(void *array)
{
    g_ptr_array_unref(array);
}

FactFold *
fact_fold_new_over(FactView *base)
{
    FactFold *fold = g_new0(FactFold, 1);

    fold->view.driver = &fold_driver;
    fold->base = base;
    for (size_t i = 0; i < FACT_N_TABLES; i++) {
        fold->tables[i] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_row);
        if (fact_table_spec((FactTable)i)->n_key == 2)
            fold->groups[i] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unref_array);
    }
    return fold;
}

FactFold *
fact_fold_new(void)
{
    return fact_fold_new_over(NULL);
}

void
fact_fold_free(FactFold *fold)
{
    if (fold == NULL)
        return;
    for (size_t i = 0; i < FACT_N_TABLES; i++) {
        g_clear_pointer(&fold->groups[i], g_hash_table_unref);
        g_clear_pointer(&fold->tables[i], g_hash_table_unref);
    }
    g_free(fold);
}

FactView *
fact_fold_view(FactFold *fold)
{
    return &fold->view;
}

void
fact_fold_reset(FactFold *fold)
{
    for (size_t i = 0; i < FACT_N_TABLES; i++) {
        g_hash_table_remove_all(fold->tables[i]);
        if (fold->groups[i] != NULL)
            g_hash_table_remove_all(fold->groups[i]);
    }
}

/* Replaces or adds @row in its group; borrowed from the table. */
static void
put_in_group(FactFold *fold, FactRow *row, const FactRow *old)
{
    GHashTable *groups = fold->groups[fact_row_table(row)];
    const char *group = fact_row_text(row, 0);
    GPtrArray *members = g_hash_table_lookup(groups, group);

    if (members == NULL) {
        members = g_ptr_array_new();
        g_hash_table_insert(groups, g_strdup(group), members);
    }
    if (old != NULL)
        g_ptr_array_remove_fast(members, (void *)old);
    g_ptr_array_add(members, row);
}

void
fact_fold_put(FactFold *fold, const FactDelta *delta)
{
    for (unsigned i = 0; i < delta->rows->len; i++) {
        FactRow *row = g_ptr_array_index(delta->rows, i);
        FactTable table = fact_row_table(row);
        char *text = key_text(table, fact_row_values(row));
        if (fold->groups[table] != NULL)
            put_in_group(fold, row, g_hash_table_lookup(fold->tables[table], text));
        g_hash_table_replace(fold->tables[table], text, fact_row_ref(row));
    }
}

bool
fact_fold_apply(FactFold *fold, const Fact *fact, FactVerdict **verdict_out, GError **error)
{
    FactLogState state = { 0 };
    g_autoptr(FactVerdict) verdict = NULL;
    g_autoptr(FactDelta) delta = NULL;

    if (!fact_view_log(&fold->view, &state, error))
        return false;
    if (fact->index != FACT_INDEX_NONE && fact->index != state.size) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "entry %" G_GINT64_FORMAT " cannot follow a fold of %" G_GINT64_FORMAT " entries",
                  fact->index, state.size);
        return false;
    }
    if (!fact_admit(&fold->view, fact, &verdict, error))
        return false;
    if (verdict->outcome != FACT_HALT) {
        if (!fact_delta(&fold->view, fact, verdict, state.size, &delta, error))
            return false;
        fact_fold_put(fold, delta);
    }
    *verdict_out = g_steal_pointer(&verdict);
    return true;
}
