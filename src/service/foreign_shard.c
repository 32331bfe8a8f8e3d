/* SPDX-License-Identifier: Apache-2.0
 * foreign_shard: one log of other people's entries: a group commit, a checkpoint over each batch
 * before anybody hears, equal entries once. */
#include <inttypes.h>
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "service/engine_priv.h"
#include "service/foreign_priv.h"
#include "service/witness_client.h"
#include "base/banned.h"

/* Invariants
 * 1. A caller hears of an index only after a checkpoint over it was signed; the signer's record and
 *    the journal were synced before.
 * 2. A leaf hash is in pending from its submission to its answer, and in index from then on: equal
 *    entries get one position. (After a checkpoint that could not be signed, a second one.) */

#define SHARD_MAX_BATCH  1024
#define SHARD_MAX_QUEUED 4096

/* ---- checkpoints ---- */

static bool
keep_checkpoint(Shard *shard, const MerkleHead *head, GBytes *note, GError **error)
{
    if (!tlog_set_checkpoint(shard->tlog, span_of_bytes(note), error))
        return false;
    MUTEX_GUARD(&shard->lock);
    g_clear_pointer(&shard->note, g_bytes_unref);
    shard->note = g_bytes_ref(note);
    shard->head = *head;
    wake_send(witness_client_get_wake(shard->engine));
    return true;
}

/* Signs over everything there is. On the committer's thread, or before it runs. */
static bool
sign_head(Shard *shard, GError **error)
{
    MerkleHead head = tlog_get_head(shard->tlog);
    SignerLogState last = { 0 };
    TlogProof proof = { 0 };

    if (!signer_load_log_state(shard->signer, &last, error))
        return false;
    if (last.number > 0 &&
        !tlog_prove_consistency(shard->tlog, last.size, head.size, &proof, error))
        return false;
    g_autoptr(GBytes) note =
        signer_sign_checkpoint(shard->signer, head.size, &head.root, proof.hashes, proof.n, error);
    if (note == NULL || !keep_checkpoint(shard, &head, note, error))
        return false;
    shard->sealed_us = clock_monotonic_us();
    return true;
}

/* Not more often than the limits say; an end cuts it short. */
static void
wait_for_turn(Shard *shard)
{
    int64_t next_us = shard->sealed_us + (int64_t)g_atomic_int_get(&shard->checkpoint_ms) * 1000;
    MUTEX_GUARD(&shard->lock);

    while (!shard->is_closing && clock_monotonic_us() < next_us)
        (void)cond_wait_until(&shard->closing, &shard->lock, next_us);
}

static bool
seal(void *context, Tlog *tlog, GError **error)
{
    Shard *shard = context;

    (void)tlog;
    wait_for_turn(shard);
    if (sign_head(shard, error))
        return true;
    log_event(LOG_ERROR, "the foreign log has no checkpoint over its newest entries", "SLIPWAY_LOG",
              shard->origin, "SLIPWAY_CAUSE",
              error != NULL && *error != NULL ? (*error)->message : "", NULL);
    return false;
}

/* ---- opening and closing ---- */

bool
shard_create(const char *home, const char *name, const char *origin, GError **error)
{
    g_autofree char *keys = g_build_filename(home, "keys", name, NULL);
    g_autofree char *log = g_build_filename(home, "logs", name, NULL);
    g_autoptr(GError) local = NULL;
    g_autoptr(GPtrArray) made = signer_create_log_key(keys, origin, &local);
    g_autoptr(SignerClient) signer = signer_client_new(keys);
    g_autofree char *there = NULL;

    if (made == NULL && !g_error_matches(local, SIGNER_ERROR, SIGNER_ERROR_EXISTS)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    g_clear_error(&local);
    there = signer_origin(signer, error);
    if (there == NULL)
        return false;
    if (strcmp(there, origin) != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_EXISTS,
                  "the keys of log '%s' were made for the origin '%s'", name, there);
        return false;
    }
    g_autoptr(Tlog) tlog = tlog_create(log, origin, &local);
    if (tlog == NULL && g_error_matches(local, TLOG_ERROR, TLOG_ERROR_EXISTS))
        tlog = tlog_open(log, origin, NULL, 0, error);
    else if (tlog == NULL)
        g_propagate_error(error, g_steal_pointer(&local));
    return tlog != NULL;
}

static bool
open_log(Shard *shard, const char *home, GError **error)
{
    g_autofree char *path = g_build_filename(home, "logs", shard->name, NULL);
    SignerLogState last = { 0 };
    g_autoptr(GPtrArray) keys = signer_public_keys(shard->signer, error);
    g_autoptr(PublicKey) key = NULL;

    if (keys == NULL || keys->len != 1) {
        if (keys != NULL)
            error_set(error, BASE_ERROR, BASE_ERROR_CORRUPT, "log '%s' has %u keys, not one",
                      shard->name, keys->len);
        return false;
    }
    key = public_key_from_spki(span_of_bytes(((SignerPublicKey *)keys->pdata[0])->spki), error);
    shard->verifier = key != NULL ? note_verifier_new(shard->origin, key, error) : NULL;
    if (shard->verifier == NULL || !signer_load_log_state(shard->signer, &last, error))
        return false;
    MerkleHead known = { .size = last.size, .root = last.root };
    shard->tlog = tlog_open(path, shard->origin, &known, last.number > 0 ? 1 : 0, error);
    return shard->tlog != NULL && sign_head(shard, error);
}

static bool
start_writing(Shard *shard, GError **error)
{
    CommitterOptions options = {
        .max_batch = SHARD_MAX_BATCH, .max_queued = SHARD_MAX_QUEUED, .seal = seal, .context = shard
    };

    shard->index = leaf_index_build(shard->tlog, error);
    if (shard->index == NULL)
        return false;
    shard->committer = committer_new(shard->tlog, &options, error);
    return shard->committer != NULL;
}

Shard *
shard_open(const ShardOptions *options, GError **error)
{
    const char *home = options->engine->home;
    const char *name = options->name;
    g_autoptr(Shard) shard = g_new0(Shard, 1);
    g_autofree char *keys = g_build_filename(home, "keys", name, NULL);
    g_autofree char *view = g_strdup_printf("%s.public", name);
    g_autoptr(GError) local = NULL;

    mutex_init(&shard->lock);
    mutex_init(&shard->view_lock);
    cond_init(&shard->closing);
    shard->name = g_strdup(name);
    shard->engine = options->engine;
    shard->origin = g_strdup(options->origin);
    shard->view_path = g_build_filename(home, "logs", view, NULL);
    shard->witnessed = UINT64_MAX;
    shard->written = options->written;
    shard->checkpoint_ms = (int)options->checkpoint_ms;
    shard->pending = g_hash_table_new(digest_hash, digest_hash_equal);
    shard->signer = signer_client_new(keys);
    if (!open_log(shard, home, &local)) {
        g_clear_pointer(&shard->tlog, tlog_free);
        shard->problem = g_strdup(local->message);
        log_event(LOG_ERROR, "a shard of the foreign log cannot be used", "SLIPWAY_LOG",
                  options->origin, "SLIPWAY_CAUSE", local->message, NULL);
        return g_steal_pointer(&shard);
    }
    if (options->written && !start_writing(shard, error))
        return NULL;
    return g_steal_pointer(&shard);
}

void
shard_freeze(Shard *shard)
{
    mutex_lock(&shard->lock);
    shard->is_closing = true;
    cond_broadcast(&shard->closing);
    mutex_unlock(&shard->lock);
    g_clear_pointer(&shard->committer, committer_free);
    shard->written = false;
}

void
shard_free(Shard *shard)
{
    if (shard == NULL)
        return;
    shard_freeze(shard);
    g_clear_pointer(&shard->index, leaf_index_free);
    g_clear_pointer(&shard->tlog, tlog_free);
    g_clear_pointer(&shard->signer, signer_client_free);
    g_clear_pointer(&shard->verifier, note_verifier_free);
    g_clear_pointer(&shard->note, g_bytes_unref);
    g_clear_pointer(&shard->pending, g_hash_table_unref);
    cond_clear(&shard->closing);
    mutex_clear(&shard->view_lock);
    mutex_clear(&shard->lock);
    g_free(shard->problem);
    g_free(shard->view_path);
    g_free(shard->origin);
    g_free(shard->name);
    g_free(shard);
}

/* ---- entries ---- */

/* On the committer's thread: the entry is durable and under a checkpoint, or an error says not. */
static void
committed(CommitRequest *commit)
{
    ForeignRequest *request = commit->context;
    Shard *shard = request->log;
    g_autoptr(GError) failure = commit->error;
    uint64_t index = commit->index;

    mutex_lock(&shard->lock);
    g_hash_table_remove(shard->pending, &request->entry.hash);
    if (failure == NULL)
        leaf_index_add(shard->index, &request->entry.hash, index);
    mutex_unlock(&shard->lock);
    while (request != NULL) { /* gone after done */
        ForeignRequest *twin = request->twin;

        request->index = index;
        request->error = failure != NULL ? g_error_copy(failure) : NULL;
        request->done(request);
        request = twin;
    }
}

/* Whether the entry is there, or on its way, already; then it needs no append. */
static bool
find_equal(Shard *shard, ForeignRequest *request, bool *found_out, bool *waits_out, GError **error)
{
    ForeignRequest *first = g_hash_table_lookup(shard->pending, &request->entry.hash);

    *waits_out = first != NULL;
    if (first != NULL) {
        request->twin = first->twin;
        first->twin = request;
        return true;
    }
    return leaf_index_find(shard->index, &request->entry.hash, found_out, &request->index, error);
}

static bool
post(Shard *shard, ForeignRequest *request, int64_t max_entries, GError **error)
{
    if (tlog_get_size(shard->tlog) + g_hash_table_size(shard->pending) >= (uint64_t)max_entries) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE,
                  "this log is full with %" G_GINT64_FORMAT " entries: its operator opens a new "
                  "shard with 'slipway log shard'",
                  max_entries);
        return false;
    }
    request->commit = (CommitRequest){ .entry = { .leaf = span_of_bytes(request->entry.leaf) },
                                       .done = committed,
                                       .context = request };
    g_hash_table_insert(shard->pending, &request->entry.hash, request);
    if (committer_post(shard->committer, &request->commit, error))
        return true;
    g_hash_table_remove(shard->pending, &request->entry.hash);
    return false;
}

bool
shard_submit(Shard *shard, ForeignRequest *request, int64_t max_entries, GError **error)
{
    bool found = false;
    bool waits = false;

    request->shard = shard->name;
    request->log = shard;
    request->twin = NULL;
    {
        MUTEX_GUARD(&shard->lock);

        if (shard->problem != NULL || shard->committer == NULL || shard->is_closing) {
            error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "this log takes no entries%s%s",
                      shard->problem != NULL ? ": " : "",
                      shard->problem != NULL ? shard->problem : "");
            return false;
        }
        if (!find_equal(shard, request, &found, &waits, error))
            return false;
        if (waits)
            return true;
        if (!found)
            return post(shard, request, max_entries, error);
    }
    request->done(request);
    return true;
}

/* ---- witnesses and the static view ---- */

/* The newest checkpoint; owned, NULL: none. */
static GBytes *
newest_note(Shard *shard)
{
    MUTEX_GUARD(&shard->lock);

    return shard->note != NULL ? g_bytes_ref(shard->note) : NULL;
}

static bool
size_of_note(GBytes *note, uint64_t *out, GError **error)
{
    g_autoptr(Note) parsed = note_parse(span_of_bytes(note), error);
    g_autoptr(Checkpoint) checkpoint =
        parsed != NULL ? checkpoint_parse(note_text(parsed), error) : NULL;

    if (checkpoint != NULL)
        *out = checkpoint->head.size;
    return checkpoint != NULL;
}

bool
shard_ask_witnesses(Shard *shard, GError **error)
{
    g_autoptr(GBytes) note = newest_note(shard);
    g_autoptr(GBytes) cosigned = NULL;
    uint64_t size = 0;

    if (note == NULL || !size_of_note(note, &size, error))
        return note == NULL;
    if (size == shard->witnessed)
        return true;
    if (!witness_cosign(shard->engine, shard->name, shard->tlog, note, &cosigned, error))
        return false;
    shard->witnessed = size;
    return true;
}

bool
shard_refresh_view(Shard *shard, GError **error)
{
    MUTEX_GUARD(&shard->view_lock);
    g_autoptr(GBytes) note = NULL;
    bool wants_quorum = false;
    uint64_t size = 0;

    if (shard->tlog == NULL)
        return true; /* what was exported before is still served */
    if (!witness_wants_quorum(shard->engine, &wants_quorum, error))
        return false;
    if (!wants_quorum)
        note = newest_note(shard);
    else if (!witness_kept(shard->engine, shard->name, &note, error))
        return false;
    if (note == NULL || !size_of_note(note, &size, error))
        return note == NULL;
    if (shard->has_view && shard->view_size == size)
        return true;
    if (!tlog_export_note(shard->tlog, shard->view_path, note, error))
        return false;
    shard->view_size = size;
    shard->has_view = true;
    return true;
}
