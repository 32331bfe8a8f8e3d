/* SPDX-License-Identifier: Apache-2.0
 * test_buffer: bounded growth. */
#include "testing.h"
#include "base/buffer.h"
#include "base/banned.h"

static int
setup(void **state)
{
    Buffer *buffer = g_new0(Buffer, 1);

    buffer_init(buffer, 8);
    *state = buffer;
    return 0;
}

static int
teardown(void **state)
{
    buffer_clear(*state);
    g_free(*state);
    return 0;
}

static void
append_up_to_the_maximum_is_fine(void **state)
{
    Buffer *buffer = *state;

    buffer_append_text(buffer, "12345678");
    assert_true(buffer_check(buffer, "text", NULL));
    assert_int_equal(buffer_get(buffer).len, 8);
}

static void
append_over_the_maximum_changes_nothing_then_or_later(void **state)
{
    Buffer *buffer = *state;
    GError *error = NULL;

    buffer_append_text(buffer, "1234567");
    buffer_append_text(buffer, "89");
    buffer_append_text(buffer, "8");
    assert_int_equal(buffer_get(buffer).len, 7);
    bool ok = buffer_check(buffer, "text", &error);
    assert_false(ok);
    assert_gerror(error, BASE_ERROR, BASE_ERROR_LIMIT);
    assert_string_equal(error->message, "'text' is larger than 8 bytes");
    g_error_free(error);
}

static void
reset_makes_it_usable_again(void **state)
{
    Buffer *buffer = *state;

    buffer_append_text(buffer, "123456789");
    buffer_reset(buffer);
    buffer_append_printf(buffer, "%d", 42);
    assert_true(buffer_check(buffer, "text", NULL));
    assert_memory_equal(buffer_get(buffer).data, "42", 2);
}

static void
integers_are_big_endian(void **state)
{
    Buffer *buffer = *state;
    static const uint8_t wanted[] = { 1, 0xaa, 0xbb, 0xcc, 0xdd };

    buffer_append_u8(buffer, 1);
    buffer_append_be32(buffer, 0xaabbccdd);
    assert_int_equal(buffer_get(buffer).len, sizeof wanted);
    assert_memory_equal(buffer_get(buffer).data, wanted, sizeof wanted);
    buffer_append_be64(buffer, 1); /* does not fit whole: not at all */
    assert_int_equal(buffer_get(buffer).len, sizeof wanted);
}

static void
consume_drops_from_the_front(void **state)
{
    Buffer *buffer = *state;

    buffer_append_text(buffer, "abcdef");
    buffer_consume(buffer, 4);
    assert_memory_equal(buffer_get(buffer).data, "ef", 2);
    buffer_consume(buffer, 100);
    assert_int_equal(buffer_get(buffer).len, 0);
}

static void
stolen_text_ends_with_nul_and_leaves_it_empty(void **state)
{
    Buffer *buffer = *state;

    buffer_append_text(buffer, "abc");
    g_autofree char *text = buffer_steal_text(buffer);
    assert_string_equal(text, "abc");
    assert_int_equal(buffer_get(buffer).len, 0);
    buffer_append_text(buffer, "de");
    g_autoptr(GBytes) bytes = buffer_steal(buffer);
    assert_int_equal(g_bytes_get_size(bytes), 2);
    assert_int_equal(buffer_get(buffer).len, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(append_up_to_the_maximum_is_fine, setup, teardown),
        cmocka_unit_test_setup_teardown(append_over_the_maximum_changes_nothing_then_or_later,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(reset_makes_it_usable_again, setup, teardown),
        cmocka_unit_test_setup_teardown(integers_are_big_endian, setup, teardown),
        cmocka_unit_test_setup_teardown(consume_drops_from_the_front, setup, teardown),
        cmocka_unit_test_setup_teardown(stolen_text_ends_with_nul_and_leaves_it_empty, setup,
                                        teardown),
    };

    return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
