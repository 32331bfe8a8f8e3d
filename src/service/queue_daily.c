/* SPDX-License-Identifier: Apache-2.0
 * queue_daily: see queue_daily.h. */
#include "service/queue_daily.h"
#include "base/log.h"
#include "service/engine_thread.h"
#include "service/preview.h"
#include "service/run_retention.h"
#include "base/banned.h"

#define DAY_US (24ll * 3600 * 1000000)

typedef struct Day {
    Engine *engine; /* borrowed */
    int64_t keep_logs_us;
} Day;

static void
tell(const char *message, const GError *error)
{
    log_event(LOG_WARNING, message, "SLIPWAY_REASON", error->message, NULL);
}

/* Previews go on their day whether or not logs are kept for ever. */
static void
expire_previews(Engine *engine)
{
    g_autoptr(GError) error = NULL;
    int64_t n = 0;

    if (!preview_expire(engine, &n, &error))
        tell("expired previews could not be removed, retrying tomorrow", error);
}

static void
day_thread(void *data)
{
    g_autofree Day *day = data;
    g_autoptr(GError) error = NULL;
    RunRetention removed = { 0 };

    expire_previews(day->engine);
    if (day->keep_logs_us > 0 &&
        !run_retention_pass(day->engine, day->keep_logs_us, &removed, &error))
        tell("old logs could not be removed, retrying tomorrow", error);
    else if (removed.n_logs > 0) {
        g_autofree char *n = g_strdup_printf("%" G_GINT64_FORMAT, removed.n_logs);

        log_event(LOG_NOTICE, "removed old logs", "SLIPWAY_LOGS", n, NULL);
    }
}

int64_t
queue_daily(Engine *engine, QueueDaily *daily)
{
    g_autoptr(GError) error = NULL;
    Day *day = NULL;

    if (daily->next_us > clock_monotonic_us())
        return daily->next_us;
    daily->next_us = clock_monotonic_us() + DAY_US;
    day = g_new0(Day, 1);
    day->engine = engine;
    day->keep_logs_us = daily->keep_logs_us;
    if (!engine_thread_start(engine, "daily", day_thread, day, &error)) {
        g_free(day);
        tell("the day's work could not be started, retrying tomorrow", error);
    }
    return daily->next_us;
}
