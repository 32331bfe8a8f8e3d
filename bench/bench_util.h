/* SPDX-License-Identifier: Apache-2.0
 * bench_util: what the bench programs share: options, latencies, the line of JSON each prints. */
#pragma once
#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "base/clock.h"

#define BENCH_ENTRY_SIZE 256

/* Ends the program: a bench that goes wrong has no number. */
G_NORETURN static inline void
bench_fail(const char *what, const GError *error)
{
    fprintf(stderr, "bench: %s%s%s\n", what, error != NULL ? ": " : "",
            error != NULL ? error->message : "");
    exit(1);
}

/* "--name value" among the arguments; @fallback if absent. */
static inline const char *
bench_option(int argc, char **argv, const char *name, const char *fallback)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    }
    return fallback;
}

static inline double
bench_number(int argc, char **argv, const char *name, const char *fallback)
{
    return g_ascii_strtod(bench_option(argc, argv, name, fallback), NULL);
}

static inline double
bench_cpu_seconds(int who)
{
    struct rusage usage;

    getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* The most memory this program had. Not ru_maxrss: that begins with what its parent had at the
 * fork. */
static inline long
bench_rss_kb(void)
{
    g_autofree char *status = NULL;
    const char *line = NULL;

    if (!g_file_get_contents("/proc/self/status", &status, NULL, NULL) ||
        (line = strstr(status, "VmHWM:")) == NULL)
        return 0;
    return (long)g_ascii_strtoll(line + strlen("VmHWM:"), NULL, 10);
}

static inline int
bench_compare_us(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

/* The result of a workload over @latencies (of int64_t microseconds; sorted here). */
static inline void
bench_print(GArray *latencies, double seconds, double cpu_seconds)
{
    if (latencies->len == 0)
        bench_fail("nothing was done", NULL);
    g_array_sort(latencies, bench_compare_us);
    printf("{\"entries\":%u,\"seconds\":%.6f,\"cpu_seconds\":%.6f,\"p50_us\":%" PRId64
           ",\"p99_us\":%" PRId64 ",\"rss_kb\":%ld}\n",
           latencies->len, seconds, cpu_seconds,
           g_array_index(latencies, int64_t, latencies->len / 2),
           g_array_index(latencies, int64_t, (unsigned)((uint64_t)latencies->len * 99 / 100)),
           bench_rss_kb());
}

/* The Nth entry: a counter before bytes that do not matter. */
static inline void
bench_entry(uint8_t out[BENCH_ENTRY_SIZE], uint64_t n)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(n >> (56 - 8 * i));
}
