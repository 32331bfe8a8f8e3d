/* SPDX-License-Identifier: Apache-2.0
 * outbox: the rows; outbox_send.c sends them. */
#include "service/outbox.h"
#include <string.h>
#include "base/json.h"
#include "base/log.h"
#include "forge/event.h"
#include "format/glob.h"
#include "service/engine_priv.h"
#include "service/outbox_priv.h"
#include "service/project.h"
#include "base/banned.h"

#define PUBLIC_URL            "public_url"
#define PUBLIC_URL_MAX        2048
#define DESCRIPTION_BYTES_MAX 1000
#define PAGE_MAX              1000
#define FIXED                 "fixed"

/* ---- channels ---------------------------------------------------------------------------------- */

void
outbox_channel_clear(OutboxChannel *channel)
{
    g_free(channel->name);
    g_free(channel->url);
    g_free(channel->secret_file);
    g_free(channel->account);
    g_free(channel->from);
    g_strfreev(channel->recipients);
    g_strfreev(channel->states);
    g_strfreev(channel->refs);
    memset(channel, 0, sizeof *channel);
}

static char **
split(const char *text, const char *by)
{
    return text[0] != '\0' ? g_strsplit(text, by, -1) : g_new0(char *, 1);
}

void
outbox_channel_read(const DbRows *rows, OutboxChannel *out)
{
    out->name = g_strdup(db_rows_text(rows, 1));
    out->type = notice_type_from_string(db_rows_text(rows, 2));
    out->url = g_strdup(db_rows_text(rows, 3));
    out->secret_file = g_strdup(db_rows_text(rows, 4));
    out->account = g_strdup(db_rows_text(rows, 5));
    out->from = g_strdup(db_rows_text(rows, 6));
    out->recipients = split(db_rows_text(rows, 7), "\n");
    out->states = split(db_rows_text(rows, 8), " ");
    out->refs = split(db_rows_text(rows, 9), "\n");
}

static void
channel_free(void *data)
{
    outbox_channel_clear(data);
    g_free(data);
}

/* Owned, of owned OutboxChannel. */
static GPtrArray *
load_channels(DbConn *conn, const char *project, GError **error)
{
    g_autoptr(GPtrArray) channels = g_ptr_array_new_with_free_func(channel_free);
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_CHANNEL_OF_PROJECT, DB_PARAMS(DB_TEXT(project)), error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        OutboxChannel *channel = g_new0(OutboxChannel, 1);

        outbox_channel_read(rows, channel);
        g_ptr_array_add(channels, channel);
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&channels);
}

/* ---- rows -------------------------------------------------------------------------------------- */

typedef struct Row { /* borrowed */
    const char *effect;
    const char *lane;
    const char *channel;
    const char *state;
    const char *description;
    const char *target_url;
    bool terminal;
} Row;

static bool
insert(DbConn *conn, const RunRecord *run, const Row *row, int64_t now_us, GError **error)
{
    bool is_new = false;
    int64_t id = 0;

    if (!db_select_int(conn, QUERY_OUTBOX_INSERT,
                       DB_PARAMS(DB_TEXT(row->effect), DB_TEXT(row->lane), DB_TEXT(run->project),
                                 DB_INT(run->id.v), DB_TEXT(row->channel), DB_TEXT(row->state),
                                 DB_INT(row->terminal ? 1 : 0), DB_TEXT(row->description),
                                 DB_TEXT(row->target_url), DB_INT(now_us)),
                       &is_new, &id, error))
        return false;
    return !is_new || db_exec(conn, QUERY_OUTBOX_DROP_OLDER,
                              DB_PARAMS(DB_TEXT(row->lane), DB_INT(id), DB_INT(now_us)), error);
}

/* "" when nobody has said where this server is. */
static bool
load_target_url(DbConn *conn, const RunRecord *run, char **url_out, GError **error)
{
    g_autofree char *base = NULL;
    bool found = false;

    if (!db_select_text(conn, QUERY_SERVER_VALUE, DB_PARAMS(DB_TEXT(PUBLIC_URL)), &found, &base,
                        error))
        return false;
    *url_out = found && base[0] != '\0' ? g_strdup_printf("%s/projects/%s/runs/%" G_GINT64_FORMAT,
                                                          base, run->project, run->number)
                                        : g_strdup("");
    return true;
}

static char *
description_of(RunState state, const char *reason)
{
    const char *name = run_state_name(state);
    g_autofree char *text = reason != NULL && reason[0] != '\0' && strcmp(reason, name) != 0
                                ? g_strdup_printf("%s: %s", name, reason)
                                : g_strdup(name);
    g_autofree char *shown = error_printable(text);

    return g_strndup(shown, DESCRIPTION_BYTES_MAX);
}

static bool
add_status(DbConn *conn, const RunRecord *run, const Project *project, const Row *like,
           int64_t now_us, GError **error)
{
    g_autofree char *effect =
        g_strdup_printf("run:%" G_GINT64_FORMAT ":%s:status", run->id.v, like->state);
    g_autofree char *lane =
        g_strdup_printf("status:%s:%s:%s", run->project, run->commit, project->context);
    Row row = *like;

    if (project->forge == FORGE_GIT || project->repository[0] == '\0' ||
        project->token_file[0] == '\0' || !forge_commit_is_full(run->commit))
        return true;
    row.effect = effect;
    row.lane = lane;
    row.channel = "";
    return insert(conn, run, &row, now_us, error);
}

/* Passed, and the last run of this ref that came to a verdict had not. */
static bool
is_fixed(DbConn *conn, const RunRecord *run, RunState state, bool *fixed_out, GError **error)
{
    g_autofree char *before = NULL;
    bool found = false;

    *fixed_out = false;
    if (state != RUN_PASSED)
        return true;
    if (!db_select_text(conn, QUERY_RUN_BEFORE,
                        DB_PARAMS(DB_TEXT(run->project), DB_TEXT(run->ref), DB_INT(run->id.v)),
                        &found, &before, error))
        return false;
    *fixed_out = found && strcmp(before, run_state_name(RUN_PASSED)) != 0;
    return true;
}

static bool
channel_wants(const OutboxChannel *channel, const RunRecord *run, const char *state, bool fixed)
{
    bool ref_fits = channel->refs[0] == NULL;

    for (size_t i = 0; channel->refs[i] != NULL; i++)
        ref_fits |= glob_match(channel->refs[i], run->ref);
    return ref_fits && (g_strv_contains((const char *const *)channel->states, state) ||
                        (fixed && g_strv_contains((const char *const *)channel->states, FIXED)));
}

static bool
add_notices(DbConn *conn, const RunRecord *run, RunState state, const Row *like, int64_t now_us,
            GError **error)
{
    g_autoptr(GPtrArray) channels = load_channels(conn, run->project, error);
    bool fixed = false;

    if (channels == NULL || (channels->len > 0 && !is_fixed(conn, run, state, &fixed, error)))
        return false;
    for (guint i = 0; i < channels->len; i++) {
        const OutboxChannel *channel = channels->pdata[i];
        g_autofree char *lane = g_strdup_printf("notice:%s:%s:%" G_GINT64_FORMAT, run->project,
                                                channel->name, run->id.v);
        g_autofree char *effect = g_strdup_printf("run:%" G_GINT64_FORMAT ":%s:notice:%s",
                                                  run->id.v, like->state, channel->name);
        Row row = *like;

        if (!channel_wants(channel, run, like->state, fixed))
            continue;
        row.effect = effect;
        row.lane = lane;
        row.channel = channel->name;
        row.state = fixed ? FIXED : like->state;
        if (!insert(conn, run, &row, now_us, error))
            return false;
    }
    return true;
}

bool
outbox_run_changed(DbConn *conn, RunId run, RunState state, const char *reason, int64_t now_us,
                   GError **error)
{
    g_auto(RunRecord) record = { 0 };
    g_auto(Project) project = { 0 };
    g_autofree char *url = NULL;
    g_autofree char *description = description_of(state, reason);

    if (state == RUN_PREPARING) /* nobody outside cares; it would be one more "pending" */
        return true;
    if (!run_record_load(conn, run, &record, error) ||
        !project_load(conn, record.project, &project, error) ||
        !load_target_url(conn, &record, &url, error))
        return false;
    Row row = { .state = run_state_name(state),
                .description = description,
                .target_url = url,
                .terminal = run_state_is_final(state) };
    return add_status(conn, &record, &project, &row, now_us, error) &&
           add_notices(conn, &record, state, &row, now_us, error);
}

/* ---- the server's address ---------------------------------------------------------------------- */

static bool
write_public_url(DbConn *conn, void *input, GError **error)
{
    return db_exec(conn, QUERY_SERVER_SET, DB_PARAMS(DB_TEXT(PUBLIC_URL), DB_TEXT(input)), error);
}

bool
outbox_set_public_url(Engine *engine, const char *url, GError **error)
{
    size_t len = strlen(url);
    g_autofree char *base = g_strndup(url, len > 0 && url[len - 1] == '/' ? len - 1 : len);

    if (len > PUBLIC_URL_MAX ||
        (len > 0 && !g_str_has_prefix(url, "https://") && !g_str_has_prefix(url, "http://"))) {
        error_set(error, BASE_ERROR, BASE_ERROR_INVALID,
                  "'%s' is not where a server is: expected an address that begins with https://",
                  url);
        return false;
    }
    return db_write(engine->db, DB_LANE_CONTROL, write_public_url, base, error);
}

/* ---- looking, asking again ----------------------------------------------------------------------- */

static json_t *
row_json(const DbRows *rows)
{
    json_t *object = json_object();

    json_object_set_new(object, "id", json_integer(db_rows_int(rows, 0)));
    json_object_set_new(object, "effect", json_string(db_rows_text(rows, 1)));
    json_object_set_new(object, "lane", json_string(db_rows_text(rows, 2)));
    json_object_set_new(object, "project", json_string(db_rows_text(rows, 3)));
    json_object_set_new(object, "channel", json_string(db_rows_text(rows, 4)));
    json_object_set_new(object, "runState", json_string(db_rows_text(rows, 5)));
    json_object_set_new(object, "state", json_string(db_rows_text(rows, 6)));
    json_object_set_new(object, "attempts", json_integer(db_rows_int(rows, 7)));
    json_object_set_new(object, "lastError", json_string(db_rows_text(rows, 8)));
    json_object_set_new(object, "nextAt", json_integer(db_rows_int(rows, 9)));
    json_object_set_new(object, "createdAt", json_integer(db_rows_int(rows, 10)));
    json_object_set_new(object, "endedAt",
                        db_rows_is_null(rows, 11) ? json_null()
                                                  : json_integer(db_rows_int(rows, 11)));
    return object;
}

json_t *
outbox_list(Engine *engine, const char *project, int64_t limit, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    int64_t n = CLAMP(limit, 1, PAGE_MAX);
    g_autoptr(DbRows) rows = NULL;
    g_autoptr(json_t) array = json_array();
    bool has_row = false;

    if (reader == NULL)
        return NULL;
    rows = project != NULL ? db_select(reader, QUERY_OUTBOX_PAGE_PROJECT,
                                       DB_PARAMS(DB_INT(n), DB_TEXT(project)), error)
                           : db_select(reader, QUERY_OUTBOX_PAGE, DB_PARAMS(DB_INT(n)), error);
    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        json_array_append_new(array, row_json(rows));
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&array);
}

typedef struct Revival {
    int64_t id;
    int64_t now_us;
} Revival;

static bool
revive(DbConn *conn, void *input, GError **error)
{
    const Revival *revival = input;
    g_autofree char *state = NULL;
    bool found = false;

    if (!db_select_text(conn, QUERY_OUTBOX_STATE, DB_PARAMS(DB_INT(revival->id)), &found, &state,
                        error))
        return false;
    if (!found) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "there is no message %" G_GINT64_FORMAT,
                  revival->id);
        return false;
    }
    if (!db_exec(conn, QUERY_OUTBOX_REVIVE, DB_PARAMS(DB_INT(revival->id), DB_INT(revival->now_us)),
                 error))
        return false;
    if (db_changes(conn) > 0)
        return true;
    error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT, "message %" G_GINT64_FORMAT " waits already",
              revival->id);
    return false;
}

bool
outbox_retry(Engine *engine, int64_t id, GError **error)
{
    Revival revival = { .id = id, .now_us = clock_now_us(engine->clock) };

    if (!db_write(engine->db, DB_LANE_ACKNOWLEDGED, revive, &revival, error))
        return false;
    outbox_wake(engine);
    return true;
}

json_t *
outbox_stats(Engine *engine, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    int64_t waiting = 0, failed = 0, oldest = 0;
    bool found = false;

    if (reader == NULL ||
        !db_select_int(reader, QUERY_OUTBOX_COUNT, DB_PARAMS(DB_TEXT("waiting")), &found, &waiting,
                       error) ||
        !db_select_int(reader, QUERY_OUTBOX_COUNT, DB_PARAMS(DB_TEXT("failed")), &found, &failed,
                       error) ||
        !db_select_int(reader, QUERY_OUTBOX_OLDEST, DB_NO_PARAMS, &found, &oldest, error))
        return NULL;
    return json_pack("{s:I,s:I,s:I}", "waiting", (json_int_t)waiting, "failed", (json_int_t)failed,
                     "oldestUs", (json_int_t)oldest);
}
