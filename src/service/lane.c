/* SPDX-License-Identifier: Apache-2.0
 * lane: decide ─► sign ─► append ─► apply ─► answer, a batch at a time. */
#include "service/lane.h"
#include <string.h>
#include "attest/leaf.h"
#include "base/log.h"
#include "fact/fold.h"
#include "service/apply.h"
#include "service/effects.h"
#include "sys/thread.h"
#include "base/banned.h"

#define CLOCK_BEHIND_US (5ll * 60 * 1000000) /* more than this is an alarm (facts.md section 2) */

G_DEFINE_QUARK(slipway - lane - error, lane_error)

typedef struct Pending { /* one request on its way; lives on its caller's stack */
    const LaneRequest *request;
    Fact *fact;   /* owned: decided */
    GBytes *leaf; /* owned: signed */
    LaneAnswer answer;
    GError *error; /* owned */
    bool done;     /* guarded by lock */
    struct Pending *next;
} Pending;

struct Lane {
    LaneParts parts;
    Thread *thread;
    GPtrArray *keys; /* owned: SignerPublicKey of every role; read-only once started */
    char ulid_seed[ULID_SIZE];

    Mutex signing;   /* held while a checkpoint is asked for */
    bool head_known; /* guarded by signing: signed_head is what the log's signer signed last */
    SignerLogState signed_state; /* guarded by signing */

    Mutex lock;
    Cond changed;    /* with lock: a request came, one was answered, or stop was set */
    Pending *first;  /* guarded by lock */
    Pending **last;  /* guarded by lock */
    size_t n_queued; /* guarded by lock */
    bool stop;       /* guarded by lock */
    char *halted;    /* owned, guarded by lock: why nothing is written any more */
    bool clock_told; /* the lane's thread's: the alarm about the clock was given */
};

/* ---- deciding and signing ----------------------------------------------------------------------
 */

static const SignerPublicKey *
find_key(const Lane *lane, SignerRole role)
{
    for (guint i = 0; i < lane->keys->len; i++) {
        const SignerPublicKey *key = lane->keys->pdata[i];

        if (key->role == role)
            return key;
    }
    return NULL;
}

static void
set_refusal(const FactVerdict *refusal, GError **error)
{
    g_autoptr(GError) local = NULL;

    fact_verdict_set_error(refusal, &local);
    error_set(error, LANE_ERROR,
              error_kind(local) == ERROR_KIND_CONFLICT ? LANE_ERROR_CONFLICT : LANE_ERROR_REFUSED,
              "%s", local->message);
}

/* A client that saw another head than the newest hears who was faster, before any other rule is
 * asked; unless it was answered before. */
static bool
check_expect(FactView *view, const FactCommand *command, GError **error)
{
    g_autoptr(FactRow) answered = NULL;
    g_autofree char *winner = NULL;
    bool has_head = false;
    Digest head;

    if (command->expect == NULL)
        return true;
    if (!fact_view_find_text(view, FACT_TABLE_COMMAND, command->command, &answered, error) ||
        !fact_view_head(view, command->object, &has_head, &head, error))
        return false;
    if (answered != NULL || (has_head && digest_equal(&head, command->expect)))
        return true;
    winner = has_head ? digest_dup_string(&head) : g_strdup("nothing");
    error_set(error, LANE_ERROR, LANE_ERROR_CONFLICT, "'%s' has changed meanwhile; '%s' was faster",
              command->object, winner);
    return false;
}

/* Fills pending->fact, or its error, or an answer given before. */
static bool
decide(Lane *lane, FactView *view, Pending *pending, GError **error)
{
    const LaneRequest *request = pending->request;
    const SignerPublicKey *key = find_key(lane, request->role);
    char ulid[ULID_SIZE] = { 0 };
    FactCommand command = {
        .log = tlog_get_origin(lane->parts.tlog),
        .object = request->object,
        .command = request->command,
        .actor = request->actor != NULL ? request->actor : "engine",
        .clock_us = clock_now_us(lane->parts.clock),
        .expect = request->expect,
        .file = request->file,
        .proofs = request->proofs,
        .approvals = request->approvals,
    };
    g_autoptr(FactDecision) decision = NULL;

    if (key == NULL) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "this engine has no key for the role '%s'", signer_role_name(request->role));
        return false;
    }
    command.spki = span_of_bytes(key->spki);
    if (command.command == NULL) {
        ulid_make(command.clock_us, ulid);
        command.command = ulid;
    }
    if (!check_expect(view, &command, error))
        return false;
    decision = request->decide(view, &command, request->input, error);
    if (decision == NULL)
        return false;
    if (decision->refusal != NULL) {
        set_refusal(decision->refusal, error);
        return false;
    }
    if (decision->answered != NULL) {
        pending->answer = (LaneAnswer){ .index = -1, .repeated = true };
        return digest_from_string(decision->answered, &pending->answer.statement, error);
    }
    pending->fact = g_steal_pointer(&decision->fact);
    return true;
}

static bool
sign(Lane *lane, Pending *pending, GError **error)
{
    g_auto(SignerSignature) signature = { 0 };

    if (!signer_sign_statement(lane->parts.signer, pending->request->role,
                               span_of_bytes(pending->fact->payload), &signature, error))
        return false;
    pending->leaf = leaf_build(&pending->fact->s, span_of_bytes(signature.signature),
                               span_of_bytes(signature.spki));
    return true;
}

/* Lays the decided fact over the batch so far; anything but "counts" is a refusal. */
static bool
fold_over(FactFold *batch, Pending *pending, GError **error)
{
    g_autoptr(FactVerdict) verdict = NULL;

    if (!fact_fold_apply(batch, pending->fact, &verdict, error))
        return false;
    if (verdict->outcome == FACT_ADMITTED)
        return true;
    if (verdict->outcome == FACT_DUPLICATE) {
        pending->answer =
            (LaneAnswer){ .statement = pending->fact->s, .index = -1, .repeated = true };
        g_clear_pointer(&pending->fact, fact_free);
        return true;
    }
    set_refusal(verdict, error);
    return false;
}

/* The log's time never goes back: facts get the last time plus one until the clock has caught up.
 */
static bool
watch_clock(Lane *lane, FactView *view, GError **error)
{
    FactLogState log = { 0 };
    int64_t behind_us = 0;

    if (!fact_view_log(view, &log, error))
        return false;
    behind_us = log.last_at - clock_now_us(lane->parts.clock);
    if (behind_us > CLOCK_BEHIND_US && !lane->clock_told) {
        g_autofree char *seconds = g_strdup_printf("%" G_GINT64_FORMAT, behind_us / 1000000);

        log_event(LOG_ERROR, "alarm: the clock is behind the log, which goes on with its own time",
                  "SLIPWAY_SECONDS_BEHIND", seconds, NULL);
    }
    lane->clock_told = behind_us > CLOCK_BEHIND_US;
    return true;
}

/* Decides and signs each of @all against what is before it. */
static bool
prepare_batch(Lane *lane, Pending *all, GError **error)
{
    g_autoptr(DbReader) reader = db_reader_acquire(lane->parts.db, error);
    g_autoptr(ApplyView) view = NULL;
    g_autoptr(FactFold) batch = NULL;

    if (reader == NULL)
        return false;
    view = apply_view_new(reader, tlog_get_origin(lane->parts.tlog));
    batch = fact_fold_new_over(apply_view(view));
    if (!watch_clock(lane, apply_view(view), error))
        return false;
    for (Pending *pending = all; pending != NULL; pending = pending->next) {
        GError *local = NULL;

        if (decide(lane, fact_fold_view(batch), pending, &local) && pending->fact != NULL &&
            sign(lane, pending, &local))
            (void)!fold_over(batch, pending, &local);
        if (local != NULL) {
            g_clear_pointer(&pending->fact, fact_free);
            pending->error = local;
        }
    }
    return true;
}

/* ---- appending and applying --------------------------------------------------------------------
 */

typedef struct Batch {
    Lane *lane;
    Pending *all;
    uint64_t first_index;
} Batch;

static bool
append_batch(Lane *lane, Pending *all, uint64_t *first_index_out, size_t *n_out, GError **error)
{
    TlogEntry entries[LANE_MAX_BATCH];
    size_t n = 0;

    for (Pending *pending = all; pending != NULL; pending = pending->next) {
        Span pae = { 0 };
        Digest name;

        if (pending->fact == NULL)
            continue;
        pae = span_of_bytes(pending->fact->pae);
        if (pae.len > LIMIT_PAE_INLINE_BYTES &&
            !store_put_bytes(lane->parts.store, pae, &name, error))
            return false;
        entries[n++] = (TlogEntry){ .leaf = span_of_bytes(pending->leaf), .pae = pae };
    }
    *n_out = n;
    return n == 0 || tlog_append(lane->parts.tlog, entries, n, first_index_out, error);
}

/* What was decided does not count once logged: nothing may follow it until somebody has looked. */
static bool
refuse_void(const Pending *pending, const FactVerdict *verdict, GError **error)
{
    error_set(error, BASE_ERROR, BASE_ERROR_INTERNAL, "it was decided but does not count: %s",
              verdict->text != NULL ? verdict->text : pending->fact->s_text);
    return false;
}

static bool
apply_batch(DbConn *conn, void *input, GError **error)
{
    Batch *batch = input;
    const char *origin = tlog_get_origin(batch->lane->parts.tlog);
    int64_t index = (int64_t)batch->first_index;

    for (Pending *pending = batch->all; pending != NULL; pending = pending->next) {
        g_autoptr(FactVerdict) verdict = NULL;

        if (pending->fact == NULL)
            continue;
        pending->fact->index = index; /* known since the append */
        if (!apply_fact(conn, origin, pending->fact, &verdict, error))
            return false;
        if (verdict->outcome != FACT_ADMITTED) /* the lane never logs such a thing: a bug of ours */
            return refuse_void(pending, verdict, error);
        if (!effects_plan(conn, pending->fact, clock_now_us(batch->lane->parts.clock), error))
            return false;
        pending->answer = (LaneAnswer){ .statement = pending->fact->s, .index = index++ };
    }
    return effects_set_through(conn, origin, index, error);
}

static void
halt(Lane *lane, uint64_t index, const GError *cause)
{
    MUTEX_GUARD(&lane->lock);

    lane->halted =
        g_strdup_printf("entry %" G_GUINT64_FORMAT " is in the log but could not be folded: %s; "
                        "see 'slipway admin rebuild'",
                        index, cause->message);
}

/* Whether the answer of @pending is a fact of the same batch. */
static bool
repeats_batch(const Pending *all, const Pending *pending)
{
    for (const Pending *other = all; other != pending; other = other->next) {
        if (other->fact != NULL && digest_equal(&other->fact->s, &pending->answer.statement))
            return true;
    }
    return false;
}

/* Nobody hears yes from a batch that failed, but those whose answer is older than it. */
static void
fail_all(Pending *all, const GError *error)
{
    for (Pending *pending = all; pending != NULL; pending = pending->next) {
        if (pending->error == NULL && (!pending->answer.repeated || repeats_batch(all, pending)))
            pending->error = g_error_copy(error);
    }
}

/* ---- checkpoints -------------------------------------------------------------------------------
 */

/* The log continues @head, which was released before. @what: where it was seen. */
static bool
continues(Lane *lane, const MerkleHead *head, const char *what, GError **error)
{
    uint64_t size = tlog_get_size(lane->parts.tlog);
    Digest root;

    if (head->size > size) {
        error_set(error, LANE_ERROR, LANE_ERROR_RESTORED,
                  "cannot write to the log: it has %" G_GUINT64_FORMAT
                  " entries but %s is over %" G_GUINT64_FORMAT
                  ": this is an older copy of the folder",
                  size, what, head->size);
        return false;
    }
    if (!tlog_root(lane->parts.tlog, head->size, &root, error))
        return false;
    if (digest_equal(&root, &head->root))
        return true;
    error_set(error, LANE_ERROR, LANE_ERROR_RESTORED,
              "cannot write to the log: its first %" G_GUINT64_FORMAT
              " entries are not those that %s is over: this is another history",
              head->size, what);
    return false;
}

/* Knows what the log's signer signed last, and that this journal continues it and every checkpoint
 * known from elsewhere. Called with signing. */
static bool
know_head(Lane *lane, GError **error)
{
    SignerLogState state = { 0 };

    if (lane->head_known)
        return true;
    if (!signer_load_log_state(lane->parts.signer, &state, error))
        return false;
    if (state.number > 0) {
        MerkleHead signed_head = { .size = state.size, .root = state.root };

        if (!continues(lane, &signed_head, "the last checkpoint that was signed", error))
            return false;
    }
    for (guint i = 0; lane->parts.known != NULL && i < lane->parts.known->len; i++) {
        if (!continues(lane, &g_array_index(lane->parts.known, MerkleHead, i),
                       "a checkpoint that was published", error))
            return false;
    }
    lane->signed_state = state;
    lane->head_known = true;
    return true;
}

GBytes *
lane_checkpoint(Lane *lane, MerkleHead *head_out, GError **error)
{
    MUTEX_GUARD(&lane->signing);
    MerkleHead head = { 0 };
    TlogProof proof = { 0 };
    g_autoptr(GBytes) note = NULL;

    if (!know_head(lane, error))
        return NULL;
    head = tlog_get_head(lane->parts.tlog);
    if (lane->signed_state.number > 0 &&
        !tlog_prove_consistency(lane->parts.tlog, lane->signed_state.size, head.size, &proof,
                                error))
        return NULL;
    note = signer_sign_checkpoint(lane->parts.signer, head.size, &head.root, proof.hashes, proof.n,
                                  error);
    if (note == NULL || !tlog_set_checkpoint(lane->parts.tlog, span_of_bytes(note), error))
        return NULL;
    lane->signed_state.size = head.size;
    lane->signed_state.root = head.root;
    lane->signed_state.number++;
    if (head_out != NULL)
        *head_out = head;
    return g_steal_pointer(&note);
}

/* ---- the thread --------------------------------------------------------------------------------
 */

/* Whether this lane may write at all: not halted, and the journal is not an older copy. */
static bool
may_write(Lane *lane, GError **error)
{
    {
        MUTEX_GUARD(&lane->lock);

        if (lane->halted != NULL) {
            error_set(error, LANE_ERROR, LANE_ERROR_HALTED, "%s", lane->halted);
            return false;
        }
    }
    MUTEX_GUARD(&lane->signing);
    return know_head(lane, error);
}

/* The signer remembers how long the log is. The facts count already: if it cannot sign now, it
 * signs over them with the next batch or the next checkpoint anybody asks for. */
static void
sign_behind(Lane *lane)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) note = lane_checkpoint(lane, NULL, &error);

    if (note == NULL)
        log_event(LOG_WARNING, "no checkpoint was signed; retrying with the next entry",
                  "SLIPWAY_CAUSE", error->message, NULL);
    else if (lane->parts.grew != NULL)
        wake_send(lane->parts.grew);
}

static bool
run_batch(Lane *lane, Pending *all, GError **error)
{
    Batch batch = { .lane = lane, .all = all };
    size_t n = 0;

    if (!may_write(lane, error) || !prepare_batch(lane, all, error) ||
        !append_batch(lane, all, &batch.first_index, &n, error))
        return false;
    if (n == 0)
        return true;
    if (!db_write(lane->parts.db, DB_LANE_ACKNOWLEDGED, apply_batch, &batch, error)) {
        halt(lane, batch.first_index, *error);
        return false;
    }
    sign_behind(lane);
    return true;
}

static Pending *
take_batch(Lane *lane)
{
    MUTEX_GUARD(&lane->lock);
    Pending *all = NULL;
    Pending **end = &all;

    while (lane->first == NULL && !lane->stop)
        cond_wait(&lane->changed, &lane->lock);
    for (size_t n = 0; n < LANE_MAX_BATCH && lane->first != NULL; n++) {
        *end = lane->first;
        end = &(*end)->next;
        lane->first = lane->first->next;
        lane->n_queued--;
    }
    if (lane->first == NULL)
        lane->last = &lane->first;
    *end = NULL;
    return all;
}

static void
answer_batch(Lane *lane, Pending *all)
{
    MUTEX_GUARD(&lane->lock);

    while (all != NULL) {
        Pending *next = all->next; /* the caller may be gone once done is seen */

        all->done = true;
        all = next;
    }
    cond_broadcast(&lane->changed);
}

static void
lane_thread(void *data)
{
    Lane *lane = data;
    Pending *all = NULL;

    while ((all = take_batch(lane)) != NULL) {
        g_autoptr(GError) error = NULL;

        if (!run_batch(lane, all, &error))
            fail_all(all, error);
        answer_batch(lane, all);
    }
}

/* ---- the callers' side -------------------------------------------------------------------------
 */

Lane *
lane_new(const LaneParts *parts, GError **error)
{
    g_autoptr(Lane) lane = g_new0(Lane, 1);

    lane->parts = *parts;
    mutex_init(&lane->lock);
    mutex_init(&lane->signing);
    cond_init(&lane->changed);
    lane->last = &lane->first;
    lane->keys = signer_public_keys(parts->signer, error);
    if (lane->keys == NULL)
        return NULL;
    lane->thread = thread_start("lane", lane_thread, lane, error);
    return lane->thread != NULL ? g_steal_pointer(&lane) : NULL;
}

void
lane_free(Lane *lane)
{
    if (lane == NULL)
        return;
    mutex_lock(&lane->lock);
    lane->stop = true;
    cond_broadcast(&lane->changed);
    mutex_unlock(&lane->lock);
    thread_join(lane->thread);
    g_clear_pointer(&lane->keys, g_ptr_array_unref);
    g_free(lane->halted);
    cond_clear(&lane->changed);
    mutex_clear(&lane->signing);
    mutex_clear(&lane->lock);
    g_free(lane);
}

bool
lane_submit(Lane *lane, const LaneRequest *request, LaneAnswer *answer_out, GError **error)
{
    Pending pending = { .request = request };

    {
        MUTEX_GUARD(&lane->lock);

        if (lane->stop) {
            error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "the engine is closing");
            return false;
        }
        if (lane->n_queued >= LANE_MAX_QUEUED) {
            error_set(error, BASE_ERROR, BASE_ERROR_BUSY,
                      "the lane of the log is full (%d commands wait)", LANE_MAX_QUEUED);
            return false;
        }
        *lane->last = &pending;
        lane->last = &pending.next;
        lane->n_queued++;
        cond_broadcast(&lane->changed);
        while (!pending.done)
            cond_wait(&lane->changed, &lane->lock);
    }
    g_clear_pointer(&pending.fact, fact_free);
    g_clear_pointer(&pending.leaf, g_bytes_unref);
    if (pending.error != NULL) {
        g_propagate_error(error, pending.error);
        return false;
    }
    *answer_out = pending.answer;
    return true;
}
