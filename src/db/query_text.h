/* SPDX-License-Identifier: Apache-2.0
 * query_text: the texts behind the query names; for the drivers in this folder and their tests. */
#pragma once
#include <stddef.h>
#include "db/queries.h"

#define DB_MAX_PARAMS 32 /* of one query; tools/sqlgen refuses more */

typedef struct {
    const char *name;
    int n_params;
    const char *sqlite;   /* one statement */
    const char *postgres; /* NULL: the same */
} QueryText;

extern const QueryText query_texts[QUERY_N]; /* generated from sql/queries */
