/* SPDX-License-Identifier: Apache-2.0
 * key_routes: the public key of the signatures beside released files below /keys/, for downloaders. */
#include <string.h>
#include "base/json.h"
#include "service/release_signatures.h"
#include "web/server_priv.h"
#include "base/banned.h"

static const struct {
    const char *file;
    const char *format; /* member of "keys" */
    const char *type;
} files[] = {
    { "release.asc", "openpgp", "application/pgp-keys" },
    { "release.ssh", "ssh", "text/plain; charset=utf-8" },
    { "release.minisign", "minisign", "text/plain; charset=utf-8" },
};

static bool
key(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *name = web_param(request, "file");
    g_autoptr(json_t) result = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        const char *text = NULL;

        if (strcmp(files[i].file, name) != 0)
            continue;
        if (!release_signature_keys(request->engine, &result, error))
            return false;
        text = json_string_value(json_object_get(json_object_get(result, "keys"), files[i].format));
        web_answer_bytes(answer, 200, files[i].type, g_bytes_new(text, strlen(text)));
        web_answer_header(answer, "Cache-Control", "public, max-age=300");
        web_answer_header(answer, "Access-Control-Allow-Origin", "*");
        return true;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no key file '%s'", name);
    return false;
}

const WebRoute key_routes[] = {
    { "GET", "/keys/{file}", API_ROLE_ANYONE, key, WEB_SLOW },
};
const size_t key_n_routes = G_N_ELEMENTS(key_routes);
