/* SPDX-License-Identifier: Apache-2.0
 * clock: microseconds since 1970 UTC. */
#include "base/clock.h"
#include <glib.h>
#include <stdbool.h>
#include <time.h>
#include "base/banned.h"

#define US_PER_SECOND INT64_C(1000000)

static int64_t
read_clock(clockid_t id)
{
    struct timespec now = { 0 };

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

static int64_t
system_now_us(void *context)
{
    (void)context;
    return read_clock(CLOCK_REALTIME);
}

const Clock clock_system = { .now_us = system_now_us };

int64_t
clock_now_us(const Clock *clock)
{
    return clock->now_us(clock->context);
}

int64_t
clock_monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* Seconds rounded down, so that times before 1970 keep a positive fraction. */
static struct tm
split_time(int64_t time_us, int *fraction_us_out)
{
    int64_t fraction = time_us % US_PER_SECOND;
    struct tm parts = { 0 };

    if (fraction < 0)
        fraction += US_PER_SECOND;
    time_t seconds = (time_t)((time_us - fraction) / US_PER_SECOND);

    gmtime_r(&seconds, &parts);
    *fraction_us_out = (int)fraction;
    return parts;
}

char *
clock_format_us(int64_t time_us)
{
    int fraction = 0;
    struct tm t = split_time(time_us, &fraction);

    return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", t.tm_year + 1900, t.tm_mon + 1,
                           t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, fraction);
}

char *
clock_format_seconds(int64_t time_us)
{
    int fraction = 0;
    struct tm t = split_time(time_us, &fraction);

    return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1,
                           t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

/* Exactly @n digits at *@at; moves it behind them. */
static bool
take_number(const char **at, int n, int *out)
{
    int value = 0;

    for (int i = 0; i < n; i++, (*at)++) {
        if (!g_ascii_isdigit(**at))
            return false;
        value = value * 10 + (**at - '0');
    }
    *out = value;
    return true;
}

static bool
take_char(const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    (*at)++;
    return true;
}

/* ".1" to ".123456789"; digits after the sixth are dropped. */
static bool
take_fraction(const char **at, int64_t *fraction_us_out)
{
    int64_t unit = US_PER_SECOND;
    int64_t fraction = 0;
    int n = 0;

    for (; g_ascii_isdigit(**at); (*at)++, n++) {
        unit /= 10;
        fraction += unit * (**at - '0');
    }
    *fraction_us_out = fraction;
    return n >= 1 && n <= 9;
}

bool
clock_parse(const char *text, int64_t *time_us_out)
{
    const char *at = text;
    struct tm t = { 0 };
    int64_t fraction = 0;

    if (!take_number(&at, 4, &t.tm_year) || !take_char(&at, '-') ||
        !take_number(&at, 2, &t.tm_mon) || !take_char(&at, '-') ||
        !take_number(&at, 2, &t.tm_mday) || !take_char(&at, 'T') ||
        !take_number(&at, 2, &t.tm_hour) || !take_char(&at, ':') ||
        !take_number(&at, 2, &t.tm_min) || !take_char(&at, ':') || !take_number(&at, 2, &t.tm_sec))
        return false;
    if (take_char(&at, '.') && !take_fraction(&at, &fraction))
        return false;
    if (!take_char(&at, 'Z') || *at != '\0')
        return false;
    t.tm_year -= 1900;
    t.tm_mon -= 1;
    struct tm wanted = t;
    time_t seconds = timegm(&t);

    /* timegm() repairs the 31st of February; we refuse it. */
    if (t.tm_mon != wanted.tm_mon || t.tm_mday != wanted.tm_mday || t.tm_hour != wanted.tm_hour ||
        t.tm_min != wanted.tm_min || t.tm_sec != wanted.tm_sec)
        return false;
    *time_us_out = (int64_t)seconds * US_PER_SECOND + fraction;
    return true;
}
