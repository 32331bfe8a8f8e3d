/* SPDX-License-Identifier: Apache-2.0
 * thread: threads, mutexes and conditions over pthreads. Threads block every signal. */
#pragma once
#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/attributes.h"

typedef struct Thread Thread; /* a started thread; must be joined */

/** Starts @fn(@arg). @name: at most 15 bytes are shown by ps. Errors: UNAVAILABLE. */
Thread *thread_start(const char *name, void (*fn)(void *), void *arg, GError **error) MUST_CHECK;
/** Waits for its end and frees it. Accepts NULL. Never call it from the thread itself. */
void thread_join(Thread *thread);

typedef struct Mutex { /* embed it; MUTEX_INITIALIZER or mutex_init */
    pthread_mutex_t raw;
} Mutex;
#define MUTEX_INITIALIZER                                                                          \
    {                                                                                              \
        PTHREAD_MUTEX_INITIALIZER                                                                  \
    }
/** A plain, not recursive mutex; none of these can fail on a mutex that is initialised. */
void mutex_init(Mutex *mutex);
void mutex_clear(Mutex *mutex);
void mutex_lock(Mutex *mutex);
void mutex_unlock(Mutex *mutex);

static inline Mutex *
mutex_guard_enter(Mutex *mutex)
{
    mutex_lock(mutex);
    return mutex;
}
static inline void
mutex_guard_leave(Mutex **guard)
{
    if (*guard != NULL)
        mutex_unlock(*guard);
}
#define MUTEX_GUARD_NAME2(line) mutex_guard_##line
#define MUTEX_GUARD_NAME(line)  MUTEX_GUARD_NAME2(line)
/** Holds @mutex to the end of the scope: MUTEX_GUARD(&queue->lock); */
#define MUTEX_GUARD(mutex)                                                                         \
    Mutex *MUTEX_GUARD_NAME(__LINE__) __attribute__((unused, cleanup(mutex_guard_leave))) =        \
        mutex_guard_enter(mutex)

typedef struct Cond { /* always on CLOCK_MONOTONIC; cond_init */
    pthread_cond_t raw;
} Cond;
/** Waiting gives @mutex free meanwhile; a wait may end early: check the condition again. */
void cond_init(Cond *cond);
void cond_clear(Cond *cond);
void cond_wait(Cond *cond, Mutex *mutex);
/** @deadline_us: clock_monotonic_us() time. Returns false when it has passed. May wake early. */
bool cond_wait_until(Cond *cond, Mutex *mutex, int64_t deadline_us);
void cond_signal(Cond *cond);
void cond_broadcast(Cond *cond);
