/* SPDX-License-Identifier: Apache-2.0
 * limit: how often somebody may ask: a bucket of tokens that fills with time. Thread-safe. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define LIMIT_MAX_KEYS 4096 /* remembered; the fullest bucket is forgotten first */

typedef struct Limits Limits;

Limits *limits_new(void);
void limits_free(Limits *limits);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Limits, limits_free)
/** Takes @cost from the bucket of @key, which holds @burst and fills by @per_second. False: empty;
 * nothing was taken. */
bool limits_take(Limits *limits, const char *key, double burst, double per_second, double cost,
                 int64_t now_us);
