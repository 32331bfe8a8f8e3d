/* SPDX-License-Identifier: Apache-2.0
 * queue_order: rounds over the projects, highest priority first. Each row's rank is how many runs
 * of its project go on or stand before it; rows sort by priority, rank, id. O(n log n). */
#include "service/queue_order.h"
#include <glib.h>
#include <string.h>
#include "base/banned.h"

typedef struct Rank {
    size_t index;
    int64_t id;
    int priority;
    bool held;
    unsigned
        before; /* runs of its project that go on, or come before it with its priority or more */
} Rank;

static int
compare_rank(const void *a, const void *b)
{
    const Rank *x = a, *y = b;

    if (x->held != y->held)
        return x->held ? 1 : -1;
    if (x->priority != y->priority)
        return x->priority > y->priority ? -1 : 1;
    if (x->before != y->before)
        return x->before < y->before ? -1 : 1;
    return x->id < y->id ? -1 : 1;
}

static int
compare_arrival(const void *a, const void *b)
{
    const Rank *x = a, *y = b;

    if (x->priority != y->priority)
        return x->priority > y->priority ? -1 : 1;
    return x->id < y->id ? -1 : 1;
}

/* Project to the number of its runs, as GUINT_TO_POINTER. */
static GHashTable *
count_loads(const QueueLoad *loads, size_t n, unsigned *total_out)
{
    GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);

    *total_out = 0;
    for (size_t i = 0; i < n; i++) {
        g_hash_table_insert(table, (gpointer)loads[i].project, GUINT_TO_POINTER(loads[i].running));
        *total_out += loads[i].running;
    }
    return table;
}

static unsigned
take_place(GHashTable *counts, const char *project)
{
    unsigned before = GPOINTER_TO_UINT(g_hash_table_lookup(counts, project));

    g_hash_table_insert(counts, (gpointer)project, GUINT_TO_POINTER(before + 1));
    return before;
}

void
queue_order(const QueueRow *rows, size_t n, const QueueLoad *loads, size_t n_loads,
            const QueueLimits *limits, size_t *order_out, QueueWait *wait_out)
{
    unsigned total = 0;
    g_autoptr(GHashTable) counts = count_loads(loads, n_loads, &total);
    g_autofree Rank *ranks = g_new0(Rank, n + 1);

    for (size_t i = 0; i < n; i++)
        ranks[i] = (Rank){
            .index = i, .id = rows[i].id, .priority = rows[i].priority, .held = rows[i].held
        };
    qsort(ranks, n, sizeof *ranks, compare_arrival);
    for (size_t i = 0; i < n; i++) {
        if (!ranks[i].held)
            ranks[i].before = take_place(counts, rows[ranks[i].index].project);
    }
    qsort(ranks, n, sizeof *ranks, compare_rank);
    for (size_t i = 0; i < n; i++) {
        order_out[i] = ranks[i].index;
        wait_out[i] = ranks[i].held                            ? QUEUE_HELD
                      : ranks[i].before >= limits->per_project ? QUEUE_PROJECT
                      : total >= limits->total                 ? QUEUE_FULL
                                                               : QUEUE_NEXT;
        if (wait_out[i] == QUEUE_NEXT)
            total++;
    }
}
