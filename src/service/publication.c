/* SPDX-License-Identifier: Apache-2.0
 * publication: the journal of a publication and the steps it drives. */
#include "service/publication.h"
#include <string.h>
#include "attest/object_name.h"
#include "base/json.h"
#include "base/log.h"
#include "fact/build.h"
#include "publish/publish.h"
#include "service/engine_view.h"
#include "service/publication_files.h"
#include "service/queue.h"
#include "service/release_priv.h"
#include "service/self_verify.h"
#include "base/banned.h"

typedef enum {
    DELIVERY_NONE,
    DELIVERY_PLANNED,
    DELIVERY_STAGED,
    DELIVERY_SENDING,
    DELIVERY_CONFIRMED,
    DELIVERY_FAILED,
    DELIVERY_UNKNOWN,
    DELIVERY_CONFLICT,
    DELIVERY_N_STATES
} DeliveryState;

static const char *const state_names[DELIVERY_N_STATES] = {
    "none", "planned", "staged", "sending", "confirmed", "failed", "unknown", "conflict",
};

typedef struct Delivery { /* one target of the intent */
    TargetRow row;
    Target *target; /* owned */
    char *attempt;  /* owned ULID */
    DeliveryState state;
    char *reason;   /* owned or NULL */
    char *location; /* owned or NULL: where it is served */
} Delivery;

typedef struct Publication { /* one going on with an intent; freed together */
    Engine *engine;
    const char *object;
    ObjectName name;
    Digest intent;
    char intent_text[DIGEST_STRING_SIZE];
    PublicationFiles *files; /* owned */
    GPtrArray *deliveries;   /* owned, of Delivery */
} Publication;

static void
delivery_free(void *data)
{
    Delivery *delivery = data;

    target_row_clear(&delivery->row);
    g_clear_pointer(&delivery->target, target_free);
    g_free(delivery->attempt);
    g_free(delivery->reason);
    g_free(delivery->location);
    g_free(delivery);
}

static void
publication_clear(Publication *publication)
{
    g_clear_pointer(&publication->files, publication_files_free);
    g_clear_pointer(&publication->deliveries, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Publication, publication_clear)

static DeliveryState
state_from_string(const char *name)
{
    for (int i = 1; i < DELIVERY_N_STATES; i++) {
        if (strcmp(state_names[i], name) == 0)
            return (DeliveryState)i;
    }
    return DELIVERY_NONE;
}

/* ---- the journal
 * ---------------------------------------------------------------------------------- */

typedef struct StateRow {
    const Publication *publication;
    const Delivery *delivery;
    int64_t now_us;
} StateRow;

static bool
write_state(DbConn *conn, void *input, GError **error)
{
    const StateRow *row = input;
    const Delivery *delivery = row->delivery;

    return db_exec(conn, QUERY_PUBLICATION_UPSERT,
                   DB_PARAMS(DB_TEXT(row->publication->intent_text), DB_TEXT(delivery->row.name),
                             DB_TEXT(row->publication->object), DB_TEXT(delivery->attempt),
                             DB_TEXT(state_names[delivery->state]),
                             DB_TEXT(delivery->reason != NULL ? delivery->reason : ""),
                             DB_TEXT(delivery->location), DB_INT(row->now_us)),
                   error);
}

/* Written before the step it announces is taken, and after the outcome it records. */
static bool
set_state(Publication *publication, Delivery *delivery, DeliveryState state, const char *reason,
          GError **error)
{
    StateRow row = { .publication = publication,
                     .delivery = delivery,
                     .now_us = clock_now_us(publication->engine->clock) };

    delivery->state = state;
    g_free(delivery->reason);
    delivery->reason = g_strdup(reason);
    return db_write(publication->engine->db, DB_LANE_CONTROL, write_state, &row, error);
}

static Delivery *
read_delivery(DbConn *conn, const Publication *publication, const DbRows *rows, GError **error)
{
    Delivery *delivery = g_new0(Delivery, 1);
    TargetConfig config = { 0 };

    delivery->attempt = g_strdup(db_rows_text(rows, 3));
    delivery->state = state_from_string(db_rows_text(rows, 4));
    delivery->reason = g_strdup(db_rows_text(rows, 5));
    delivery->location = g_strdup(db_rows_text(rows, 6));
    if (!target_row_load(conn, publication->object, db_rows_text(rows, 1), &delivery->row, error)) {
        delivery_free(delivery);
        return NULL;
    }
    config = (TargetConfig){ .type = delivery->row.type,
                             .name = delivery->row.name,
                             .location = delivery->row.location };
    delivery->target = target_open(&config, error);
    if (delivery->target == NULL) {
        delivery_free(delivery);
        return NULL;
    }
    return delivery;
}

static bool
load_deliveries(Publication *publication, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(publication->engine->db, error);
    g_autoptr(DbRows) rows = NULL;
    bool has_row = false;

    publication->deliveries = g_ptr_array_new_with_free_func(delivery_free);
    rows = reader != NULL ? db_select(reader, QUERY_PUBLICATION_LIST,
                                      DB_PARAMS(DB_TEXT(publication->intent_text)), error)
                          : NULL;
    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return false;
    while (has_row) {
        Delivery *delivery = read_delivery(reader, publication, rows, error);

        if (delivery == NULL)
            return false;
        g_ptr_array_add(publication->deliveries, delivery);
        if (!db_rows_next(rows, &has_row, error))
            return false;
    }
    return true;
}

/* ---- logging outcomes
 * -------------------------------------------------------------------------------- */

typedef struct Outcome {
    const char *target; /* NULL: the self-verification */
    PublicationOutcome outcome;
    json_t *digests;
} Outcome;

static FactDecision *
decide_publication(FactView *view, const FactCommand *command, void *input, GError **error)
{
    const Outcome *outcome = input;

    return fact_decide_publication(view, command, outcome->target, outcome->outcome,
                                   outcome->digests, error);
}

static json_t *
served_digests(const Publication *publication)
{
    json_t *array = json_array();

    for (guint i = 0; publication->files != NULL && i < publication->files->items->len; i++) {
        const PublishItem *item = &g_array_index(publication->files->items, PublishItem, i);

        if (!g_str_has_prefix(item->path, ".slipway/"))
            json_array_append_new(array, json_pack("{s:s, s:o}", "name", item->path, "digest",
                                                   json_digest(&item->digest)));
    }
    return array;
}

/* Whether the log says already that the target serves it: a crash came after that and before the
 * journal. */
static bool
is_logged(Publication *publication, const char *target, bool *known_out, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_autoptr(FactRow) row = NULL;
    FactValue key[FACT_MAX_KEY] = { FACT_TEXT(publication->intent_text), FACT_TEXT(target) };

    if (!engine_view_open(publication->engine, &view, error) ||
        !fact_view_find(view.view, FACT_TABLE_PUBLICATION, key, &row, error))
        return false;
    *known_out = row != NULL &&
                 publication_outcome_from_name(fact_row_text(row, FACT_PUBLICATION_OUTCOME)) ==
                     PUBLICATION_CONFIRMED;
    return true;
}

static bool
log_outcome(Publication *publication, const char *target, PublicationOutcome kind, GError **error)
{
    g_autoptr(json_t) digests = served_digests(publication);
    Outcome outcome = { .target = target, .outcome = kind, .digests = digests };
    LaneRequest request = { .role = SIGNER_ROLE_ENGINE,
                            .object = publication->object,
                            .decide = decide_publication,
                            .input = &outcome };
    LaneAnswer answer = { 0 };
    bool known = false;

    if (target != NULL && !is_logged(publication, target, &known, error))
        return false;
    if (!known && !lane_submit(publication->engine->lane, &request, &answer, error))
        return false;
    queue_wake(publication->engine); /* runs that follow the release may wait */
    return true;
}

/* ---- the steps
 * --------------------------------------------------------------------------------------- */

static PublishPlan
plan_of(const Publication *publication, const Delivery *delivery)
{
    return (PublishPlan){
        .project = publication->name.project,
        .stream = publication->name.part,
        .version = publication->name.version,
        .attempt = delivery->attempt,
        .items = (const PublishItem *)publication->files->items->data,
        .n_items = publication->files->items->len,
    };
}

/* Asks the target first, always: after a crash nobody knows what it got. */
static bool
probe(Publication *publication, Delivery *delivery, PublishPresence *presence, GError **error)
{
    PublishPlan plan = plan_of(publication, delivery);

    if (!target_check(delivery->target, error) ||
        !target_probe(delivery->target, &plan, presence, error))
        return false;
    if (*presence != PUBLISH_OTHER)
        return true;
    if (!set_state(publication, delivery, DELIVERY_CONFLICT,
                   "something else is there under this name", error))
        return false;
    error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT,
              "target '%s' already serves something else as %s/%s %s; it was not touched",
              delivery->row.name, plan.project, plan.stream, plan.version);
    return false;
}

/* Whether any target may serve something of this intent already. */
static bool
may_be_visible(const Publication *publication)
{
    for (guint i = 0; i < publication->deliveries->len; i++) {
        const Delivery *delivery = publication->deliveries->pdata[i];

        if (delivery->state == DELIVERY_CONFIRMED || delivery->state == DELIVERY_SENDING ||
            delivery->state == DELIVERY_UNKNOWN)
            return true;
    }
    return false;
}

/* Ends the intent: nothing of it is visible, and what was staged goes. The release is sealed again
 * and needs a new request. @cause is what the journal of every target says. */
static bool
fail_intent(Publication *publication, const GError *cause, GError **error)
{
    for (guint i = 0; i < publication->deliveries->len; i++) {
        Delivery *delivery = publication->deliveries->pdata[i];

        if (publication->files != NULL) {
            PublishPlan plan = plan_of(publication, delivery);

            if (!target_withdraw(delivery->target, &plan, false, error))
                return false;
        }
        if (!set_state(publication, delivery, DELIVERY_FAILED, cause->message, error))
            return false;
    }
    return log_outcome(publication, NULL, PUBLICATION_FAILED, error);
}

/* What can never succeed with this intent: bytes that are lost or wrong, or that do not verify. */
static bool
is_final(const Publication *publication, const GError *cause)
{
    ErrorKind kind = error_kind(cause);

    return (kind == ERROR_KIND_UNTRUSTED || kind == ERROR_KIND_CORRUPT ||
            g_error_matches(cause, STORE_ERROR, STORE_ERROR_NOT_FOUND)) &&
           !may_be_visible(publication);
}

/* Passes @cause on; if it is final, the intent is ended first. */
static void
give_up(Publication *publication, GError *cause, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (is_final(publication, cause) && !fail_intent(publication, cause, &local))
        error_prefix(&cause, "the failure could not be logged (%s)", local->message);
    g_propagate_error(error, cause);
}

/* A blob that is not what it is named is put aside, so that nobody else trusts it. */
static void
put_aside(Publication *publication)
{
    for (guint i = 0; i < publication->files->items->len; i++) {
        const PublishItem *item = &g_array_index(publication->files->items, PublishItem, i);
        g_autoptr(GError) local = NULL;

        if (!store_check(publication->engine->store, &item->digest, &local)) {
            g_autofree char *name = digest_dup_string(&item->digest);

            log_event(LOG_ERROR, "a file of a release is damaged in the store and was put aside",
                      "SLIPWAY_RELEASE", publication->object, "SLIPWAY_BLOB", name, "SLIPWAY_CAUSE",
                      local->message, NULL);
        }
    }
}

/* The staged bytes must be those sealed, and convince a stranger. */
static bool
stage_and_verify(Publication *publication, Delivery *delivery, GError **error)
{
    PublishPlan plan = plan_of(publication, delivery);
    g_autofree char *staged = NULL;
    g_autoptr(GError) local = NULL;

    if (!target_stage(delivery->target, &plan, &staged, &local)) {
        if (error_kind(local) == ERROR_KIND_CORRUPT)
            put_aside(publication);
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    return set_state(publication, delivery, DELIVERY_STAGED, NULL, error) &&
           self_verify(publication->engine, plan.project, staged, error);
}

static bool
confirm(Publication *publication, Delivery *delivery, GError **error)
{
    PublishPlan plan = plan_of(publication, delivery);

    g_clear_pointer(&delivery->location, g_free);
    return target_confirm(delivery->target, &plan, &delivery->location, error) &&
           log_outcome(publication, delivery->row.name, PUBLICATION_CONFIRMED, error) &&
           set_state(publication, delivery, DELIVERY_CONFIRMED, NULL, error);
}

static bool
send(Publication *publication, Delivery *delivery, GError **error)
{
    PublishPlan plan = plan_of(publication, delivery);

    return set_state(publication, delivery, DELIVERY_SENDING, NULL, error) &&
           target_send(delivery->target, &plan, error) && confirm(publication, delivery, error);
}

/* What the log says is confirmed needs nothing more, whatever became of our journal. */
static bool
skip_logged(Publication *publication, GError **error)
{
    for (guint i = 0; i < publication->deliveries->len; i++) {
        Delivery *delivery = publication->deliveries->pdata[i];
        bool known = false;

        if (delivery->state == DELIVERY_CONFIRMED)
            continue;
        if (!is_logged(publication, delivery->row.name, &known, error) ||
            (known && !set_state(publication, delivery, DELIVERY_CONFIRMED, NULL, error)))
            return false;
    }
    return true;
}

static bool
all_confirmed(const Publication *publication)
{
    for (guint i = 0; i < publication->deliveries->len; i++) {
        const Delivery *delivery = publication->deliveries->pdata[i];

        if (delivery->state != DELIVERY_CONFIRMED)
            return false;
    }
    return true;
}

/* First every target is staged and verified, then every target is sent. */
static bool
deliver_all(Publication *publication, GError **error)
{
    for (guint i = 0; i < publication->deliveries->len; i++) {
        Delivery *delivery = publication->deliveries->pdata[i];
        PublishPresence presence = PUBLISH_ABSENT;

        if (delivery->state == DELIVERY_CONFIRMED)
            continue;
        if (!probe(publication, delivery, &presence, error))
            return false;
        if (presence == PUBLISH_ABSENT && delivery->state != DELIVERY_PLANNED &&
            !set_state(publication, delivery, DELIVERY_PLANNED, NULL, error))
            return false;
        if (presence == PUBLISH_SAME ? !confirm(publication, delivery, error)
                                     : !stage_and_verify(publication, delivery, error))
            return false;
    }
    for (guint i = 0; i < publication->deliveries->len; i++) {
        Delivery *delivery = publication->deliveries->pdata[i];

        if (delivery->state == DELIVERY_STAGED && !send(publication, delivery, error))
            return false;
    }
    return true;
}

/* ---- the operation
 * ------------------------------------------------------------------------------------ */

static bool
find_intent(Publication *publication, GError **error)
{
    g_auto(EngineView) view = { 0 };
    g_auto(FactRelease) release = { 0 };

    if (!object_name_parse(publication->object, &publication->name, error) ||
        !engine_view_open(publication->engine, &view, error) ||
        !fact_view_release(view.view, publication->object, &release, error))
        return false;
    if (!release.has_intent) {
        error_set(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "'%s' has no publish-intent",
                  publication->object);
        return false;
    }
    publication->intent = release.intent;
    digest_to_string(&release.intent, publication->intent_text);
    return true;
}

static json_t *
describe(const Publication *publication)
{
    json_t *targets = json_array();

    for (guint i = 0; i < publication->deliveries->len; i++) {
        const Delivery *delivery = publication->deliveries->pdata[i];

        json_array_append_new(targets,
                              json_pack("{s:s, s:s, s:o, s:s}", "target", delivery->row.name,
                                        "state", state_names[delivery->state], "location",
                                        json_string_or_null(delivery->location), "reason",
                                        delivery->reason != NULL ? delivery->reason : ""));
    }
    return json_pack("{s:s, s:s, s:o}", "release", publication->object + strlen("release:"),
                     "intent", publication->intent_text, "targets", targets);
}

/* Files, then targets. What is lost or wrong for good ends the intent. */
static bool
go_on(Publication *publication, GError **error)
{
    GError *cause = NULL;

    publication->files = publication_files_load(publication->engine, publication->object,
                                                &publication->intent, &cause);
    if (publication->files != NULL && deliver_all(publication, &cause))
        return true;
    give_up(publication, cause, error);
    return false;
}

/* Every target keeps the newest checkpoint: an older copy of this folder, put back, finds there
 * that the log was longer. */
static void
leave_checkpoint(Publication *publication)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) note = lane_checkpoint(publication->engine->lane, NULL, &error);

    for (guint i = 0; note != NULL && i < publication->deliveries->len; i++) {
        const Delivery *delivery = publication->deliveries->pdata[i];

        if (!target_put_checkpoint(delivery->target, publication->engine->origin,
                                   span_of_bytes(note), &error))
            break;
    }
    if (error != NULL)
        log_event(LOG_WARNING, "ignoring that a target did not take the newest checkpoint",
                  "SLIPWAY_RELEASE", publication->object, "SLIPWAY_CAUSE", error->message, NULL);
}

/* One publication of a release at a time. */
static bool
begin(Engine *engine, const char *object, GError **error)
{
    MUTEX_GUARD(&engine->lock);

    if (!g_hash_table_add(engine->publishing, g_strdup(object))) {
        error_set(error, BASE_ERROR, BASE_ERROR_CONFLICT,
                  "cannot publish '%s': another command is publishing it just now",
                  object + strlen("release:"));
        return false;
    }
    return true;
}

static void
end(Engine *engine, const char *object)
{
    MUTEX_GUARD(&engine->lock);

    g_hash_table_remove(engine->publishing, object);
}

static bool
run_alone(Engine *engine, const char *object, json_t **result_out, GError **error)
{
    g_auto(Publication) publication = { .engine = engine, .object = object };

    if (!find_intent(&publication, error) || !load_deliveries(&publication, error) ||
        !skip_logged(&publication, error))
        return false;
    if (!all_confirmed(&publication)) {
        if (!go_on(&publication, error))
            return false;
        leave_checkpoint(&publication);
    }
    *result_out = describe(&publication);
    return true;
}

bool
publication_run(Engine *engine, const char *object, json_t **result_out, GError **error)
{
    bool ok = false;

    if (!begin(engine, object, error))
        return false;
    ok = run_alone(engine, object, result_out, error);
    end(engine, object);
    if (!ok)
        error_prefix(error, "cannot publish '%s'", object + strlen("release:"));
    return ok;
}
