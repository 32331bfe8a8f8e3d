/* SPDX-License-Identifier: Apache-2.0
 * test_clock: times as text, and ids that carry them. */
#include "testing.h"
#include <stdbool.h>
#include "base/clock.h"
#include "base/secret.h"
#include "base/ulid.h"
#include "base/banned.h"

static void
times_are_formatted_in_utc(void **state)
{
    (void)state;
    static const struct {
        int64_t time_us;
        const char *micro, *seconds;
    } cases[] = {
        { 0, "1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:00Z" },
        { -1, "1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59Z" },
        { 1709210096123456, "2024-02-29T12:34:56.123456Z", "2024-02-29T12:34:56Z" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *micro = clock_format_us(cases[i].time_us);
        g_autofree char *seconds = clock_format_seconds(cases[i].time_us);
        int64_t back = 0;

        assert_string_equal(micro, cases[i].micro);
        assert_string_equal(seconds, cases[i].seconds);
        assert_true(clock_parse(micro, &back));
        assert_true(back == cases[i].time_us);
    }
}

static void
malformed_times_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "2024-02-29",
        "2024-02-29T12:34:56",
        "2024-02-29T12:34:56+00:00",
        "2024-02-29T12:34:56.Z",
        "2024-02-29T12:34:56.1234567890Z",
        "2024-02-29T12:34:56Zx",
        "2023-02-29T12:34:56Z",
        "2024-13-01T12:34:56Z",
        "2024-02-29T24:00:00Z",
        "2024-02-29T12:60:00Z",
        "2024-02-29T12:34:60Z",
        "2024-2-29T12:34:56Z",
        " 2024-02-29T12:34:56Z",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        int64_t time_us = 7;

        test_case("case '%s'", cases[i]);
        assert_false(clock_parse(cases[i], &time_us));
        assert_true(time_us == 7);
    }
}

static int64_t
fixed_now(void *context)
{
    return *(int64_t *)context;
}

static void
clock_can_be_replaced(void **state)
{
    (void)state;
    int64_t time_us = 42;
    Clock clock = { .now_us = fixed_now, .context = &time_us };

    assert_int_equal(clock_now_us(&clock), 42);
    assert_true(clock_now_us(&clock_system) > INT64_C(1700000000000000));
    int64_t before = clock_monotonic_us();
    assert_true(clock_monotonic_us() >= before);
}

static void
ulids_sort_by_time_and_differ(void **state)
{
    (void)state;
    char early[ULID_SIZE], late[ULID_SIZE], again[ULID_SIZE];

    ulid_make(1700000000000000, early);
    ulid_make(1700000000001000, late);
    ulid_make(1700000000001000, again);

    assert_true(ulid_is_valid(early));
    assert_memory_equal(early, "01HF7YAT00", 10);
    assert_true(strcmp(early, late) < 0);
    assert_string_not_equal(late, again);
}

static void
malformed_ulids_are_refused(void **state)
{
    (void)state;
    assert_true(ulid_is_valid("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"));
    assert_false(ulid_is_valid("8ZZZZZZZZZZZZZZZZZZZZZZZZZ"));
    assert_false(ulid_is_valid("01HF7YAT00"));
    assert_false(ulid_is_valid("01hf7yat00zzzzzzzzzzzzzzzz"));
    assert_false(ulid_is_valid("01HF7YAT00ZZZZZZZZZZZZZZZU"));
    assert_false(ulid_is_valid(""));
}

static void
secret_holds_a_copy(void **state)
{
    (void)state;
    char text[] = "key";
    g_autoptr(Secret) secret = secret_new(span_of_text(text));

    secret_wipe(text, sizeof text);
    assert_int_equal(text[0], 0);
    assert_int_equal(secret_get(secret).len, 3);
    assert_memory_equal(secret_get(secret).data, "key", 3);
    secret_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_formatted_in_utc),
        cmocka_unit_test(malformed_times_are_refused),
        cmocka_unit_test(clock_can_be_replaced),
        cmocka_unit_test(ulids_sort_by_time_and_differ),
        cmocka_unit_test(malformed_ulids_are_refused),
        cmocka_unit_test(secret_holds_a_copy),
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
