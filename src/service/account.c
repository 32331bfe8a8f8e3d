/* SPDX-License-Identifier: Apache-2.0
 * account: rows of accounts, tokens and sessions. */
#include "service/account.h"
#include <string.h>
#include "base/digest.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/random.h"
#include "service/engine_priv.h"
#include "base/banned.h"

#define SECRET_BYTES 32

static const char *const role_names[ACCOUNT_N_ROLES] = {
    [ACCOUNT_ROLE_NONE] = "none",
    [ACCOUNT_ROLE_READER] = "reader",
    [ACCOUNT_ROLE_DEVELOPER] = "developer",
    [ACCOUNT_ROLE_CODE_OWNER] = "code-owner",
    [ACCOUNT_ROLE_RELEASE_MANAGER] = "release-manager",
    [ACCOUNT_ROLE_ADMIN] = "admin",
};

const char *
account_role_name(AccountRole role)
{
    return role_names[role];
}

bool
account_role_parse(const char *name, AccountRole *out, GError **error)
{
    for (unsigned role = ACCOUNT_ROLE_READER; role < ACCOUNT_N_ROLES; role++) {
        if (strcmp(role_names[role], name) == 0) {
            *out = (AccountRole)role;
            return true;
        }
    }
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "'%s' is no role: reader, developer, code-owner, release-manager or admin", name);
    return false;
}

void
account_identity_clear(AccountIdentity *identity)
{
    g_clear_pointer(&identity->name, g_free);
    g_clear_pointer(&identity->scope, g_free);
    identity->role = ACCOUNT_ROLE_NONE;
}

static bool
check_name(const char *name, GError **error)
{
    size_t length = strlen(name);

    if (length >= 1 && length <= 64 &&
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@") ==
            length)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
              "'%s' is no name of an account: 1 to 64 letters, digits and ._-@", name);
    return false;
}

/* --- writing ---------------------------------------------------------------------------------- */

typedef struct AccountWrite { /* input of the writes below; borrowed */
    const char *name;
    AccountRole role;
    const char *scope;
    Digest hash;
    int64_t now_us, expires_at_us;
    int64_t id;
    bool found; /* out */
} AccountWrite;

static bool
write_token(DbConn *conn, void *input, GError **error)
{
    AccountWrite *w = input;
    bool found = false;

    return db_exec(conn, QUERY_ACCOUNT_ADD,
                   DB_PARAMS(DB_TEXT(w->name), DB_TEXT(role_names[w->role]), DB_INT(w->now_us)),
                   error) &&
           db_select_int(conn, QUERY_TOKEN_INSERT,
                         DB_PARAMS(DB_BLOB(span_of(w->hash.bytes, DIGEST_SIZE)), DB_TEXT(w->name),
                                   DB_TEXT(role_names[w->role]), DB_TEXT(w->scope),
                                   DB_INT(w->now_us),
                                   w->expires_at_us > 0 ? DB_INT(w->expires_at_us) : DB_NULL),
                         &found, &w->id, error);
}

static char *
new_secret(const char *prefix)
{
    uint8_t bytes[SECRET_BYTES];
    g_autofree char *hex = NULL;

    random_fill(bytes, sizeof bytes);
    hex = hex_encode(span_of(bytes, sizeof bytes));
    return g_strconcat(prefix, hex, NULL);
}

bool
account_create_token(Engine *engine, const AccountTokenRequest *request, int64_t *id_out,
                     char **token_out, GError **error)
{
    g_autofree char *token = new_secret(ACCOUNT_TOKEN_PREFIX);
    int64_t now_us = clock_now_us(engine->clock);
    AccountWrite write = { .name = request->account,
                           .role = request->role,
                           .scope = request->scope,
                           .hash = digest_of(span_of_text(token)),
                           .now_us = now_us,
                           .expires_at_us =
                               request->expires_us > 0 ? now_us + request->expires_us : 0 };

    if (!check_name(request->account, error) ||
        !db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_token, &write, error))
        return false;
    *id_out = write.id;
    *token_out = g_steal_pointer(&token);
    return true;
}

static bool
write_revoke(DbConn *conn, void *input, GError **error)
{
    AccountWrite *w = input;

    if (!db_exec(conn, QUERY_TOKEN_REVOKE, DB_PARAMS(DB_INT(w->id), DB_INT(w->now_us)), error))
        return false;
    w->found = db_changes(conn) == 1;
    return true;
}

bool
account_revoke_token(Engine *engine, int64_t id, GError **error)
{
    AccountWrite write = { .id = id, .now_us = clock_now_us(engine->clock) };

    if (!db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_revoke, &write, error))
        return false;
    if (!write.found)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "there is no token %" G_GINT64_FORMAT " that could be revoked", id);
    return write.found;
}

static bool
write_account(DbConn *conn, void *input, GError **error)
{
    AccountWrite *w = input;

    return db_exec(conn, QUERY_ACCOUNT_UPSERT,
                   DB_PARAMS(DB_TEXT(w->name), DB_TEXT(role_names[w->role]), DB_INT(w->now_us)),
                   error);
}

bool
account_set(Engine *engine, const char *name, AccountRole role, GError **error)
{
    AccountWrite write = { .name = name, .role = role, .now_us = clock_now_us(engine->clock) };

    return check_name(name, error) &&
           db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_account, &write, error);
}

static bool
write_disable(DbConn *conn, void *input, GError **error)
{
    AccountWrite *w = input;

    if (!db_exec(conn, QUERY_ACCOUNT_DISABLE, DB_PARAMS(DB_TEXT(w->name), DB_INT(w->now_us)),
                 error))
        return false;
    w->found = db_changes(conn) == 1;
    return true;
}

bool
account_disable(Engine *engine, const char *name, GError **error)
{
    AccountWrite write = { .name = name, .now_us = clock_now_us(engine->clock) };

    if (!db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_disable, &write, error))
        return false;
    if (!write.found)
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no account '%s'", name);
    return write.found;
}

/* --- lists ------------------------------------------------------------------------------------ */

static json_t *
time_or_null(const DbRows *rows, int index)
{
    return db_rows_is_null(rows, index) ? json_null() : json_integer(db_rows_int(rows, index));
}

static json_t *
token_row(const DbRows *rows)
{
    return json_pack("{s:I, s:s, s:s, s:o, s:I, s:o, s:o}", "id", (json_int_t)db_rows_int(rows, 0),
                     "user", db_rows_text(rows, 1), "role", db_rows_text(rows, 2), "scope",
                     json_string_or_null(db_rows_text(rows, 3)), "createdAt",
                     (json_int_t)db_rows_int(rows, 4), "expiresAt", time_or_null(rows, 5),
                     "revokedAt", time_or_null(rows, 6));
}

static json_t *
account_row(const DbRows *rows)
{
    return json_pack("{s:s, s:s, s:I, s:o, s:I}", "name", db_rows_text(rows, 0), "role",
                     db_rows_text(rows, 1), "createdAt", (json_int_t)db_rows_int(rows, 2),
                     "disabledAt", time_or_null(rows, 3), "tokens",
                     (json_int_t)db_rows_int(rows, 4));
}

static json_t *
list_rows(Engine *engine, QueryId query, json_t *(*row_of)(const DbRows *), GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows = reader != NULL ? db_select(reader, query, DB_NO_PARAMS, error) : NULL;
    g_autoptr(json_t) list = json_array();
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        json_array_append_new(list, row_of(rows));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&list);
}

json_t *
account_list_tokens(Engine *engine, GError **error)
{
    return list_rows(engine, QUERY_TOKEN_LIST, token_row, error);
}

json_t *
account_list(Engine *engine, GError **error)
{
    return list_rows(engine, QUERY_ACCOUNT_LIST, account_row, error);
}

/* --- who asks --------------------------------------------------------------------------------- */

static bool
identify(Engine *engine, QueryId query, const char *secret, AccountIdentity *out, GError **error)
{
    Digest hash = digest_of(span_of_text(secret));
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows = NULL;
    AccountRole account = ACCOUNT_ROLE_NONE, token = ACCOUNT_ROLE_NONE;
    bool has_row = false;

    if (reader != NULL)
        rows = db_select(reader, query,
                         DB_PARAMS(DB_BLOB(span_of(hash.bytes, DIGEST_SIZE)),
                                   DB_INT(clock_now_us(engine->clock))),
                         error);
    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    *out = (AccountIdentity){ 0 };
    if (!has_row)
        return true;
    if (!account_role_parse(db_rows_text(rows, 2), &account, error) ||
        !account_role_parse(db_rows_text(rows, 3), &token, error))
        return false;
    out->token = db_rows_int(rows, 0);
    out->name = g_strdup(db_rows_text(rows, 1));
    out->role = MIN(account, token);
    out->scope = g_strdup(db_rows_text(rows, 4));
    return true;
}

bool
account_identify_token(Engine *engine, const char *token, AccountIdentity *out, GError **error)
{
    return identify(engine, QUERY_TOKEN_IDENTIFY, token, out, error);
}

bool
account_identify_session(Engine *engine, const char *secret, AccountIdentity *out, GError **error)
{
    return identify(engine, QUERY_SESSION_IDENTIFY, secret, out, error);
}

static bool
write_session(DbConn *conn, void *input, GError **error)
{
    AccountWrite *w = input;

    return db_exec(conn, QUERY_SESSION_SWEEP, DB_PARAMS(DB_INT(w->now_us)), error) &&
           db_exec(conn, QUERY_SESSION_INSERT,
                   DB_PARAMS(DB_BLOB(span_of(w->hash.bytes, DIGEST_SIZE)), DB_INT(w->id),
                             DB_INT(w->now_us), DB_INT(w->expires_at_us)),
                   error);
}

bool
account_open_session(Engine *engine, const AccountIdentity *identity, char **secret_out,
                     GError **error)
{
    g_autofree char *secret = new_secret("");
    int64_t now_us = clock_now_us(engine->clock);
    AccountWrite write = { .id = identity->token,
                           .hash = digest_of(span_of_text(secret)),
                           .now_us = now_us,
                           .expires_at_us = now_us + ACCOUNT_SESSION_US };

    if (!db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_session, &write, error))
        return false;
    *secret_out = g_steal_pointer(&secret);
    return true;
}

static bool
write_close(DbConn *conn, void *input, GError **error)
{
    AccountWrite *w = input;

    return db_exec(conn, QUERY_SESSION_DELETE,
                   DB_PARAMS(DB_BLOB(span_of(w->hash.bytes, DIGEST_SIZE))), error);
}

bool
account_close_session(Engine *engine, const char *secret, GError **error)
{
    AccountWrite write = { .hash = digest_of(span_of_text(secret)) };

    return db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_close, &write, error);
}

char *
account_csrf_token(const char *secret)
{
    const Span parts[] = { span_of_text("slipway csrf\n"), span_of_text(secret) };
    Digest digest = digest_of_parts(parts, G_N_ELEMENTS(parts));

    return hex_encode(span_of(digest.bytes, DIGEST_SIZE));
}
