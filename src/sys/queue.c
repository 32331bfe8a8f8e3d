/* SPDX-License-Identifier: Apache-2.0
 * queue: a ring of pointers under one mutex. */
#include "sys/queue.h"
#include <assert.h>
#include "base/clock.h"
#include "base/error.h"
#include "sys/thread.h"
#include "base/banned.h"

#define QUEUE_CAPACITY_MAX ((size_t)1 << 20)

struct Queue {
    Mutex lock;
    Cond filled;              /* something came in, or closed */
    void **items;             /* owned ring; guarded by lock */
    size_t capacity;          /* constant */
    size_t first;             /* guarded by lock */
    size_t length;            /* guarded by lock */
    bool closed;              /* guarded by lock */
    GDestroyNotify free_item; /* constant */
};

Queue *
queue_new(size_t capacity, GDestroyNotify free_item)
{
    Queue *queue = g_new0(Queue, 1);

    assert(capacity > 0 && capacity <= QUEUE_CAPACITY_MAX);
    mutex_init(&queue->lock);
    cond_init(&queue->filled);
    queue->items = g_new0(void *, capacity);
    queue->capacity = capacity;
    queue->free_item = free_item;
    return queue;
}

static void *
take_first(Queue *queue)
{
    void *item = queue->items[queue->first];

    queue->items[queue->first] = NULL;
    queue->first = (queue->first + 1) % queue->capacity;
    queue->length--;
    return item;
}

void
queue_free(Queue *queue)
{
    if (queue == NULL)
        return;
    while (queue->length > 0) {
        void *item = take_first(queue);

        if (queue->free_item != NULL)
            queue->free_item(item);
    }
    g_free(queue->items);
    cond_clear(&queue->filled);
    mutex_clear(&queue->lock);
    g_free(queue);
}

bool
queue_push(Queue *queue, void *item, GError **error)
{
    assert(item != NULL);
    MUTEX_GUARD(&queue->lock);
    if (queue->closed) {
        error_set(error, BASE_ERROR, BASE_ERROR_CANCELLED, "the queue is closed");
        return false;
    }
    if (queue->length == queue->capacity) {
        error_set(error, BASE_ERROR, BASE_ERROR_BUSY, "the queue is full (%zu entries)",
                  queue->capacity);
        return false;
    }
    queue->items[(queue->first + queue->length) % queue->capacity] = item;
    queue->length++;
    cond_signal(&queue->filled);
    return true;
}

/* Under the lock: waits until there is something to take. */
static QueueResult
wait_filled(Queue *queue, int timeout_ms)
{
    int64_t deadline_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;

    while (queue->length == 0) {
        if (queue->closed)
            return QUEUE_CLOSED;
        if (timeout_ms < 0)
            cond_wait(&queue->filled, &queue->lock);
        else if (!cond_wait_until(&queue->filled, &queue->lock, deadline_us) && queue->length == 0)
            return queue->closed ? QUEUE_CLOSED : QUEUE_TIMEOUT;
    }
    return QUEUE_GOT;
}

QueueResult
queue_pop(Queue *queue, int timeout_ms, void **item_out)
{
    QueueResult result;

    MUTEX_GUARD(&queue->lock);
    result = wait_filled(queue, timeout_ms);
    if (result == QUEUE_GOT)
        *item_out = take_first(queue);
    return result;
}

QueueResult
queue_pop_all(Queue *queue, int timeout_ms, size_t max_items, GPtrArray *items)
{
    QueueResult result;

    assert(max_items > 0);
    MUTEX_GUARD(&queue->lock);
    result = wait_filled(queue, timeout_ms);
    for (size_t i = 0; i < max_items && queue->length > 0; i++)
        g_ptr_array_add(items, take_first(queue));
    /* One push signals one waiter; what a capped batch leaves behind is for another. */
    if (queue->length > 0)
        cond_signal(&queue->filled);
    return result;
}

void
queue_close(Queue *queue)
{
    MUTEX_GUARD(&queue->lock);
    queue->closed = true;
    cond_broadcast(&queue->filled);
}

size_t
queue_length(Queue *queue)
{
    MUTEX_GUARD(&queue->lock);
    return queue->length;
}
