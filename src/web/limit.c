/* SPDX-License-Identifier: Apache-2.0
 * limit: buckets by key; when there are too many, those that are full again are forgotten. */
#include "web/limit.h"
#include "sys/thread.h"
#include "base/banned.h"

typedef struct Bucket {
    double level;
    int64_t seen_us;
} Bucket;

struct Limits {
    Mutex lock;
    GHashTable *buckets; /* owned, guarded by lock: owned key to owned Bucket */
};

Limits *
limits_new(void)
{
    Limits *limits = g_new0(Limits, 1);

    mutex_init(&limits->lock);
    limits->buckets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return limits;
}

void
limits_free(Limits *limits)
{
    if (limits == NULL)
        return;
    g_hash_table_unref(limits->buckets);
    mutex_clear(&limits->lock);
    g_free(limits);
}

/* Makes room: first what nobody asked for in a minute, else everything. */
static void
forget(Limits *limits, int64_t now_us)
{
    GHashTableIter iter;
    void *value = NULL;

    if (g_hash_table_size(limits->buckets) < LIMIT_MAX_KEYS)
        return;
    g_hash_table_iter_init(&iter, limits->buckets);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        if (((Bucket *)value)->seen_us < now_us - G_USEC_PER_SEC * 60)
            g_hash_table_iter_remove(&iter);
    if (g_hash_table_size(limits->buckets) >= LIMIT_MAX_KEYS)
        g_hash_table_remove_all(limits->buckets);
}

bool
limits_take(Limits *limits, const char *key, double burst, double per_second, double cost,
            int64_t now_us)
{
    MUTEX_GUARD(&limits->lock);
    Bucket *bucket = g_hash_table_lookup(limits->buckets, key);

    if (bucket == NULL) {
        forget(limits, now_us);
        bucket = g_new0(Bucket, 1);
        bucket->level = burst;
        bucket->seen_us = now_us;
        g_hash_table_insert(limits->buckets, g_strdup(key), bucket);
    }
    bucket->level += (double)MAX(0, now_us - bucket->seen_us) / G_USEC_PER_SEC * per_second;
    bucket->level = MIN(bucket->level, burst);
    bucket->seen_us = now_us;
    if (bucket->level < cost)
        return false;
    bucket->level -= cost;
    return true;
}
