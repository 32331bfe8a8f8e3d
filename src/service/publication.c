/* SPDX-License-Identifier: Apache-2.0
 * publication: the journal of a publication and the steps it drives. */
#include "service/publication.h"
#include <string.h>
#include "attest/object_name.h"
#include "base/json.h"
#include "fact/build.h"
#include "publish/publish.h"
#include "service/engine_view.h"
#include "service/publication_files.h"
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

    for (guint i = 0; i < publication->files->items->len; i++) {
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
    return known || lane_submit(publication->engine->lane, &request, &answer, error);
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

/* The staged bytes must convince a stranger; else the intent has failed and nothing was visible. */
static bool
stage_and_verify(Publication *publication, Delivery *delivery, GError **error)
{
    PublishPlan plan = plan_of(publication, delivery);
    g_autofree char *staged = NULL;
    g_autoptr(GError) refusal = NULL;

    if (!target_stage(delivery->target, &plan, &staged, error) ||
        !set_state(publication, delivery, DELIVERY_STAGED, NULL, error))
        return false;
    if (self_verify(publication->engine, plan.project, staged, &refusal))
        return true;
    if (error_kind(refusal) == ERROR_KIND_UNTRUSTED &&
        (!target_withdraw(delivery->target, &plan, false, error) ||
         !set_state(publication, delivery, DELIVERY_FAILED, refusal->message, error) ||
         !log_outcome(publication, NULL, PUBLICATION_FAILED, error)))
        return false;
    g_propagate_error(error, g_steal_pointer(&refusal));
    return false;
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

bool
publication_run(Engine *engine, const char *object, json_t **result_out, GError **error)
{
    g_auto(Publication) publication = { .engine = engine, .object = object };

    if (!find_intent(&publication, error) || !load_deliveries(&publication, error))
        return false;
    publication.files = publication_files_load(engine, object, &publication.intent, error);
    if (publication.files == NULL || !deliver_all(&publication, error)) {
        error_prefix(error, "cannot publish '%s'", object + strlen("release:"));
        return false;
    }
    *result_out = describe(&publication);
    return true;
}
