/* SPDX-License-Identifier: Apache-2.0
 * row: the rows a fold consists of. The tables here are exactly the fact_* tables of the database;
 * the log is the first key column there and implicit here. Rows are immutable and counted. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/digest.h"

typedef enum {
    FACT_TABLE_LOG,         /* one row: how far the fold came */
    FACT_TABLE_ENTRY,       /* every index: its statement and verdict */
    FACT_TABLE_STATEMENT,   /* every admitted statement */
    FACT_TABLE_HEAD,        /* the newest transition of each object */
    FACT_TABLE_COMMAND,     /* commands seen */
    FACT_TABLE_NAME,        /* object names with case folded: none is ever reused */
    FACT_TABLE_ROOT,        /* all roots */
    FACT_TABLE_ROSTER,      /* all rosters */
    FACT_TABLE_RELEASE,     /* state of each release */
    FACT_TABLE_ASSET,       /* sealed assets */
    FACT_TABLE_SUBJECT,     /* evidence by the digest it speaks of */
    FACT_TABLE_APPROVAL,    /* approvals by the request they answer */
    FACT_TABLE_PUBLICATION, /* what each target of an intent reported */
    FACT_TABLE_REVOKED,     /* revocations and rejections, as status.json lists them */
    FACT_TABLE_VOID,        /* entries that count for nothing */
    FACT_N_TABLES
} FactTable;

#define FACT_MAX_COLUMNS 12
#define FACT_MAX_KEY     2

/* Columns by table, key columns first. */
enum { FACT_LOG_SIZE, FACT_LOG_LAST_AT, FACT_LOG_ORIGIN };
enum {
    FACT_ENTRY_INDEX,
    FACT_ENTRY_STATEMENT,
    FACT_ENTRY_KIND,
    FACT_ENTRY_VERDICT,
    FACT_ENTRY_RULE,
    FACT_ENTRY_TEXT,
    FACT_ENTRY_KEY_ID
};
enum {
    FACT_STATEMENT_S,
    FACT_STATEMENT_INDEX,
    FACT_STATEMENT_KIND,
    FACT_STATEMENT_TYPE,
    FACT_STATEMENT_OBJECT,
    FACT_STATEMENT_PREVIOUS,
    FACT_STATEMENT_COMMAND,
    FACT_STATEMENT_AT,
    FACT_STATEMENT_ACTOR,
    FACT_STATEMENT_KEY_ID,
    FACT_STATEMENT_PREDICATE
};
enum { FACT_HEAD_OBJECT, FACT_HEAD_STATEMENT, FACT_HEAD_INDEX };
enum { FACT_COMMAND_ID, FACT_COMMAND_STATEMENT };
enum { FACT_NAME_FOLDED, FACT_NAME_OBJECT };
enum { FACT_ROOT_INDEX, FACT_ROOT_STATEMENT };
enum { FACT_ROSTER_OBJECT, FACT_ROSTER_INDEX, FACT_ROSTER_STATEMENT };
enum {
    FACT_RELEASE_OBJECT,
    FACT_RELEASE_STATE,
    FACT_RELEASE_CLAIM,
    FACT_RELEASE_COMMIT,
    FACT_RELEASE_TAG,
    FACT_RELEASE_SEAL,
    FACT_RELEASE_REQUEST,
    FACT_RELEASE_INTENT,
    FACT_RELEASE_LAST,
    FACT_RELEASE_AT
};
enum { FACT_ASSET_RELEASE, FACT_ASSET_NAME, FACT_ASSET_DIGEST, FACT_ASSET_SIZE };
enum { FACT_SUBJECT_DIGEST, FACT_SUBJECT_STATEMENT, FACT_SUBJECT_TYPE, FACT_SUBJECT_INDEX };
enum {
    FACT_APPROVAL_REQUEST,
    FACT_APPROVAL_STATEMENT,
    FACT_APPROVAL_PERSON,
    FACT_APPROVAL_VERB,
    FACT_APPROVAL_EXPIRES,
    FACT_APPROVAL_INDEX
};
enum {
    FACT_PUBLICATION_INTENT,
    FACT_PUBLICATION_TARGET,
    FACT_PUBLICATION_STATEMENT,
    FACT_PUBLICATION_OUTCOME
};
enum {
    FACT_REVOKED_INDEX,
    FACT_REVOKED_STATEMENT,
    FACT_REVOKED_OBJECT,
    FACT_REVOKED_KEY,
    FACT_REVOKED_EFFECT,
    FACT_REVOKED_FROM_INDEX
};
enum { FACT_VOID_INDEX, FACT_VOID_STATEMENT };

typedef enum { FACT_VALUE_NULL, FACT_VALUE_INT, FACT_VALUE_TEXT } FactValueKind;

typedef struct FactValue {
    FactValueKind kind;
    int64_t number;
    const char *text; /* owned by the row it is in; borrowed in a key */
} FactValue;

#define FACT_NULL    ((FactValue){ .kind = FACT_VALUE_NULL })
#define FACT_INT(x)  ((FactValue){ .kind = FACT_VALUE_INT, .number = (x) })
#define FACT_TEXT(s) fact_value_text(s)

static inline FactValue
fact_value_text(const char *text)
{
    return text != NULL ? (FactValue){ .kind = FACT_VALUE_TEXT, .text = text } : FACT_NULL;
}

typedef struct FactTableSpec {
    const char *name; /* of the database table: "fact_head" */
    unsigned n_key;
    unsigned n_columns;
    const char *types; /* a letter a column: i integer, t text; upper case: may be null */
} FactTableSpec;

typedef struct FactRow FactRow;

/** The shape of @table; static. */
const FactTableSpec *fact_table_spec(FactTable table);
/** Copies @values (as many as the table has columns). Returns: owned reference. A value of the
 * wrong type is a programmer's mistake. */
FactRow *fact_row_new(FactTable table, const FactValue *values);
FactRow *fact_row_ref(FactRow *row);
void fact_row_unref(FactRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FactRow, fact_row_unref)
FactTable fact_row_table(const FactRow *row);
/** Borrowed from the row. */
const FactValue *fact_row_values(const FactRow *row);
/** The text of a column, NULL when null. Borrowed. */
const char *fact_row_text(const FactRow *row, unsigned column);
int64_t fact_row_int(const FactRow *row, unsigned column);

/* What one fact changes: rows to put (insert or replace by key), in order. */
typedef struct FactDelta {
    GPtrArray *rows; /* of FactRow, owned */
} FactDelta;
FactDelta *fact_delta_new(void);
void fact_delta_free(FactDelta *delta);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FactDelta, fact_delta_free)
/** Adds a row with these values. */
void fact_delta_put(FactDelta *delta, FactTable table, const FactValue *values);
