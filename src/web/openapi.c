/* SPDX-License-Identifier: Apache-2.0
 * openapi: one path an operation, its schema from the row. */
#include "web/openapi.h"
#include <string.h>
#include "api/api.h"
#include "base/banned.h"

static json_t *
schema_of(const ApiField *field)
{
    switch (field->type) {
    case API_STRING:
        return json_pack("{s:s}", "type", "string");
    case API_INT:
        return json_pack("{s:s, s:i, s:I}", "type", "integer", "minimum", 0, "maximum",
                         (json_int_t)9007199254740991);
    case API_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case API_STRINGS:
        return json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
    case API_OBJECT:
        return json_pack("{s:s}", "type", "object");
    case API_ARRAY:
        return json_pack("{s:s}", "type", "array");
    case API_NONE:
        break;
    }
    return json_object();
}

static json_t *
parameters_of(const ApiOperation *operation)
{
    json_t *list = json_array();

    for (const ApiField *field = operation->args; field != NULL && field->name != NULL; field++) {
        json_t *parameter =
            json_pack("{s:s, s:s, s:b, s:s}", "name", field->name, "in", "query", "required",
                      (field->flags & API_REQUIRED) != 0, "description", field->help);

        if (field->type == API_OBJECT || field->type == API_ARRAY)
            json_object_set_new(
                parameter, "content",
                json_pack("{s:{s:o}}", "application/json", "schema", schema_of(field)));
        else
            json_object_set_new(parameter, "schema", schema_of(field));
        json_array_append_new(list, parameter);
    }
    return list;
}

static json_t *
body_of(const ApiOperation *operation)
{
    json_t *properties = json_object();
    json_t *required = json_array();
    json_t *schema = json_pack("{s:s, s:b, s:o}", "type", "object", "additionalProperties", 0,
                               "properties", properties);

    for (const ApiField *field = operation->args; field != NULL && field->name != NULL; field++) {
        json_t *property = schema_of(field);

        json_object_set_new(property, "description", json_string(field->help));
        json_object_set_new(properties, field->name, property);
        if ((field->flags & API_REQUIRED) != 0)
            json_array_append_new(required, json_string(field->name));
    }
    if (json_array_size(required) > 0)
        json_object_set(schema, "required", required);
    json_decref(required);
    return json_pack("{s:b, s:{s:{s:o}}}", "required", json_object_size(properties) > 0, "content",
                     "application/json", "schema", schema);
}

static json_t *
responses_of(const ApiOperation *operation)
{
    return json_pack("{s:{s:s, s:{s:{s:{}}}}, s:{s:s}}", "200", "description", operation->result,
                     "content", "application/json", "schema", "default", "$ref",
                     "#/components/responses/Error");
}

static json_t *
operation_object(const ApiOperation *operation)
{
    bool changes = (operation->flags & API_CHANGES) != 0;
    const char *dot = strchr(operation->name, '.');
    g_autofree char *tag = g_strndup(operation->name, (gsize)(dot - operation->name));
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:[s], s:o}", "operationId", operation->name, "summary",
                  operation->help, "x-slipway-role", api_role_name(operation->role), "tags", tag,
                  "responses", responses_of(operation));

    if (operation->role == API_ROLE_ANYONE)
        json_object_set_new(object, "security", json_array());
    if (changes)
        json_object_set_new(object, "requestBody", body_of(operation));
    else
        json_object_set_new(object, "parameters", parameters_of(operation));
    if (changes)
        json_object_set_new(object, "parameters",
                            json_pack("[{s:s}]", "$ref", "#/components/parameters/IdempotencyKey"));
    return object;
}

static json_t *
components(void)
{
    json_t *error =
        json_pack("{s:s, s:[s], s:{s:{s:s, s:[s,s], s:{s:{s:s}, s:{s:s}, s:{s:[s,s]}}}}}", "type",
                  "object", "required", "error", "properties", "error", "type", "object",
                  "required", "code", "message", "properties", "code", "type", "string", "message",
                  "type", "string", "hint", "type", "string", "null");
    json_t *key = json_pack("{s:s, s:s, s:b, s:s, s:{s:s, s:i}}", "name", "Idempotency-Key", "in",
                            "header", "required", 0, "description",
                            "asking again with the same key within a day gives the same answer",
                            "schema", "type", "string", "maxLength", 128);

    return json_pack("{s:{s:o}, s:{s:o}, s:{s:{s:s, s:{s:{s:{s:s}}}}}, s:{s:{s:s, s:s}}}",
                     "schemas", "Error", error, "parameters", "IdempotencyKey", key, "responses",
                     "Error", "description", "what went wrong", "content", "application/json",
                     "schema", "$ref", "#/components/schemas/Error", "securitySchemes", "token",
                     "type", "http", "scheme", "bearer");
}

json_t *
openapi_document(const char *base_url)
{
    json_t *paths = json_object();

    for (size_t i = 0; i < api_n_operations; i++) {
        const ApiOperation *operation = api_operations[i];
        const char *dot = strchr(operation->name, '.');
        g_autofree char *path = g_strdup_printf("/api/v1/%.*s/%s", (int)(dot - operation->name),
                                                operation->name, dot + 1);

        if ((operation->flags & API_LOCAL) == 0)
            json_object_set_new(paths, path,
                                json_pack("{s:o}",
                                          (operation->flags & API_CHANGES) != 0 ? "post" : "get",
                                          operation_object(operation)));
    }
    return json_pack("{s:s, s:{s:s, s:s, s:s}, s:[{s:s}], s:[{s:[]}], s:o, s:o}", "openapi",
                     "3.1.0", "info", "title", "Slipway", "version", SLIPWAY_VERSION, "description",
                     "A self-hosted release engine. Operations are those of the command line.",
                     "servers", "url", base_url, "security", "token", "paths", paths, "components",
                     components());
}
