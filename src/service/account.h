/* SPDX-License-Identifier: Apache-2.0
 * account: people and programs that may call the server: roles, tokens, sessions. Secrets are
 * kept as SHA-256 only; they are 256 random bits, so nothing slower is needed. */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "service/engine.h"

#define ACCOUNT_TOKEN_PREFIX "slipway_" /* then 64 hex digits: scanners of leaked secrets know it */
#define ACCOUNT_SESSION_US   (12 * G_TIME_SPAN_HOUR)

typedef enum { /* each may do what those before it may */
               ACCOUNT_ROLE_NONE,
               ACCOUNT_ROLE_READER,
               ACCOUNT_ROLE_DEVELOPER,
               ACCOUNT_ROLE_CODE_OWNER,
               ACCOUNT_ROLE_RELEASE_MANAGER,
               ACCOUNT_ROLE_ADMIN,
               ACCOUNT_N_ROLES,
} AccountRole;
/** "reader", "developer", "code-owner", "release-manager", "admin"; static. */
const char *account_role_name(AccountRole role);
/** Errors: INVALID, naming the roles. */
bool account_role_parse(const char *name, AccountRole *out, GError **error) MUST_CHECK;

typedef struct AccountIdentity { /* who a secret stands for; owned members */
    char *name;
    AccountRole role; /* the lesser of account and token; NONE: nobody */
    char *scope;      /* the one project; NULL = all */
    int64_t token;
} AccountIdentity;
void account_identity_clear(AccountIdentity *identity);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AccountIdentity, account_identity_clear)

typedef struct AccountTokenRequest { /* all borrowed */
    const char *account;             /* made with @role when it is new */
    AccountRole role;
    const char *scope;  /* a project, or NULL */
    int64_t expires_us; /* from now; 0 = never */
} AccountTokenRequest;
/** @token_out: the secret, owned; shown once. Errors: INVALID, those of db. */
bool account_create_token(Engine *engine, const AccountTokenRequest *request, int64_t *id_out,
                          char **token_out, GError **error) MUST_CHECK;
/** Its sessions end with it. Errors: NOT_FOUND, those of db. */
bool account_revoke_token(Engine *engine, int64_t id, GError **error) MUST_CHECK;
/** [{id, user, role, scope, createdAt, expiresAt, revokedAt}]. Owned reference. */
json_t *account_list_tokens(Engine *engine, GError **error) MUST_CHECK;

/** Adds an account or changes its role, and lets a disabled one in again. */
bool account_set(Engine *engine, const char *name, AccountRole role, GError **error) MUST_CHECK;
/** Its tokens and sessions are refused from now on. Errors: NOT_FOUND, those of db. */
bool account_disable(Engine *engine, const char *name, GError **error) MUST_CHECK;
/** [{name, role, createdAt, disabledAt, tokens}]. Owned reference. */
json_t *account_list(Engine *engine, GError **error) MUST_CHECK;

/** @out: role NONE when the token is unknown, expired or revoked. Errors: those of db. */
bool account_identify_token(Engine *engine, const char *token, AccountIdentity *out,
                            GError **error) MUST_CHECK;
bool account_identify_session(Engine *engine, const char *secret, AccountIdentity *out,
                              GError **error) MUST_CHECK;
/** A session for a token that account_identify_token knew. @secret_out: for the cookie; owned. */
bool account_open_session(Engine *engine, const AccountIdentity *identity, char **secret_out,
                          GError **error) MUST_CHECK;
bool account_close_session(Engine *engine, const char *secret, GError **error) MUST_CHECK;
/** What forms of the session carry; follows from its secret and does not reveal it. Owned. */
char *account_csrf_token(const char *secret);
