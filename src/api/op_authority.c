/* SPDX-License-Identifier: Apache-2.0
 * op_authority: roots, rosters, trust files and targets as operations. */
#include <string.h>
#include "api/op.h"
#include "service/authority.h"
#include "service/publication.h"
#include "service/trust_export.h"
#include "base/banned.h"

static bool
propose_root_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return authority_propose_root(context->engine, json_object_get(args, "keys"),
                                  (unsigned)api_arg_int(args, "threshold", 1), result_out, error);
}

static const ApiField root_args[] = {
    { "keys", API_ARRAY, API_REQUIRED, "root keys: [{name, scheme, key}]" },
    { "threshold", API_INT, 0, "how many of them decide; default 1" },
    { 0 },
};
const ApiOperation op_root_propose = {
    .name = "root.propose",
    .role = API_ROLE_ADMIN,
    .args = root_args,
    .help = "a root with this engine's keys, for root keys to sign",
    .result = "{kind, object, body, decisions}",
    .handler = propose_root_op,
};

static bool
propose_format_key_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return authority_propose_format_key(context->engine, api_arg_string(args, "from", NULL),
                                        result_out, error);
}

static const ApiField format_key_args[] = {
    { "from", API_STRING, 0, "an Ed25519 key file of this machine; else a new key" },
    { 0 },
};
const ApiOperation op_keys_replace = {
    .name = "keys.replace",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES | API_LOCAL,
    .args = format_key_args,
    .help = "a root with another key for signatures of files, for root keys to sign",
    .result = "{kind, object, body, decisions}",
    .handler = propose_format_key_op,
};

static bool
propose_roster_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_auto(GStrv) root_names = NULL;
    const json_t *given = json_object_get(args, "signers");
    g_autofree const char **signers = g_new0(const char *, json_array_size(given) + 1);

    for (size_t i = 0; i < json_array_size(given); i++)
        signers[i] = json_string_value(json_array_get(given, i));
    if (json_array_size(given) == 0) {
        root_names = authority_root_names(context->engine, error);
        if (root_names == NULL)
            return false;
    }
    return authority_propose_roster(
        context->engine, api_arg_string(args, "project", ""), json_object_get(args, "body"),
        root_names != NULL ? (const char *const *)root_names : signers, result_out, error);
}

static const ApiField roster_args[] = {
    { "project", API_STRING, API_REQUIRED, "whose roster" },
    { "body", API_OBJECT, API_REQUIRED, "people, rules, builds" },
    { "signers", API_STRINGS, 0, "whose decisions are wanted; default: the root keys" },
    { 0 },
};
const ApiOperation op_roster_propose = {
    .name = "roster.propose",
    .role = API_ROLE_ADMIN,
    .args = roster_args,
    .help = "a roster of a project, for people to sign",
    .result = "{kind, object, body, decisions}",
    .handler = propose_roster_op,
};

static bool
show_roster_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    *result_out = authority_roster(context->engine, api_arg_string(args, "project", ""), error);
    return *result_out != NULL;
}

static const ApiField project_args[] = {
    { "project", API_STRING, API_REQUIRED, "name of the project" },
    { 0 },
};
const ApiOperation op_roster_show = {
    .name = "roster.show",
    .role = API_ROLE_READER,
    .args = project_args,
    .help = "people and rules of a project",
    .result = "{people, rules, builds}",
    .handler = show_roster_op,
};

static bool
apply_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return authority_apply(context->engine, json_object_get(args, "proposal"),
                           json_object_get(args, "proofs"), api_arg_string(args, "command", NULL),
                           result_out, error);
}

static const ApiField apply_args[] = {
    { "proposal", API_OBJECT, API_REQUIRED, "as a propose operation gave it" },
    { "proofs", API_ARRAY, API_REQUIRED, "[{decision, proof}]" },
    { "command", API_STRING, 0, "ULID of this request" },
    { 0 },
};
const ApiOperation op_authority_apply = {
    .name = "authority.apply",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = apply_args,
    .help = "log a proposal with the decisions that carry it",
    .result = "{object, statement, index}",
    .handler = apply_op,
};

static bool
trust_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_autofree char *text =
        trust_export(context->engine, api_arg_string(args, "project", ""), error);
    g_autofree char *fingerprint = text != NULL ? trust_export_fingerprint(text, error) : NULL;

    if (fingerprint == NULL)
        return false;
    *result_out = json_pack("{s:s, s:s}", "trust", text, "fingerprint", fingerprint);
    return true;
}

const ApiOperation op_trust_export = {
    .name = "trust.export",
    .role = API_ROLE_READER,
    .args = project_args,
    .help = "the trust file a verifier of this project needs",
    .result = "{trust, fingerprint}",
    .handler = trust_op,
};

static bool
set_target_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    TargetRow row = {
        .name = (char *)api_arg_string(args, "name", ""),
        .type = (char *)api_arg_string(args, "type", ""),
        .location = (char *)api_arg_string(args, "location", ""),
    };

    if (!target_row_set(context->engine, api_arg_string(args, "project", ""), &row, error))
        return false;
    *result_out = json_pack("{s:s, s:s, s:s, s:s}", "project", api_arg_string(args, "project", ""),
                            "name", row.name, "type", row.type, "location", row.location);
    return true;
}

static const ApiField target_args[] = {
    { "project", API_STRING, API_REQUIRED, "whose target" },
    { "name", API_STRING, API_REQUIRED, "as slipway.yaml names it" },
    { "type", API_STRING, API_REQUIRED, "\"directory\"" },
    { "location", API_STRING, API_REQUIRED, "absolute path of an existing folder" },
    { 0 },
};
const ApiOperation op_target_set = {
    .name = "target.set",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = target_args,
    .help = "say where a target of a project is",
    .result = "{project, name, type, location}",
    .handler = set_target_op,
};

static bool
list_targets_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    (void)args;
    *result_out = target_row_list(context->engine, error);
    return *result_out != NULL;
}

const ApiOperation op_target_list = {
    .name = "target.list",
    .role = API_ROLE_READER,
    .help = "where each project publishes to",
    .result = "[{project, name, type, location}]",
    .handler = list_targets_op,
};
