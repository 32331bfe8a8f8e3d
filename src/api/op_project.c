/* SPDX-License-Identifier: Apache-2.0
 * op_project: projects, their forges, their hooks and where their notices go, as operations. */
#include <string.h>
#include "api/op.h"
#include "service/channel.h"
#include "service/project.h"
#include "base/banned.h"

/* Where files of secrets are is the operator's business. */
static void
hide_files(const ApiContext *context, json_t *project)
{
    if (context->role >= API_ROLE_ADMIN)
        return;
    json_object_del(project, "tokenFile");
    json_object_del(project, "hookFile");
    json_object_del(project, "secretFile");
}

static bool
add_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return project_set(context->engine, api_arg_string(args, "project", ""), true,
                       json_object_get(args, "settings"), result_out, error);
}

static bool
set_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return project_set(context->engine, api_arg_string(args, "project", ""), false,
                       json_object_get(args, "settings"), result_out, error);
}

static const ApiField settings_args[] = {
    { "project", API_STRING, API_REQUIRED, "its name" },
    { "settings", API_OBJECT, API_REQUIRED,
      "{source, forge, repository, apiUrl, webUrl, tokenFile, hookFile, context, defaultBranch, "
      "branches, tags, paths, proposals, poll, ignoreSkipMarks}" },
    { 0 },
};
const ApiOperation op_project_add = {
    .name = "project.add",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = settings_args,
    .help = "add a repository to build from",
    .result = "the project",
    .handler = add_op,
};
const ApiOperation op_project_set = {
    .name = "project.set",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = settings_args,
    .help = "change a project's settings; what is left out stays",
    .result = "the project",
    .handler = set_op,
};

static bool
show_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    *result_out = project_show(context->engine, api_arg_string(args, "project", ""), error);
    if (*result_out == NULL)
        return false;
    hide_files(context, *result_out);
    return true;
}

static const ApiField project_args[] = {
    { "project", API_STRING, API_REQUIRED, "its name" },
    { 0 },
};
const ApiOperation op_project_show = {
    .name = "project.show",
    .role = API_ROLE_READER,
    .args = project_args,
    .help = "a project's settings",
    .result = "{name, source, forge, repository, …}",
    .handler = show_op,
};

static bool
list_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    size_t i = 0;
    json_t *project = NULL;

    (void)args;
    *result_out = project_list(context->engine, error);
    json_array_foreach (*result_out, i, project)
        hide_files(context, project);
    return *result_out != NULL;
}

const ApiOperation op_project_list = {
    .name = "project.list",
    .role = API_ROLE_READER,
    .help = "all projects with their settings",
    .result = "[{name, source, forge, repository, …}]",
    .handler = list_op,
};

static bool
rotate_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    const char *project = api_arg_string(args, "project", "");
    g_autofree char *secret = NULL;

    if (!project_rotate_hook(context->engine, project, &secret, error))
        return false;
    *result_out = project_show(context->engine, project, error);
    if (*result_out == NULL)
        return false;
    json_object_set_new(*result_out, "secret", json_string(secret));
    return true;
}

const ApiOperation op_project_rotate_hook = {
    .name = "project.rotate-hook",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES | API_TELLS_SECRET,
    .args = project_args,
    .help = "a new secret for a project's webhook; the one before holds until the next",
    .result = "the project and its secret, shown this once",
    .handler = rotate_op,
};

static bool
set_notice_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return channel_set(context->engine, api_arg_string(args, "project", ""),
                       api_arg_string(args, "name", ""), json_object_get(args, "settings"),
                       result_out, error);
}

static const ApiField notice_args[] = {
    { "project", API_STRING, API_REQUIRED, "whose runs" },
    { "name", API_STRING, API_REQUIRED, "of the channel" },
    { "settings", API_OBJECT, API_REQUIRED,
      "{type, url, secretFile, account, from, to, states, refs}" },
    { 0 },
};
const ApiOperation op_notice_set = {
    .name = "notice.set",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = notice_args,
    .help = "say where notices of a project's runs go",
    .result = "the channel",
    .handler = set_notice_op,
};

static bool
list_notices_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    size_t i = 0;
    json_t *channel = NULL;

    *result_out = channel_list(context->engine, api_arg_string(args, "project", NULL), error);
    json_array_foreach (*result_out, i, channel)
        hide_files(context, channel);
    return *result_out != NULL;
}

static const ApiField list_args[] = {
    { "project", API_STRING, 0, "only of this one" },
    { 0 },
};
const ApiOperation op_notice_list = {
    .name = "notice.list",
    .role = API_ROLE_MAINTAINER,
    .args = list_args,
    .help = "where notices go",
    .result = "[{project, name, type, url, states, refs, …}]",
    .handler = list_notices_op,
};

static bool
remove_notice_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    const char *project = api_arg_string(args, "project", "");
    const char *name = api_arg_string(args, "name", "");

    if (!channel_remove(context->engine, project, name, error))
        return false;
    *result_out = json_pack("{s:s, s:s}", "project", project, "name", name);
    return true;
}

static const ApiField remove_args[] = {
    { "project", API_STRING, API_REQUIRED, "whose runs" },
    { "name", API_STRING, API_REQUIRED, "of the channel" },
    { 0 },
};
const ApiOperation op_notice_remove = {
    .name = "notice.remove",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = remove_args,
    .help = "no more notices there",
    .result = "{project, name}",
    .handler = remove_notice_op,
};
