/* SPDX-License-Identifier: Apache-2.0
 * op_preview: what passed proposals left to try out, as an operation. */
#include "api/op.h"
#include "service/preview.h"
#include "base/banned.h"

static bool
list_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    *result_out = preview_list(context->engine, api_arg_string(args, "project", NULL), error);
    return *result_out != NULL;
}

static const ApiField list_args[] = {
    { "project", API_STRING, 0, "only of this one" },
    { 0 },
};
const ApiOperation op_preview_list = {
    .name = "preview.list",
    .role = API_ROLE_READER,
    .args = list_args,
    .help = "previews of proposals that have not expired",
    .result = "[{project, ref, channel, run, folder, expiresAt}]",
    .handler = list_op,
};
