/* SPDX-License-Identifier: Apache-2.0
 * op_secret: values for jobs. They go in and never come out. */
#include <string.h>
#include "api/op.h"
#include "service/secret.h"
#include "base/banned.h"

static bool
change_op(ApiContext *context, const json_t *args, bool create, json_t **result_out, GError **error)
{
    const char *value = api_arg_string(args, "value", NULL);
    SecretChange change = {
        .project = api_arg_string(args, "project", ""),
        .name = api_arg_string(args, "name", ""),
        .value = value == NULL ? (Span){ 0 } : span_of_text(value),
        .rules = json_object_get(args, "jobs") != NULL || json_object_get(args, "refs") != NULL ||
                 json_object_get(args, "triggers") != NULL,
        .jobs = json_object_get(args, "jobs"),
        .refs = json_object_get(args, "refs"),
        .triggers = json_object_get(args, "triggers"),
        .actor = context->actor != NULL ? context->actor : "operator",
    };

    if (!secret_set(context->engine, &change, create, error))
        return false;
    *result_out = json_pack("{s:s, s:s}", "project", change.project, "name", change.name);
    return true;
}

static bool
secret_set_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return change_op(context, args, true, result_out, error);
}

static bool
secret_rotate_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return change_op(context, args, false, result_out, error);
}

static const ApiField set_args[] = {
    { "project", API_STRING, API_REQUIRED, "name of the project, or \"*\": every project" },
    { "name", API_STRING, API_REQUIRED, "of the variable" },
    { "value", API_STRING, 0, "the secret text; never shown again" },
    { "jobs", API_STRINGS, 0, "globs over names of jobs; default all" },
    { "refs", API_STRINGS, 0, "globs over branches, tags or full refs; default all" },
    { "triggers", API_STRINGS, 0, "what starts the run; default all but proposals" },
    { 0 },
};
const ApiOperation op_secret_set = {
    .name = "secret.set",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = set_args,
    .help = "keep a new secret for jobs",
    .result = "{project, name}",
    .handler = secret_set_op,
};
const ApiOperation op_secret_rotate = {
    .name = "secret.rotate",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = set_args,
    .help = "change a secret's value or its rules; the value before stays hidden in logs",
    .result = "{project, name}",
    .handler = secret_rotate_op,
};

static bool
secret_remove_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    const char *project = api_arg_string(args, "project", "");
    const char *name = api_arg_string(args, "name", "");

    if (!secret_remove(context->engine, project, name, error))
        return false;
    *result_out = json_pack("{s:s, s:s}", "project", project, "name", name);
    return true;
}

static const ApiField name_args[] = {
    { "project", API_STRING, API_REQUIRED, "name of the project, or \"*\"" },
    { "name", API_STRING, API_REQUIRED, "of the secret" },
    { 0 },
};
const ApiOperation op_secret_remove = {
    .name = "secret.remove",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = name_args,
    .help = "forget a secret",
    .result = "{project, name}",
    .handler = secret_remove_op,
};

static bool
secret_list_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    *result_out = secret_list(context->engine, api_arg_string(args, "project", NULL), error);
    return *result_out != NULL;
}

static const ApiField list_args[] = {
    { "project", API_STRING, 0, "only those its jobs could get" },
    { 0 },
};
const ApiOperation op_secret_list = {
    .name = "secret.list",
    .role = API_ROLE_RELEASE_MANAGER,
    .args = list_args,
    .help = "names and rules of secrets, never values",
    .result = "[{project, name, jobs, refs, triggers, changedBy, createdAt, changedAt, rotated, "
              "lastUsedAt}]",
    .handler = secret_list_op,
};

static bool
secret_uses_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    *result_out = secret_uses(context->engine, api_arg_string(args, "project", ""),
                              api_arg_string(args, "name", ""), error);
    return *result_out != NULL;
}

const ApiOperation op_secret_uses = {
    .name = "secret.uses",
    .role = API_ROLE_RELEASE_MANAGER,
    .args = name_args,
    .help = "which jobs were given a secret, newest first",
    .result = "[{run, job, usedAt}]",
    .handler = secret_uses_op,
};
