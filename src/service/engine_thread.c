/* SPDX-License-Identifier: Apache-2.0
 * engine_thread: see engine_thread.h. A thread cannot join itself: it says that it is done, and the
 * next start sweeps. */
#include "service/engine_thread.h"
#include "base/banned.h"

typedef struct EngineThread {
    Thread *thread; /* owned */
    void (*fn)(void *data);
    void *data;
    gint done; /* atomic */
} EngineThread;

static void
thread_main(void *data)
{
    EngineThread *self = data;

    self->fn(self->data);
    g_atomic_int_set(&self->done, 1);
}

/* Takes the threads that are done out of the list. Owned. */
static GPtrArray *
take_done(Engine *engine)
{
    GPtrArray *done = g_ptr_array_new();

    MUTEX_GUARD(&engine->lock);
    for (guint i = engine->threads->len; i > 0; i--) {
        EngineThread *one = engine->threads->pdata[i - 1];

        if (g_atomic_int_get(&one->done) != 0)
            g_ptr_array_add(done, g_ptr_array_remove_index_fast(engine->threads, i - 1));
    }
    return done;
}

static void
join_all(GPtrArray *threads)
{
    for (guint i = 0; i < threads->len; i++) {
        EngineThread *one = threads->pdata[i];

        thread_join(one->thread);
        g_free(one);
    }
    g_ptr_array_unref(threads);
}

bool
engine_thread_start(Engine *engine, const char *name, void (*fn)(void *data), void *data,
                    GError **error)
{
    EngineThread *self = g_new0(EngineThread, 1);

    join_all(take_done(engine));
    self->fn = fn;
    self->data = data;
    /* The lock keeps a fast thread from being swept before it is in the list whole. */
    MUTEX_GUARD(&engine->lock);
    self->thread = thread_start(name, thread_main, self, error);
    if (self->thread == NULL) {
        g_free(self);
        return false;
    }
    g_ptr_array_add(engine->threads, self);
    return true;
}

void
engine_threads_join(Engine *engine)
{
    for (;;) {
        GPtrArray *threads = NULL;

        {
            MUTEX_GUARD(&engine->lock);

            threads = engine->threads;
            engine->threads = g_ptr_array_new();
        }
        if (threads->len == 0) {
            g_ptr_array_unref(threads);
            return;
        }
        join_all(threads);
    }
}
