/* SPDX-License-Identifier: Apache-2.0
 * error_map: what the outside sees of an error: HTTP status, stable string, exit code, hint. By
 * kind, with a row for each code that has a hint or a status of its own. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/error.h"

#define EXIT_CODE_DONE        0
#define EXIT_CODE_FAILED      1
#define EXIT_CODE_USAGE       2
#define EXIT_CODE_UNREACHABLE 3

typedef struct ErrorMap {
    const char *name; /* stable: "not-found", "lock-held"; part of the JSON API */
    int http_status;
    int exit_code;
    const char *hint; /* what to do next; NULL = nothing general to say */
} ErrorMap;

/** The domain and code of a stable name; false for a name of nobody's. */
bool error_map_by_name(const char *name, GQuark *domain_out, int *code_out);
/** Never NULL; "internal" for what is not ours. Static. */
const ErrorMap *error_map_find(const GError *error);
