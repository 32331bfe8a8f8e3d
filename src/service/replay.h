/* SPDX-License-Identifier: Apache-2.0
 * replay: writes with an Idempotency-Key happen at most once. The key is taken before the write
 * begins; a write that was cut off keeps it, and asking again is told so. */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include "base/attributes.h"
#include "base/digest.h"
#include "service/engine.h"

#define REPLAY_KEEP_US (24 * G_TIME_SPAN_HOUR)

typedef struct ReplayAnswer {
    unsigned status; /* 0: nobody asked this before, go on */
    char *answer;    /* owned */
} ReplayAnswer;

/** Takes @key of @actor for @request, or gives what was answered before. Errors: CONFLICT (another
 * request had the key, or the first is still running or was cut off), those of db. */
bool replay_begin(Engine *engine, const char *actor, const char *key, const Digest *request,
                  ReplayAnswer *out, GError **error) MUST_CHECK;
/** Gives the key free: the request was not tried. Errors: those of db. */
bool replay_forget(Engine *engine, const char *actor, const char *key, GError **error) MUST_CHECK;
/** Keeps what was answered. Errors: those of db. */
bool replay_end(Engine *engine, const char *actor, const char *key, unsigned status,
                const char *answer, GError **error) MUST_CHECK;
