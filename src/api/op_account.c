/* SPDX-License-Identifier: Apache-2.0
 * op_account: who may call the server. */
#include "api/op.h"
#include "base/json.h"
#include "service/account.h"
#include "base/banned.h"

static bool
create_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    AccountTokenRequest request = {
        .account = api_arg_string(args, "user", ""),
        .scope = api_arg_string(args, "scope", NULL),
        .expires_us = api_arg_int(args, "expiresSeconds", 0) * G_USEC_PER_SEC,
    };
    g_autofree char *token = NULL;
    int64_t id = 0;

    if (!account_role_parse(api_arg_string(args, "role", "reader"), &request.role, error) ||
        !account_create_token(context->engine, &request, &id, &token, error))
        return false;
    *result_out = json_pack("{s:I, s:s, s:s, s:o, s:s}", "id", (json_int_t)id, "user",
                            request.account, "role", account_role_name(request.role), "scope",
                            json_string_or_null(request.scope), "token", token);
    return true;
}

static const ApiField create_args[] = {
    { "user", API_STRING, API_REQUIRED, "whose token; a new account gets the role" },
    { "role", API_STRING, 0,
      "reader, developer, code-owner, release-manager or admin; default reader" },
    { "scope", API_STRING, 0, "the one project it is for; default all" },
    { "expiresSeconds", API_INT, 0, "from now; default never" },
    { 0 },
};
const ApiOperation op_token_create = {
    .name = "token.create",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES | API_TELLS_SECRET,
    .args = create_args,
    .help = "make a token that may call the server",
    .result = "{id, user, role, scope, token}; the token is shown this once",
    .handler = create_op,
};

static bool
tokens_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    (void)args;
    *result_out = account_list_tokens(context->engine, error);
    return *result_out != NULL;
}

const ApiOperation op_token_list = {
    .name = "token.list",
    .role = API_ROLE_ADMIN,
    .help = "tokens, without their secrets",
    .result = "[{id, user, role, scope, createdAt, expiresAt, revokedAt}]",
    .handler = tokens_op,
};

static bool
revoke_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    int64_t id = api_arg_int(args, "id", 0);

    if (!account_revoke_token(context->engine, id, error))
        return false;
    *result_out = json_pack("{s:I}", "id", (json_int_t)id);
    return true;
}

static const ApiField revoke_args[] = {
    { "id", API_INT, API_REQUIRED, "id of the token" },
    { 0 },
};
const ApiOperation op_token_revoke = {
    .name = "token.revoke",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = revoke_args,
    .help = "refuse a token, and the sessions opened with it, from now on",
    .result = "{id}",
    .handler = revoke_op,
};

static bool
set_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    const char *name = api_arg_string(args, "user", "");
    AccountRole role = ACCOUNT_ROLE_NONE;

    if (!account_role_parse(api_arg_string(args, "role", ""), &role, error) ||
        !account_set(context->engine, name, role, error))
        return false;
    *result_out = json_pack("{s:s, s:s}", "user", name, "role", account_role_name(role));
    return true;
}

static const ApiField set_args[] = {
    { "user", API_STRING, API_REQUIRED, "name of the account" },
    { "role", API_STRING, API_REQUIRED, "the most that its tokens may do" },
    { 0 },
};
const ApiOperation op_user_set = {
    .name = "user.set",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = set_args,
    .help = "add an account, or change its role",
    .result = "{user, role}",
    .handler = set_op,
};

static bool
disable_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    const char *name = api_arg_string(args, "user", "");

    if (!account_disable(context->engine, name, error))
        return false;
    *result_out = json_pack("{s:s}", "user", name);
    return true;
}

static const ApiField disable_args[] = {
    { "user", API_STRING, API_REQUIRED, "name of the account" },
    { 0 },
};
const ApiOperation op_user_disable = {
    .name = "user.disable",
    .role = API_ROLE_ADMIN,
    .flags = API_CHANGES,
    .args = disable_args,
    .help = "refuse an account, its tokens and sessions, until it is set again",
    .result = "{user}",
    .handler = disable_op,
};

static bool
users_op(ApiContext *context, const json_t *args, json_t **result_out, GError **error)
{
    (void)args;
    *result_out = account_list(context->engine, error);
    return *result_out != NULL;
}

const ApiOperation op_user_list = {
    .name = "user.list",
    .role = API_ROLE_ADMIN,
    .help = "accounts and their roles",
    .result = "[{name, role, createdAt, disabledAt, tokens}]",
    .handler = users_op,
};
