/* SPDX-License-Identifier: Apache-2.0
 * op_log: the transparency log as operations. */
#include "api/op.h"
#include "service/factlog.h"
#include "base/banned.h"

#define TAIL_DEFAULT 20

static bool
checkpoint_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    (void)args;
    return factlog_checkpoint(context->engine, result_out, error);
}

const ApiOperation op_log_checkpoint = {
    .name = "log.checkpoint",
    .role = API_ROLE_ANYONE,
    .help = "the newest signed checkpoint of the log",
    .result = "{origin, size, root, vkey, checkpoint}",
    .handler = checkpoint_op,
};

static bool
tail_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return factlog_tail(context->engine, api_arg_int(args, "n", TAIL_DEFAULT),
                        api_arg_int(args, "before", 0), result_out, error);
}

static const ApiField tail_args[] = {
    { "n", API_INT, 0, "how many, 1 to 10000; default 20" },
    { "before", API_INT, 0, "only entries below this index; 0: to the end" },
    { 0 },
};
const ApiOperation op_log_tail = {
    .name = "log.tail",
    .role = API_ROLE_READER,
    .args = tail_args,
    .help = "the last entries of the log",
    .result = "[{index, statement, type, object, actor, at, verdict}]",
    .handler = tail_op,
};

static bool
prove_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return factlog_prove(context->engine, api_arg_string(args, "entry", ""), result_out, error);
}

static const ApiField prove_args[] = {
    { "entry", API_STRING, API_REQUIRED, "an index, or a statement's name 'sha256:…'" },
    { 0 },
};
const ApiOperation op_log_prove = {
    .name = "log.prove",
    .role = API_ROLE_READER,
    .args = prove_args,
    .help = "the proof that an entry is in the log",
    .result = "{index, statement, leafHash, size, root, hashes, checkpoint, bundle}",
    .handler = prove_op,
};

static bool
check_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    (void)args;
    return factlog_check(context->engine, result_out, error);
}

const ApiOperation op_log_check = {
    .name = "log.check",
    .role = API_ROLE_ADMIN,
    .help = "recompute the whole log from its journal and compare",
    .result = "{clean, size, root, journalBytes, finding}",
    .handler = check_op,
};

static bool
append_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return factlog_append(context->engine, span_of_text(api_arg_string(args, "statement", "")),
                          result_out, error);
}

static const ApiField append_args[] = {
    { "statement", API_STRING, API_REQUIRED, "an in-toto Statement v1 as RFC 8785 JSON" },
    { 0 },
};
const ApiOperation op_log_append = {
    .name = "log.append",
    .role = API_ROLE_MAINTAINER,
    .flags = API_CHANGES,
    .args = append_args,
    .help = "sign a statement about artifacts and log it as evidence",
    .result = "{statement, index, repeated}",
    .handler = append_op,
};

static bool
export_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return factlog_export(context->engine, api_arg_string(args, "path", ""), result_out, error);
}

static const ApiField export_args[] = {
    { "path", API_STRING, API_REQUIRED, "a folder; what an earlier export put there is kept" },
    { 0 },
};
const ApiOperation op_log_export = {
    .name = "log.export",
    .role = API_ROLE_ADMIN,
    .flags = API_LOCAL,
    .args = export_args,
    .help = "write the log as static files that any web server can serve",
    .result = "{path, size}",
    .handler = export_op,
};
