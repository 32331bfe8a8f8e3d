/* SPDX-License-Identifier: Apache-2.0
 * op_watch: repositories of others that are asked for new artifacts, as operations. */
#include "api/op.h"
#include "service/watch.h"
#include "base/banned.h"

static bool
set_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return watch_set(context->engine, api_arg_string(args, "project", ""),
                     api_arg_string(args, "name", ""), json_object_get(args, "settings"),
                     result_out, error);
}

static const ApiField set_args[] = {
    { "project", API_STRING, API_REQUIRED, "whose runs" },
    { "name", API_STRING, API_REQUIRED, "of the watch" },
    { "settings", API_OBJECT, API_REQUIRED,
      "{kind: apt or oci, url, suite, component, arch, artifacts: globs, poll: seconds}" },
    { 0 },
};
const ApiOperation op_watch_set = {
    .name = "watch.set",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = set_args,
    .help = "start runs when an apt or OCI repository has something new",
    .result = "{project, name, kind, url, …}",
    .handler = set_op,
};

static bool
list_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    *result_out = watch_list(context->engine, api_arg_string(args, "project", NULL), error);
    return *result_out != NULL;
}

static const ApiField list_args[] = {
    { "project", API_STRING, 0, "only of this one" },
    { 0 },
};
const ApiOperation op_watch_list = {
    .name = "watch.list",
    .role = API_ROLE_READER,
    .args = list_args,
    .help = "repositories that are asked for new artifacts",
    .result =
        "[{project, name, kind, url, suite, component, arch, artifacts, poll, looked, trouble, "
        "troubleSince}]",
    .handler = list_op,
};

static bool
remove_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    const char *project = api_arg_string(args, "project", "");
    const char *name = api_arg_string(args, "name", "");

    if (!watch_remove(context->engine, project, name, error))
        return false;
    *result_out = json_pack("{s:s, s:s}", "project", project, "name", name);
    return true;
}

static const ApiField remove_args[] = {
    { "project", API_STRING, API_REQUIRED, "whose runs" },
    { "name", API_STRING, API_REQUIRED, "of the watch" },
    { 0 },
};
const ApiOperation op_watch_remove = {
    .name = "watch.remove",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = remove_args,
    .help = "ask there no more",
    .result = "{project, name}",
    .handler = remove_op,
};

static bool
look_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autofree char *news = NULL;

    if (!watch_look_now(context->engine, api_arg_string(args, "project", ""),
                        api_arg_string(args, "name", ""), &news, error))
        return false;
    *result_out = json_pack("{s:s}", "new", news);
    return true;
}

const ApiOperation op_watch_look = {
    .name = "watch.look",
    .role = API_ROLE_DEVELOPER,
    .flags = API_CHANGES,
    .args = remove_args,
    .help = "ask there now instead of at the next interval",
    .result = "{new: what started a run; empty: nothing}",
    .handler = look_op,
};
