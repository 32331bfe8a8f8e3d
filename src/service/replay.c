/* SPDX-License-Identifier: Apache-2.0
 * replay: rows of work_idempotency. */
#include "service/replay.h"
#include <string.h>
#include "service/engine_priv.h"
#include "base/banned.h"

#define KEY_MAX_BYTES 128

typedef struct Replay { /* input of both writes; borrowed */
    const char *actor, *key;
    const Digest *request;
    int64_t now_us;
    unsigned status;
    const char *answer;
    ReplayAnswer found; /* out; answer owned */
} Replay;

static bool
is_busy(const DbRows *rows, const Replay *replay, GError **error)
{
    Span request = db_rows_blob(rows, 0);

    if (request.len != DIGEST_SIZE ||
        memcmp(request.data, replay->request->bytes, DIGEST_SIZE) != 0)
        error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT,
                  "the Idempotency-Key '%s' belongs to another request", replay->key);
    else if (db_rows_is_null(rows, 1))
        error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT,
                  "the request with Idempotency-Key '%s' is still running, or was cut off",
                  replay->key);
    else
        return false;
    return true;
}

static bool
write_begin(DbConn *conn, void *input, GError **error)
{
    Replay *replay = input;
    bool has_row = false;

    g_clear_pointer(&replay->found.answer, g_free);
    replay->found.status = 0;
    if (!db_exec(conn, QUERY_IDEMPOTENCY_SWEEP, DB_PARAMS(DB_INT(replay->now_us - REPLAY_KEEP_US)),
                 error))
        return false;
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_IDEMPOTENCY_FIND,
                  DB_PARAMS(DB_TEXT(replay->actor), DB_TEXT(replay->key)), error);
    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    if (has_row) {
        if (is_busy(rows, replay, error))
            return false;
        replay->found.status = (unsigned)db_rows_int(rows, 1);
        replay->found.answer = g_strdup(db_rows_text(rows, 2));
        return true;
    }
    g_clear_pointer(&rows, db_rows_free);
    return db_exec(conn, QUERY_IDEMPOTENCY_INSERT,
                   DB_PARAMS(DB_TEXT(replay->actor), DB_TEXT(replay->key),
                             DB_BLOB(span_of(replay->request->bytes, DIGEST_SIZE)),
                             DB_INT(replay->now_us)),
                   error);
}

bool
replay_begin(Engine *engine, const char *actor, const char *key, const Digest *request,
             ReplayAnswer *out, GError **error)
{
    Replay replay = {
        .actor = actor, .key = key, .request = request, .now_us = clock_now_us(engine->clock)
    };

    if (key[0] == '\0' || strlen(key) > KEY_MAX_BYTES) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "an Idempotency-Key has 1 to %d characters", KEY_MAX_BYTES);
        return false;
    }
    if (!db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_begin, &replay, error)) {
        g_free(replay.found.answer);
        return false;
    }
    *out = replay.found;
    return true;
}

static bool
write_end(DbConn *conn, void *input, GError **error)
{
    Replay *replay = input;

    return db_exec(conn, QUERY_IDEMPOTENCY_ANSWER,
                   DB_PARAMS(DB_TEXT(replay->actor), DB_TEXT(replay->key), DB_INT(replay->status),
                             DB_TEXT(replay->answer)),
                   error);
}

bool
replay_end(Engine *engine, const char *actor, const char *key, unsigned status, const char *answer,
           GError **error)
{
    Replay replay = { .actor = actor, .key = key, .status = status, .answer = answer };

    return db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_end, &replay, error);
}

static bool
write_forget(DbConn *conn, void *input, GError **error)
{
    Replay *replay = input;

    return db_exec(conn, QUERY_IDEMPOTENCY_FORGET,
                   DB_PARAMS(DB_TEXT(replay->actor), DB_TEXT(replay->key)), error);
}

bool
replay_forget(Engine *engine, const char *actor, const char *key, GError **error)
{
    Replay replay = { .actor = actor, .key = key };

    return db_write(engine->db, DB_LANE_ACKNOWLEDGED, write_forget, &replay, error);
}
