/* SPDX-License-Identifier: Apache-2.0
 * web_request: a form's body, and the same bytes as a path; nothing decoded may hide a NUL or be
 * broken UTF-8. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "web/route.h"
#include "web/web_priv.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_pairs(const GArray *pairs)
{
    for (guint i = 0; i < pairs->len; i++) {
        const WebPair *pair = &g_array_index(pairs, WebPair, i);

        if (!g_utf8_validate(pair->name, -1, NULL) || !g_utf8_validate(pair->value, -1, NULL))
            abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const patterns[] = { "/projects/{project}/runs/{number}",
                                            "/log/tile/{rest*}", "/b/{name}.svg", "/{a}/{b}" };
    g_autoptr(WebRequest) request = web_request_new("GET", "/");
    g_autofree char *path = g_strndup((const char *)data, size);

    if (web_pairs_parse(request->form, (const char *)data, size, NULL))
        check_pairs(request->form);
    for (size_t i = 0; i < G_N_ELEMENTS(patterns); i++)
        if (route_match(patterns[i], path, request->params))
            check_pairs(request->params);
    return 0;
}
