/* SPDX-License-Identifier: Apache-2.0
 * auth: who asks: a bearer token, a session's cookie, or nobody. */
#include <openssl/crypto.h>
#include <string.h>
#include "base/clock.h"
#include "service/account.h"
#include "web/server_priv.h"
#include "base/banned.h"

#define WRONG_BURST      20.0 /* wrong tokens from one address at once */
#define WRONG_PER_SECOND 0.2  /* and later */

static const ApiRole role_of[ACCOUNT_N_ROLES] = {
    [ACCOUNT_ROLE_NONE] = API_ROLE_ANYONE,
    [ACCOUNT_ROLE_READER] = API_ROLE_READER,
    [ACCOUNT_ROLE_DEVELOPER] = API_ROLE_DEVELOPER,
    [ACCOUNT_ROLE_CODE_OWNER] = API_ROLE_CODE_OWNER,
    [ACCOUNT_ROLE_RELEASE_MANAGER] = API_ROLE_RELEASE_MANAGER,
    [ACCOUNT_ROLE_ADMIN] = API_ROLE_ADMIN,
};

char *
auth_cookie(const WebRequest *request, const char *name)
{
    const char *header = web_header(request, "Cookie");
    g_auto(GStrv) parts = header != NULL ? g_strsplit(header, ";", 64) : NULL;
    size_t length = strlen(name);

    for (size_t i = 0; parts != NULL && parts[i] != NULL; i++) {
        const char *part = g_strstrip(parts[i]);

        if (strncmp(part, name, length) == 0 && part[length] == '=')
            return g_strdup(part + length + 1);
    }
    return NULL;
}

static void
become(WebRequest *request, const AccountIdentity *identity)
{
    request->role = role_of[identity->role];
    request->viewer = g_strdup(identity->name);
    request->scope = g_strdup(identity->scope);
    g_free(request->actor);
    request->actor = g_strdup_printf("account:%s", identity->name);
}

/* Guessing 256 bits is hopeless; this keeps the attempts from costing us anything. */
static bool
refuse_token(WebRequest *request, GError **error)
{
    g_autofree char *key = g_strdup_printf("wrong %s", web_peer(request));

    if (!limits_take(request->server->limits, key, WRONG_BURST, WRONG_PER_SECOND, 1,
                     clock_monotonic_us()))
        error_set(error, BASE_ERROR, BASE_ERROR_BUSY, "too many wrong tokens from '%s'",
                  web_peer(request));
    else
        error_set(error, WEB_ERROR, WEB_ERROR_UNAUTHORIZED,
                  "the token is unknown, expired or revoked");
    return false;
}

static bool
identify_bearer(WebRequest *request, const char *token, GError **error)
{
    g_auto(AccountIdentity) identity = { 0 };

    if (!account_identify_token(request->engine, token, &identity, error))
        return false;
    if (identity.role == ACCOUNT_ROLE_NONE)
        return refuse_token(request, error);
    become(request, &identity);
    return true;
}

static bool
identify_session(WebRequest *request, const char *secret, GError **error)
{
    g_auto(AccountIdentity) identity = { 0 };

    if (!account_identify_session(request->engine, secret, &identity, error))
        return false;
    if (identity.role == ACCOUNT_ROLE_NONE)
        return true;
    become(request, &identity);
    request->csrf = account_csrf_token(secret);
    return true;
}

bool
auth_identify(WebRequest *request, GError **error)
{
    const char *authorization = web_header(request, "Authorization");
    g_autofree char *secret = NULL;

    request->role = request->server->anonymous;
    if (authorization != NULL && g_ascii_strncasecmp(authorization, "Bearer ", 7) == 0)
        return identify_bearer(request, authorization + 7, error);
    secret = auth_cookie(request, WEB_SESSION_COOKIE);
    return secret == NULL || identify_session(request, secret, error);
}

bool
auth_check_csrf(const WebRequest *request, GError **error)
{
    const char *given = web_form(request, "csrf");

    if (given == NULL)
        given = web_header(request, "X-CSRF-Token");
    if (request->csrf == NULL || (given != NULL && strlen(given) == strlen(request->csrf) &&
                                  CRYPTO_memcmp(given, request->csrf, strlen(given)) == 0))
        return true;
    error_set(error, WEB_ERROR, WEB_ERROR_CSRF,
              "the form does not come from a page of this session");
    return false;
}
