/* SPDX-License-Identifier: Apache-2.0
 * route: patterns against paths, part by part; a few dozen routes need no tree. */
#include "web/route.h"
#include <string.h>
#include "web/web_priv.h"
#include "base/banned.h"

/* Decodes one part into @params. */
static bool
take_part(const char *name, size_t name_length, const char *text, size_t length, GArray *params)
{
    g_autofree char *value = web_decode(text, length, false);
    g_autofree char *key = g_strndup(name, name_length);

    if (value == NULL || length == 0)
        return false;
    web_pairs_add(params, key, value);
    return true;
}

static bool
match(const char *pattern, const char *path, GArray *params)
{
    while (*pattern != '\0') {
        const char *close = *pattern == '{' ? strchr(pattern, '}') : NULL;

        if (close == NULL) {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        if (close[-1] == '*')
            return take_part(pattern + 1, (size_t)(close - pattern - 2), path, strlen(path),
                             params);
        size_t length = strcspn(path, "/");
        size_t tail = strcspn(close + 1, "/"); /* what follows in this part: "{n}.svg" */

        if (length < tail ||
            !take_part(pattern + 1, (size_t)(close - pattern - 1), path, length - tail, params))
            return false;
        path += length - tail;
        pattern = close + 1;
    }
    return *path == '\0';
}

bool
route_match(const char *pattern, const char *path, GArray *params)
{
    g_array_set_size(params, 0);
    if (match(pattern, path, params))
        return true;
    g_array_set_size(params, 0);
    return false;
}

static bool
method_fits(const char *wanted, const char *given)
{
    return strcmp(wanted, given) == 0 || (strcmp(wanted, "GET") == 0 && strcmp(given, "HEAD") == 0);
}

const WebRoute *
route_find(const RouteTable *tables, size_t n_tables, WebRequest *request, const char **other_out)
{
    *other_out = NULL;
    for (size_t t = 0; t < n_tables; t++) {
        for (size_t i = 0; i < tables[t].n_routes; i++) {
            const WebRoute *route = &tables[t].routes[i];

            if (!route_match(route->pattern, request->raw_path, request->params))
                continue;
            if (method_fits(route->method, request->method))
                return route;
            *other_out = route->method;
        }
    }
    return NULL;
}
