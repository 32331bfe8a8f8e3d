/* SPDX-License-Identifier: Apache-2.0
 * route: which handler an address belongs to. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "web/web.h"

typedef struct RouteTable { /* borrowed */
    const WebRoute *routes;
    size_t n_routes;
} RouteTable;

/** Whether @path, as sent, is what @pattern says; its {parts} are decoded into @params (of
 * WebPair). No part may be empty; a last {name*} takes the rest, slashes and all. */
bool route_match(const char *pattern, const char *path, GArray *params);
/** The first route of @tables that fits the request, whose params are filled in; NULL if none does.
 * @other_out: set to the allowed method when only the method does not fit, else NULL. */
const WebRoute *route_find(const RouteTable *tables, size_t n_tables, WebRequest *request,
                           const char **other_out);
