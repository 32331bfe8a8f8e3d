/* SPDX-License-Identifier: Apache-2.0
 * How often somebody may ask. */
#include "testing.h"
#include "web/limit.h"
#include "base/banned.h"

#define SECOND G_USEC_PER_SEC

static int
setup(void **state)
{
    *state = limits_new();
    return 0;
}

static int
teardown(void **state)
{
    limits_free(*state);
    return 0;
}

static void
a_burst_is_allowed_and_then_refused(void **state)
{
    for (int i = 0; i < 5; i++)
        assert_true(limits_take(*state, "a", 5, 1, 1, 0));
    assert_false(limits_take(*state, "a", 5, 1, 1, 0));
}

static void
time_fills_the_bucket_to_its_brim_only(void **state)
{
    for (int i = 0; i < 5; i++)
        assert_true(limits_take(*state, "a", 5, 1, 1, 0));
    assert_true(limits_take(*state, "a", 5, 1, 1, SECOND));
    assert_false(limits_take(*state, "a", 5, 1, 1, SECOND));
    for (int i = 0; i < 5; i++)
        assert_true(limits_take(*state, "a", 5, 1, 1, 1000 * SECOND));
    assert_false(limits_take(*state, "a", 5, 1, 1, 1000 * SECOND));
}

static void
one_does_not_pay_for_another(void **state)
{
    assert_true(limits_take(*state, "a", 1, 1, 1, 0));
    assert_false(limits_take(*state, "a", 1, 1, 1, 0));
    assert_true(limits_take(*state, "b", 1, 1, 1, 0));
}

static void
a_clock_that_goes_back_gives_nothing(void **state)
{
    assert_true(limits_take(*state, "a", 1, 1, 1, 10 * SECOND));
    assert_false(limits_take(*state, "a", 1, 1, 1, 5 * SECOND));
}

static void
many_keys_do_not_grow_it_without_end(void **state)
{
    for (int i = 0; i < 3 * LIMIT_MAX_KEYS; i++) {
        g_autofree char *key = g_strdup_printf("%d", i);

        assert_true(limits_take(*state, key, 1, 1, 1, 0));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_burst_is_allowed_and_then_refused),  TEST(time_fills_the_bucket_to_its_brim_only),
        TEST(one_does_not_pay_for_another),         TEST(a_clock_that_goes_back_gives_nothing),
        TEST(many_keys_do_not_grow_it_without_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
