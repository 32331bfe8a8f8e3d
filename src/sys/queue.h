/* SPDX-License-Identifier: Apache-2.0
 * queue: a bounded first-in-first-out of pointers between threads. Many may push, many may pop.
 * A full queue refuses; it never blocks the pusher. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/attributes.h"

typedef struct Queue Queue;

typedef enum {
    QUEUE_GOT,     /* an item came out */
    QUEUE_TIMEOUT, /* nothing within the time */
    QUEUE_CLOSED,  /* closed and empty: nothing will ever come */
} QueueResult;

/** @capacity: 1 to 2^20. @free_item: for items left at queue_free; may be NULL. */
Queue *queue_new(size_t capacity, GDestroyNotify free_item);
/** Frees the queue and what is left in it. Nobody may be inside it any more. */
void queue_free(Queue *queue);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Queue, queue_free)

/** Takes @item when it returns true. @item: not NULL. Errors: BUSY (full), CANCELLED (closed). */
bool queue_push(Queue *queue, void *item, GError **error) MUST_CHECK;
/** @timeout_ms: -1 waits without end, 0 only looks. @item_out: set on QUEUE_GOT, owned. */
QueueResult queue_pop(Queue *queue, int timeout_ms, void **item_out);
/** As queue_pop, but appends all that is there, at most @max_items, to @items. */
QueueResult queue_pop_all(Queue *queue, int timeout_ms, size_t max_items, GPtrArray *items);
/** Refuses pushes from now on and wakes every waiter; what is inside still comes out. */
void queue_close(Queue *queue);
size_t queue_length(Queue *queue);
