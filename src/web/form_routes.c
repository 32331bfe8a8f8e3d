/* SPDX-License-Identifier: Apache-2.0
 * form_routes: what the forms of pages do: log in and out, and any operation. */
#include <string.h>
#include "base/clock.h"
#include "base/json.h"
#include "service/account.h"
#include "web/server_priv.h"
#include "base/banned.h"

static void
set_cookie(const WebRequest *request, const char *secret, int64_t seconds, WebAnswer *answer)
{
    g_autofree char *cookie = g_strdup_printf(
        WEB_SESSION_COOKIE "=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%" G_GINT64_FORMAT "%s",
        secret, seconds, request->server->secure ? "; Secure" : "");

    web_answer_header(answer, "Set-Cookie", cookie);
}

static const char *
back_of(const WebRequest *request)
{
    const char *back = web_form(request, "back");

    return back != NULL && back[0] != '\0' ? back : "/";
}

/* A form of another site could log its visitor in as somebody else; browsers say where it is from. */
static bool
check_origin(const WebRequest *request, GError **error)
{
    const char *site = web_header(request, "Sec-Fetch-Site");

    if (site == NULL || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0)
        return true;
    error_set(error, WEB_ERROR, WEB_ERROR_CSRF, "the form comes from another site");
    return false;
}

static bool
login(const WebRequest *request, WebAnswer *answer, GError **error)
{
    const char *token = web_form(request, "token");
    g_auto(AccountIdentity) identity = { 0 };
    g_autofree char *plain = g_strstrip(g_strdup(token != NULL ? token : ""));
    g_autofree char *secret = NULL;
    g_autofree char *key = g_strdup_printf("login %s", web_peer(request));

    if (!check_origin(request, error))
        return false;
    if (!limits_take(request->server->limits, key, 20, 0.2, 1, clock_monotonic_us())) {
        error_set(error, WEB_ERROR, WEB_ERROR_TOO_OFTEN, "too many attempts to log in");
        return false;
    }
    if (!account_identify_token(request->engine, plain, &identity, error))
        return false;
    if (identity.role == ACCOUNT_ROLE_NONE) {
        error_set(error, WEB_ERROR, WEB_ERROR_UNAUTHORIZED,
                  "the token is unknown, expired or revoked");
        return false;
    }
    if (!account_open_session(request->engine, &identity, &secret, error))
        return false;
    web_answer_redirect(answer, back_of(request));
    set_cookie(request, secret, ACCOUNT_SESSION_US / G_USEC_PER_SEC, answer);
    return true;
}

static bool
logout(const WebRequest *request, WebAnswer *answer, GError **error)
{
    g_autofree char *secret = auth_cookie(request, WEB_SESSION_COOKIE);

    if (secret != NULL && !account_close_session(request->engine, secret, error))
        return false;
    web_answer_redirect(answer, "/");
    set_cookie(request, "", 0, answer);
    return true;
}

/* An operation by a form: its fields are the arguments; then back to where the form was. */
static bool
do_operation(const WebRequest *request, WebAnswer *answer, GError **error)
{
    static const char *const skip[] = { "csrf", "back", NULL };
    const ApiOperation *operation = api_find(web_param(request, "operation"));
    ApiContext context = web_context(request);
    g_autoptr(json_t) args = NULL;
    g_autoptr(json_t) result = NULL;

    if (operation == NULL) {
        error_set(error, API_ERROR, API_ERROR_UNKNOWN_OPERATION, "unknown operation '%s'",
                  web_param(request, "operation"));
        return false;
    }
    if (request->csrf == NULL) {
        error_set(error, WEB_ERROR, WEB_ERROR_UNAUTHORIZED, "log in to do this");
        return false;
    }
    args = web_args_from_pairs(operation, request->form, skip, error);
    if (args == NULL || !web_check_scope(request, operation, args, error) ||
        !api_call(&context, operation->name, args, &result, error))
        return false;
    web_answer_redirect(answer, back_of(request));
    return true;
}

const WebRoute form_routes[] = {
    { "POST", "/login", API_ROLE_ANYONE, login, WEB_SLOW | WEB_NO_CSRF },
    { "POST", "/logout", API_ROLE_ANYONE, logout, WEB_SLOW },
    { "POST", "/do/{operation}", API_ROLE_ANYONE, do_operation, WEB_SLOW },
};
const size_t form_n_routes = G_N_ELEMENTS(form_routes);
