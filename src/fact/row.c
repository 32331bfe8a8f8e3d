/* SPDX-License-Identifier: Apache-2.0
 * row: table shapes, counted immutable rows, deltas. */
#include "fact/row.h"
#include <assert.h>
#include <ctype.h>
#include <string.h>
#include "base/banned.h"

static const FactTableSpec specs[FACT_N_TABLES] = {
    [FACT_TABLE_LOG] = { "fact_log", 0, 3, "iit" },
    [FACT_TABLE_ENTRY] = { "fact_entry", 1, 7, "ittttTt" },
    [FACT_TABLE_STATEMENT] = { "fact_statement", 1, 11, "tittTTTITtT" },
    [FACT_TABLE_HEAD] = { "fact_head", 1, 3, "tti" },
    [FACT_TABLE_COMMAND] = { "fact_command", 1, 2, "tt" },
    [FACT_TABLE_NAME] = { "fact_name", 1, 2, "tt" },
    [FACT_TABLE_ROOT] = { "fact_root", 1, 2, "it" },
    [FACT_TABLE_ROSTER] = { "fact_roster", 2, 3, "tit" },
    [FACT_TABLE_RELEASE] = { "fact_release", 1, 10, "ttTTTTTTti" },
    [FACT_TABLE_ASSET] = { "fact_asset", 2, 4, "ttti" },
    [FACT_TABLE_SUBJECT] = { "fact_subject", 2, 4, "ttti" },
    [FACT_TABLE_APPROVAL] = { "fact_approval", 2, 6, "ttttii" },
    [FACT_TABLE_PUBLICATION] = { "fact_publication", 2, 4, "tttt" },
    [FACT_TABLE_REVOKED] = { "fact_revoked", 1, 6, "itTTtI" },
    [FACT_TABLE_VOID] = { "fact_void", 1, 2, "it" },
};

struct FactRow {
    int refs;
    FactTable table;
    FactValue values[FACT_MAX_COLUMNS];
};

const FactTableSpec *
fact_table_spec(FactTable table)
{
    return &specs[table];
}

static bool
value_fits(char type, const FactValue *value)
{
    if (value->kind == FACT_VALUE_NULL)
        return isupper((unsigned char)type) != 0;
    return (tolower((unsigned char)type) == 'i') == (value->kind == FACT_VALUE_INT);
}

FactRow *
fact_row_new(FactTable table, const FactValue *values)
{
    const FactTableSpec *spec = &specs[table];
    FactRow *row = g_new0(FactRow, 1);

    row->refs = 1;
    row->table = table;
    for (unsigned i = 0; i < spec->n_columns; i++) {
        assert(value_fits(spec->types[i], &values[i]));
        row->values[i] = values[i];
        if (values[i].kind == FACT_VALUE_TEXT)
            row->values[i].text = g_strdup(values[i].text);
    }
    return row;
}

FactRow *
fact_row_ref(FactRow *row)
{
    row->refs++;
    return row;
}

void
fact_row_unref(FactRow *row)
{
    if (row == NULL || --row->refs > 0)
        return;
    for (unsigned i = 0; i < specs[row->table].n_columns; i++) {
        if (row->values[i].kind == FACT_VALUE_TEXT)
            g_free((char *)row->values[i].text);
    }
    g_free(row);
}

FactTable
fact_row_table(const FactRow *row)
{
    return row->table;
}

const FactValue *
fact_row_values(const FactRow *row)
{
    return row->values;
}

const char *
fact_row_text(const FactRow *row, unsigned column)
{
    assert(column < specs[row->table].n_columns);
    return row->values[column].kind == FACT_VALUE_TEXT ? row->values[column].text : NULL;
}

int64_t
fact_row_int(const FactRow *row, unsigned column)
{
    assert(column < specs[row->table].n_columns);
    return row->values[column].number;
}

static void
unref_row(void *row)
{
    fact_row_unref(row);
}

FactDelta *
fact_delta_new(void)
{
    FactDelta *delta = g_new0(FactDelta, 1);

    delta->rows = g_ptr_array_new_with_free_func(unref_row);
    return delta;
}

void
fact_delta_free(FactDelta *delta)
{
    if (delta == NULL)
        return;
    g_ptr_array_unref(delta->rows);
    g_free(delta);
}

void
fact_delta_put(FactDelta *delta, FactTable table, const FactValue *values)
{
    g_ptr_array_add(delta->rows, fact_row_new(table, values));
}
