/* SPDX-License-Identifier: Apache-2.0
 * protocol: requests and answers between client end and sender process. */
#include "sender/protocol_priv.h"
#include <string.h>
#include "base/error.h"
#include "base/limits.h"
#include "base/banned.h"

static const char *const auth_names[SENDER_N_AUTHS] = {
    [SENDER_AUTH_NONE] = "none",         [SENDER_AUTH_BEARER] = "bearer",
    [SENDER_AUTH_TOKEN] = "token",       [SENDER_AUTH_PRIVATE_TOKEN] = "private-token",
    [SENDER_AUTH_HMAC] = "hmac",         [SENDER_AUTH_URL] = "url",
    [SENDER_AUTH_PASSWORD] = "password",
};

GQuark
sender_error_quark(void)
{
    return g_quark_from_static_string("sender-error");
}

void
sender_answer_clear(SenderAnswer *answer)
{
    g_clear_pointer(&answer->message, g_free);
}

json_t *
sender_request_to_json(int64_t number, const SenderRequest *request)
{
    json_t *object = json_object();

    json_object_set_new(object, "number", json_integer(number));
    json_object_set_new(object, "url", json_string_or_null(request->url));
    json_object_set_new(object, "body", json_string_or_null(request->body));
    json_object_set_new(object, "accept", json_string_or_null(request->accept));
    json_object_set_new(object, "auth", json_string(auth_names[request->auth]));
    json_object_set_new(object, "secretFile", json_string_or_null(request->secret_file));
    json_object_set_new(object, "event", json_string_or_null(request->event));
    json_object_set_new(object, "delivery", json_string_or_null(request->delivery));
    json_object_set_new(object, "account", json_string_or_null(request->account));
    json_object_set_new(object, "from", json_string_or_null(request->from));
    json_object_set_new(object, "timeoutMs", json_integer(request->timeout_ms));
    if (request->recipients != NULL) {
        json_t *recipients = json_array();

        for (size_t i = 0; request->recipients[i] != NULL; i++)
            json_array_append_new(recipients, json_string(request->recipients[i]));
        json_object_set_new(object, "recipients", recipients);
    }
    return object;
}

void
sender_parsed_free(SenderParsed *parsed)
{
    if (parsed == NULL)
        return;
    json_decref(parsed->json);
    g_free(parsed->recipients);
    g_free(parsed);
}

static bool
parse_recipients(SenderParsed *parsed, GError **error)
{
    const json_t *array = json_object_get(parsed->json, "recipients");
    size_t n = json_array_size(array);

    if (array == NULL)
        return true;
    if (n < 1 || n > SENDER_RECIPIENTS_MAX) {
        error_set(error, BASE_ERROR, BASE_ERROR_LIMIT, "a mail has 1 to %d recipients, not %zu",
                  SENDER_RECIPIENTS_MAX, n);
        return false;
    }
    parsed->recipients = g_new0(const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        parsed->recipients[i] = json_string_value(json_array_get(array, i));
        if (parsed->recipients[i] == NULL) {
            error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "a recipient is not a string");
            return false;
        }
    }
    parsed->request.recipients = parsed->recipients;
    return true;
}

static bool
parse_auth(SenderParsed *parsed, GError **error)
{
    const char *name = json_need_string(parsed->json, "auth", "request", error);

    if (name == NULL)
        return false;
    for (int auth = 0; auth < SENDER_N_AUTHS; auth++) {
        if (strcmp(name, auth_names[auth]) == 0) {
            parsed->request.auth = (SenderAuth)auth;
            return true;
        }
    }
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID, "'%s' is not a way to log in", name);
    return false;
}

SenderParsed *
sender_request_parse(Span message, GError **error)
{
    g_autoptr(SenderParsed) parsed = g_new0(SenderParsed, 1);
    SenderRequest *request = &parsed->request;
    const json_t *json = NULL;
    int64_t timeout_ms = 0;

    parsed->json = json_parse(message, LIMIT_CHANNEL_FRAME_BYTES, error);
    json = parsed->json;
    if (json == NULL || !json_need_uint(json, "number", "request", &parsed->number, error) ||
        !json_need_uint(json, "timeoutMs", "request", &timeout_ms, error) ||
        !json_need_string_or_null(json, "url", "request", &request->url, error) ||
        !json_need_string_or_null(json, "body", "request", &request->body, error) ||
        !json_need_string_or_null(json, "accept", "request", &request->accept, error) ||
        !json_need_string_or_null(json, "secretFile", "request", &request->secret_file, error) ||
        !json_need_string_or_null(json, "event", "request", &request->event, error) ||
        !json_need_string_or_null(json, "delivery", "request", &request->delivery, error) ||
        !json_need_string_or_null(json, "account", "request", &request->account, error) ||
        !json_need_string_or_null(json, "from", "request", &request->from, error) ||
        !parse_auth(parsed, error) || !parse_recipients(parsed, error))
        return NULL;
    request->timeout_ms = (unsigned)CLAMP(timeout_ms, 1, 600000);
    return g_steal_pointer(&parsed);
}

json_t *
sender_answer_to_json(const SenderAnswer *answer)
{
    json_t *object = json_object();

    json_object_set_new(object, "number", json_integer(answer->number));
    json_object_set_new(object, "status", json_integer(answer->status));
    if (answer->retry_after_s >= 0)
        json_object_set_new(object, "retryAfter", json_integer(answer->retry_after_s));
    if (answer->rate_remaining >= 0)
        json_object_set_new(object, "rateRemaining", json_integer(answer->rate_remaining));
    if (answer->rate_reset_s >= 0)
        json_object_set_new(object, "rateReset", json_integer(answer->rate_reset_s));
    json_object_set_new(object, "message", json_string(answer->message));
    return object;
}

static int64_t
int_or_minus(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : -1;
}

bool
sender_answer_parse(Span message, SenderAnswer *out, GError **error)
{
    g_autoptr(json_t) json = json_parse(message, LIMIT_CHANNEL_FRAME_BYTES, error);
    const char *text = NULL;
    int64_t number = 0, status = 0;

    if (json == NULL || !json_need_uint(json, "number", "answer", &number, error) ||
        !json_need_uint(json, "status", "answer", &status, error))
        return false;
    text = json_need_string(json, "message", "answer", error);
    if (text == NULL)
        return false;
    *out = (SenderAnswer){ .number = number,
                           .status = (unsigned)status,
                           .retry_after_s = int_or_minus(json, "retryAfter"),
                           .rate_remaining = int_or_minus(json, "rateRemaining"),
                           .rate_reset_s = int_or_minus(json, "rateReset"),
                           .message = g_strdup(text) };
    return true;
}
