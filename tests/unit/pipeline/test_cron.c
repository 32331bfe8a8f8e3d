/* SPDX-License-Identifier: Apache-2.0
 * test_cron: times that come again, at the ends of months and years and in leap years. */
#include "testing.h"
#include "pipeline/cron.h"
#include "base/banned.h"

static int64_t
at(int year, int month, int day, int hour, int minute)
{
    g_autoptr(GDateTime) time = g_date_time_new_utc(year, month, day, hour, minute, 0);

    return g_date_time_to_unix(time) * G_USEC_PER_SEC;
}

static void
assert_next(const char *text, int64_t after_us, int64_t wanted_us)
{
    Cron cron = { 0 };
    g_autoptr(GError) error = NULL;
    bool ok = cron_parse(text, &cron, &error);

    print_message("# %s\n", text);
    assert_no_gerror(error);
    assert_true(ok);
    assert_int_equal(cron_next_us(&cron, after_us), wanted_us);
}

static void
next_is_after_the_given_time_never_at_it(void **state)
{
    (void)state;
    assert_next("0 2 * * *", at(2026, 3, 1, 2, 0), at(2026, 3, 2, 2, 0));
    assert_next("0 2 * * *", at(2026, 3, 1, 2, 0) - 1, at(2026, 3, 1, 2, 0));
    assert_next("* * * * *", at(2026, 3, 1, 2, 0) + 1, at(2026, 3, 1, 2, 1));
}

static void
ends_of_months_and_years_are_passed(void **state)
{
    (void)state;
    assert_next("0 0 31 * *", at(2026, 3, 31, 0, 0), at(2026, 5, 31, 0, 0));
    assert_next("59 23 31 12 *", at(2026, 12, 31, 23, 59), at(2027, 12, 31, 23, 59));
    assert_next("@yearly", at(2026, 12, 31, 23, 59), at(2027, 1, 1, 0, 0));
    assert_next("@monthly", at(2026, 2, 28, 23, 59), at(2026, 3, 1, 0, 0));
}

static void
leap_days_come_every_fourth_year_but_not_in_2100(void **state)
{
    (void)state;
    assert_next("0 0 29 2 *", at(2026, 1, 1, 0, 0), at(2028, 2, 29, 0, 0));
    assert_next("0 0 29 2 *", at(2096, 2, 29, 0, 0), at(2104, 2, 29, 0, 0));
    assert_next("0 0 29 2 *", at(1999, 12, 31, 0, 0), at(2000, 2, 29, 0, 0));
}

static void
hours_that_clocks_change_in_are_hours_like_others(void **state)
{
    (void)state; /* 2026-03-29 02:30 does not exist in Berlin, 2026-10-25 02:30 exists twice */
    assert_next("30 2 * * *", at(2026, 3, 28, 2, 30), at(2026, 3, 29, 2, 30));
    assert_next("30 2 * * *", at(2026, 10, 25, 2, 30), at(2026, 10, 26, 2, 30));
}

static void
either_day_is_enough_when_both_are_given(void **state)
{
    (void)state; /* 2026-03-13 is a Friday */
    assert_next("0 0 20 * fri", at(2026, 3, 10, 0, 0), at(2026, 3, 13, 0, 0));
    assert_next("0 0 20 * fri", at(2026, 3, 14, 0, 0), at(2026, 3, 20, 0, 0));
    assert_next("0 0 * * 7", at(2026, 3, 14, 0, 0), at(2026, 3, 15, 0, 0));
    assert_next("0 0 */10 * 1", at(2026, 3, 14, 0, 0), at(2026, 5, 11, 0, 0)); /* both */
}

static void
steps_ranges_lists_and_names_are_read(void **state)
{
    (void)state;
    assert_next("*/20 * * * *", at(2026, 3, 1, 2, 20), at(2026, 3, 1, 2, 40));
    assert_next("5/30 * * * *", at(2026, 3, 1, 2, 5), at(2026, 3, 1, 2, 35));
    assert_next("0 9-17/4 * * MON-FRI", at(2026, 3, 13, 17, 0), at(2026, 3, 16, 9, 0));
    assert_next("0 0 1 jan,JUL *", at(2026, 3, 1, 0, 0), at(2026, 7, 1, 0, 0));
    assert_next("  0\t12 * *  * ", at(2026, 3, 1, 0, 0), at(2026, 3, 1, 12, 0));
}

static void
what_is_no_time_is_refused(void **state)
{
    static const char *const texts[] = {
        "",           "* * * *",      "* * * * * *", "60 * * * *",   "* 24 * * *",   "* * 0 * *",
        "* * 32 * *", "* * * 13 *",   "* * * * 8",   "a * * * *",    "*/0 * * * *",  "5-1 * * * *",
        "1, * * * *", "1--2 * * * *", "-1 * * * *",  "0 0 30 2 *",   "0 0 31 4,6 *", "@never",
        "*5 * * * *", "1/ * * * *",   "* * * foo *", "* * * janu *", "999 * * * *",
    };

    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        Cron cron = { 0 };
        g_autoptr(GError) error = NULL;
        bool ok = cron_parse(texts[i], &cron, &error);

        print_message("# '%s'\n", texts[i]);
        assert_false(ok);
        assert_int_equal(error_kind(error), ERROR_KIND_INVALID);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_is_after_the_given_time_never_at_it),
        cmocka_unit_test(ends_of_months_and_years_are_passed),
        cmocka_unit_test(leap_days_come_every_fourth_year_but_not_in_2100),
        cmocka_unit_test(hours_that_clocks_change_in_are_hours_like_others),
        cmocka_unit_test(either_day_is_enough_when_both_are_given),
        cmocka_unit_test(steps_ranges_lists_and_names_are_read),
        cmocka_unit_test(what_is_no_time_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
