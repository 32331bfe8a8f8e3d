/* SPDX-License-Identifier: Apache-2.0
 * op_witness: the witnesses of our logs as operations. */
#include "api/op.h"
#include "base/json.h"
#include "service/factlog.h"
#include "service/foreign.h"
#include "service/witness_client.h"
#include "base/banned.h"

#define SHOW_RESULT "{policy}"

static bool
show(ApiContext *context, json_t **result_out, GError **error)
{
    g_autofree char *text = NULL;

    if (!witness_policy_text(context->engine, &text, error))
        return false;
    *result_out = json_pack("{s:o}", "policy", json_string_or_null(text));
    return true;
}

static bool
add_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return witness_policy_add(context->engine, api_arg_string(args, "name", ""),
                              api_arg_string(args, "vkey", ""), api_arg_string(args, "url", ""),
                              error) &&
           show(context, result_out, error);
}

static const ApiField add_args[] = {
    { "name", API_STRING, API_REQUIRED, "what the policy calls it" },
    { "vkey", API_STRING, API_REQUIRED, "its verifier key, 'name+hash+base64'" },
    { "url", API_STRING, API_REQUIRED, "where its add-checkpoint is" },
    { 0 },
};
const ApiOperation op_witness_add = {
    .name = "witness.add",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = add_args,
    .help = "have the logs of this engine cosigned by one more witness",
    .result = SHOW_RESULT,
    .handler = add_op,
};

static bool
policy_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    const char *text = api_arg_string(args, "policy", NULL);
    const char *quorum = api_arg_string(args, "quorum", NULL);

    return (text == NULL || witness_policy_set(context->engine, text, error)) &&
           (quorum == NULL || witness_policy_quorum(context->engine, quorum, error)) &&
           show(context, result_out, error);
}

static const ApiField policy_args[] = {
    { "policy", API_STRING, 0, "tlog-policy text that replaces it; empty: no witnesses" },
    { "quorum", API_STRING, 0, "'all', 'any', 'none' or a number" },
    { 0 },
};
const ApiOperation op_witness_policy = {
    .name = "witness.policy",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = policy_args,
    .help = "the witness policy of this engine's logs, read or changed",
    .result = SHOW_RESULT,
    .handler = policy_op,
};

static bool
remove_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return witness_policy_remove(context->engine, api_arg_string(args, "name", ""), error) &&
           show(context, result_out, error);
}

static const ApiField remove_args[] = {
    { "name", API_STRING, API_REQUIRED, "what the policy calls it" },
    { 0 },
};
const ApiOperation op_witness_remove = {
    .name = "witness.remove",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = remove_args,
    .help = "ask a witness no more",
    .result = SHOW_RESULT,
    .handler = remove_op,
};

/* @description: taken. */
static bool
add_log(ApiContext *context, json_t *list, const char *name, json_t *description, GError **error)
{
    g_autoptr(json_t) owned = description;
    g_autoptr(GBytes) kept = NULL;
    json_t *witnesses = NULL;

    if (!witness_status(context->engine, name, &witnesses, error))
        return false;
    json_object_set_new(owned, "witnesses", witnesses);
    if (!witness_kept(context->engine, name, &kept, error))
        return false;
    g_autofree char *text =
        kept != NULL ? g_strndup(g_bytes_get_data(kept, NULL), g_bytes_get_size(kept)) : NULL;
    json_object_set_new(owned, "cosigned", json_string_or_null(text));
    json_array_append(list, owned);
    return true;
}

static bool
status_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autoptr(json_t) list = json_array();
    json_t *main = NULL;
    g_autoptr(json_t) foreign = NULL;
    bool wants_quorum = false;

    (void)args;
    if (!factlog_checkpoint(context->engine, &main, error))
        return false;
    json_object_set_new(main, "name", json_string("main"));
    if (!add_log(context, list, "main", main, error))
        return false;
    if (foreign_has(context->engine)) {
        if (!foreign_show(context->engine, &foreign, error))
            return false;
        const json_t *shards = json_object_get(foreign, "shards");
        for (size_t i = 0; i < json_array_size(shards); i++) {
            json_t *shard = json_array_get(shards, i);
            const char *name = json_string_value(json_object_get(shard, "name"));

            if (!add_log(context, list, name, json_incref(shard), error))
                return false;
        }
    }
    if (!witness_wants_quorum(context->engine, &wants_quorum, error))
        return false;
    *result_out = json_pack("{s:b, s:O}", "quorum", wants_quorum, "logs", list);
    return true;
}

const ApiOperation op_log_status = {
    .name = "log.status",
    .role = API_ROLE_READER,
    .help = "every log of this engine and what its witnesses have seen of it",
    .result = "{quorum, logs: [{name, origin, size, root, vkey, cosigned, witnesses: [{name, vkey, "
              "url, size, at, problem}]}]}",
    .handler = status_op,
};
