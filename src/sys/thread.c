/* SPDX-License-Identifier: Apache-2.0
 * thread: pthreads with every signal blocked, so that only the signalfd thread hears them. */
#include "sys/thread.h"
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "base/error.h"
#include "base/banned.h"

#define THREAD_NAME_BYTES 16 /* the kernel's limit, NUL included */

struct Thread {
    pthread_t id;
    void (*fn)(void *);
    void *arg; /* the caller's */
    char name[THREAD_NAME_BYTES];
};

static void *
enter(void *data)
{
    Thread *thread = data;

    pthread_setname_np(pthread_self(), thread->name);
    thread->fn(thread->arg);
    return NULL;
}

Thread *
thread_start(const char *name, void (*fn)(void *), void *arg, GError **error)
{
    g_autofree Thread *thread = g_new0(Thread, 1);
    sigset_t all, old;
    int status;

    thread->fn = fn;
    thread->arg = arg;
    snprintf(thread->name, sizeof thread->name, "%s", name);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    status = pthread_create(&thread->id, NULL, enter, thread);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (status != 0) {
        error_set(error, BASE_ERROR, BASE_ERROR_UNAVAILABLE, "cannot start thread '%s': %s", name,
                  g_strerror(status));
        return NULL;
    }
    return g_steal_pointer(&thread);
}

void
thread_join(Thread *thread)
{
    int status;

    if (thread == NULL)
        return;
    status = pthread_join(thread->id, NULL);
    assert(status == 0);
    g_free(thread);
}

/* A failing lock operation is a bug of ours (unlock by a stranger, destroyed while held). */
static void
must(int status)
{
    assert(status == 0);
    (void)status;
}

void
mutex_init(Mutex *mutex)
{
    must(pthread_mutex_init(&mutex->raw, NULL));
}

void
mutex_clear(Mutex *mutex)
{
    must(pthread_mutex_destroy(&mutex->raw));
}

void
mutex_lock(Mutex *mutex)
{
    must(pthread_mutex_lock(&mutex->raw));
}

void
mutex_unlock(Mutex *mutex)
{
    must(pthread_mutex_unlock(&mutex->raw));
}

void
cond_init(Cond *cond)
{
    pthread_condattr_t attributes;

    must(pthread_condattr_init(&attributes));
    must(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
    must(pthread_cond_init(&cond->raw, &attributes));
    must(pthread_condattr_destroy(&attributes));
}

void
cond_clear(Cond *cond)
{
    must(pthread_cond_destroy(&cond->raw));
}

void
cond_wait(Cond *cond, Mutex *mutex)
{
    must(pthread_cond_wait(&cond->raw, &mutex->raw));
}

bool
cond_wait_until(Cond *cond, Mutex *mutex, int64_t deadline_us)
{
    struct timespec until = {
        .tv_sec = deadline_us / 1000000,
        .tv_nsec = (deadline_us % 1000000) * 1000,
    };
    int status = pthread_cond_timedwait(&cond->raw, &mutex->raw, &until);

    assert(status == 0 || status == ETIMEDOUT);
    return status == 0;
}

void
cond_signal(Cond *cond)
{
    must(pthread_cond_signal(&cond->raw));
}

void
cond_broadcast(Cond *cond)
{
    must(pthread_cond_broadcast(&cond->raw));
}
