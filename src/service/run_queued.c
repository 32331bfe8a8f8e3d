/* SPDX-License-Identifier: Apache-2.0
 * run_queued: a queued run that was taken becomes one that can be executed. What was asked for is
 * in its row; what comes of it is written there, or why nothing did. */
#include <string.h>
#include "base/json.h"
#include "base/limits.h"
#include "service/run_priv.h"
#include "service/schedule.h"
#include "base/banned.h"

typedef struct Asked { /* the row of a queued run, as it was asked for */
    char *project, *event, *ref, *commit, *base_ref, *before; /* owned */
    json_t *inputs;                                           /* owned; NULL: none */
    GArray *pairs; /* owned, of PipelinePair borrowed from inputs */
    bool by_hand;
    RunId reuse;
} Asked;

static void
asked_clear(Asked *asked)
{
    g_free(asked->project);
    g_free(asked->event);
    g_free(asked->ref);
    g_free(asked->commit);
    g_free(asked->base_ref);
    g_free(asked->before);
    g_clear_pointer(&asked->inputs, json_decref);
    g_clear_pointer(&asked->pairs, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asked, asked_clear)

static char *
text_or_null(const DbRows *rows, int column)
{
    const char *text = db_rows_text(rows, column);

    return text != NULL && *text != '\0' ? g_strdup(text) : NULL;
}

static bool
load_asked(Engine *engine, RunId id, Asked *out, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_autoptr(DbRows) rows =
        reader != NULL ? db_select(reader, QUERY_QUEUE_REQUEST, DB_PARAMS(DB_INT(id.v)), error)
                       : NULL;
    bool has_row = false;
    const char *name = NULL;
    json_t *value = NULL;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    if (!has_row) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "there is no run '#%" G_GINT64_FORMAT "'", id.v);
        return false;
    }
    out->project = g_strdup(db_rows_text(rows, 0));
    out->event = g_strdup(db_rows_text(rows, 1));
    out->ref = g_strdup(db_rows_text(rows, 2));
    out->commit = text_or_null(rows, 3);
    out->base_ref = text_or_null(rows, 4);
    out->before = text_or_null(rows, 10);
    out->by_hand = db_rows_int(rows, 11) != 0;
    out->reuse.v = db_rows_int(rows, 12);
    out->pairs = g_array_new(FALSE, FALSE, sizeof(PipelinePair));
    if (db_rows_text(rows, 5)[0] == '\0')
        return true;
    out->inputs = json_parse(db_rows_blob(rows, 5), LIMIT_JSON_BYTES, error);
    json_object_foreach (out->inputs, name, value) {
        PipelinePair pair = { .name = name, .value = json_string_value(value) };

        if (pair.value != NULL)
            g_array_append_val(out->pairs, pair);
    }
    return out->inputs != NULL;
}

/* Borrows from @asked. */
static RunRequest
request_of(const Asked *asked)
{
    RunRequest request = {
        .project = asked->project,
        .event = asked->event,
        .pinned = asked->commit,
        .base_ref = asked->base_ref,
        .before = asked->before,
        .inputs = (const PipelinePair *)asked->pairs->data,
        .n_inputs = asked->pairs->len,
    };

    if (g_str_has_prefix(asked->ref, "refs/tags/"))
        request.tag = asked->ref + strlen("refs/tags/");
    else if (g_str_has_prefix(asked->ref, "refs/heads/"))
        request.branch = asked->ref + strlen("refs/heads/");
    else if (g_str_has_prefix(asked->ref, "refs/"))
        request.ref = asked->ref;
    else
        request.commit = asked->ref;
    return request;
}

/* Only a tag that was pushed makes a release; nothing a proposal says enters the fact log. */
static void
forget_release(ActiveRun *run)
{
    if (strcmp(run->record.event, "tag") != 0)
        g_clear_pointer(&run->record.release, g_free);
}

static bool
write_prepared(DbConn *conn, void *input, GError **error)
{
    ActiveRun *run = input;
    const RunRecord *record = &run->record;

    return db_exec(conn, QUERY_QUEUE_PREPARED,
                   DB_PARAMS(DB_INT(record->id.v), DB_TEXT(record->commit), DB_TEXT(record->tree),
                             DB_TEXT(record->tag_object), DB_TEXT(record->pipeline),
                             DB_TEXT(record->release), DB_INT(record->commit_us)),
                   error) &&
           run_insert_jobs(run, conn, error);
}

/* A file that leaves its own push out still brings the default branch's schedules. */
static bool
write_file(DbConn *conn, void *input, GError **error)
{
    const ActiveRun *run = input;

    return schedule_take(conn, run->record.ref, run->pipeline, clock_now_us(run->engine->clock),
                         error);
}

static bool
check_wanted(ActiveRun *run, const RunRequest *request, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (run_check_on(run, request, &local))
        return true;
    if (error_kind(local) == ERROR_KIND_CANCELLED &&
        !db_write(run->engine->db, DB_LANE_ACKNOWLEDGED, write_file, run, error))
        return false;
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

/* What people call the run, which provenance names its invocation by, and why it is. */
static bool
take_name(ActiveRun *run, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(run->engine->db, error);
    g_auto(RunRecord) record = { 0 };

    if (reader == NULL || !run_record_load(reader, run->record.id, &record, error))
        return false;
    run->record.number = record.number;
    run->record.why = g_steal_pointer(&record.why);
    return true;
}

static bool
prepare_queued(ActiveRun *run, GError **error)
{
    g_auto(Asked) asked = { 0 };
    RunRequest request = { 0 };

    if (!take_name(run, error) || !load_asked(run->engine, run->record.id, &asked, error))
        return false;
    request = request_of(&asked);
    run->reuse = asked.reuse;
    if (!run_fill_plan(run, &request, error) ||
        (!asked.by_hand && !check_wanted(run, &request, error)))
        return false;
    forget_release(run);
    return run_reuse_jobs(run, error) && run_claim(run, &request, error) &&
           db_write(run->engine->db, DB_LANE_ACKNOWLEDGED, write_prepared, run, error);
}

ActiveRun *
run_prepare_queued(Engine *engine, RunId id, GError **error)
{
    g_autoptr(ActiveRun) run = active_run_new(engine, NULL);
    g_autoptr(GError) local = NULL;
    g_autoptr(GError) end = NULL;

    run->record.id = id;
    run->parallel = MIN(g_get_num_processors(), RUN_MAX_PARALLEL_JOBS);
    run_remember(run);
    if (prepare_queued(run, &local))
        return g_steal_pointer(&run);
    if (!run_end_early(run,
                       cancel_is_set(run->cancel) || error_kind(local) == ERROR_KIND_CANCELLED
                           ? RUN_EVENT_CANCEL
                           : RUN_EVENT_BREAK,
                       local->message, &end))
        error_ignore(false, &end, "the next start ends the run as error");
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

/* ---- looked at afterwards ---------------------------------------------------------------------- */

static json_t *
config_json(const ActiveRun *run, const RunRecord *record, GError **error)
{
    g_autoptr(GBytes) file =
        git_read_file(run->mirror, run->ruling, "slipway.yaml", LIMIT_PIPELINE_BYTES, error);
    g_autofree char *text = plan_to_text(run->plan);
    Span bytes = { 0 };

    if (file == NULL)
        return NULL;
    bytes = span_of_bytes(file);
    return json_pack("{s:s, s:s, s:s%, s:o, s:s}", "commit", run->ruling, "digest",
                     record->pipeline, "file", (const char *)bytes.data, bytes.len, "plan",
                     plan_to_json(run->plan), "text", text);
}

json_t *
run_config(Engine *engine, RunId id, GError **error)
{
    g_autoptr(ActiveRun) run = active_run_new(engine, NULL);
    g_autoptr(DbReader) reader = db_reader_acquire(engine->db, error);
    g_auto(RunRecord) record = { 0 };
    g_auto(Asked) asked = { 0 };
    RunRequest request = { 0 };
    g_autoptr(GError) local = NULL;

    if (reader == NULL || !run_record_load(reader, id, &record, error))
        return NULL;
    g_clear_pointer(&reader, db_reader_release);
    if (record.pipeline[0] == '\0') {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                  "the run ended before its slipway.yaml was read");
        return NULL;
    }
    if (!load_asked(engine, id, &asked, error))
        return NULL;
    request = request_of(&asked);
    if (run_plan_again(run, &request, record.commit, &local)) {
        if (strcmp(run->record.pipeline, record.pipeline) == 0)
            return config_json(run, &record, error);
    } else if (asked.base_ref == NULL) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT,
              "the branch this proposal is for has another slipway.yaml by now; the run had '%s'",
              record.pipeline);
    return NULL;
}
