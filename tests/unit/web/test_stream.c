/* SPDX-License-Identifier: Apache-2.0
 * An answer that grows. */
#include <string.h>
#include "testing.h"
#include "web/stream.h"
#include "base/banned.h"

typedef struct {
    WebStream *stream; /* owned */
    unsigned n_woken;
    char out[16];
    size_t taken;
} Fixture;

static void
wake(void *data)
{
    Fixture *f = data;

    f->n_woken++;
}

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);

    f->stream = web_stream_new();
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    web_stream_unref(f->stream);
    g_free(f);
    return 0;
}

static bool
push(Fixture *f, const char *text)
{
    g_autoptr(GBytes) piece = g_bytes_new(text, strlen(text));

    return web_stream_push(f->stream, piece);
}

static WebStreamResult
take(Fixture *f)
{
    return web_stream_take(f->stream, f->out, sizeof f->out, &f->taken);
}

static void
a_waiting_reader_is_woken_once(void **state)
{
    Fixture *f = *state;

    assert_int_equal(take(f), WEB_STREAM_EMPTY);
    web_stream_wait(f->stream, wake, f);
    assert_true(push(f, "ab"));
    assert_true(push(f, "c"));
    assert_int_equal(f->n_woken, 1);
    assert_int_equal(take(f), WEB_STREAM_GOT);
    assert_int_equal(f->taken, 3);
    assert_memory_equal(f->out, "abc", 3);
}

static void
news_between_look_and_wait_is_not_lost(void **state)
{
    Fixture *f = *state;

    assert_int_equal(take(f), WEB_STREAM_EMPTY);
    assert_true(push(f, "a"));
    web_stream_wait(f->stream, wake, f);
    assert_int_equal(f->n_woken, 1);
}

static void
what_was_pushed_comes_before_the_end(void **state)
{
    Fixture *f = *state;

    assert_true(push(f, "a"));
    web_stream_end(f->stream);
    assert_int_equal(take(f), WEB_STREAM_GOT);
    assert_int_equal(take(f), WEB_STREAM_ENDED);
}

static void
a_reader_who_left_is_never_woken(void **state)
{
    Fixture *f = *state;

    web_stream_wait(f->stream, wake, f);
    web_stream_leave(f->stream);
    assert_false(push(f, "a"));
    web_stream_end(f->stream);
    assert_int_equal(f->n_woken, 0);
    assert_true(web_stream_is_gone(f->stream));
}

static void
a_slow_reader_does_not_fill_the_memory(void **state)
{
    Fixture *f = *state;
    g_autoptr(GBytes) block =
        g_bytes_new_take(g_malloc0(WEB_STREAM_MAX_BYTES), WEB_STREAM_MAX_BYTES);

    assert_true(web_stream_push(f->stream, block));
    assert_false(push(f, "a"));
    assert_int_equal(web_stream_pending(f->stream), WEB_STREAM_MAX_BYTES);
}

static void
count(void *data)
{
    ++*(unsigned *)data;
}

static void
what_several_wait_for_is_shared_and_freed_once_all_have_it(void **state)
{
    Fixture *f = *state;
    g_autoptr(WebStream) other = web_stream_new();
    unsigned n_freed = 0;
    GBytes *piece = g_bytes_new_with_free_func("twenty bytes in all.", 20, count, &n_freed);
    char out[32];
    size_t taken = 0;

    assert_true(web_stream_push(f->stream, piece) && web_stream_push(other, piece));
    g_bytes_unref(piece);
    assert_int_equal(take(f), WEB_STREAM_GOT); /* 16 bytes of it */
    assert_int_equal(web_stream_take(other, out, sizeof out, &taken), WEB_STREAM_GOT);
    assert_int_equal(taken, 20);
    assert_int_equal(n_freed, 0);
    assert_int_equal(take(f), WEB_STREAM_GOT);
    assert_memory_equal(f->out, "all.", 4);
    assert_int_equal(n_freed, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_waiting_reader_is_woken_once),
        TEST(news_between_look_and_wait_is_not_lost),
        TEST(what_was_pushed_comes_before_the_end),
        TEST(a_reader_who_left_is_never_woken),
        TEST(a_slow_reader_does_not_fill_the_memory),
        TEST(what_several_wait_for_is_shared_and_freed_once_all_have_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
