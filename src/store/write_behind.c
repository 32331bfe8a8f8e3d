/* SPDX-License-Identifier: Apache-2.0
 * write_behind: one producer, one consumer, a ring of buffers.
 *
 * Buffers 0 … n_submitted-1 were handed over in turn (modulo the ring), 0 … n_written-1 are in the
 * file. The producer owns the buffer n_submitted once n_submitted - n_written < ring size. */
#include "store/write_behind.h"
#include <fcntl.h>
#include "store/store_priv.h"
#include "base/banned.h"

#define WRITE_BEHIND_BUFFERS 8
#define WRITEBACK_STEP       ((uint64_t)8 << 20) /* bytes between two requests to start writing */

struct WriteBehind {
    int fd;                            /* borrowed */
    Thread *thread;                    /* owned; NULL once joined */
    uint8_t *memory;                   /* owned: the ring */
    size_t lens[WRITE_BEHIND_BUFFERS]; /* of what was submitted; handed over with n_submitted */
    Mutex lock;
    Cond changed;
    uint64_t n_submitted; /* guarded by lock */
    uint64_t n_written;   /* guarded by lock */
    bool closed;          /* guarded by lock: nothing more will be submitted */
    GError *failure;      /* owned; guarded by lock */
};

static uint8_t *
buffer_at(const WriteBehind *behind, uint64_t index)
{
    return behind->memory + index % WRITE_BEHIND_BUFFERS * WRITE_BEHIND_BUFFER_BYTES;
}

/* Waits for work; false at the end. */
static bool
next_work(WriteBehind *behind, uint64_t index)
{
    MUTEX_GUARD(&behind->lock);
    while (behind->n_submitted == index && !behind->closed)
        cond_wait(&behind->changed, &behind->lock);
    return behind->n_submitted > index;
}

static void
note_result(WriteBehind *behind, uint64_t index, GError *failure)
{
    MUTEX_GUARD(&behind->lock);
    behind->n_written = index + 1;
    behind->failure = failure;
    cond_signal(&behind->changed);
}

static void
write_all_submitted(void *arg)
{
    WriteBehind *behind = arg;
    uint64_t size = 0, started = 0;
    GError *failure = NULL;

    for (uint64_t i = 0; failure == NULL && next_work(behind, i); i++) {
        size_t len = behind->lens[i % WRITE_BEHIND_BUFFERS];

        if (store_write_all(behind->fd, span_of(buffer_at(behind, i), len), &failure))
            size += len;
        if (size - started >= WRITEBACK_STEP) {
            /* A hint: what it would report, the sync at the commit reports. */
            (void)sync_file_range(behind->fd, (off_t)started, (off_t)(size - started),
                                  SYNC_FILE_RANGE_WRITE);
            started = size;
        }
        note_result(behind, i, failure);
    }
}

WriteBehind *
write_behind_start(int fd, GError **error)
{
    g_autoptr(WriteBehind) behind = g_new0(WriteBehind, 1);

    behind->fd = fd;
    mutex_init(&behind->lock);
    cond_init(&behind->changed);
    behind->memory = g_malloc(WRITE_BEHIND_BUFFERS * WRITE_BEHIND_BUFFER_BYTES);
    behind->thread = thread_start("store-write", write_all_submitted, behind, error);
    if (behind->thread == NULL)
        return NULL;
    return g_steal_pointer(&behind);
}

uint8_t *
write_behind_get_buffer(WriteBehind *behind)
{
    MUTEX_GUARD(&behind->lock);
    while (behind->n_submitted - behind->n_written == WRITE_BEHIND_BUFFERS &&
           behind->failure == NULL)
        cond_wait(&behind->changed, &behind->lock);
    return behind->failure == NULL ? buffer_at(behind, behind->n_submitted) : NULL;
}

void
write_behind_submit(WriteBehind *behind, size_t len)
{
    MUTEX_GUARD(&behind->lock);
    behind->lens[behind->n_submitted % WRITE_BEHIND_BUFFERS] = len;
    behind->n_submitted++;
    cond_signal(&behind->changed);
}

static void
close_and_join(WriteBehind *behind)
{
    {
        MUTEX_GUARD(&behind->lock);
        behind->closed = true;
        cond_signal(&behind->changed);
    }
    thread_join(g_steal_pointer(&behind->thread));
}

bool
write_behind_finish(WriteBehind *behind, GError **error)
{
    close_and_join(behind);
    if (behind->failure == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&behind->failure));
    return false;
}

void
write_behind_free(WriteBehind *behind)
{
    if (behind == NULL)
        return;
    if (behind->thread != NULL)
        close_and_join(behind);
    g_clear_error(&behind->failure);
    mutex_clear(&behind->lock);
    cond_clear(&behind->changed);
    g_free(behind->memory);
    g_free(behind);
}
