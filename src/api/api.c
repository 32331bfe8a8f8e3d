/* SPDX-License-Identifier: Apache-2.0
 * api: finds an operation, checks role and arguments, runs it. */
#include "api/api.h"
#include <assert.h>
#include <string.h>
#include "base/error.h"
#include "sys/suggest.h"
#include "base/banned.h"

#define API_INT_MAX ((json_int_t)9007199254740991) /* 2^53-1: exact in every JSON reader */

G_DEFINE_QUARK(slipway - api - error, api_error)

const ApiOperation *
api_find(const char *name)
{
    for (size_t i = 0; i < api_n_operations; i++)
        if (strcmp(api_operations[i]->name, name) == 0)
            return api_operations[i];
    return NULL;
}

static const char *const role_names[API_N_ROLES] = {
    [API_ROLE_NONE] = "none",
    [API_ROLE_ANYONE] = "anyone",
    [API_ROLE_READER] = "reader",
    [API_ROLE_DEVELOPER] = "developer",
    [API_ROLE_CODE_OWNER] = "code-owner",
    [API_ROLE_RELEASE_MANAGER] = "release-manager",
    [API_ROLE_ADMIN] = "admin",
};

const char *
api_role_name(ApiRole role)
{
    return role_names[role < API_N_ROLES ? role : API_ROLE_NONE];
}

ApiRole
api_role_from_string(const char *name)
{
    for (unsigned role = API_ROLE_ANYONE; role < API_N_ROLES; role++)
        if (strcmp(role_names[role], name) == 0)
            return (ApiRole)role;
    return API_ROLE_NONE;
}

static const ApiField *
find_field(const ApiOperation *operation, const char *name)
{
    for (const ApiField *field = operation->args; field != NULL && field->name != NULL; field++)
        if (strcmp(field->name, name) == 0)
            return field;
    return NULL;
}

static const char *
nearest_field(const ApiOperation *operation, const char *name)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();

    for (const ApiField *field = operation->args; field != NULL && field->name != NULL; field++)
        g_ptr_array_add(names, (void *)field->name);
    return suggest_nearest(name, (const char *const *)names->pdata, names->len);
}

static bool
is_string_array(const json_t *value)
{
    size_t index;
    json_t *item;

    if (!json_is_array(value))
        return false;
    json_array_foreach (value, index, item)
        if (!json_is_string(item))
            return false;
    return true;
}

/* What @value should have been, or NULL when it is right. */
static const char *
type_complaint(ApiType type, const json_t *value)
{
    switch (type) {
    case API_STRING:
        return json_is_string(value) ? NULL : "a string";
    case API_INT:
        return json_is_integer(value) && json_integer_value(value) >= 0 &&
                       json_integer_value(value) <= API_INT_MAX
                   ? NULL
                   : "an integer from 0 to 2^53-1";
    case API_BOOL:
        return json_is_boolean(value) ? NULL : "true or false";
    case API_STRINGS:
        return is_string_array(value) ? NULL : "an array of strings";
    case API_OBJECT:
        return json_is_object(value) ? NULL : "an object";
    case API_ARRAY:
        return json_is_array(value) ? NULL : "an array";
    case API_NONE:
        break;
    }
    return "absent";
}

static void complain(GString *complaints, const char *format, ...) PRINTF_LIKE(2, 3);
static void
complain(GString *complaints, const char *format, ...)
{
    va_list args;

    if (complaints->len > 0)
        g_string_append(complaints, "; ");
    va_start(args, format);
    g_string_append_vprintf(complaints, format, args);
    va_end(args);
}

bool
api_check_args(const ApiOperation *operation, const json_t *args, GError **error)
{
    g_autoptr(GString) complaints = g_string_new(NULL);
    const char *key;
    json_t *value;

    if (args != NULL && !json_is_object(args)) {
        error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS,
                  "arguments of '%s' must be a JSON object", operation->name);
        return false;
    }
    json_object_foreach ((json_t *)args, key, value) {
        const ApiField *field = find_field(operation, key);
        const char *wanted = field != NULL ? type_complaint(field->type, value) : NULL;

        if (field == NULL) {
            const char *near = nearest_field(operation, key);

            complain(complaints,
                     near != NULL ? "unknown argument '%s', did you mean '%s'"
                                  : "unknown argument '%s'",
                     key, near);
        } else if (wanted != NULL) {
            complain(complaints, "'%s' must be %s", key, wanted);
        }
    }
    for (const ApiField *field = operation->args; field != NULL && field->name != NULL; field++)
        if ((field->flags & API_REQUIRED) != 0 && json_object_get(args, field->name) == NULL)
            complain(complaints, "'%s' is missing", field->name);
    if (complaints->len == 0)
        return true;
    error_set(error, API_ERROR, API_ERROR_BAD_ARGUMENTS, "arguments of '%s': %s", operation->name,
              complaints->str);
    return false;
}

static void
set_unknown(const char *name, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *near;

    for (size_t i = 0; i < api_n_operations; i++)
        g_ptr_array_add(names, (void *)api_operations[i]->name);
    near = suggest_nearest(name, (const char *const *)names->pdata, names->len);
    if (near != NULL)
        error_set(error, API_ERROR, API_ERROR_UNKNOWN_OPERATION,
                  "unknown operation '%s', did you mean '%s'", name, near);
    else
        error_set(error, API_ERROR, API_ERROR_UNKNOWN_OPERATION, "unknown operation '%s'", name);
}

bool
api_call(ApiContext *context, const char *name, const json_t *args, json_t **result_out,
         GError **error)
{
    const ApiOperation *operation = api_find(name);
    json_t *empty = NULL;
    bool ok;

    if (operation == NULL) {
        set_unknown(name, error);
        return false;
    }
    assert(operation->role != API_ROLE_NONE);
    if (context->role < operation->role) {
        error_set(error, API_ERROR, API_ERROR_FORBIDDEN, "operation '%s' is not allowed to '%s'",
                  name, context->actor != NULL ? context->actor : "anyone");
        return false;
    }
    if (context->remote && (operation->flags & API_LOCAL) != 0) {
        error_set(error, API_ERROR, API_ERROR_FORBIDDEN,
                  "operation '%s' names files of the server's machine: ask for it there", name);
        return false;
    }
    if (!api_check_args(operation, args, error))
        return false;
    if (args == NULL)
        args = empty = json_object();
    ok = operation->handler(context, args, result_out, error);
    json_decref(empty);
    return ok;
}

void
api_progress(ApiContext *context, json_t *event)
{
    if (context->progress != NULL)
        context->progress(context->progress_data, event);
    json_decref(event);
}

const char *
api_arg_string(const json_t *args, const char *name, const char *fallback)
{
    const json_t *value = json_object_get(args, name);

    return value != NULL ? json_string_value(value) : fallback;
}

int64_t
api_arg_int(const json_t *args, const char *name, int64_t fallback)
{
    const json_t *value = json_object_get(args, name);

    return value != NULL ? json_integer_value(value) : fallback;
}

bool
api_arg_bool(const json_t *args, const char *name)
{
    return json_is_true(json_object_get(args, name));
}
