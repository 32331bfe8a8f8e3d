/* SPDX-License-Identifier: Apache-2.0
 * op_tuf: our TUF repository, and what clients of others need to verify what we sign, as operations. */
#include "api/op.h"
#include "base/json.h"
#include "service/release_signatures.h"
#include "service/trust_root.h"
#include "service/tuf_repo.h"
#include "base/banned.h"

static bool
propose_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    const TufChange change = {
        .kind = tuf_change_from_name(api_arg_string(args, "change", "")),
        .role = api_arg_string(args, "role", NULL),
        .add = json_object_get(args, "add"),
        .remove = json_object_get(args, "remove"),
        .keys = json_object_get(args, "keys"),
        .threshold = api_arg_int(args, "threshold", 0),
        .name = api_arg_string(args, "name", NULL),
        .paths = json_object_get(args, "paths"),
        .terminating = api_arg_bool(args, "terminating"),
        .days = api_arg_int(args, "days", 0),
        .url = api_arg_string(args, "url", NULL),
    };

    return tuf_repo_propose(context->engine, &change, result_out, error);
}

static const ApiField propose_args[] = {
    { "change", API_STRING, API_REQUIRED, "init, root, targets, delegate or renew" },
    { "role", API_STRING, 0, "whose targets; default \"targets\"" },
    { "add", API_ARRAY, 0, "targets to add: [{path, digest, size}] of tuf.stage" },
    { "remove", API_STRINGS, 0, "paths of targets to remove" },
    { "keys", API_STRINGS, 0, "public keys (SPKI in base64) of a delegated role, or of targets" },
    { "threshold", API_INT, 0, "how many of them must sign; default 1" },
    { "name", API_STRING, 0, "the role that is delegated to" },
    { "paths", API_STRINGS, 0, "patterns of the paths it may speak of" },
    { "terminating", API_BOOL, 0, "whether the search ends with that role" },
    { "days", API_INT, 0, "until it expires; default 365" },
    { "url", API_STRING, 0, "of this server, for the signing configuration" },
    { 0 },
};
const ApiOperation op_tuf_propose = {
    .name = "tuf.propose",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = propose_args,
    .help = "a change of the TUF repository, for people to sign",
    .result = "{origin, documents, wanted, names}",
    .handler = propose_op,
};

static bool
apply_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return tuf_repo_apply(context->engine, json_object_get(args, "proposal"), result_out, error);
}

static const ApiField apply_args[] = {
    { "proposal", API_OBJECT, API_REQUIRED, "as tuf.propose gave it, with signatures" },
    { 0 },
};
const ApiOperation op_tuf_apply = {
    .name = "tuf.apply",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = apply_args,
    .help = "keep and publish a change of the TUF repository that people signed",
    .result = "{roles: [{role, version, expires, threshold, keys, targets}]}",
    .handler = apply_op,
};

static bool
stage_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return tuf_repo_stage(context->engine, api_arg_string(args, "path", ""), result_out, error);
}

static const ApiField path_args[] = {
    { "path", API_STRING, API_REQUIRED, "a path of this machine" },
    { 0 },
};
const ApiOperation op_tuf_stage = {
    .name = "tuf.stage",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES | API_LOCAL,
    .args = path_args,
    .help = "take a file in, to be named by a change of the TUF repository",
    .result = "{digest, size}",
    .handler = stage_op,
};

static bool
publish_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    return tuf_repo_publish(context->engine, api_arg_string(args, "path", ""), result_out, error);
}

const ApiOperation op_tuf_publish = {
    .name = "tuf.publish",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES | API_LOCAL,
    .args = path_args,
    .help = "write the TUF repository as files, under a new timestamp",
    .result = "{path, number, expires, expiring}",
    .handler = publish_op,
};

static bool
show_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    (void)args;
    return tuf_repo_show(context->engine, result_out, error);
}

const ApiOperation op_tuf_show = {
    .name = "tuf.show",
    .role = API_ROLE_ANYONE,
    .help = "roles, keys and targets of the TUF repository",
    .result = "{roles: [{role, version, expires, threshold, keys, targets}]}",
    .handler = show_op,
};

static bool
keys_files_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    (void)args;
    return release_signature_keys(context->engine, result_out, error);
}

const ApiOperation op_keys_files = {
    .name = "keys.files",
    .role = API_ROLE_ANYONE,
    .help = "the public key of the signatures beside released files",
    .result = "{signer, keyId, sshFingerprint, openpgpFingerprint, minisignId, keys: {ssh, "
              "minisign, openpgp}}",
    .handler = keys_files_op,
};

static bool
trust_root_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    g_auto(TrustRootFiles) files = { 0 };

    if (!trust_root_make(context->engine, api_arg_string(args, "url", NULL), &files, error))
        return false;
    *result_out = json_pack("{s:s, s:s}", "trustedRoot", files.trusted_root, "signingConfig",
                            files.signing_config);
    return true;
}

static const ApiField url_args[] = {
    { "url", API_STRING, 0, "how others reach this server" },
    { 0 },
};
const ApiOperation op_keys_trust_root = {
    .name = "keys.trust-root",
    .role = API_ROLE_ANYONE,
    .args = url_args,
    .help = "what Sigstore clients need to verify what this engine signs",
    .result = "{trustedRoot, signingConfig}",
    .handler = trust_root_op,
};
