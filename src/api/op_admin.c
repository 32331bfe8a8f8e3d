/* SPDX-License-Identifier: Apache-2.0
 * op_admin: looking after the data folder. */
#include "api/op.h"
#include "service/admin.h"
#include "base/banned.h"

static bool
fsck_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    (void)args;
    return admin_fsck(context->engine, result_out, error);
}

const ApiOperation op_admin_fsck = {
    .name = "admin.fsck",
    .role = API_ROLE_ADMIN,
    .help = "check log, blobs and database",
    .result = "{clean, findings, log, store}",
    .handler = fsck_op,
};

static bool
rebuild_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    (void)args;
    return admin_rebuild(context->engine, result_out, error);
}

const ApiOperation op_admin_rebuild = {
    .name = "admin.rebuild",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .help = "make the fact tables anew from the log",
    .result = "{entries}",
    .handler = rebuild_op,
};

static bool
backup_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return admin_backup(context->engine, api_arg_string(args, "path", ""), result_out, error);
}

static const ApiField backup_args[] = {
    { "path", API_STRING, API_REQUIRED, "a folder that does not exist yet" },
    { 0 },
};
const ApiOperation op_admin_backup = {
    .name = "admin.backup",
    .role = API_ROLE_ADMIN,
    .flags = API_LOCAL,
    .args = backup_args,
    .help = "copy the data folder while it is used",
    .result = "{path, entries, blobs, keys}",
    .handler = backup_op,
};

static bool
gc_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return admin_gc(context->engine, api_arg_int(args, "minAgeSeconds", 24 * 3600) * G_USEC_PER_SEC,
                    result_out, error);
}

static const ApiField gc_args[] = {
    { "minAgeSeconds", API_INT, 0, "blobs put less than this ago stay; default a day" },
    { 0 },
};
const ApiOperation op_admin_gc = {
    .name = "admin.gc",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = gc_args,
    .help = "remove blobs that nothing names",
    .result = "{kept, removed, removedBytes, young}",
    .handler = gc_op,
};
