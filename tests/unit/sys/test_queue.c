/* SPDX-License-Identifier: Apache-2.0
 * test_queue: order, bounds, closing, and many threads at once. */
#include "testing.h"
#include "base/error.h"
#include "sys/queue.h"
#include "sys/thread.h"
#include "base/banned.h"

#define CAPACITY 4

typedef struct Fixture {
    Queue *queue;
    GPtrArray *items;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->queue = queue_new(CAPACITY, g_free);
    f->items = g_ptr_array_new_with_free_func(g_free);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    queue_free(f->queue);
    g_ptr_array_unref(f->items);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static void
push(Fixture *f, const char *text)
{
    char *item = g_strdup(text);

    if (!queue_push(f->queue, item, &f->error))
        g_free(item);
}

static void
pop_gives_items_in_order_across_the_ring(void **state)
{
    Fixture *f = *state;
    static const char *const texts[] = { "a", "b", "c", "d", "e", "f", "g" };
    void *item = NULL;

    push(f, "x");
    push(f, "y");
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        push(f, texts[i]);
        assert_int_equal(queue_pop(f->queue, 0, &item), QUEUE_GOT);
        g_ptr_array_add(f->items, item);
    }
    assert_string_equal(g_ptr_array_index(f->items, 0), "x");
    assert_string_equal(g_ptr_array_index(f->items, 2), "a");
    assert_string_equal(g_ptr_array_index(f->items, 6), "e");
}

static void
push_refuses_when_full(void **state)
{
    Fixture *f = *state;

    for (int i = 0; i < CAPACITY; i++)
        push(f, "x");
    assert_no_gerror(f->error);
    push(f, "one too many");
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_BUSY);
}

static void
pop_times_out_when_empty(void **state)
{
    Fixture *f = *state;
    void *item = f;

    assert_int_equal(queue_pop(f->queue, 1, &item), QUEUE_TIMEOUT);
    assert_ptr_equal(item, f); /* untouched */
}

static void
pop_all_takes_no_more_than_asked(void **state)
{
    Fixture *f = *state;

    push(f, "a");
    push(f, "b");
    push(f, "c");
    assert_int_equal(queue_pop_all(f->queue, 0, 2, f->items), QUEUE_GOT);
    assert_int_equal(f->items->len, 2);
    assert_int_equal(queue_length(f->queue), 1);
}

static void
close_lets_out_what_is_inside_and_nothing_in(void **state)
{
    Fixture *f = *state;
    void *item = NULL;

    push(f, "a");
    queue_close(f->queue);
    push(f, "b");
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_CANCELLED);
    assert_int_equal(queue_pop(f->queue, -1, &item), QUEUE_GOT);
    g_ptr_array_add(f->items, item);
    assert_int_equal(queue_pop(f->queue, -1, &item), QUEUE_CLOSED);
}

typedef struct Crowd {
    Queue *queue;
    Mutex lock;
    size_t n_popped; /* guarded by lock */
} Crowd;

#define CROWD_THREADS 3
#define CROWD_ITEMS   2000

static void
push_many(void *data)
{
    Crowd *crowd = data;

    for (int i = 0; i < CROWD_ITEMS;)
        i += queue_push(crowd->queue, crowd, NULL) ? 1 : 0;
}

static void
pop_many(void *data)
{
    Crowd *crowd = data;
    void *item;

    while (queue_pop(crowd->queue, -1, &item) == QUEUE_GOT) {
        MUTEX_GUARD(&crowd->lock);
        crowd->n_popped++;
    }
}

static void
many_threads_lose_and_double_nothing(void **state)
{
    Thread *pushers[CROWD_THREADS], *poppers[CROWD_THREADS];
    Crowd crowd = { .queue = queue_new(64, NULL), .lock = MUTEX_INITIALIZER };

    (void)state;
    for (int i = 0; i < CROWD_THREADS; i++) {
        pushers[i] = thread_start("push", push_many, &crowd, NULL);
        poppers[i] = thread_start("pop", pop_many, &crowd, NULL);
    }
    for (int i = 0; i < CROWD_THREADS; i++)
        thread_join(pushers[i]);
    queue_close(crowd.queue);
    for (int i = 0; i < CROWD_THREADS; i++)
        thread_join(poppers[i]);
    queue_free(crowd.queue);
    assert_int_equal(crowd.n_popped, CROWD_THREADS * CROWD_ITEMS);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(pop_gives_items_in_order_across_the_ring),
        TEST(push_refuses_when_full),
        TEST(pop_times_out_when_empty),
        TEST(pop_all_takes_no_more_than_asked),
        TEST(close_lets_out_what_is_inside_and_nothing_in),
        cmocka_unit_test(many_threads_lose_and_double_nothing),
    };

    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
