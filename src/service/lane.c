/* SPDX-License-Identifier: Apache-2.0
 * lane: decide ─► sign ─► append ─► apply ─► answer, a batch at a time. */
#include "service/lane.h"
#include <string.h>
#include "attest/leaf.h"
#include "fact/fold.h"
#include "service/apply.h"
#include "service/effects.h"
#include "sys/thread.h"
#include "base/banned.h"

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
        if (!apply_fact(conn, origin, pending->fact, &verdict, error) ||
            !effects_plan(conn, pending->fact, index, clock_now_us(batch->lane->parts.clock),
                          error))
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

static void
fail_all(Pending *all, const GError *error)
{
    for (Pending *pending = all; pending != NULL; pending = pending->next) {
        if (pending->error == NULL && !pending->answer.repeated)
            pending->error = g_error_copy(error);
    }
}

/* ---- checkpoints -------------------------------------------------------------------------------
 */

/* Knows what the log's signer signed last, and that this journal continues it. Called with signing.
 */
static bool
know_head(Lane *lane, GError **error)
{
    SignerLogState state = { 0 };
    Digest root;

    if (lane->head_known)
        return true;
    if (!signer_load_log_state(lane->parts.signer, &state, error))
        return false;
    if (state.size > tlog_get_size(lane->parts.tlog)) {
        error_set(error, LANE_ERROR, LANE_ERROR_RESTORED,
                  "cannot write to the log: it has %" G_GUINT64_FORMAT
                  " entries but a checkpoint over %" G_GUINT64_FORMAT
                  " was signed: this is an older copy of the folder",
                  tlog_get_size(lane->parts.tlog), state.size);
        return false;
    }
    if (!tlog_root(lane->parts.tlog, state.size, &root, error))
        return false;
    if (state.number > 0 && !digest_equal(&root, &state.root)) {
        error_set(error, LANE_ERROR, LANE_ERROR_RESTORED,
                  "cannot write to the log: its first %" G_GUINT64_FORMAT
                  " entries are not those a checkpoint was signed over",
                  state.size);
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

static bool
run_batch(Lane *lane, Pending *all, GError **error)
{
    Batch batch = { .lane = lane, .all = all };
    size_t n = 0;
    g_autoptr(GBytes) note = NULL;

    if (!may_write(lane, error) || !prepare_batch(lane, all, error) ||
        !append_batch(lane, all, &batch.first_index, &n, error))
        return false;
    if (n == 0)
        return true;
    if (!db_write(lane->parts.db, DB_LANE_ACKNOWLEDGED, apply_batch, &batch, error)) {
        halt(lane, batch.first_index, *error);
        return false;
    }
    note = lane_checkpoint(lane, NULL, error);
    return note != NULL;
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

        if (lane->stop || lane->n_queued >= LANE_MAX_QUEUED) {
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
