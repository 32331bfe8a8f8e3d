/* SPDX-License-Identifier: Apache-2.0
 * clock: microseconds since 1970 UTC, and the clock as an argument so that tests can move it. */
#pragma once
#include <stdint.h>

typedef struct Clock {
    int64_t (*now_us)(void *context); /* microseconds since 1970 UTC */
    void *context;                    /* borrowed */
} Clock;

/** The machine's real time clock. */
extern const Clock clock_system;

int64_t clock_now_us(const Clock *clock);
/** CLOCK_MONOTONIC in microseconds; only differences mean something. */
int64_t clock_monotonic_us(void);
/** "2026-11-20T12:34:56.123456Z"; owned. */
char *clock_format_us(int64_t time_us);
/** "2026-11-20T12:34:56Z", seconds only; owned. */
char *clock_format_seconds(int64_t time_us);
/** RFC 3339 in UTC ("Z"), optional fraction. Returns false if malformed. */
_Bool clock_parse(const char *text, int64_t *time_us_out);
