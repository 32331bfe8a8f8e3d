/* SPDX-License-Identifier: Apache-2.0
 * wire: requests and answers as JSON. */
#include "api/wire.h"
#include <string.h>
#include "base/json.h"
#include "base/limits.h"
#include "base/banned.h"

static GBytes *
dump(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);

    json_decref(object);
    return g_bytes_new_with_free_func(text, strlen(text), free, text);
}

GBytes *
wire_request(const char *operation, const json_t *args)
{
    json_t *request = json_object();

    json_object_set_new(request, "operation", json_string(operation));
    json_object_set_new(request, "args", args != NULL ? json_deep_copy(args) : json_object());
    return dump(request);
}

static GBytes *
error_answer(const GError *error)
{
    g_autofree char *message = g_utf8_make_valid(error->message, -1);

    return dump(json_pack("{s:{s:s, s:i, s:s}}", "error", "domain",
                          g_quark_to_string(error->domain), "code", error->code, "message",
                          message));
}

GBytes *
wire_serve(ApiContext *context, Span bytes)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) request = json_parse(bytes, LIMIT_CHANNEL_FRAME_BYTES, &error);
    const char *operation =
        request != NULL ? json_need_string(request, "operation", "request", &error) : NULL;
    json_t *args = operation != NULL ? json_need_object(request, "args", "request", &error) : NULL;
    json_t *result = NULL;

    if (args == NULL || !api_call(context, operation, args, &result, &error))
        return error_answer(error);
    return dump(json_pack("{s:o}", "result", result));
}

bool
wire_answer(Span bytes, json_t **result_out, GError **error)
{
    g_autoptr(json_t) answer = json_parse(bytes, LIMIT_CHANNEL_FRAME_BYTES, error);
    json_t *result = answer != NULL ? json_object_get(answer, "result") : NULL;
    const char *domain = NULL;
    const char *message = NULL;
    int code = 0;

    if (answer == NULL)
        return false;
    if (result != NULL) {
        *result_out = json_incref(result);
        return true;
    }
    if (json_unpack(answer, "{s:{s:s, s:i, s:s}}", "error", "domain", &domain, "code", &code,
                    "message", &message) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "the answer is neither a result nor an error");
        return false;
    }
    error_set(error, g_quark_from_string(domain), code, "%s", message);
    return false;
}
