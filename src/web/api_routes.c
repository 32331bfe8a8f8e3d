/* SPDX-License-Identifier: Apache-2.0
 * api_routes: the table of operations as /api/v1/NOUN/VERB. Reads by GET with query parameters or
 * by POST with a JSON object, changes by POST only. */
#include <stdlib.h>
#include <string.h>
#include "base/digest.h"
#include "base/json.h"
#include "service/replay.h"
#include "web/openapi.h"
#include "web/server_priv.h"
#include "base/banned.h"

#define MAX_ARGS_BYTES (4u << 20)

/* ---- arguments ---- */

/* NULL when @text is not of the field's type. */
static json_t *
typed_value(const ApiField *field, const char *text)
{
    char *end = NULL;

    switch (field->type) {
    case API_STRING:
        return json_string(text);
    case API_INT: {
        json_int_t number = g_ascii_strtoll(text, &end, 10);

        return end != text && *end == '\0' ? json_integer(number) : NULL;
    }
    case API_BOOL:
        if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || strcmp(text, "on") == 0)
            return json_true();
        return strcmp(text, "false") == 0 || strcmp(text, "0") == 0 ? json_false() : NULL;
    case API_OBJECT:
    case API_ARRAY:
        return json_parse(span_of_text(text), MAX_ARGS_BYTES, NULL);
    case API_STRINGS:
    case API_NONE:
        break;
    }
    return NULL;
}

static const ApiField *
field_of(const ApiOperation *operation, const char *name)
{
    for (const ApiField *field = operation->args; field != NULL && field->name != NULL; field++)
        if (strcmp(field->name, name) == 0)
            return field;
    return NULL;
}

/* An unknown name goes in as it is: the operation's own check names the nearest. */
static bool
add_pair(const ApiOperation *operation, const WebPair *pair, json_t *args, GError **error)
{
    const ApiField *field = field_of(operation, pair->name);
    json_t *value = NULL;

    if (field != NULL && field->type == API_STRINGS) {
        json_t *list = json_object_get(args, pair->name);

        if (list == NULL)
            json_object_set_new(args, pair->name, list = json_array());
        json_array_append_new(list, json_string(pair->value));
        return true;
    }
    if (field != NULL && pair->value[0] == '\0' && (field->flags & API_REQUIRED) == 0)
        return true; /* a form's empty field */
    value = field != NULL ? typed_value(field, pair->value) : json_string(pair->value);
    if (value == NULL) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' of '%s' cannot be '%s'",
                  pair->name, operation->name, pair->value);
        return false;
    }
    json_object_set_new(args, pair->name, value);
    return true;
}

json_t *
web_args_from_pairs(const ApiOperation *operation, const GArray *pairs, const char *const *skip,
                    GError **error)
{
    g_autoptr(json_t) args = json_object();

    for (guint i = 0; i < pairs->len; i++) {
        const WebPair *pair = &g_array_index(pairs, WebPair, i);

        if (!g_strv_contains(skip, pair->name) && !add_pair(operation, pair, args, error))
            return NULL;
    }
    return g_steal_pointer(&args);
}

static json_t *
read_args(const WebRequest *request, const ApiOperation *operation, GError **error)
{
    static const char *const skip[] = { "cursor", NULL };
    const char *type = web_header(request, "Content-Type");

    if (strcmp(request->method, "POST") != 0)
        return web_args_from_pairs(operation, request->query, skip, error);
    if (request->body->len == 0)
        return json_object();
    /* A form of another site can send text/plain without asking first; JSON it cannot. */
    if (type == NULL || g_ascii_strncasecmp(type, "application/json", 16) != 0) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
                  "arguments come as Content-Type: application/json");
        return NULL;
    }
    return json_parse(web_body(request), MAX_ARGS_BYTES, error);
}

/* ---- a token for one project ---- */

static const char *const scoped_fields[] = { "project", "run", "release", "object", NULL };

bool
web_check_scope(const WebRequest *request, const ApiOperation *operation, const json_t *args,
                GError **error)
{
    size_t length = request->scope != NULL ? strlen(request->scope) : 0;

    if (request->scope == NULL || operation->role == API_ROLE_ANYONE)
        return true;
    for (size_t i = 0; scoped_fields[i] != NULL; i++) {
        const char *text = json_string_value(json_object_get(args, scoped_fields[i]));

        if (text != NULL && g_str_has_prefix(text, "release:"))
            text += strlen("release:");
        if (text != NULL && strncmp(text, request->scope, length) == 0 &&
            (text[length] == '\0' || text[length] == '/'))
            return true;
    }
    error_set(error, API_ERROR, API_ERROR_OUT_OF_SCOPE,
              "this token is for project '%s' only: name it in the arguments", request->scope);
    return false;
}

/* ---- pages of a list ---- */

/* A list whose operation takes "before" goes on before the last id it gave. */
static bool
apply_cursor(const WebRequest *request, const ApiOperation *operation, json_t *args, GError **error)
{
    const char *cursor = web_query(request, "cursor");
    guint64 before = 0;

    if (cursor == NULL)
        return true;
    if (field_of(operation, "before") == NULL ||
        !g_ascii_string_to_unsigned(cursor, 10, 1, G_MAXINT64, &before, NULL)) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "'%s' is no cursor of '%s'", cursor,
                  operation->name);
        return false;
    }
    json_object_set_new(args, "before", json_integer((json_int_t)before));
    return true;
}

static void
append_query(void *data, const char *name, const char *value)
{
    GString *query = data;
    g_autofree char *name_text = g_uri_escape_string(name, NULL, FALSE);
    g_autofree char *value_text = g_uri_escape_string(value, NULL, FALSE);

    if (strcmp(name, "cursor") != 0 && strcmp(name, "before") != 0)
        g_string_append_printf(query, "%s=%s&", name_text, value_text);
}

static void
add_next_link(const WebRequest *request, const ApiOperation *operation, const json_t *args,
              const json_t *result, WebAnswer *answer)
{
    size_t n = json_array_size(result);
    const json_t *last = n > 0 ? json_object_get(json_array_get(result, n - 1), "id") : NULL;
    g_autoptr(GString) query = g_string_new(NULL);
    g_autofree char *link = NULL;

    if (!json_is_integer(last) || field_of(operation, "before") == NULL ||
        (int64_t)n < api_arg_int(args, "limit", 50))
        return;
    web_each_query(request, append_query, query);
    link = g_strdup_printf("<%s%s?%scursor=%" JSON_INTEGER_FORMAT ">; rel=\"next\"",
                           request->base_url, request->path, query->str, json_integer_value(last));
    web_answer_header(answer, "Link", link);
}

/* ---- the call ---- */

static bool
call(const WebRequest *request, const ApiOperation *operation, const json_t *args,
     WebAnswer *answer, GError **error)
{
    ApiContext context = web_context(request);
    json_t *result = NULL;

    if (!api_call(&context, operation->name, args, &result, error))
        return false;
    add_next_link(request, operation, args, result, answer);
    web_answer_json(answer, 200, result);
    return true;
}

static bool
request_digest(const ApiOperation *operation, const json_t *args, Digest *out, GError **error)
{
    g_autoptr(json_t) both = json_pack("{s:s, s:O}", "operation", operation->name, "args", args);

    return json_canonical_digest(both, out, error);
}

/* What is kept of an answer for who asks again. A secret that is told once is kept nowhere. Owned. */
static char *
text_to_keep(const ApiOperation *operation, const WebAnswer *answer)
{
    static const char *const told_once[] = { "token", "secret" };
    Span body = span_of_bytes(answer->body);
    g_autoptr(json_t) object = NULL;

    if ((operation->flags & API_TELLS_SECRET) == 0)
        return g_strndup((const char *)body.data, body.len);
    object = json_loadb((const char *)body.data, body.len, 0, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(told_once); i++) {
        if (json_object_get(object, told_once[i]) != NULL)
            json_object_set_new(object, told_once[i], json_null());
    }
    return object != NULL ? json_dumps(object, JSON_COMPACT) : g_strdup("{}");
}

/* An error is an answer too: the one who asks again gets the same. What was too busy has not been
 * tried and may be asked again. */
static bool
call_once(const WebRequest *request, const ApiOperation *operation, const json_t *args,
          const char *key, WebAnswer *answer, GError **error)
{
    ReplayAnswer before = { 0 };
    g_autoptr(GError) failure = NULL;
    g_autofree char *text = NULL;
    Digest digest;

    if (!request_digest(operation, args, &digest, error) ||
        !replay_begin(request->engine, request->actor, key, &digest, &before, error))
        return false;
    if (before.status != 0) {
        web_answer_text(answer, before.status, "application/json", before.answer);
        web_answer_header(answer, "Idempotency-Replayed", "true");
        g_free(before.answer);
        return true;
    }
    if (!call(request, operation, args, answer, &failure))
        web_answer_error(request, failure, answer);
    if (error_kind(failure) == ERROR_KIND_BUSY)
        return replay_forget(request->engine, request->actor, key, error);
    text = text_to_keep(operation, answer);
    return replay_end(request->engine, request->actor, key,
                      answer->status != 0 ? answer->status : 200, text, error);
}

static const ApiOperation *
find_operation(const WebRequest *request, GError **error)
{
    g_autofree char *name =
        g_strdup_printf("%s.%s", web_param(request, "noun"), web_param(request, "verb"));
    const ApiOperation *operation = api_find(name);

    if (operation == NULL)
        error_set(error, API_ERROR, API_ERROR_UNKNOWN_OPERATION, "unknown operation '%s'", name);
    return operation;
}

static bool
check_caller(const WebRequest *request, const ApiOperation *operation, GError **error)
{
    if (request->viewer != NULL || request->role >= operation->role)
        return true;
    error_set(error, WEB_ERROR, WEB_ERROR_UNAUTHORIZED, "operation '%s' needs a token",
              operation->name);
    return false;
}

static bool
api_get(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const ApiOperation *operation = find_operation(request, error);
    g_autoptr(json_t) args = NULL;

    if (operation == NULL || !check_caller(request, operation, error))
        return false;
    if ((operation->flags & API_CHANGES) != 0) {
        error_set(error, WEB_ERROR, WEB_ERROR_METHOD, "operation '%s' changes something: use POST",
                  operation->name);
        return false;
    }
    args = read_args(request, operation, error);
    return args != NULL && apply_cursor(request, operation, args, error) &&
           web_check_scope(request, operation, args, error) &&
           call(request, operation, args, answer, error);
}

static bool
api_post(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const ApiOperation *operation = find_operation(request, error);
    const char *key = web_header(request, "Idempotency-Key");
    g_autoptr(json_t) args = NULL;

    if (operation == NULL || !check_caller(request, operation, error))
        return false;
    args = read_args(request, operation, error);
    if (args == NULL || !api_check_args(operation, args, error) ||
        !web_check_scope(request, operation, args, error))
        return false;
    if (key != NULL && (operation->flags & API_CHANGES) != 0 && request->role >= operation->role)
        return call_once(request, operation, args, key, answer, error);
    return call(request, operation, args, answer, error);
}

static bool
openapi_get(const WebRequest *request, WebAnswer *answer, GError **error)
{
    (void)error;
    web_answer_json(answer, 200, openapi_document(request->base_url));
    return true;
}

const WebRoute api_routes[] = {
    { "GET", "/api/openapi.json", API_ROLE_ANYONE, openapi_get, 0 },
    { "GET", "/api/v1/{noun}/{verb}", API_ROLE_ANYONE, api_get, 0 },
    { "POST", "/api/v1/{noun}/{verb}", API_ROLE_ANYONE, api_post, WEB_SLOW },
};
const size_t api_n_routes = G_N_ELEMENTS(api_routes);
