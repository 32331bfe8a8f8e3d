/* SPDX-License-Identifier: Apache-2.0
 * outbox_send: one thread that brings what waits to the sender process and writes down what came of
 * it.
 *
 * 1. A row is sent again until an answer is committed: killed between the two, it is told twice.
 * 2. Of a lane only the oldest waiting row is under way, so states arrive in their order.
 * 3. A host that asks for patience gets it for all its rows.
 * 4. With nothing to do it sleeps without end: a wake, an answer or a time that was set ends it. */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include "base/log.h"
#include "forge/status.h"
#include "service/engine_priv.h"
#include "service/outbox_priv.h"
#include "sys/wake.h"
#include "base/banned.h"

#define READY_MAX       256
#define ANSWER_LATE_US  (90ll * 1000000) /* a sender that says nothing for so long is killed */
#define PRUNE_EVERY_US  (6ll * 3600 * 1000000)
#define KEEP_SENT_US    (14ll * 24 * 3600 * 1000000)
#define KEEP_INTAKE_US  (90ll * 24 * 3600 * 1000000)
#define TROUBLE_WAIT_MS 5000 /* after a database that refused */
#define ERROR_BYTES_MAX 500

struct Outbox {
    Engine *engine; /* borrowed */
    Thread *thread; /* owned */
    Wake *wake;     /* owned */
    Poll *poll;     /* owned; NULL: nothing is polled; guarded by engine->lock */
    atomic_bool stopping;
    /* what follows belongs to the thread */
    SenderClient *sender; /* owned */
    GHashTable *flying;   /* owned: id → Flight, owned */
    GHashTable *lanes;    /* owned set: lanes of what is under way, borrowed from flights */
    GHashTable *patience; /* owned: host → int64_t *, not before */
    GArray *outcomes;     /* owned, of Outcome: answered, not yet written */
    int64_t pruned_us;
};

typedef struct Flight {
    OutboxRow row;
    char *host;
    int64_t sent_us; /* monotonic */
} Flight;

typedef struct Outcome {
    int64_t id;
    ForgeOutcome outcome;
    int64_t next_us;
    char message[ERROR_BYTES_MAX];
} Outcome;

static void
flight_free(void *data)
{
    Flight *flight = data;

    outbox_row_clear(&flight->row);
    g_free(flight->host);
    g_free(flight);
}

/* ---- what came of it --------------------------------------------------------------------------- */

static void
add_outcome(Outbox *outbox, const OutboxRow *row, ForgeOutcome outcome, int64_t wait_s,
            const char *message)
{
    int64_t now_us = clock_now_us(outbox->engine->clock);
    Outcome result = { .id = row->id, .outcome = outcome };

    if (outcome == FORGE_OUTCOME_RETRY && now_us - row->created_us > OUTBOX_GIVE_UP_US)
        result.outcome = FORGE_OUTCOME_REFUSED;
    result.next_us = now_us + outbox_backoff_us(row->attempts, wait_s);
    g_strlcpy(result.message, message, sizeof result.message);
    if (result.outcome == FORGE_OUTCOME_REFUSED)
        log_event(LOG_ERROR, "giving up a message", "SLIPWAY_EFFECT", row->effect, "SLIPWAY_CAUSE",
                  message, NULL);
    else if (result.outcome == FORGE_OUTCOME_RETRY)
        log_event(LOG_INFO, "retrying a message later", "SLIPWAY_EFFECT", row->effect,
                  "SLIPWAY_CAUSE", message, NULL);
    g_array_append_val(outbox->outcomes, result);
}

static bool
write_outcomes(DbConn *conn, void *input, GError **error)
{
    const Outbox *outbox = input;
    int64_t now_us = clock_now_us(outbox->engine->clock);

    for (guint i = 0; i < outbox->outcomes->len; i++) {
        const Outcome *outcome = &g_array_index(outbox->outcomes, Outcome, i);
        bool ok = false;

        if (outcome->outcome == FORGE_OUTCOME_DONE)
            ok = db_exec(conn, QUERY_OUTBOX_SENT, DB_PARAMS(DB_INT(outcome->id), DB_INT(now_us)),
                         error);
        else if (outcome->outcome == FORGE_OUTCOME_RETRY)
            ok = db_exec(
                conn, QUERY_OUTBOX_AGAIN,
                DB_PARAMS(DB_INT(outcome->id), DB_TEXT(outcome->message), DB_INT(outcome->next_us)),
                error);
        else
            ok = db_exec(conn, QUERY_OUTBOX_FAILED,
                         DB_PARAMS(DB_INT(outcome->id), DB_TEXT(outcome->message), DB_INT(now_us)),
                         error);
        if (!ok)
            return false;
    }
    return true;
}

static void
be_patient(Outbox *outbox, const char *host, int64_t wait_s)
{
    int64_t *until = g_new(int64_t, 1);

    *until = clock_now_us(outbox->engine->clock) + wait_s * 1000000;
    g_hash_table_replace(outbox->patience, g_strdup(host), until);
}

static void
land(Outbox *outbox, int64_t id)
{
    Flight *flight = g_hash_table_lookup(outbox->flying, &id);

    g_hash_table_remove(outbox->lanes, flight->row.lane);
    g_hash_table_remove(outbox->flying, &id);
}

static void
take_answer(Outbox *outbox, const SenderAnswer *answer)
{
    Flight *flight = g_hash_table_lookup(outbox->flying, &answer->number);
    ForgeAnswer heard = { .status = answer->status,
                          .retry_after_s = answer->retry_after_s,
                          .rate_remaining = answer->rate_remaining,
                          .rate_reset_s = answer->rate_reset_s,
                          .body = answer->message };
    int64_t wait_s = 0;
    ForgeOutcome outcome = FORGE_OUTCOME_NONE;
    g_autofree char *message = NULL;

    if (flight == NULL)
        return;
    outcome = forge_answer_outcome(&heard, clock_now_us(outbox->engine->clock) / 1000000, &wait_s);
    message = answer->status != 0 ? g_strdup_printf("%u: %s", answer->status, answer->message)
                                  : g_strdup(answer->message);
    add_outcome(outbox, &flight->row, outcome, wait_s, message);
    if (wait_s > 0)
        be_patient(outbox, flight->host, wait_s);
    land(outbox, answer->number);
}

/* The sender died or hangs: whether anything arrived is unknown, so all of it is told again. */
static void
lose_all(Outbox *outbox, const char *cause)
{
    GHashTableIter iter;
    void *value = NULL;

    g_hash_table_iter_init(&iter, outbox->flying);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        add_outcome(outbox, &((Flight *)value)->row, FORGE_OUTCOME_RETRY, 0, cause);
    g_hash_table_remove_all(outbox->lanes);
    g_hash_table_remove_all(outbox->flying);
    sender_client_free(outbox->sender);
    outbox->sender = sender_client_new();
}

static void
take_answers(Outbox *outbox)
{
    for (;;) {
        g_auto(SenderAnswer) answer = { 0 };
        g_autoptr(GError) local = NULL;

        if (sender_client_fd(outbox->sender) < 0)
            return;
        if (!sender_receive(outbox->sender, 0, &answer, &local)) {
            if (error_kind(local) != ERROR_KIND_TIMEOUT)
                lose_all(outbox, local->message);
            return;
        }
        take_answer(outbox, &answer);
    }
}

/* ---- what is to be sent ------------------------------------------------------------------------ */

static void
row_free(void *data)
{
    outbox_row_clear(data);
    g_free(data);
}

static GPtrArray *
load_ready(DbConn *conn, int64_t now_us, GError **error)
{
    g_autoptr(GPtrArray) ready = g_ptr_array_new_with_free_func(row_free);
    g_autoptr(DbRows) rows =
        db_select(conn, QUERY_OUTBOX_READY, DB_PARAMS(DB_INT(now_us), DB_INT(READY_MAX)), error);
    bool has_row = false;

    if (rows == NULL || !db_rows_next(rows, &has_row, error))
        return NULL;
    while (has_row) {
        OutboxRow *row = g_new0(OutboxRow, 1);

        *row = (OutboxRow){ .id = db_rows_int(rows, 0),
                            .lane = g_strdup(db_rows_text(rows, 1)),
                            .project = g_strdup(db_rows_text(rows, 2)),
                            .run = { db_rows_int(rows, 3) },
                            .channel = g_strdup(db_rows_text(rows, 4)),
                            .run_state = g_strdup(db_rows_text(rows, 5)),
                            .description = g_strdup(db_rows_text(rows, 6)),
                            .target_url = g_strdup(db_rows_text(rows, 7)),
                            .attempts = db_rows_int(rows, 8),
                            .created_us = db_rows_int(rows, 9),
                            .effect = g_strdup(db_rows_text(rows, 10)) };
        g_ptr_array_add(ready, row);
        if (!db_rows_next(rows, &has_row, error))
            return NULL;
    }
    return g_steal_pointer(&ready);
}

/* @row: its content is taken on success. */
static void
send_row(Outbox *outbox, DbConn *conn, OutboxRow *row, int64_t now_us)
{
    g_auto(OutboxMessage) message = { 0 };
    g_autoptr(GError) local = NULL;
    const int64_t *until = NULL;
    Flight *flight = NULL;

    if (!outbox_message_make(conn, row, &message, &local)) {
        bool gone = error_kind(local) == ERROR_KIND_NOT_FOUND;

        add_outcome(outbox, row, gone ? FORGE_OUTCOME_REFUSED : FORGE_OUTCOME_RETRY, 0,
                    local->message);
        return;
    }
    until = g_hash_table_lookup(outbox->patience, message.host);
    if (until != NULL && *until > now_us)
        return;
    if (!sender_submit(outbox->sender, row->id, &message.request, &local)) {
        add_outcome(outbox, row, FORGE_OUTCOME_RETRY, 0, local->message);
        return;
    }
    flight = g_new0(Flight, 1);
    flight->row = *row;
    *row = (OutboxRow){ 0 };
    flight->host = g_steal_pointer(&message.host);
    flight->sent_us = clock_monotonic_us();
    g_hash_table_insert(outbox->flying, &flight->row.id, flight);
    g_hash_table_add(outbox->lanes, flight->row.lane);
}

static bool
send_ready(Outbox *outbox, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(outbox->engine->db, error);
    int64_t now_us = clock_now_us(outbox->engine->clock);
    g_autoptr(GPtrArray) ready = reader != NULL ? load_ready(reader, now_us, error) : NULL;

    if (ready == NULL)
        return false;
    for (guint i = 0; i < ready->len; i++) {
        OutboxRow *row = ready->pdata[i];

        if (g_hash_table_size(outbox->flying) >= SENDER_IN_FLIGHT_MAX)
            break;
        if (!g_hash_table_contains(outbox->lanes, row->lane))
            send_row(outbox, reader, row, now_us);
    }
    return true;
}

/* ---- time -------------------------------------------------------------------------------------- */

/* Milliseconds to sleep; -1: until woken. */
static bool
sleep_ms(Outbox *outbox, int *ms_out, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(outbox->engine->db, error);
    int64_t now_us = clock_now_us(outbox->engine->clock);
    int64_t at_us = 0, soonest_us = INT64_MAX;
    bool found = false;
    GHashTableIter iter;
    void *until = NULL;

    if (reader == NULL ||
        !db_select_int(reader, QUERY_OUTBOX_NEXT_AT, DB_NO_PARAMS, &found, &at_us, error))
        return false;
    g_hash_table_iter_init(&iter, outbox->patience);
    while (g_hash_table_iter_next(&iter, NULL, &until)) {
        if (*(int64_t *)until <= now_us)
            g_hash_table_iter_remove(&iter);
        else
            soonest_us = MIN(soonest_us, *(int64_t *)until);
    }
    *ms_out = -1;
    if (found && at_us > 0) { /* a row that is due waits for an answer or for patience to end */
        if (at_us > now_us)
            soonest_us = MIN(soonest_us, at_us);
        *ms_out = soonest_us == INT64_MAX
                      ? (int)(ANSWER_LATE_US / 1000)
                      : (int)MIN((soonest_us - now_us) / 1000 + 1, ANSWER_LATE_US / 1000);
    }
    return true;
}

static void
check_late(Outbox *outbox)
{
    int64_t now_us = clock_monotonic_us();
    GHashTableIter iter;
    void *value = NULL;

    g_hash_table_iter_init(&iter, outbox->flying);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (now_us - ((Flight *)value)->sent_us > ANSWER_LATE_US) {
            lose_all(outbox, "the sender hangs");
            return;
        }
    }
}

static bool
prune(DbConn *conn, void *input, GError **error)
{
    int64_t now_us = *(int64_t *)input;

    return db_exec(conn, QUERY_OUTBOX_PRUNE, DB_PARAMS(DB_INT(now_us - KEEP_SENT_US)), error) &&
           db_exec(conn, QUERY_DELIVERY_PRUNE, DB_PARAMS(DB_INT(now_us - KEEP_INTAKE_US)), error);
}

static void
prune_at_times(Outbox *outbox)
{
    int64_t now_us = clock_now_us(outbox->engine->clock);
    g_autoptr(GError) local = NULL;

    if (now_us - outbox->pruned_us < PRUNE_EVERY_US)
        return;
    outbox->pruned_us = now_us;
    error_ignore(db_write(outbox->engine->db, DB_LANE_ACKNOWLEDGED, prune, &now_us, &local), &local,
                 "old rows do no harm; the next time will do");
}

/* ---- the thread -------------------------------------------------------------------------------- */

static bool
step(Outbox *outbox, int *ms_out, GError **error)
{
    take_answers(outbox);
    check_late(outbox);
    if (outbox->outcomes->len > 0 &&
        !db_write(outbox->engine->db, DB_LANE_ACKNOWLEDGED, write_outcomes, outbox, error))
        return false;
    g_array_set_size(outbox->outcomes, 0);
    if (!send_ready(outbox, error))
        return false;
    *ms_out = 0;
    return outbox->outcomes->len > 0 || sleep_ms(outbox, ms_out, error);
}

static void
run(void *data)
{
    Outbox *outbox = data;

    while (!atomic_load(&outbox->stopping)) {
        g_autoptr(GError) local = NULL;
        struct pollfd fds[2] = { { .fd = wake_fd(outbox->wake), .events = POLLIN } };
        int ms = 0;

        wake_clear(outbox->wake);
        if (!step(outbox, &ms, &local)) {
            log_event(LOG_WARNING, "the outbox is stuck, retrying", "SLIPWAY_CAUSE", local->message,
                      NULL);
            ms = TROUBLE_WAIT_MS;
        }
        prune_at_times(outbox);
        if (atomic_load(&outbox->stopping))
            break;
        fds[1] = (struct pollfd){ .fd = sender_client_fd(outbox->sender), .events = POLLIN };
        (void)!poll(fds, 2, ms);
    }
}

static void
outbox_free(Outbox *outbox)
{
    sender_client_free(outbox->sender);
    g_hash_table_unref(outbox->lanes);
    g_hash_table_unref(outbox->flying);
    g_hash_table_unref(outbox->patience);
    g_array_unref(outbox->outcomes);
    wake_free(outbox->wake);
    g_free(outbox);
}

bool
outbox_start(Engine *engine, GError **error)
{
    MUTEX_GUARD(&engine->lock);
    Outbox *outbox = NULL;
    g_autoptr(GError) local = NULL;

    if (engine->outbox != NULL)
        return true;
    outbox = g_new0(Outbox, 1);
    outbox->engine = engine;
    outbox->wake = wake_new();
    outbox->sender = sender_client_new();
    outbox->flying = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, flight_free);
    outbox->lanes = g_hash_table_new(g_str_hash, g_str_equal);
    outbox->patience = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    outbox->outcomes = g_array_new(FALSE, FALSE, sizeof(Outcome));
    outbox->thread = thread_start("outbox", run, outbox, error);
    if (outbox->thread == NULL) {
        outbox_free(outbox);
        return false;
    }
    engine->outbox = outbox;
    outbox->poll = poll_start(engine, &local);
    error_ignore(local == NULL, &local, "tried again when settings change");
    return true;
}

void
outbox_stop(Engine *engine)
{
    Outbox *outbox = NULL;

    {
        MUTEX_GUARD(&engine->lock);

        outbox = g_steal_pointer(&engine->outbox);
    }
    if (outbox == NULL)
        return;
    poll_stop(outbox->poll);
    atomic_store(&outbox->stopping, true);
    wake_send(outbox->wake);
    thread_join(outbox->thread);
    outbox_free(outbox);
}

void
outbox_wake(Engine *engine)
{
    MUTEX_GUARD(&engine->lock);

    if (engine->outbox == NULL)
        return;
    wake_send(engine->outbox->wake);
}

void
outbox_settings_changed(Engine *engine)
{
    MUTEX_GUARD(&engine->lock);
    g_autoptr(GError) local = NULL;

    if (engine->outbox == NULL)
        return;
    if (engine->outbox->poll != NULL)
        poll_wake(engine->outbox->poll);
    else
        engine->outbox->poll = poll_start(engine, &local);
    error_ignore(local == NULL, &local, "tried again when settings change");
}
