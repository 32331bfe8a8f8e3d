/* SPDX-License-Identifier: Apache-2.0
 * workers: threads that come and go with the work.
 *
 * 1. A thread that ends puts itself on the list of ended ones, which the next push joins.
 * 2. There is a thread for every waiting item, up to the maximum, before push returns. */
#include "web/workers.h"
#include <malloc.h>
#include "base/clock.h"
#include "sys/thread.h"
#include "base/banned.h"

struct Workers {
    char *name; /* owned */
    unsigned max_threads, max_waiting;
    WorkersFn fn;
    void *data; /* borrowed */
    Mutex lock;
    Cond work;         /* an item came, or stopping */
    GQueue items;      /* borrowed items, guarded by lock */
    GPtrArray *ended;  /* of Thread, guarded by lock: to be joined */
    unsigned n_idle;   /* guarded by lock */
    unsigned n_alive;  /* guarded by lock */
    unsigned n_active; /* guarded by lock */
    bool stopping;     /* guarded by lock */
    Cond gone;         /* a thread has ended */
};

typedef struct Worker {
    Workers *workers; /* borrowed */
    Thread *thread;   /* guarded by workers->lock */
} Worker;

Workers *
workers_new(const char *name, unsigned max_threads, unsigned max_waiting, WorkersFn fn, void *data)
{
    Workers *workers = g_new0(Workers, 1);

    workers->name = g_strdup(name);
    workers->max_threads = max_threads;
    workers->max_waiting = max_waiting;
    workers->fn = fn;
    workers->data = data;
    workers->ended = g_ptr_array_new();
    g_queue_init(&workers->items);
    mutex_init(&workers->lock);
    cond_init(&workers->work);
    cond_init(&workers->gone);
    return workers;
}

/* The next item; NULL after a while without one. With the lock held. */
static void *
next_item(Workers *workers)
{
    int64_t deadline_us = clock_monotonic_us() + (int64_t)WORKERS_IDLE_MS * 1000;
    void *item = g_queue_pop_head(&workers->items);

    workers->n_idle++;
    while (item == NULL && !workers->stopping &&
           cond_wait_until(&workers->work, &workers->lock, deadline_us))
        item = g_queue_pop_head(&workers->items);
    workers->n_idle--;
    return item != NULL ? item : g_queue_pop_head(&workers->items);
}

static void
work(void *data)
{
    Worker *self = data;
    Workers *workers = self->workers;
    void *item;

    MUTEX_GUARD(&workers->lock);
    while ((item = next_item(workers)) != NULL) {
        workers->n_active++;
        mutex_unlock(&workers->lock);
        workers->fn(workers->data, item);
        mutex_lock(&workers->lock);
        workers->n_active--;
    }
    workers->n_alive--;
    g_ptr_array_add(workers->ended, self->thread);
    g_free(self);
    cond_signal(&workers->gone);
    if (workers->n_alive == 0)
        malloc_trim(0); /* what a burst needed goes back to the system */
}

/* Joins threads that have ended. With the lock held: they hold it no longer than to its end. */
static void
join_ended(Workers *workers)
{
    while (workers->ended->len > 0) {
        Thread *thread = g_ptr_array_steal_index_fast(workers->ended, workers->ended->len - 1);

        mutex_unlock(&workers->lock);
        thread_join(thread);
        mutex_lock(&workers->lock);
    }
}

static bool
start_one(Workers *workers)
{
    Worker *worker = g_new0(Worker, 1);

    worker->workers = workers;
    worker->thread = thread_start(workers->name, work, worker, NULL);
    if (worker->thread == NULL) {
        g_free(worker);
        return workers->n_alive > 0; /* those that are there will come to it */
    }
    workers->n_alive++;
    return true;
}

bool
workers_push(Workers *workers, void *item)
{
    MUTEX_GUARD(&workers->lock);

    join_ended(workers);
    if (workers->stopping || g_queue_get_length(&workers->items) >= workers->max_waiting)
        return false;
    if (workers->n_idle <= g_queue_get_length(&workers->items) &&
        workers->n_alive < workers->max_threads && !start_one(workers))
        return false;
    g_queue_push_tail(&workers->items, item);
    cond_signal(&workers->work);
    return true;
}

void
workers_stop(Workers *workers)
{
    MUTEX_GUARD(&workers->lock);

    workers->stopping = true;
    cond_broadcast(&workers->work);
    while (workers->n_alive > 0)
        cond_wait(&workers->gone, &workers->lock);
    join_ended(workers);
}

void
workers_free(Workers *workers)
{
    if (workers == NULL)
        return;
    workers_stop(workers);
    g_ptr_array_unref(workers->ended);
    cond_clear(&workers->work);
    cond_clear(&workers->gone);
    mutex_clear(&workers->lock);
    g_free(workers->name);
    g_free(workers);
}

unsigned
workers_count(Workers *workers)
{
    MUTEX_GUARD(&workers->lock);

    return workers->n_active + g_queue_get_length(&workers->items);
}
