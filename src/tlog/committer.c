/* SPDX-License-Identifier: Apache-2.0
 * committer: one thread that appends what many callers hand in. */
#include "tlog/committer.h"
#include <assert.h>
#include "sys/thread.h"
#include "base/banned.h"

/* Invariants
 * 1. A request is either in the queue, or in the batch of the thread, or finished; done is called
 * once.
 * 2. No I/O and no callback under the lock.
 * 3. The thread sleeps only when the queue is empty: whatever arrives during a sync is the next
 * batch. */

struct Committer {
    Tlog *tlog; /* borrowed */
    CommitterOptions options;
    Thread *thread; /* owned */
    Mutex lock;
    Cond arrived;
    CommitRequest *first; /* guarded by lock; borrowed from the callers */
    CommitRequest *last;  /* guarded by lock */
    size_t n_queued;      /* guarded by lock */
    bool closing;         /* guarded by lock */
};

/* Cuts up to max_batch requests, and at most TLOG_BATCH_MAX_BYTES, off the queue's front. */
static CommitRequest *
take_batch(Committer *committer, size_t *n_out)
{
    MUTEX_GUARD(&committer->lock);
    CommitRequest *head = NULL;
    CommitRequest *last = NULL;
    size_t bytes = 0;
    size_t n = 0;

    while (committer->first == NULL && !committer->closing)
        cond_wait(&committer->arrived, &committer->lock);
    head = committer->first;
    for (CommitRequest *at = head; at != NULL && n < committer->options.max_batch; at = at->next) {
        bytes += at->entry.leaf.len + MIN(at->entry.pae.len, LIMIT_PAE_INLINE_BYTES);
        if (n > 0 && bytes > TLOG_BATCH_MAX_BYTES)
            break;
        last = at;
        n++;
    }
    if (last != NULL) {
        committer->first = last->next;
        last->next = NULL;
    }
    if (committer->first == NULL)
        committer->last = NULL;
    committer->n_queued -= n;
    *n_out = n;
    return head;
}

static void
finish(CommitRequest *batch, const GError *error)
{
    while (batch != NULL) {
        CommitRequest *next = batch->next; /* the request may be gone after done */

        batch->next = NULL;
        batch->error = error == NULL ? NULL : g_error_copy(error);
        batch->done(batch);
        batch = next;
    }
}

static bool
seal(Committer *committer, GError **error)
{
    return committer->options.seal == NULL ||
           committer->options.seal(committer->options.context, committer->tlog, error);
}

/* One entry that breaks a rule must not fail its neighbours: after a refusal each goes alone. */
static void
commit_singly(Committer *committer, CommitRequest *batch)
{
    while (batch != NULL) {
        g_autoptr(GError) local = NULL;
        CommitRequest *next = batch->next;

        batch->next = NULL;
        bool ok = tlog_append(committer->tlog, &batch->entry, 1, &batch->index, &local) &&
                  seal(committer, &local);
        finish(batch, ok ? NULL : local);
        batch = next;
    }
}

static void
commit_batch(Committer *committer, CommitRequest *batch, TlogEntry *entries, size_t n)
{
    g_autoptr(GError) local = NULL;
    uint64_t index = 0;
    size_t at = 0;

    for (CommitRequest *request = batch; request != NULL; request = request->next)
        entries[at++] = request->entry;
    if (!tlog_append(committer->tlog, entries, n, &index, &local)) {
        if (n > 1 && g_error_matches(local, TLOG_ERROR, TLOG_ERROR_INVALID))
            commit_singly(committer, batch);
        else
            finish(batch, local);
        return;
    }
    for (CommitRequest *request = batch; request != NULL; request = request->next)
        request->index = index++;
    finish(batch, seal(committer, &local) ? NULL : local);
}

static void
run(void *arg)
{
    Committer *committer = arg;
    g_autofree TlogEntry *entries = g_new(TlogEntry, committer->options.max_batch);

    for (;;) {
        size_t n = 0;
        CommitRequest *batch = take_batch(committer, &n);

        if (batch == NULL)
            return;
        commit_batch(committer, batch, entries, n);
    }
}

Committer *
committer_new(Tlog *tlog, const CommitterOptions *options, GError **error)
{
    Committer *committer = g_new0(Committer, 1);

    assert(options->max_batch >= 1 && options->max_batch <= TLOG_BATCH_MAX_ENTRIES);
    assert(options->max_queued >= options->max_batch);
    committer->tlog = tlog;
    committer->options = *options;
    mutex_init(&committer->lock);
    cond_init(&committer->arrived);
    committer->thread = thread_start("log-commit", run, committer, error);
    if (committer->thread == NULL)
        g_clear_pointer(&committer, committer_free);
    return committer;
}

void
committer_free(Committer *committer)
{
    if (committer == NULL)
        return;
    mutex_lock(&committer->lock);
    committer->closing = true;
    cond_signal(&committer->arrived);
    mutex_unlock(&committer->lock);
    thread_join(committer->thread);
    cond_clear(&committer->arrived);
    mutex_clear(&committer->lock);
    g_free(committer);
}

static bool
enqueue(Committer *committer, CommitRequest *first, CommitRequest *last, size_t n, GError **error)
{
    MUTEX_GUARD(&committer->lock);

    assert(!committer->closing);
    if (committer->n_queued + n > committer->options.max_queued) {
        error_set(error, TLOG_ERROR, TLOG_ERROR_BUSY,
                  "the log has %zu entries waiting, its limit; try again", committer->n_queued);
        return false;
    }
    if (committer->last == NULL)
        committer->first = first;
    else
        committer->last->next = first;
    committer->last = last;
    committer->n_queued += n;
    cond_signal(&committer->arrived);
    return true;
}

bool
committer_post(Committer *committer, CommitRequest *request, GError **error)
{
    request->next = NULL;
    return enqueue(committer, request, request, 1, error);
}

bool
committer_post_chain(Committer *committer, CommitRequest *first, size_t n, GError **error)
{
    CommitRequest *last = first;

    for (size_t i = 1; i < n; i++)
        last = last->next;
    last->next = NULL;
    return enqueue(committer, first, last, n, error);
}

typedef struct { /* one caller that waits */
    Mutex lock;
    Cond done;
    bool is_done; /* guarded by lock */
} Waiter;

static void
wake_waiter(CommitRequest *request)
{
    Waiter *waiter = request->context;
    MUTEX_GUARD(&waiter->lock);

    waiter->is_done = true;
    cond_signal(&waiter->done);
}

bool
committer_append(Committer *committer, const TlogEntry *entry, uint64_t *index_out, GError **error)
{
    Waiter waiter = { .is_done = false };
    CommitRequest request = { .entry = *entry, .done = wake_waiter, .context = &waiter };

    mutex_init(&waiter.lock);
    cond_init(&waiter.done);
    bool posted = committer_post(committer, &request, error);
    if (posted) {
        mutex_lock(&waiter.lock);
        while (!waiter.is_done)
            cond_wait(&waiter.done, &waiter.lock);
        mutex_unlock(&waiter.lock);
    }
    cond_clear(&waiter.done);
    mutex_clear(&waiter.lock);
    if (!posted)
        return false;
    if (request.error != NULL) {
        g_propagate_error(error, request.error);
        return false;
    }
    *index_out = request.index;
    return true;
}
