/* SPDX-License-Identifier: Apache-2.0
 * queue_order: which waiting run comes next: the highest priority; then the project with the fewest
 * runs going; then the one that waits longest. A pure rule over rows. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/attributes.h"

typedef struct QueueRow { /* borrowed strings */
    int64_t id;           /* rises with the order of arrival */
    const char *project;
    int priority;
    bool held;
} QueueRow;

typedef struct QueueLoad { /* runs of a project that go on now */
    const char *project;
    unsigned running;
} QueueLoad;

typedef struct QueueLimits {
    unsigned total;
    unsigned per_project;
} QueueLimits;

typedef enum {
    QUEUE_NEXT,    /* it is taken now, or would be */
    QUEUE_HELD,    /* a maintainer has to look at it */
    QUEUE_FULL,    /* everything is busy */
    QUEUE_PROJECT, /* its project runs as many as it may */
} QueueWait;

/** Orders the @n rows as they would be taken one after another while nothing ends: @order_out holds
 * their indexes, @wait_out (by place in that order) why each waits. Rows come by id, ascending. */
void queue_order(const QueueRow *rows, size_t n, const QueueLoad *loads, size_t n_loads,
                 const QueueLimits *limits, size_t *order_out, QueueWait *wait_out);
