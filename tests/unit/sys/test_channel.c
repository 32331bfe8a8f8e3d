/* SPDX-License-Identifier: Apache-2.0
 * test_channel: frames, descriptors, limits, and a peer that goes away. */
#include "testing.h"
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/files.h"
#include "sys/channel.h"
#include "sys/thread.h"
#include "base/banned.h"

typedef struct Fixture {
    Channel *ours;
    Channel *theirs;
    ChannelMessage message;
    GError *error;
} Fixture;

static int
setup(void **state)
{
    Fixture *f = g_new0(Fixture, 1);
    int fd;

    if (!channel_pair(&f->ours, &fd, &f->error))
        return -1;
    f->theirs = channel_new(fd);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *f = *state;

    channel_free(f->ours);
    channel_free(f->theirs);
    channel_message_clear(&f->message);
    g_clear_error(&f->error);
    g_free(f);
    return 0;
}

static void
messages_keep_their_bounds(void **state)
{
    Fixture *f = *state;

    assert_true(channel_send(f->ours, span_of_text("one"), NULL, 0, &f->error));
    assert_true(channel_send(f->ours, span_of(NULL, 0), NULL, 0, &f->error));
    assert_true(channel_send(f->ours, span_of_text("three"), NULL, 0, &f->error));
    assert_true(channel_receive(f->theirs, 0, NULL, &f->message, &f->error));
    assert_int_equal(g_bytes_get_size(f->message.payload), 3);
    channel_message_clear(&f->message);
    assert_true(channel_receive(f->theirs, 0, NULL, &f->message, &f->error));
    assert_int_equal(g_bytes_get_size(f->message.payload), 0);
    channel_message_clear(&f->message);
    assert_true(channel_receive(f->theirs, 0, NULL, &f->message, &f->error));
    assert_memory_equal(g_bytes_get_data(f->message.payload, NULL), "three", 5);
}

static void
descriptors_arrive_with_their_message_close_on_exec(void **state)
{
    Fixture *f = *state;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int fds[] = { null, null };

    assert_true(channel_send(f->ours, span_of_text("without"), NULL, 0, &f->error));
    assert_true(channel_send(f->ours, span_of_text("with"), fds, 2, &f->error));
    close(null);
    assert_true(channel_receive(f->theirs, 0, NULL, &f->message, &f->error));
    assert_int_equal(f->message.n_fds, 0);
    channel_message_clear(&f->message);
    assert_true(channel_receive(f->theirs, 0, NULL, &f->message, &f->error));
    assert_int_equal(f->message.n_fds, 2);
    assert_int_equal(fcntl(f->message.fds[1], F_GETFD), FD_CLOEXEC);
}

static void
receive_says_when_the_peer_is_gone(void **state)
{
    Fixture *f = *state;

    channel_free(g_steal_pointer(&f->ours));
    assert_false(channel_receive(f->theirs, -1, NULL, &f->message, &f->error));
    assert_gerror(f->error, CHANNEL_ERROR, CHANNEL_ERROR_CLOSED);
}

static void
send_says_when_the_peer_is_gone(void **state)
{
    Fixture *f = *state;

    channel_free(g_steal_pointer(&f->theirs));
    assert_false(channel_send(f->ours, span_of_text("x"), NULL, 0, &f->error));
    assert_gerror(f->error, CHANNEL_ERROR, CHANNEL_ERROR_CLOSED);
}

static void
last_message_of_a_dead_peer_is_read(void **state)
{
    Fixture *f = *state;

    assert_true(channel_send(f->ours, span_of_text("last"), NULL, 0, &f->error));
    channel_free(g_steal_pointer(&f->ours));
    assert_true(channel_receive(f->theirs, -1, NULL, &f->message, &f->error));
}

static void
half_a_message_is_corrupt(void **state)
{
    Fixture *f = *state;

    assert_int_equal(write(channel_fd(f->ours), "\0\0\0\5ab", 6), 6);
    channel_free(g_steal_pointer(&f->ours));
    assert_false(channel_receive(f->theirs, -1, NULL, &f->message, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_CORRUPT);
}

static void
announced_length_over_the_limit_is_refused(void **state)
{
    Fixture *f = *state;

    assert_int_equal(write(channel_fd(f->ours), "\xff\xff\xff\xff", 4), 4);
    assert_false(channel_receive(f->theirs, -1, NULL, &f->message, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_LIMIT);
}

static void
receive_times_out(void **state)
{
    Fixture *f = *state;

    assert_false(channel_receive(f->theirs, 1, NULL, &f->message, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_TIMEOUT);
}

static void
receive_is_cancelled(void **state)
{
    Fixture *f = *state;
    g_autoptr(Cancel) cancel = cancel_new();

    cancel_trigger(cancel);
    assert_false(channel_receive(f->theirs, -1, cancel, &f->message, &f->error));
    assert_gerror(f->error, BASE_ERROR, BASE_ERROR_CANCELLED);
}

#define LARGE_BYTES (3u << 20) /* far over a socket's buffer */

static void
send_large(void *data)
{
    Fixture *f = data;
    g_autofree char *large = g_malloc0(LARGE_BYTES);

    large[LARGE_BYTES - 1] = 'z';
    if (!channel_send(f->ours, span_of(large, LARGE_BYTES), NULL, 0, NULL))
        channel_free(g_steal_pointer(&f->ours));
}

static void
message_larger_than_the_socket_buffer_arrives(void **state)
{
    Fixture *f = *state;
    Thread *sender = thread_start("sender", send_large, f, NULL);
    bool ok = channel_receive(f->theirs, -1, NULL, &f->message, &f->error);

    thread_join(sender);
    assert_true(ok);
    assert_int_equal(g_bytes_get_size(f->message.payload), LARGE_BYTES);
    assert_int_equal(((const char *)g_bytes_get_data(f->message.payload, NULL))[LARGE_BYTES - 1],
                     'z');
}

static void
peer_is_known(void **state)
{
    Fixture *f = *state;
    pid_t pid = 0;
    uid_t uid = 0;

    assert_true(channel_peer(f->ours, &pid, &uid, &f->error));
    assert_int_equal(pid, getpid());
    assert_int_equal(uid, getuid());
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(messages_keep_their_bounds),
        TEST(descriptors_arrive_with_their_message_close_on_exec),
        TEST(receive_says_when_the_peer_is_gone),
        TEST(send_says_when_the_peer_is_gone),
        TEST(last_message_of_a_dead_peer_is_read),
        TEST(half_a_message_is_corrupt),
        TEST(announced_length_over_the_limit_is_refused),
        TEST(receive_times_out),
        TEST(receive_is_cancelled),
        TEST(message_larger_than_the_socket_buffer_arrives),
        TEST(peer_is_known),
    };

    return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
