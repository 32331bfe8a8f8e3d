/* SPDX-License-Identifier: Apache-2.0
 * cron: times that come again, as in crontab(5): minute, hour, day of the month, month, day of the
 * week, all in UTC. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"
#include "base/error.h"

typedef struct Cron { /* bit n: the number n fits */
    uint64_t minutes;
    uint32_t hours;
    uint32_t days; /* 1 to 31 */
    uint16_t months;
    uint8_t weekdays; /* 0 is Sunday */
    bool any_day;     /* the field begins with '*'; when neither does, one of the two is enough */
    bool any_weekday;
} Cron;

/**
 * Reads five fields of numbers, names of months and weekdays, '*', ranges, lists and steps, or
 * "@hourly", "@daily", "@weekly", "@monthly", "@yearly". Errors: INVALID (says which field and what
 * is allowed there; also when no such day exists, as February 30th).
 */
bool cron_parse(const char *text, Cron *cron_out, GError **error) MUST_CHECK;
/** The first time after @after_us that fits; a full minute, microseconds since 1970 UTC. @cron:
 * from cron_parse. */
int64_t cron_next_us(const Cron *cron, int64_t after_us);
